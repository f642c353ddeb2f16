package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sfo.it.harness.Appliance;
import sfo.it.harness.Pair;
import sfo.it.harness.Reply;
import sfo.it.harness.Tree;
import sfo.it.harness.WhenAskedFor;
import sfo.it.harness.WireWatch;

/** I1 where the operator is not the majority: three appliances, and an address that travels. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(240)
@WhenAskedFor
class ThreeIT {
    private Pair three;
    private Appliance c;

    @BeforeAll
    void aServes(@TempDir Path folder) {
        three = Pair.off(folder, "a", "b", "c");
        c = three.appliance("c");
        three.all.forEach(Appliance::start);
        three.createEmptyGroup();
    }

    @BeforeEach
    void allIsWell() {
        three.all.stream().filter(one -> !one.runs()).forEach(Appliance::start);
        three.until("one view", three::allUp);
        three.until("a serves, or gets it back", () -> {
            for (Appliance survivor : List.of(three.b, c)) {
                if (three.serves(survivor)) {
                    survivor.sfo("undo", Pair.GROUP);
                }
            }
            return three.serves(three.a);
        });
        three.until("a serves, and each of the others would", this::isNormal);
    }

    @AfterAll
    void end() {
        if (three != null) {
            three.close();
        }
    }

    private boolean isNormal() {
        return three.state(three.a).equals("NORMAL") && standsReady(three.b) && standsReady(c) && three.allUp();
    }

    private boolean standsReady(Appliance one) {
        return three.state(one).equals("STANDING_BY")
                && one.sfo("check", Pair.GROUP).exit() == 0;
    }

    private static String claim(Pair pair, Appliance one) {
        return pair.group(one).path("claim").toString();
    }

    @RepeatedTest(3)
    void ofTwoThatCommandAtTheSameMomentOneWinsAndTheOtherIsToldWhoDid(RepetitionInfo round) throws Exception {
        String reason = " in round " + round.getCurrentRepetition();
        three.cutPower(three.a);
        Tree b = three.tree(three.b);
        Tree treeOfC = three.tree(c);
        try (WireWatch watch = WireWatch.of(three)) {
            CompletableFuture<Reply> onB = three.b.typed("failover", Pair.GROUP, "--reason", "typed on b" + reason);
            CompletableFuture<Reply> onC = c.typed("failover", Pair.GROUP, "--reason", "typed on c" + reason);
            Reply ofB = onB.get(60, TimeUnit.SECONDS);
            Reply ofC = onC.get(60, TimeUnit.SECONDS);
            System.out.println("b: " + ofB.exit() + " " + ofB.codes() + ", c: " + ofC.exit() + " " + ofC.codes());
            assertThat(List.of(ofB.exit(), ofC.exit())).as("%s %s", ofB, ofC).containsOnlyOnce(0);

            Appliance winner = ofB.exit() == 0 ? three.b : c;
            Appliance loser = winner == c ? three.b : c;
            Reply lost = winner == c ? ofB : ofC;
            if (lost.exit() == 7) {
                assertThat(lost.text()).contains("another claim came first", "-" + winner.name());
            } else {
                // it was told before it began, and has proved who lives
                assertThat(lost.exit()).as("%s", lost).isEqualTo(3);
                assertThat(lost.codes()).as("%s", lost).containsAnyOf("PEER-ALIVE", "ADDRESS-ANSWERS");
            }
            assertThat(watch.everHeld()).isSubsetOf("a", winner.name());
            assertThat(watch.worst()).isLessThanOrEqualTo(1);
            assertThat(three.onTheWire()).containsExactly(winner.name());
            assertThat((loser == c ? treeOfC : b).differences(three.tree(loser)))
                    .isEmpty();
            three.until("both know of one claim", () -> claim(three, winner).equals(claim(three, loser)));
            assertThat(three.state(winner)).isEqualTo("FAILED_OVER");
            assertThat(three.state(loser)).isEqualTo("STANDING_BY");
            assertThat(winner.must("history", Pair.GROUP).out()).contains("typed on " + winner.name() + reason);
            assertThat(loser.must("history", Pair.GROUP).out()).doesNotContain("typed on " + loser.name() + reason);
        }
    }

    @Test
    void oneAloneIsRefusedUntilAnOperatorGivesTheReasonInWords() {
        three.cutPower(c);
        three.cutPower(three.a);
        Tree before = three.tree(three.b);
        String claim = claim(three, three.b);
        Reply refused = three.b.sfo("failover", Pair.GROUP);
        assertThat(refused.exit()).as("%s", refused).isEqualTo(3);
        assertThat(refused.codes()).containsExactly("NO-MAJORITY");
        assertThat(refused.json().path("reasons").path(0).path("text").asText())
                .contains("1 of 3 who vote acknowledged the claim, 2 are needed");
        assertThat(before.differences(three.tree(three.b))).isEmpty();
        assertThat(claim(three, three.b)).isEqualTo(claim);
        assertThat(three.onTheWire()).isEmpty();

        three.b.must("failover", Pair.GROUP, "--override", "the rack of a and c burnt down");
        assertThat(three.onTheWire()).containsExactly("b");
        assertThat(three.b.must("history", Pair.GROUP).out()).contains("override: the rack of a and c burnt down");

        try (WireWatch watch = WireWatch.of(three)) {
            three.a.start();
            c.start();
            three.until("one view of three", three::allUp);
            three.until(
                    "all know of b's claim",
                    () -> three.all.stream().allMatch(one -> claim(three, one).equals(claim(three, three.b))));
            assertThat(three.state(three.a)).isEqualTo("STANDING_BY");
            assertThat(watch.everHeld()).containsExactly("b");
            assertThat(watch.gaps()).isZero();
        }
    }

    /** The cluster takes no new incarnation of b in while it can't reach c: nothing that matters depends on that. */
    @Test
    void whileOneIsDeadTheAgentOfAnotherIsReplacedAndNothingThatIsServedIsTouched() {
        three.cutPower(c);
        try (WireWatch watch = WireWatch.of(three)) {
            three.b.terminate();
            three.b.start();
            three.until("b would take over", () -> standsReady(three.b));
            three.until(
                    "a hears b", () -> !three.a.sfo("check", Pair.GROUP).out().contains("b is not heard"));
            three.a.terminate();
            three.a.start();
            three.until("a serves, as before", () -> three.serves(three.a));
            assertThat(watch.gaps()).isZero();
            assertThat(watch.everHeld()).containsExactly("a");
        }
        c.start();
        three.until("one view of three", three::allUp);
    }

    @Test
    void theVoteOfOneWhoseAgentWasReplacedWhileTheHolderIsDeadCounts() {
        three.cutPower(three.a);
        c.terminate();
        Reply alone = three.b.sfo("failover", Pair.GROUP);
        assertThat(alone.codes()).as("%s", alone).containsExactly("NO-MAJORITY");
        c.start();
        three.until("c knows the group", () -> three.state(c).equals("STANDING_BY"));
        // b's actor system has to find the one of c first
        three.until(
                "it counts",
                () -> three.serves(three.b)
                        || three.b.sfo("failover", Pair.GROUP).exit() == 0);
        assertThat(three.onTheWire()).containsExactly("b");
        three.until("c knows of b's claim", () -> claim(three, c).equals(claim(three, three.b)));

        // and whoever holds it now fails in turn
        three.a.start();
        three.until("one view of three", three::allUp);
        three.cutPower(three.b);
        c.must("failover", Pair.GROUP);
        assertThat(three.onTheWire()).containsExactly("c");
    }
}
