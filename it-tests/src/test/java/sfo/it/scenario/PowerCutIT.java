package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import sfo.agent.demo.Capture;
import sfo.agent.demo.ControlSocket;
import sfo.agent.demo.Lab;
import sfo.agent.demo.NamespaceLab;
import sfo.agent.demo.Sfo;
import sfo.agent.demo.Workload;
import sfo.it.harness.ForgetfulDisk;
import sfo.it.harness.Labs;
import sfo.it.harness.Speakers;
import sfo.it.harness.WhenAskedFor;
import sfo.ops.api.Call;
import sfo.ops.exec.Exec;
import sfo.protocol.model.IscsiTarget;

/** Real mirrors, file systems and servers, stock clients, and disks that forget what nobody flushed. */
@Timeout(300)
class PowerCutIT {
    private static final Duration START = Duration.ofMinutes(3);
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final Map<String, Integer> MEBIBYTES = Map.of("ext4", 128, "xfs", 320, "btrfs", 256);
    /** The negative control: what an asynchronous mirror acknowledges was flushed on the primary only. */
    private static final String LOOSE = "loose";

    private static final Exec EXEC = new Exec();
    private static final List<ForgetfulDisk> DISKS = new ArrayList<>();
    private static NamespaceLab lab;
    private static Sfo sfo;

    private final List<Workload> clients = new ArrayList<>();
    private String name;

    @BeforeAll
    static void aServes() throws Exception {
        Labs.assumePossible("nbdkit", "nbdfuse", "mkfs.xfs", "mkfs.btrfs", "tcpdump", "tgtd");
        lab = NamespaceLab.make(false);
        sfo = new Sfo(lab);
        for (String appliance : Lab.APPLIANCES) {
            for (String volume : MEBIBYTES.keySet()) {
                DISKS.add(new ForgetfulDisk(lab, appliance, volume, (long) MEBIBYTES.get(volume) << 20));
            }
            DISKS.add(new ForgetfulDisk(lab, appliance, LOOSE, 64L << 20));
            powerOn(appliance);
        }
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "both agents are up", START, Sfo::allUp);
        }
        type("group create demo --member a --member b --home a --nic a=eth0 --nic b=eth0 --address " + Lab.ADDRESS
                + "/24 --gateway 10.77.0.254 -y");
        for (Map.Entry<String, Integer> volume : MEBIBYTES.entrySet()) {
            create(volume.getKey(), volume.getValue() + "M --fs " + volume.getKey());
        }
        create(LOOSE, "64M --mode async");
        type("target create demo vm --volume ext4 --size 32M");
    }

    private static void create(String volume, String how) throws IOException {
        StringBuilder words = new StringBuilder("cdp create demo/" + volume + " --size " + how);
        DISKS.stream()
                .filter(disk -> disk.device().endsWith(volume))
                .forEach(disk -> words.append(" --backing ")
                        .append(disk.appliance())
                        .append('=')
                        .append(disk.device()));
        type(words.toString());
        type("share create demo " + volume + " --nfs --volume " + volume);
    }

    /** On the holder. */
    private static void type(String words) throws IOException {
        sfo.must("a", words.split(" "));
    }

    private static void powerOn(String appliance) throws Exception {
        lab.boot(appliance);
        for (ForgetfulDisk disk : DISKS) {
            if (disk.appliance().equals(appliance)) {
                disk.attach();
            }
        }
        lab.startAgent(appliance);
    }

    @AfterAll
    static void end() {
        if (lab != null) {
            lab.close();
            assertThat(lab.folder()).doesNotExist();
        }
    }

    @BeforeEach
    void allIsWell(TestInfo test) throws Exception {
        name = test.getTestMethod().orElseThrow().getName();
        awaitMirrors("a", "b");
    }

    @AfterEach
    void leave() {
        clients.forEach(Workload::close);
    }

    private static void awaitMirrors(String primary, String secondary) throws IOException {
        sfo.await(primary, primary + " serves and mirrors", START, s -> Sfo.replicating(s, "PRIMARY"));
        sfo.await(secondary, secondary + " has every write", LIMIT, s -> Sfo.replicating(s, "SECONDARY"));
    }

    /** One on each file system; at work when this returns. */
    private List<Workload> clients(String file) throws IOException {
        List<Workload> all = new ArrayList<>();
        for (String volume : MEBIBYTES.keySet()) {
            all.add(client(volume, file));
        }
        return all;
    }

    private Workload client(String volume, String file) throws IOException {
        Workload client = lab.nfsClient(volume, name + "-" + file);
        clients.add(client);
        client.start();
        return client;
    }

    /** Those, and one that uses a disk. */
    private List<Workload> clientsAndInitiator(String file) throws IOException {
        List<Workload> all = clients(file);
        Workload initiator = lab.iscsiClient(IscsiTarget.iqn(Lab.GROUP, "vm"), 1, true);
        clients.add(initiator);
        initiator.start();
        all.add(initiator);
        return all;
    }

    /** Until each of them had that many more records acknowledged. */
    private static void awaitMore(List<Workload> clients, int records) {
        for (Workload client : clients) {
            int then = client.log().count();
            await(records + " more records of a client")
                    .atMost(LIMIT)
                    .until(() -> client.log().count() >= then + records);
        }
    }

    private static void assertNothingLost(List<Workload> clients) throws IOException {
        for (Workload client : clients) {
            client.stop();
            Workload.Verdict verdict = client.verify();
            assertThat(verdict.acknowledged()).isPositive();
            assertThat(verdict.lost()).as("of %d", verdict.acknowledged()).isEmpty();
        }
    }

    private static String inside(String appliance, String... argv) throws Exception {
        return EXEC.need(Call.within(Duration.ofSeconds(20)), lab.inside(appliance, List.of(argv)), "");
    }

    @Test
    void anAgentThatIsKilledTouchesNothingThatIsServed() throws Exception {
        List<Workload> atWork = clients("records");
        NavigableMap<String, NavigableSet<String>> before = lab.dump("a");
        String daemons =
                inside("a", "ps", "-C", "qemu-storage-daemon,ganesha.nfsd,qemu-storage-da", "-o", "pid=,comm=");
        assertThat(daemons).contains("qemu-storage", "ganesha");

        lab.killAgent("a");
        awaitMore(atWork, 50);
        assertThat(lab.agentRuns("a")).isFalse();
        assertThat(Sfo.replicating(sfo.status("b"), "SECONDARY")).isTrue();
        lab.startAgent("a");
        awaitMirrors("a", "b");
        awaitMore(atWork, 20);

        assertThat(inside("a", "ps", "-C", "qemu-storage-daemon,ganesha.nfsd,qemu-storage-da", "-o", "pid=,comm="))
                .isEqualTo(daemons);
        assertThat(lab.dump("a")).isEqualTo(before);
        assertThat(atWork)
                .allSatisfy(client -> assertThat(client.log().lastError()).isEmpty());
        assertNothingLost(atWork);
    }

    @Test
    void aServerThatDiesIsStartedAgain() throws Exception {
        List<Workload> atWork = clients("records");
        awaitMore(atWork, 20);
        inside("a", "pkill", "-9", "-x", "ganesha.nfsd");
        sfo.await("a", "the server is missed", LIMIT, status -> served(status, "NFS exports"));
        sfo.await("a", "the server runs again", LIMIT, status -> served(status, ""));
        awaitMore(atWork, 20);
        assertNothingLost(atWork);
    }

    @Test
    @WhenAskedFor
    void aVolumeThatDiesIsServedAgainOnAnOperatorsWord() throws Exception {
        List<Workload> atWork = clients("records");
        awaitMore(atWork, 20);
        // the front of each volume: every write on them fails from now on
        inside("a", "pkill", "-9", "-f", "qemu-storage-daemon.*reconnect-dela[y]");
        sfo.await("a", "the volumes are missed", LIMIT, status -> served(status, "volume "));
        sfo.must("a", "resume", Lab.GROUP, "--reason", "its volumes died");
        awaitMirrors("a", "b");
        assertThat(served(sfo.status("a"), "")).isTrue();
        awaitMore(atWork, 20);
        assertNothingLost(atWork);
    }

    /** Whether {@code what} is no longer served as it was; with "", whether everything is. */
    private static boolean served(JsonNode status, String what) {
        List<String> wrong = new ArrayList<>();
        Sfo.group(status).path("reasons").forEach(reason -> {
            if (reason.path("code").asText().equals("NOT-SERVED")) {
                wrong.add(reason.path("text").asText());
            }
        });
        return what.isEmpty() ? wrong.isEmpty() : wrong.stream().anyMatch(text -> text.contains(what));
    }

    @Test
    void afterAFailoverAndItsUndoNothingIsLostAndNobodySpokeOutOfTurn() throws Exception {
        NavigableMap<String, NavigableSet<String>> before = lab.dump("b");
        inside("b", "ping", "-c1", "-W5", Lab.ADDRESS);
        String mac = inside("b", "ip", "neigh", "show", Lab.ADDRESS)
                .split("lladdr ")[1]
                .split(" ")[0];
        // of what comes from the appliances, all but what the client and their own addresses say
        try (Capture capture = lab.capture(Speakers.FILTER)) {
            Speakers speakers = new Speakers(capture, Lab.ADDRESS, mac);
            List<Workload> onA = clientsAndInitiator("a");
            awaitMore(onA, 100);
            lab.cutPower("a");
            Instant cut = Instant.now();
            sfo.must("b", "failover", Lab.GROUP, "--reason", "a lost its power");
            awaitMore(onA, 20);
            assertNothingLost(onA);

            List<Workload> onB = clientsAndInitiator("b");
            powerOn("a");
            awaitMirrors("b", "a");
            sfo.awaitDone("b", LIMIT, "undo", Lab.GROUP, "--dry-run");
            Instant undo = Instant.now();
            sfo.must("b", "undo", Lab.GROUP);
            awaitMore(onB, 20);
            awaitMirrors("a", "b");
            assertNothingLost(onB);

            assertThat(lab.dump("b")).isEqualTo(before);
            Instant open = Speakers.intended(lab.folder(), "b", "open.");
            assertThat(open).isBetween(cut, undo);
            assertThat(speakers.times("b")).isNotEmpty().allMatch(open::isBefore);
            assertThat(speakers.times("a"))
                    .anyMatch(cut::isAfter)
                    .anyMatch(undo::isBefore)
                    .noneMatch(at -> at.isAfter(cut) && at.isBefore(undo));
        }
    }

    @Test
    void whenBothHadNoPowerTheHolderServesAgainByItselfAndNothingIsLost() throws Exception {
        List<Workload> atWork = clients("records");
        awaitMore(atWork, 100);
        lab.cutPower("a");
        lab.cutPower("b");
        powerOn("a");
        powerOn("b");
        awaitMore(atWork, 20);
        awaitMirrors("a", "b");
        assertNothingLost(atWork);
    }

    @Test
    void whenBothHadNoPowerTheReplicaAloneHasEverythingButForAnAsynchronousMirror() throws Exception {
        List<Workload> atWork = clients("records");
        Workload loose = client(LOOSE, "records");
        awaitMore(atWork, 100);
        lab.cutPower("a");
        lab.cutPower("b");
        powerOn("b");
        sfo.await("b", "b knows the group", START, s -> !Sfo.group(s).isMissingNode());
        sfo.must("b", "failover", Lab.GROUP, "--accept-loss", "--reason", "only b has power");
        awaitMore(atWork, 20);
        assertNothingLost(atWork);
        awaitMore(List.of(client(LOOSE, "after")), 1);
        assertThat(lost(loose)).isTrue();

        powerOn("a");
        awaitMirrors("b", "a");
        sfo.must("b", "undo", Lab.GROUP, "--accept-loss");
    }

    @Test
    void whatAWroteAloneIsKeptBeforeAnUndoGivesItUp() throws Exception {
        inside("b", "ip", "link", "set", "eth1", "down");
        sfo.await(
                "a",
                "a goes on alone",
                LIMIT,
                s -> Sfo.group(s).path("mirrors").findValuesAsText("sync").stream()
                        .allMatch("SOLO"::equals));
        awaitMore(clients("alone"), 20);
        lab.cutPower("a");
        inside("b", "ip", "link", "set", "eth1", "up");
        assertThat(exit("failover", Lab.GROUP)).isEqualTo(3);
        sfo.must("b", "failover", Lab.GROUP, "--accept-loss", "--reason", "a was alone, and lost its power");
        List<Workload> after = clients("after");
        powerOn("a");
        sfo.await("a", "a knows the group", START, s -> !Sfo.group(s).isMissingNode());
        await().atMost(LIMIT).until(() -> undoRefusedFor("MIRROR-DIVERGED"));

        sfo.must("b", "undo", Lab.GROUP, "--accept-loss");
        awaitMore(after, 20);
        awaitMirrors("a", "b");
        assertNothingLost(after);
        Map<String, String> kept = new HashMap<>();
        for (JsonNode mirror : Sfo.group(sfo.status("a")).path("mirrors")) {
            kept.put(
                    mirror.path("volume").asText(),
                    mirror.path("detail").asText().replaceFirst(".* is kept in ", ""));
        }
        assertThat(kept)
                .containsKeys("ext4", "xfs", "btrfs")
                .allSatisfy((volume, file) -> assertThat(Path.of(file)).isRegularFile());
        inside("a", "mkdir", "/run/kept");
        inside("a", "mount", "-o", "loop", kept.getOrDefault("ext4", ""), "/run/kept");
        assertThat(inside("a", "ls", "/run/kept/data"))
                .contains(name + "-alone")
                .doesNotContain(name + "-after");
        inside("a", "umount", "/run/kept");
    }

    private static boolean undoRefusedFor(String code) throws IOException {
        return ControlSocket.ask(lab.socket("b"), LIMIT, List.of("undo", Lab.GROUP, "--dry-run", "--json"))
                .out()
                .contains(code);
    }

    private static int exit(String... words) throws IOException {
        return lab.sfo("b", LIMIT, List.of(words)).exit();
    }

    private static boolean lost(Workload client) {
        try {
            return !client.verify().lost().isEmpty();
        } catch (IOException notEvenTheFile) {
            return true;
        }
    }
}
