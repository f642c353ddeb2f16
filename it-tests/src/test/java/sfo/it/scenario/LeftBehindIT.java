package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import sfo.it.harness.Pair;
import sfo.it.harness.Reply;
import sfo.it.harness.WireWatch;
import sfo.ops.embedded.World;

/** A holder that was not dead when it was failed over: it lets go as soon as it hears of it, and joins again by itself. */
class LeftBehindIT extends PairStories {
    @Test
    void frozenThenFailedOverByOverrideThenThawed() throws Exception {
        pair.write("records", "acknowledged");
        long pid = pair.a.pid();
        pair.a.freeze();
        // the operator pulls a's cable; its agent's port still takes connections, which is a sign of life
        pair.world.cutLink("a", World.SWITCH);
        pair.until(
                "b has lost its mirror",
                () -> pair.b.sfo("failover", Pair.GROUP, "--dry-run").codes().contains("PEER-ALIVE"));
        assertThat(pair.onTheWire()).isEmpty();
        // a sign of life means that it may have gone on alone: that takes another word than the override
        Reply behind = pair.b.sfo("failover", Pair.GROUP, "--override", "a hangs, its cable is pulled");
        assertThat(behind.exit()).as("%s", behind).isEqualTo(3);
        assertThat(behind.codes()).containsExactly("MIRROR-BEHIND");
        Reply reply = pair.b.sfo("failover", Pair.GROUP, "--override", "a hangs, its cable is pulled", "--accept-loss");
        assertThat(reply.exit()).as("%s", reply).isZero();
        assertThat(pair.b.must("history", Pair.GROUP).out()).contains("a hangs, its cable is pulled");
        pair.write("records", "written on b");

        try (WireWatch watch = WireWatch.of(pair)) {
            pair.a.thaw();
            pair.until("a has let go, and stands by", () -> pair.state(pair.a).equals("STANDING_BY"));
            Path host = pair.world.appliance("a").resolve("run/hosts").resolve(Pair.GROUP);
            pair.until("nothing of it is left on a", () -> !Files.exists(host));
            pair.world.mendLink("a", World.SWITCH);
            pair.until("a is a member again", () -> Pair.allUp(pair.a) && Pair.allUp(pair.b));
            assertThat(watch.everHeld()).containsExactly("b");
            assertThat(watch.worst()).isEqualTo(1);
            assertThat(watch.gaps()).isZero();
        }
        assertThat(pair.a.pid()).isEqualTo(pid);
        assertThat(pair.a.runs()).isTrue();
        // it had no mirror for a while and may have served: its operator gives up what it alone may have
        assertThat(refusedUndo()).containsExactly("MIRROR-DIVERGED");
        pair.b.must("undo", Pair.GROUP, "--accept-loss");
        assertThat(pair.onTheWire()).containsExactly("a");
        assertThat(pair.read("records")).isEqualTo("written on b");
    }

    private List<String> refusedUndo() {
        Reply reply = pair.b.sfo("undo", Pair.GROUP);
        assertThat(reply.exit()).as("%s", reply).isEqualTo(3);
        return reply.codes();
    }

    @Test
    void cutApartOnEveryChannelItServesOnUntilItHearsOfTheHigherClaim() {
        pair.write("records", "acknowledged");
        pair.cutLink();
        pair.until(
                "b sees nothing of a on any channel",
                () -> pair.b.sfo("failover", Pair.GROUP, "--dry-run").exit() == 0);
        pair.b.must("failover", Pair.GROUP, "--reason", "the room of a is on fire");
        assertThat(pair.serves(pair.a)).isTrue();

        pair.mendLink();
        pair.until("a lets go at once", () -> pair.onTheWire().equals(List.of("b")));
        pair.until("a stands by", () -> pair.state(pair.a).equals("STANDING_BY"));
        assertThat(pair.state(pair.b)).isEqualTo("FAILED_OVER");
        assertThat(pair.read("records")).isEqualTo("acknowledged");
    }
}
