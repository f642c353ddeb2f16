package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import sfo.it.harness.Appliance;
import sfo.it.harness.Pair;
import sfo.it.harness.Reply;
import sfo.it.harness.Tree;
import sfo.it.harness.WireWatch;

/** I5, I7: agents and appliances come and go, in any order; who served before it was off does not serve by itself. */
class RebootsIT extends PairStories {
    private void reboot(Appliance appliance) {
        pair.cutPower(appliance);
        appliance.start();
    }

    /** What it waits for, as status says it. */
    private String waiting(Appliance appliance) {
        return pair.group(appliance).path("waiting").asText();
    }

    @Test
    void agentsOfBothAreRestartedInAnyOrderAndNothingThatIsServedIsTouched() {
        try (WireWatch watch = WireWatch.of(pair)) {
            for (List<Appliance> order : List.of(List.of(pair.a, pair.b), List.of(pair.b, pair.a))) {
                order.forEach(Appliance::kill);
                assertThat(pair.onTheWire()).containsExactly("a");
                pair.write("records", "while no agent runs");
                order.get(0).start();
                pair.until(
                        "the first one answers alone",
                        () -> !pair.group(order.get(0)).isMissingNode());
                order.get(1).start();
                pair.until("as before", pair::isNormal);
            }
            assertThat(watch.gaps()).as("moments when nobody answered").isZero();
            assertThat(watch.worst()).isEqualTo(1);
        }
    }

    @Test
    void anAgentThatIsToldToEndTouchesNothingThatIsServed() {
        try (WireWatch watch = WireWatch.of(pair)) {
            for (Appliance one : List.of(pair.a, pair.b)) {
                one.terminate();
                assertThat(pair.onTheWire()).containsExactly("a");
                pair.write("records", "while the agent of " + one.name() + " is away");
                one.start();
                pair.until("as before", pair::isNormal);
            }
            assertThat(watch.gaps()).as("moments when nobody answered").isZero();
            assertThat(watch.worst()).isEqualTo(1);
        }
    }

    @Test
    void anAgentThatIsToldToEndInTheMiddleOfAFailoverGoesOnWithItAfterItsRestart() {
        pair.write("records", "acknowledged");
        pair.cutPower(pair.a);
        Tree before = pair.tree(pair.b).withoutReplicasContent();
        pair.fault(pair.b, "group-host", "apply before hang-ms 5000");
        CompletableFuture<Reply> failover = pair.b.typed("failover", Pair.GROUP);
        pair.until("it is in the middle", () -> !pair.hasFault(pair.b, "group-host"));
        pair.b.terminate();
        assertThat(failover.join().exit())
                .as("the operator's client lost its agent")
                .isEqualTo(6);
        assertThat(pair.onTheWire()).isEmpty();

        pair.b.start();
        pair.until("done or undone", () -> List.of("FAILED_OVER", "STANDING_BY").contains(pair.state(pair.b)));
        System.out.println("ended in the middle of a failover: " + pair.state(pair.b));
        if (pair.state(pair.b).equals("STANDING_BY")) {
            assertThat(before.differences(pair.tree(pair.b).withoutReplicasContent()))
                    .isEmpty();
            pair.b.must("failover", Pair.GROUP);
        }
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.read("records")).isEqualTo("acknowledged");
    }

    @Test
    void theSurvivorIsRebootedAloneAndThenTakesOver() {
        pair.write("records", "acknowledged");
        pair.cutPower(pair.a);
        reboot(pair.b);
        pair.until("b knows the group", () -> pair.state(pair.b).equals("STANDING_BY"));
        assertThat(pair.onTheWire()).isEmpty();
        Reply reply = pair.b.sfo("failover", Pair.GROUP);
        if (reply.exit() == 3) {
            // nobody can know from here whether a lived on while b booted
            assertThat(reply.codes()).containsExactly("MIRROR-BEHIND");
            reply = pair.b.sfo("failover", Pair.GROUP, "--accept-loss");
        }
        assertThat(reply.exit()).as("%s", reply).isZero();
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.read("records")).isEqualTo("acknowledged");
    }

    @Test
    void theFailedOneComesBackIntoOneViewAndStandsByThoughItServedBefore() {
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        pair.write("records", "on b");
        try (WireWatch watch = WireWatch.of(pair)) {
            long started = System.nanoTime();
            pair.a.start();
            pair.until(
                    "one view within 15 s of a's start, and some for a busy machine",
                    Duration.ofSeconds(30),
                    () -> Pair.allUp(pair.a) && Pair.allUp(pair.b));
            System.out.println("one view after " + Duration.ofNanos(System.nanoTime() - started));
            pair.until("a mirrors for b", () -> pair.replicating(pair.a, "SECONDARY"));
            assertThat(pair.state(pair.a)).isEqualTo("STANDING_BY");
            assertThat(pair.serves(pair.a)).isFalse();
            assertThat(pair.state(pair.b)).isEqualTo("FAILED_OVER");
            assertThat(watch.everHeld()).containsExactly("b");
            assertThat(watch.gaps()).isZero();
        }
        assertThat(pair.read("records")).isEqualTo("on b");
    }

    @Test
    void aHolderThatBootedAloneWaitsAndSaysSoAndServesWhenItIsTold() {
        pair.write("records", "acknowledged");
        pair.cutPower(pair.b);
        reboot(pair.a);
        pair.until("a says what it waits for", () -> waiting(pair.a).contains("sfo resume " + Pair.GROUP));
        assertThat(pair.onTheWire()).isEmpty();
        assertThat(pair.a.sfo("undo", Pair.GROUP).exit()).isEqualTo(3);
        pair.a.must("resume", Pair.GROUP, "--reason", "b is off for repair");
        assertThat(pair.onTheWire()).containsExactly("a");
        assertThat(pair.read("records")).isEqualTo("acknowledged");
        assertThat(pair.a.sfo("resume", Pair.GROUP).exit()).isEqualTo(3);
        assertThat(waiting(pair.a)).isEmpty();
    }

    @Test
    void aHolderThatBootedIsConfirmedByALivingPeer() {
        pair.write("records", "acknowledged");
        reboot(pair.a);
        pair.until("a serves again by itself", () -> pair.serves(pair.a));
        assertThat(pair.onTheWire()).containsExactly("a");
        assertThat(pair.read("records")).isEqualTo("acknowledged");
        assertThat(pair.a.must("history", Pair.GROUP).out()).contains("b confirms the claim");
    }

    @Test
    void bothLosePowerAtOnceAndTheHolderServesAgain() {
        pair.write("records", "acknowledged");
        pair.cutPower(pair.a);
        pair.cutPower(pair.b);
        pair.b.start();
        pair.until("b stands by", () -> pair.state(pair.b).equals("STANDING_BY"));
        assertThat(pair.onTheWire()).isEmpty();
        pair.a.start();
        pair.until("a serves again", () -> pair.serves(pair.a));
        assertThat(pair.onTheWire()).containsExactly("a");
        assertThat(pair.read("records")).isEqualTo("acknowledged");
    }

    @Test
    void oneThatLostItsJournalLearnsTheGroupAgainAndTheGroupComesHome() throws IOException {
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        pair.write("records", "on b");
        try (Stream<Path> journal = Files.list(pair.a.data().resolve("journal"))) {
            for (Path file : journal.toList()) {
                Files.delete(file);
            }
        }
        pair.a.start();
        pair.until("a mirrors for b", () -> pair.replicating(pair.a, "SECONDARY"));
        assertThat(pair.a.said()).contains("a abstains in group " + Pair.GROUP);
        pair.until("a has heard b", () -> waiting(pair.a).isEmpty());
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.state(pair.a)).isEqualTo("STANDING_BY");

        pair.b.must("undo", Pair.GROUP);
        assertThat(pair.onTheWire()).containsExactly("a");
        assertThat(pair.read("records")).isEqualTo("on b");
    }

    /** Its disks were set back to before the failover: it knows of nobody's claim but its own. */
    @Test
    void oneWithAnOldJournalStandsByAndTheGroupComesHome() throws IOException {
        pair.a.kill();
        Path journal = pair.a.data().resolve("journal");
        Path old = folder.resolve("old-journal");
        copy(journal, old);
        pair.a.start();
        pair.until("as before", pair::isNormal);
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        pair.write("records", "on b");
        copy(old, journal);
        try (WireWatch watch = WireWatch.of(pair)) {
            pair.a.start();
            pair.until("a mirrors for b", () -> pair.replicating(pair.a, "SECONDARY"));
            assertThat(pair.state(pair.a)).isEqualTo("STANDING_BY");
            assertThat(watch.everHeld()).containsExactly("b");
        }
        pair.backHome();
        assertThat(pair.onTheWire()).containsExactly("a");
        assertThat(pair.read("records")).isEqualTo("on b");
    }

    /** What was there is gone. */
    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(to)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    @Test
    void oneThatReturnsInTheMiddleOfTheFailoverStandsBy() throws Exception {
        pair.write("records", "acknowledged");
        pair.cutPower(pair.a);
        pair.fault(pair.b, "group-host", "hang-ms 6000");
        CompletableFuture<Reply> failover = pair.b.typed("failover", Pair.GROUP);
        pair.until("it hangs", () -> !pair.hasFault(pair.b, "group-host"));
        try (WireWatch watch = WireWatch.of(pair)) {
            pair.a.start();
            Reply reply = failover.get(60, TimeUnit.SECONDS);
            pair.until("a knows the group", () -> !pair.group(pair.a).isMissingNode());
            pair.until("one of them serves", () -> pair.serves(pair.a) != pair.serves(pair.b));
            assertThat(watch.worst()).isLessThanOrEqualTo(1);
            assertThat(pair.onTheWire()).containsExactly(reply.exit() == 0 ? "b" : "a");
        }
        assertThat(pair.read("records")).isEqualTo("acknowledged");
    }

    @Test
    void bothLosePowerAfterAFailoverAndTheSurvivorServesAgain() {
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        pair.write("records", "on b");
        pair.cutPower(pair.b);
        pair.a.start();
        pair.until(
                "a stands by, though it does not know of b's claim",
                () -> !waiting(pair.a).isEmpty());
        assertThat(pair.onTheWire()).isEmpty();
        pair.b.start();
        pair.until("b serves again", () -> pair.serves(pair.b));
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.read("records")).isEqualTo("on b");
        assertThat(pair.serves(pair.a)).isFalse();
    }
}
