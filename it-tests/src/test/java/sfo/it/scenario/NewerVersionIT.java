package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import sfo.it.harness.NewerVersion;
import sfo.it.harness.Pair;
import sfo.it.harness.TestAgent;
import sfo.it.harness.Tree;
import sfo.it.harness.WhenAskedFor;
import sfo.it.harness.WireWatch;
import sfo.protocol.events.StoredEvent;

/** I5, I8 where an agent of a newer version was here, or speaks: what is not known is named, kept, and touches nothing. */
@WhenAskedFor
class NewerVersionIT extends PairStories {
    private void bServes() {
        pair.write("records", "acknowledged");
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        pair.write("records", "on b");
    }

    private static void copy(Path from, Path to) throws Exception {
        Files.createDirectories(to);
        for (Path there : List.of(to, from)) {
            try (Stream<Path> files = Files.list(there)) {
                for (Path file : files.toList()) {
                    if (there.equals(to)) {
                        Files.delete(file);
                    } else {
                        Files.copy(file, to.resolve(file.getFileName()));
                    }
                }
            }
        }
    }

    @Test
    void anEventThatIsNotKnownStopsTheStartIsKeptAndWhatIsServedGoesOn() throws Exception {
        bServes();
        pair.b.terminate();
        Path journal = pair.b.data().resolve("journal");
        copy(journal, folder.resolve("before"));
        NewerVersion.addEvent(pair.b.data(), "group-" + Pair.GROUP);
        Tree host = pair.tree(pair.b);
        try (WireWatch watch = WireWatch.of(pair)) {
            pair.b.start();
            assertThat(pair.b.awaitEnd()).isEqualTo(3);
            assertThat(pair.b.endOfLog())
                    .contains(NewerVersion.Moved.class.getName(), "group-" + Pair.GROUP, "install that version again");
            assertThat(host.differences(pair.tree(pair.b))).isEmpty();

            pair.a.start();
            pair.until(
                    "a waits",
                    () -> !pair.group(pair.a).path("waiting").asText().isEmpty());
            assertThat(pair.read("records")).isEqualTo("on b");
            List<StoredEvent> kept = NewerVersion.events(pair.b.data(), "group-" + Pair.GROUP);
            assertThat(kept.get(kept.size() - 1)).isEqualTo(new NewerVersion.Moved(kept.size(), "c"));

            // what the newer version would do: read it, and go on
            copy(folder.resolve("before"), journal);
            pair.b.start();
            pair.until("b serves, as before", () -> pair.state(pair.b).equals("FAILED_OVER"));
            pair.until("a mirrors for b", () -> pair.replicating(pair.a, "SECONDARY"));
            assertThat(watch.everHeld()).containsExactly("b");
            assertThat(watch.gaps()).isZero();
        }
        assertThat(pair.read("records")).isEqualTo("on b");
    }

    @Test
    void aMessageThatIsNotKnownIsNamedAndNothingFollowsFromIt() {
        bServes();
        try (WireWatch watch = WireWatch.of(pair)) {
            pair.a.startTestAgent();
            pair.until("b says what it does not know", () -> {
                pair.a.tell("say b later");
                return pair.b.said().contains(TestAgent.Word.class.getName());
            });
            assertThat(pair.state(pair.b)).isEqualTo("FAILED_OVER");
            pair.a.kill();
            pair.a.start();
            pair.until("a mirrors for b", () -> pair.replicating(pair.a, "SECONDARY"));
            assertThat(watch.everHeld()).containsExactly("b");
            assertThat(watch.gaps()).isZero();
        }
        pair.until("b may give it back", pair::mayGoHome);
        pair.b.must("undo", Pair.GROUP);
        assertThat(pair.read("records")).isEqualTo("on b");
    }

    @Test
    void aBackupOfANewerFormatIsKeptAsideAndTheOneBeforeItIsUsed() throws Exception {
        pair.write("records", "acknowledged");
        pair.b.kill();
        NewerVersion.addBackup(
                pair.b.data().resolve("backups").resolve("a"),
                folder.resolve("keys").resolve("a.key"));
        pair.b.start();
        pair.until("as before", pair::isNormal);
        JsonNode list = pair.b.must("backup", "list", "--of", "a").json();
        assertThat(StreamSupport.stream(list.spliterator(), false))
                .filteredOn(backup -> backup.path("keptBy").asText().equals("b")
                        && !backup.path("good").asBoolean())
                .singleElement()
                .satisfies(backup -> assertThat(backup.path("detail").asText())
                        .contains("format 2", "this agent reads up to 1", "upgrade it"));
        pair.b.must("check", Pair.GROUP);

        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.read("records")).isEqualTo("acknowledged");
        try (Stream<Path> kept = Files.list(pair.b.data().resolve("backups").resolve("a"))) {
            assertThat(kept.map(Path::toString)).anyMatch(file -> file.endsWith(".bad"));
        }
    }
}
