package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.it.harness.Appliance;
import sfo.it.harness.Pair;
import sfo.it.harness.Reply;
import sfo.it.harness.WhenAskedFor;
import sfo.it.harness.WireWatch;

/** I4, I7 where the clock of the appliance that returns is an hour off, which leases and permits never look at. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
@WhenAskedFor
class ClockIT {
    private static final Duration LEASE = Duration.ofSeconds(5);

    private Pair pair;
    private String library;

    @BeforeAll
    void aServesByALease(@TempDir Path folder) throws IOException {
        Optional<Path> found = faketime();
        assumeThat(found).as("libfaketime (apt-get install libfaketime)").isPresent();
        library = found.orElseThrow().toString();
        pair = Pair.off(folder);
        pair.all.forEach(Appliance::start);
        pair.createGroup("--lease", String.valueOf(LEASE.toSeconds()));
    }

    private static Optional<Path> faketime() throws IOException {
        try (Stream<Path> systems = Files.list(Path.of("/usr/lib"))) {
            return systems.map(system -> system.resolve("faketime/libfaketimeMT.so.1"))
                    .filter(Files::exists)
                    .findFirst();
        }
    }

    @BeforeEach
    void allIsWell() {
        pair.normal();
    }

    @AfterAll
    void end() {
        if (pair != null) {
            pair.close();
        }
    }

    /** Its wall clock alone: that of a machine that was switched off is wrong, its monotonic one never is. */
    private Map<String, String> clock(String offset) {
        return Map.of(
                "LD_PRELOAD", library,
                "FAKETIME", offset,
                "FAKETIME_DONT_FAKE_MONOTONIC", "1",
                "FAKETIME_FORCE_MONOTONIC_FIX", "0",
                "NO_FAKE_STAT", "1");
    }

    private Duration off(Appliance appliance) {
        List<String> lines = appliance.said().lines().toList();
        String stamp = lines.get(lines.size() - 1).split(" ", 2)[0];
        return Duration.between(Instant.now(), OffsetDateTime.parse(stamp)).abs();
    }

    private void servesForLongerThanALease(String appliance) {
        await(appliance + " is confirmed again and again")
                .during(LEASE.plusSeconds(3))
                .atMost(Duration.ofSeconds(60))
                .until(() -> pair.onTheWire().equals(List.of(appliance)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"+1h", "-1h"})
    void oneThatReturnsWithItStandsByAndGetsTheGroupBackAndMayFailAgain(String offset) {
        pair.write("records", "acknowledged");
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        pair.write("records", "on b");
        try (WireWatch watch = WireWatch.of(pair)) {
            pair.a.startWith(clock(offset));
            pair.until("one view", pair::allUp);
            pair.until("a mirrors for b", () -> pair.replicating(pair.a, "SECONDARY"));
            assertThat(off(pair.a)).isGreaterThan(Duration.ofMinutes(50));
            assertThat(pair.state(pair.a)).isEqualTo("STANDING_BY");
            servesForLongerThanALease("b");
            assertThat(pair.serves(pair.a)).isFalse();
            assertThat(watch.everHeld()).containsExactly("b");
        }
        for (Appliance one : pair.all) {
            assertThat(one.sfo("check", Pair.GROUP).exit())
                    .as("check on %s", one.name())
                    .isZero();
            assertThat(one.client("status", Pair.GROUP).out())
                    .as("ages are told on %s", one.name())
                    .doesNotContainPattern("-\\d+[smh]\\b");
        }
        assertThat(pair.b.must("members").json().findValuesAsText("lastSeen"))
                .as("by the clock of b")
                .isNotEmpty()
                .allSatisfy(seen ->
                        assertThat(Instant.parse(seen)).isBetween(Instant.now().minusSeconds(600), Instant.now()));

        pair.until("b may give it back", pair::mayGoHome);
        pair.b.must("undo", Pair.GROUP);
        assertThat(pair.onTheWire()).containsExactly("a");
        assertThat(pair.read("records")).isEqualTo("on b");
        servesForLongerThanALease("a");
        pair.write("records", "on a, whose clock is off");
        pair.until("b has everything", pair::isNormal);
        pair.a.must("backup", "now");

        pair.cutPower(pair.a);
        Reply again = pair.b.sfo("failover", Pair.GROUP);
        assertThat(again.exit()).as("nothing is lossy: %s", again).isZero();
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.read("records")).isEqualTo("on a, whose clock is off");
    }
}
