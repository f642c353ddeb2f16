package sfo.agent.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import akka.actor.testkit.typed.javadsl.TestProbe;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.slf4j.LoggerFactory;
import sfo.config.load.Settings;
import sfo.protocol.control.Views.BackupView;
import sfo.protocol.model.BackupRef;
import sfo.protocol.model.Inventory;

/** I8 only good backups, between two appliances: what is made on one is verified and on disk at the other. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(90)
class BackupsTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Settings.Backups RARELY = new Settings.Backups(Duration.ofHours(1), 20, Duration.ofHours(1));

    @TempDir
    static Path keys;

    private static TestPki pki;
    private static TestPki stranger;

    @TempDir
    Path dir;

    private int portOfA;
    private int portOfB;
    private int portOfC;
    private Relay wireToB;
    private Optional<Appliance> a = Optional.empty();
    private Optional<Appliance> b = Optional.empty();
    private Optional<Appliance> c = Optional.empty();

    @BeforeAll
    static void keys() throws Exception {
        pki = new TestPki(keys.resolve("ours"), "authority");
        stranger = new TestPki(keys.resolve("theirs"), "authority");
    }

    @BeforeEach
    void ports() throws Exception {
        try (ServerSocket first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerSocket second = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerSocket third = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            portOfA = first.getLocalPort();
            portOfB = second.getLocalPort();
            portOfC = third.getLocalPort();
        }
        wireToB = new Relay(portOfB);
    }

    @AfterEach
    void stop() throws Exception {
        a.ifPresent(Appliance::close);
        b.ifPresent(Appliance::close);
        c.ifPresent(Appliance::close);
        wireToB.close();
    }

    @Test
    void aChangeIsAtThePeerAndTheNewestIsTold() throws Exception {
        startA(RARELY, pki);
        startB();
        TestProbe<Backups.NewestGood> checks = b().kit().createTestProbe();
        b().backups.tell(new Backups.Watch(checks.ref()));

        a().has(inventory(1));
        Backups.NewestGood told = checks.receiveMessage(SOON);
        assertThat(told.appliance()).isEqualTo("a");
        assertThat(told.newest().orElseThrow().groups()).containsExactly("media");
        a().has(inventory(2));
        assertThat(checks.receiveMessage(SOON).newest().orElseThrow().ref().sequence())
                .isEqualTo(2);
        a().has(inventory(2));

        Backups.Found found = b().ask(r -> new Backups.NewestFor("a", "media", r));
        assertThat(found.inventory()).contains(inventory(2));
        assertThat(found.reasons()).isEmpty();
        assertThat(found.age().orElseThrow()).isLessThan(SOON);
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(list(a())).anySatisfy(v -> {
                    assertThat(v.keptBy()).isEqualTo("b");
                    assertThat(v.sequence()).isEqualTo(2);
                }));
        assertThat(list(b())).extracting(BackupView::sequence).containsExactly(2L, 1L);
        assertThat(b().<List<String>>ask(r -> new Backups.Diff("a", 1, 2, r)))
                .containsExactly("  files.version: \"v1\" -> \"v2\"");
        assertThat(b().<Backups.Verified>ask(Backups.VerifyNow::new)).isEqualTo(new Backups.Verified(2, List.of()));
        assertThatThrownBy(() -> b().<Inventory>ask(r -> new Backups.Show("a", 7, r)))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("no good config backup 7 of a is kept here; expected one of [1, 2]");
    }

    @Test
    void theTimerMakesANewOneThoughNothingChanged() throws Exception {
        startA(new Settings.Backups(Duration.ofMillis(300), 3, Duration.ofMillis(300)), pki);
        startB();
        a().has(inventory(1));
        await().atMost(SOON).until(() -> newestAtB() >= 4);
        // one content is one entry of the history, however often it was confirmed
        assertThat(list(b())).hasSize(1);
    }

    @Test
    void whatGoesBadOnDiskIsFoundByTheScheduleAndSentAgain() throws Exception {
        startA(RARELY, pki);
        startB(new Settings.Backups(Duration.ofHours(1), 20, Duration.ofMillis(300)));
        a().has(inventory(1));
        await().atMost(SOON).until(() -> newestAtB() == 1);
        a().has(inventory(2));
        await().atMost(SOON).until(() -> newestAtB() == 2);
        TestProbe<Backups.NewestGood> checks = b().kit().createTestProbe();
        b().backups.tell(new Backups.Watch(checks.ref()));
        BackupRef ref = checks.receiveMessage(SOON).newest().orElseThrow().ref();

        Path file = dir.resolve("b/backups/a/" + ref.epoch() + "-" + ref.sequence() + ".json");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 4;
        Files.write(file, bytes);

        assertThat(checks.receiveMessage(SOON).newest().orElseThrow().ref().sequence())
                .isEqualTo(1);
        assertThat(checks.receiveMessage(SOON).newest().orElseThrow().ref()).isEqualTo(ref);
        assertThat(b().<Inventory>ask(r -> new Backups.Show("a", 2, r))).isEqualTo(inventory(2));
        // the bad one stays beside it, with its reason, and is not taken for the good one after a restart
        assertThat(file.resolveSibling(ref.epoch() + "-2.bad")).hasBinaryContent(bytes);
        assertThat(file.resolveSibling(ref.epoch() + "-2.why")).isNotEmptyFile();
        b().close();
        startB();
        assertThat(newestAtB()).isEqualTo(2);
    }

    @Test
    void eachOfTwoPeersHasItAndOneThatIsAwayKeepsItFromNobody() throws Exception {
        Settings.Peer toC = peer("c", portOfC);
        a = Optional.of(new Appliance(
                Samples.settings(
                        "a", dir.resolve("a"), pki.of("a"), portOfA, List.of(peer("b", wireToB.port()), toC), RARELY),
                portOfA,
                Appliance.PACE));
        startB();
        a().has(inventory(1));
        await().atMost(SOON).until(() -> newestAtB() == 1);
        Backups.Sent sent = a().ask(Backups.BackupNow::new);
        assertThat(sent.outcomes())
                .extracting(o -> o.peer() + " " + o.fate())
                .containsExactlyInAnyOrder("b STORED", "c UNREACHABLE");

        c = Optional.of(new Appliance(
                Samples.settings("c", dir.resolve("c"), pki.of("c"), portOfC, List.of(peer("a", portOfA)), RARELY),
                portOfC,
                Appliance.PACE));
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(list(c.orElseThrow()))
                        .extracting(v -> v.appliance() + " " + v.sequence())
                        .containsExactly("a 2"));
        a().has(inventory(2));
        Backups.Sent both = a().ask(Backups.BackupNow::new);
        assertThat(both.outcomes())
                .extracting(o -> o.peer() + " " + o.fate())
                .containsExactlyInAnyOrder("b STORED", "c STORED");
        assertThat(c.orElseThrow()
                        .<Inventory>ask(r -> new Backups.Show("a", both.ref().sequence(), r)))
                .isEqualTo(inventory(2));
    }

    @Test
    void fiveMegabytesMoveAndThenOnlyWhatChanged() throws Exception {
        startA(RARELY, pki);
        startB();
        Map<String, String> large = Map.of("blob", Samples.text(7, 5_000_000));
        a().has(Samples.inventory("a", 100, Map.of()));
        await().atMost(SOON).until(() -> newestAtB() == 1);

        long start = System.nanoTime();
        a().has(Samples.inventory("a", 100, large));
        await().pollInterval(Duration.ofMillis(5)).atMost(SOON).until(() -> newestAtB() == 2);
        long millis = (System.nanoTime() - start) / 1_000_000;
        LoggerFactory.getLogger(BackupsTest.class)
                .warn("5 MB: changed on a to verified and on disk at b: {} ms", millis);

        long before = wireToB.bytes();
        a().has(Samples.inventory("a", 101, large));
        await().pollInterval(Duration.ofMillis(5)).atMost(SOON).until(() -> newestAtB() == 3);
        long bytes = wireToB.bytes() - before;
        LoggerFactory.getLogger(BackupsTest.class).warn("one share of it changed: {} bytes received", bytes);
        assertThat(bytes).isPositive().isLessThan(400_000);
        assertThat(b().<Inventory>ask(r -> new Backups.Show("a", 3, r))
                        .groups()
                        .get(0)
                        .shares())
                .hasSize(101);
    }

    @Test
    void nowSaysWhoHasItAndWhoCannotBeReached() throws Exception {
        startA(RARELY, pki);
        assertThatThrownBy(() -> a().<Backups.Sent>ask(Backups.BackupNow::new))
                .hasMessageContaining("has not read its own configuration yet");
        a().has(inventory(1));
        Backups.Sent alone = a().ask(Backups.BackupNow::new);
        assertThat(alone.outcomes()).singleElement().satisfies(o -> {
            assertThat(o.fate()).isEqualTo(Backups.Fate.UNREACHABLE);
            assertThat(o.detail()).contains("as soon as it answers");
        });

        startB();
        a().has(inventory(2));
        await().atMost(SOON).until(() -> newestAtB() == 3);
        Backups.Sent both = a().ask(Backups.BackupNow::new);
        assertThat(both.outcomes()).extracting(Backups.Outcome::fate).containsExactly(Backups.Fate.STORED);
        assertThat(newestAtB()).isEqualTo(both.ref().sequence());
    }

    @Test
    void aPeerThatWasAwayGetsTheNewestOnly() throws Exception {
        startA(RARELY, pki);
        startB();
        a().has(inventory(1));
        await().atMost(SOON).until(() -> newestAtB() == 1);
        b().close();
        b = Optional.empty();
        for (int i = 2; i <= 6; i++) {
            a().has(inventory(i));
        }
        await().atMost(SOON).until(() -> list(a()).get(0).sequence() == 6);
        startB();
        await().atMost(SOON).until(() -> newestAtB() == 6);
        assertThat(list(b()))
                .extracting(BackupView::sequence)
                .startsWith(6L)
                .endsWith(1L)
                .hasSizeLessThanOrEqualTo(3);
    }

    @Test
    void aWireThatIsCutInTheMiddleOfALargeOneAndMendedCarriesTheNewest() throws Exception {
        startA(RARELY, pki, Appliance.HURRIED);
        startB();
        a().has(inventory(1));
        await().atMost(SOON).until(() -> newestAtB() == 1);
        long before = wireToB.bytes();
        a().has(Samples.inventory("a", 1, Map.of("blob", Samples.text(5, 5_000_000))));
        await().pollInterval(Duration.ofMillis(1)).atMost(SOON).until(() -> wireToB.bytes() - before > 200_000);
        wireToB.cut();
        Backups.Sent sent = a().ask(Backups.BackupNow::new);
        assertThat(sent.ref().sequence()).isEqualTo(3);
        assertThat(sent.outcomes()).extracting(Backups.Outcome::fate).containsExactly(Backups.Fate.UNREACHABLE);
        assertThat(newestAtB()).isEqualTo(1);
        wireToB.mend();
        await().atMost(Duration.ofSeconds(40)).until(() -> newestAtB() == 3);
    }

    @Test
    void aRestartedApplianceGoesOnCounting() throws Exception {
        startA(RARELY, pki);
        startB();
        a().has(inventory(1));
        await().atMost(SOON).until(() -> newestAtB() == 1);
        a().close();
        startA(RARELY, pki);
        a().has(inventory(1));
        a().has(inventory(2));
        await().atMost(SOON).until(() -> newestAtB() == 2);
        assertThat(b().<Inventory>ask(r -> new Backups.Show("a", 2, r))).isEqualTo(inventory(2));
    }

    @Test
    void aPeerThatEndsInTheMiddleOfALargeOneGetsItAfterItsRestart() throws Exception {
        startA(RARELY, pki);
        startB();
        a().has(inventory(1));
        await().atMost(SOON).until(() -> newestAtB() == 1);
        a().has(Samples.inventory("a", 1, Map.of("blob", Samples.text(3, 5_000_000))));
        await().pollInterval(Duration.ofMillis(1))
                .atMost(SOON)
                .until(() -> list(a()).get(0).sequence() == 2);
        b().close();
        startB();
        await().atMost(Duration.ofSeconds(40)).until(() -> newestAtB() == 2);
        a().has(inventory(3));
        await().atMost(SOON).until(() -> newestAtB() == 3);
    }

    @Test
    void aStrangersSignatureIsRefusedAndTheOldOneStays() throws Exception {
        startA(RARELY, pki);
        startB();
        a().has(inventory(1));
        await().atMost(SOON).until(() -> newestAtB() == 1);
        a().close();
        startA(RARELY, stranger);
        await().atMost(SOON).until(() -> list(a()).stream().anyMatch(v -> !v.good()));
        a().has(inventory(2));
        Backups.Sent sent = a().ask(Backups.BackupNow::new);
        assertThat(sent.outcomes()).singleElement().satisfies(o -> {
            assertThat(o.fate()).isEqualTo(Backups.Fate.REFUSED);
            assertThat(o.detail()).contains("was not issued by this group's authority", "is still there");
        });
        assertThat(b().<Backups.Found>ask(r -> new Backups.NewestFor("a", "media", r))
                        .inventory())
                .contains(inventory(1));
    }

    @Test
    void aLostDiskBeginsANewLineageAbove() throws Exception {
        startA(RARELY, pki);
        startB();
        a().has(inventory(1));
        a().has(inventory(2));
        await().atMost(SOON).until(() -> newestAtB() == 2);
        a().close();
        delete(dir.resolve("a/backups"));
        startA(RARELY, pki);
        a().has(inventory(3));
        await().atMost(SOON)
                .until(() -> b().<Backups.Found>ask(r -> new Backups.NewestFor("a", "media", r))
                        .inventory()
                        .equals(Optional.of(inventory(3))));
    }

    private static Inventory inventory(int version) {
        return Samples.inventory("a", 1, Map.of("version", "v" + version));
    }

    private Appliance a() {
        return a.orElseThrow();
    }

    private Appliance b() {
        return b.orElseThrow();
    }

    private void startA(Settings.Backups every, TestPki signer) throws Exception {
        startA(every, signer, Appliance.PACE);
    }

    private void startA(Settings.Backups every, TestPki signer, Backups.Pace pace) throws Exception {
        a = Optional.of(new Appliance(
                Samples.settings(
                        "a", dir.resolve("a"), signer.of("a"), portOfA, List.of(peer("b", wireToB.port())), every),
                portOfA,
                pace));
    }

    private void startB() throws Exception {
        startB(RARELY);
    }

    private void startB(Settings.Backups every) throws Exception {
        b = Optional.of(new Appliance(
                Samples.settings(
                        "b", dir.resolve("b"), pki.of("b"), wireToB.port(), List.of(peer("a", portOfA)), every),
                portOfB,
                Appliance.PACE));
    }

    private static Settings.Peer peer(String name, int port) {
        return new Settings.Peer(name, "127.0.0.1", port, 1, "127.0.0.1");
    }

    private static List<BackupView> list(Appliance appliance) throws Exception {
        return appliance.ask(Backups.ListAll::new);
    }

    /** 0 if none. */
    private long newestAtB() throws Exception {
        return list(b()).stream()
                .filter(v -> v.appliance().equals("a") && v.good() && v.keptBy().equals("b"))
                .mapToLong(BackupView::sequence)
                .findFirst()
                .orElse(0);
    }

    private static void delete(Path folder) throws Exception {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
