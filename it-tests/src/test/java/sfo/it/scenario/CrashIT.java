package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import sfo.it.harness.CrashRound;
import sfo.it.harness.Pair;
import sfo.it.harness.Reply;
import sfo.it.harness.Tree;

/**
 * The agent is killed at a point of a failover, at a point of the undo by the one that gives, and at a point of the undo
 * by the one that receives: each time the next agent ends what was begun, done or undone. {@link CrashRound} says which.
 */
@Timeout(1800)
class CrashIT extends PairStories {
    private static final int ROUNDS = 2;

    private boolean broken;

    @TestFactory
    Stream<DynamicTest> killedAnywhereItIsDoneOrUndone() {
        List<String> steps = pair.steps(pair.b).stream()
                .map(step -> step.path("id").asText())
                .toList();
        return CrashRound.tests(steps, ROUNDS, this::each);
    }

    /** What one round breaks is no burden to the next. */
    private void each(CrashRound round) {
        if (broken) {
            pair.close();
            pair = Pair.serving(folder.resolve("again-" + System.nanoTime()));
        }
        broken = true;
        play(round);
        broken = false;
    }

    private void play(CrashRound round) {
        pair.normal();
        pair.b.kill();
        pair.b.start("sfo.crash=" + round.failover());
        pair.until("b is back", pair::isNormal);
        pair.write("records", round + " before");
        pair.cutPower(pair.a);
        Tree before = pair.tree(pair.b).withoutReplicasContent();

        Reply reply = pair.b.sfo("failover", Pair.GROUP);
        assertThat(reply.exit())
                .as("the operator's client lost its agent: %s", reply)
                .isEqualTo(6);
        assertThat(pair.b.awaitEnd()).as(pair.b.endOfLog()).isEqualTo(137);
        assertThat(pair.onTheWire()).isSubsetOf("b");
        pair.b.start("sfo.crash=" + round.giver());
        failedOver(round, before);
        pair.write("records", round + " on b");

        pair.a.start("sfo.crash=" + round.receiver());
        pair.until("a has every write of b", pair::mayGoHome);
        assertThat(pair.b.sfo("undo", Pair.GROUP).exit()).isEqualTo(6);
        assertThat(pair.b.awaitEnd()).as(pair.b.endOfLog()).isEqualTo(137);
        assertThat(pair.onTheWire()).isSubsetOf("b");
        pair.b.start();
        // b goes on; a is permitted, and dies in turn; b learns that it did not open, or that it did
        pair.until(
                "a died too, or the undo never began",
                () -> !pair.a.runs() || pair.state(pair.b).equals("FAILED_OVER"));
        if (pair.a.runs()) {
            assertThat(pair.onTheWire()).containsExactly("b");
            pair.until("an undo may begin", pair::mayGoHome);
            var unused = pair.b.typed("undo", Pair.GROUP);
            pair.until("a died too", () -> !pair.a.runs());
        }
        assertThat(pair.a.awaitEnd()).as(pair.a.endOfLog()).isEqualTo(137);
        assertThat(pair.onTheWire()).hasSizeLessThanOrEqualTo(1);
        pair.a.start();
        pair.until("one of them serves", () -> pair.serves(pair.a) != pair.serves(pair.b));
        assertThat(pair.onTheWire()).containsExactly(pair.serves(pair.a) ? "a" : "b");
        assertThat(pair.read("records")).isEqualTo(round + " on b");
        pair.normal();
        assertThat(pair.read("records")).isEqualTo(round + " on b");
    }

    /** Done; or undone with b as before, and then a second failover is done. */
    private void failedOver(CrashRound round, Tree before) {
        pair.until(
                "the failover is over",
                () -> List.of("FAILED_OVER", "STANDING_BY").contains(pair.state(pair.b)));
        if (pair.state(pair.b).equals("STANDING_BY")) {
            assertThat(before.differences(pair.tree(pair.b).withoutReplicasContent()))
                    .as("%s: undone", round)
                    .isEmpty();
            assertThat(pair.onTheWire()).isEmpty();
            pair.b.must("failover", Pair.GROUP);
        }
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.read("records")).isEqualTo(round + " before");
    }
}
