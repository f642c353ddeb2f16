package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the demo promises, in either mode. */
abstract class DemoStories {
    @TempDir
    Path temporary;

    private final String mode;

    DemoStories(String mode) {
        this.mode = mode;
    }

    private DemoProcess start(String name, String... more) throws Exception {
        List<String> words = new java.util.ArrayList<>(List.of("--mode", mode, "--json"));
        words.addAll(List.of(more));
        return DemoProcess.start(temporary, name, words.toArray(String[]::new));
    }

    private void assertGood(DemoProcess demo) throws Exception {
        int exit = demo.awaitExit();
        assertThat(exit).as(demo.said()).isZero();
        JsonNode figures = demo.figures();
        assertThat(figures.path("mode").asText()).isEqualTo(mode);
        assertThat(figures.path("acknowledged_writes").asLong()).as(demo.said()).isGreaterThan(50);
        assertThat(figures.path("lost_writes").asLong(-1)).as(demo.said()).isZero();
        assertThat(figures.path("checkpoint_equal").asBoolean()).as(demo.said()).isTrue();
        for (String figure : List.of("failover_ms", "client_outage_ms", "undo_ms", "undo_outage_ms")) {
            assertThat(figures.path(figure).asLong(-1)).as(figure).isPositive();
        }
    }

    @Test
    void twoDemosAtOnceBothGoWellAndLeaveNothing() throws Exception {
        try (DemoProcess one = start("one");
                DemoProcess other = start("other")) {
            assertGood(one);
            assertGood(other);
            one.assertNothingLeft();
        }
    }

    /** @param moment what it says just before it is interrupted */
    final void interruptedItLeavesNothing(String moment) throws Exception {
        List<String> before = DemoProcess.networks();
        try (DemoProcess demo = start("interrupted")) {
            demo.awaitSaid(moment);
            demo.interrupt();
            assertThat(demo.awaitExit()).as(demo.said()).isEqualTo(130);
            demo.assertNothingLeft();
            assertThat(DemoProcess.networks()).isEqualTo(before);
        }
    }

    @Test
    void aDemoThatWasKilledTakesItsProcessesWithItAndTheNextOneRemovesItsFolder() throws Exception {
        try (DemoProcess killed = start("killed")) {
            killed.awaitSaid("switching on a and b");
            killed.kill();
            killed.awaitExit();
            assertThat(killed.left()).hasSize(1);
            try (DemoProcess next = start("next")) {
                next.awaitSaid("switching on a and b");
                assertThat(next.said()).contains("removing what a lab that was killed left in " + temporary);
                assertThat(next.left()).hasSize(1);
                next.interrupt();
                next.awaitExit();
                next.assertNothingLeft();
            }
        }
    }
}
