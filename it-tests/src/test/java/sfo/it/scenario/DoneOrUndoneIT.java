package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.parallel.Isolated;
import sfo.agent.demo.Capture;
import sfo.agent.demo.HostDump;
import sfo.agent.demo.Lab;
import sfo.agent.demo.NamespaceLab;
import sfo.agent.demo.Sfo;
import sfo.agent.demo.Workload;
import sfo.it.harness.CrashRound;
import sfo.it.harness.Labs;
import sfo.it.harness.Speakers;
import sfo.ops.api.Call;
import sfo.ops.exec.Exec;
import sfo.protocol.json.Json;

/**
 * I2 with real mirrors, mounts, servers and networks: whatever fails, and wherever an agent is killed, a failover and an
 * undo are done or undone. {@link CrashRound} says where they are killed.
 */
@Isolated("while it freezes an appliance, whoever looks at all mounts of this kernel waits")
@Timeout(3600)
class DoneOrUndoneIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Set<String> ONLY_LOOK = Set.of("free-address", "answering-shares");

    private final Exec exec = new Exec();
    private final List<Workload> clients = new ArrayList<>();
    private NamespaceLab lab;
    private Sfo sfo;

    @BeforeAll
    static void inNamespaces() throws Exception {
        Labs.assumePossible("tcpdump");
    }

    @BeforeEach
    void aServes() throws Exception {
        lab = NamespaceLab.make(false);
        sfo = new Sfo(lab);
        Files.createDirectories(faults());
        lab.powerOn("a");
        lab.boot("b");
        lab.startAgent("b", "sfo.faults=" + faults());
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "both agents are up", LIMIT, Sfo::allUp);
        }
        onA("group create demo --member a --member b --home a --nic a=eth0 --nic b=eth0 --address " + Lab.ADDRESS
                + "/24 --gateway 10.77.0.254 -y");
        onA("cdp create demo/tank --size 96M");
        onA("share create demo n --nfs --volume tank");
        onA("share create demo s --smb --guest --volume tank");
        awaitMirrors("a", "b");
    }

    @AfterEach
    void end() {
        clients.forEach(Workload::close);
        if (lab != null) {
            lab.close();
            assertThat(lab.folder()).doesNotExist();
        }
    }

    private void onA(String words) throws IOException {
        sfo.must("a", words.split(" "));
    }

    private void awaitMirrors(String primary, String secondary) throws IOException {
        sfo.await(primary, primary + " serves and mirrors", LIMIT, s -> Sfo.replicating(s, "PRIMARY"));
        sfo.await(secondary, secondary + " has every write", LIMIT, s -> Sfo.replicating(s, "SECONDARY"));
    }

    private Path faults() {
        return lab.folder().resolve("faults");
    }

    /** It strikes once. */
    private void fault(String kind, String what) throws IOException {
        Files.writeString(faults().resolve(kind), what);
    }

    /** At work when this returns. */
    private Workload client(String file) throws IOException {
        Workload client = lab.nfsClient("n", file);
        clients.add(client);
        client.start();
        return client;
    }

    private static void awaitMore(Workload client, int records) {
        int then = client.log().count();
        until(records + " more records", () -> client.log().count() >= then + records);
    }

    private static void until(String what, Callable<Boolean> wanted) {
        await(what).atMost(LIMIT).pollDelay(Duration.ZERO).until(wanted);
    }

    private static void assertNothingLost(Workload client) throws IOException {
        client.stop();
        Workload.Verdict verdict = client.verify();
        assertThat(verdict.acknowledged()).isPositive();
        assertThat(verdict.lost()).as("of %d", verdict.acknowledged()).isEmpty();
    }

    private Exec.Output type(String appliance, String... words) throws IOException {
        return lab.sfo(appliance, LIMIT, List.of(words));
    }

    /** On b; a busy machine may be too slow to prove anything. */
    private Exec.Output failover(String... more) {
        String[] words =
                Stream.concat(Stream.of("failover", Lab.GROUP), Stream.of(more)).toArray(String[]::new);
        List<Exec.Output> replies = new ArrayList<>();
        until("a failover that begins", () -> {
            Exec.Output reply = type("b", words);
            replies.add(reply);
            return !(reply.out() + reply.err()).contains("LOOK-FAILED");
        });
        return replies.get(replies.size() - 1);
    }

    private void mustFailover(String... more) {
        Exec.Output reply = failover(more);
        assertThat(reply.exit()).as("%s", reply).isZero();
    }

    /** Of a failover to b, in their order. */
    private List<JsonNode> steps() throws IOException {
        List<JsonNode> steps = new ArrayList<>();
        String plan = sfo.must("b", "plan", Lab.GROUP, "--json");
        List<String> lines = plan.lines().filter(line -> !line.isBlank()).toList();
        Json.MAPPER
                .readTree(lines.get(lines.size() - 1))
                .path("body")
                .path("plan")
                .path("steps")
                .forEach(steps::add);
        assertThat(steps).hasSizeGreaterThan(5);
        return steps;
    }

    private String inside(String appliance, String... argv) throws Exception {
        return exec.need(Call.within(Duration.ofSeconds(20)), lab.inside(appliance, List.of(argv)), "");
    }

    /** b as it is when it has noticed that a has no power. */
    private NavigableMap<String, NavigableSet<String>> withoutA() throws IOException {
        lab.cutPower("a");
        sfo.await("b", "b has lost its mirror", LIMIT, s -> !Sfo.replicating(s, "SECONDARY"));
        sfo.awaitDone("b", LIMIT, "failover", Lab.GROUP, "--dry-run");
        return lab.dump("b");
    }

    private void assertUndone(String what, NavigableMap<String, NavigableSet<String>> before) throws IOException {
        assertThat(HostDump.differences(before, lab.dump("b")))
                .as("b, after %s, and all was undone", what)
                .isEmpty();
        JsonNode group = Sfo.group(sfo.status("b"));
        assertThat(group.path("claim").path("appliance").asText()).as(what).isEqualTo("a");
        assertThat(group.path("state").asText()).as(what).isEqualTo("STANDING_BY");
    }

    @Test
    void whicheverStepFailsTheHostIsAsBefore() throws Exception {
        List<JsonNode> steps = steps();
        Workload client = client("records");
        awaitMore(client, 50);
        NavigableMap<String, NavigableSet<String>> before = withoutA();
        refusedForWant("/usr/sbin/smbd", "samba");
        refusedForWant("/usr/bin/ganesha.nfsd", "nfs-ganesha");
        assertUndone("it was refused", before);
        for (JsonNode step : steps) {
            String id = step.path("id").asText();
            String kind = step.path("resource").path("kind").asText();
            String holds = " failed (fault injected before apply of " + kind + "), but holds";
            int saidBefore = Files.readString(lab.log("b")).split(Pattern.quote(holds), -1).length;
            fault(kind, "apply before fail");

            Exec.Output reply = failover();

            assertThat(faults().resolve(kind))
                    .as("%s was reached: %s", id, reply)
                    .doesNotExist();
            if (reply.exit() == 0 && ONLY_LOOK.contains(kind)) {
                // what it looks for is so after all: the host decides, not the failure
                // (of two steps of that kind, one per protocol, either)
                assertThat(Files.readString(lab.log("b")).split(Pattern.quote(holds), -1))
                        .hasSize(saidBefore + 1);
                awaitMore(client, 20);
                lab.powerOn("a");
                goHome();
                awaitMore(client, 20);
                before = withoutA();
                continue;
            }
            assertThat(reply.exit()).as("%s: %s", id, reply).isEqualTo(4);
            assertThat((reply.out() + reply.err()).replaceAll("\\s+", " "))
                    .as(id)
                    .contains("fault injected before apply of " + kind);
            assertUndone(id + " failed", before);
        }
        // what failed after its act was done after all, and is undone when a later step fails
        for (String kind : List.of("mounted-volume", "closed-interface", "smb-server")) {
            fault(kind, "apply after fail");
        }
        fault("nfs-server", "revert before fail");
        fault("open-interface", "apply before fail");
        Exec.Output reply = failover();
        assertThat(reply.exit()).as("%s", reply).isEqualTo(4);
        assertThat(faults()).as("%s", reply).isEmptyDirectory();
        assertUndone("several failed after their acts", before);

        mustFailover();
        awaitMore(client, 20);
        assertNothingLost(client);
    }

    private String failoverMac() throws Exception {
        inside("b", "ping", "-c1", "-W5", Lab.ADDRESS);
        return inside("b", "ip", "neigh", "show", Lab.ADDRESS)
                .split("lladdr ")[1]
                .split(" ")[0];
    }

    /** On b, where that tool is not to be had meanwhile. */
    private void refusedForWant(String tool, String debianPackage) throws Exception {
        inside("b", "mount", "--bind", "/dev/null", tool);
        for (String verb : List.of("check", "failover")) {
            Exec.Output reply = type("b", verb, Lab.GROUP);
            String said = (reply.out() + reply.err()).replaceAll("\\s+", " ");
            assertThat(reply.exit()).as("%s without %s: %s", verb, tool, said).isEqualTo(3);
            assertThat(said).contains(Path.of(tool).getFileName().toString(), "apt-get install " + debianPackage);
        }
        inside("b", "umount", tool);
    }

    @Test
    @EnabledIfSystemProperty(
            named = "sfo.long",
            matches = "true",
            disabledReason = "it takes minutes: ./mvnw verify -Dsfo.long=true")
    void theLinkIsCutAtAnyMomentOfAnUndoAndNeverDoTwoServe() throws Exception {
        Workload client = client("records");
        awaitMore(client, 50);
        String mac = failoverMac();
        withoutA();
        mustFailover();
        awaitMore(client, 20);
        lab.powerOn("a");
        awaitMirrors("b", "a");
        sfo.awaitDone("b", LIMIT, "undo", Lab.GROUP, "--dry-run");
        long seed = System.nanoTime() & 0xffff;
        long untilCut = new Random(seed).nextInt(1800);
        try (Capture capture = lab.capture(Speakers.FILTER)) {
            Speakers speakers = new Speakers(capture, Lab.ADDRESS, mac);
            CompletableFuture<Exec.Output> undo = CompletableFuture.supplyAsync(() -> {
                try {
                    return type("b", "undo", Lab.GROUP);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(untilCut));
            lab.unplug("a");
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(4));
            lab.plug("a");
            Exec.Output reply = undo.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            System.out.println("cut " + untilCut + " ms after the command: " + reply);
            assertThat(reply.exit()).as("cut after %s ms: %s", untilCut, reply).isIn(0, 3, 4, 5);
            until("one of them serves", () -> serves("a") != serves("b"));
            awaitMore(client, 20);
            // nobody came back after another had spoken
            assertThat(speakers.turns())
                    .as("cut after %s ms: %s", untilCut, reply)
                    .isIn(List.of("b"), List.of("a"), List.of("b", "a"));
            assertThat(speakers.turns()).last().isEqualTo(serves("a") ? "a" : "b");
        }
        assertNothingLost(client);
    }

    /** a is back. */
    private void goHome() throws IOException {
        awaitMirrors("b", "a");
        sfo.awaitDone("b", LIMIT, "undo", Lab.GROUP, "--dry-run");
        sfo.must("b", "undo", Lab.GROUP);
        awaitMirrors("a", "b");
    }

    @Test
    void oneThatHungLetsGoAndJoinsAgainWhenItGoesOn() throws Exception {
        Workload client = client("records");
        awaitMore(client, 50);
        String mac = failoverMac();
        lab.freeze("a");
        sfo.await("b", "b has lost its mirror", LIMIT, s -> !Sfo.replicating(s, "SECONDARY"));
        mustFailover("--override", "a hangs, its cables are pulled");
        awaitMore(client, 20);
        // a client without a time limit waits for good for what a's kernel took in the moment before a lets go
        assertNothingLost(client);

        try (Capture capture = lab.capture(Speakers.FILTER)) {
            Speakers speakers = new Speakers(capture, Lab.ADDRESS, mac);
            Instant thawed = Instant.now();
            lab.thaw("a");
            sfo.await(
                    "a",
                    "a stands by",
                    LIMIT,
                    s -> Sfo.group(s).path("state").asText().equals("STANDING_BY"));
            Instant standsBy = Instant.now();
            List<Instant> spoke = speakers.times("a");
            System.out.println("a stands by " + Duration.between(thawed, standsBy) + " after it was thawed; it spoke "
                    + spoke.size() + " times for the address, the last time after "
                    + spoke.stream().max(Instant::compareTo).map(last -> Duration.between(thawed, last)));
            Workload meanwhile = client("meanwhile");
            awaitMore(meanwhile, 50);
            assertThat(speakers.times("a")).allMatch(standsBy::isAfter);
            assertThat(speakers.times("b")).anyMatch(standsBy::isBefore);
            assertNothingLost(meanwhile);
        }
        until(
                "nothing of the group host is left on a",
                () -> inside("a", "ip", "netns", "list").isBlank());
        assertThat(inside("a", "ps", "-e", "-o", "comm=")).doesNotContain("ganesha", "smbd");
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "a is a member again", LIMIT, Sfo::allUp);
        }
        assertThat(serves("a")).isFalse();
        Workload after = client("after");
        awaitMore(after, 20);
        // it had no mirror for a while and may have served: its operator gives up what it alone may have
        sfo.awaitDone("b", LIMIT, "undo", Lab.GROUP, "--accept-loss");
        awaitMore(after, 20);
        awaitMirrors("a", "b");
        assertNothingLost(after);
    }

    @TestFactory
    Stream<DynamicTest> killedAnywhereItIsDoneOrUndone() throws Exception {
        List<String> steps =
                steps().stream().map(step -> step.path("id").asText()).toList();
        return CrashRound.tests(steps, 1, this::play);
    }

    private void play(CrashRound round) throws Exception {
        System.out.println("plays " + round);
        Workload client = client("records-" + System.nanoTime());
        lab.killAgent("b");
        lab.startAgent("b", "sfo.crash=" + round.failover());
        awaitMirrors("a", "b");
        sfo.awaitDone("b", LIMIT, "check", Lab.GROUP);
        awaitMore(client, 20);
        String mac = failoverMac();
        try (Capture capture = lab.capture(Speakers.FILTER)) {
            Speakers speakers = new Speakers(capture, Lab.ADDRESS, mac);
            awaitMore(client, 20);
            NavigableMap<String, NavigableSet<String>> before = withoutA();

            killed("b", failover());
            lab.startAgent("b", "sfo.crash=" + round.giver());
            sfo.await(
                    "b",
                    "the failover is over",
                    LIMIT,
                    s -> List.of("FAILED_OVER", "STANDING_BY")
                            .contains(Sfo.group(s).path("state").asText()));
            if (Sfo.group(sfo.status("b")).path("state").asText().equals("STANDING_BY")) {
                assertUndone(round.failover(), before);
                assertThat(speakers.times("b")).isEmpty();
                mustFailover();
            }
            awaitMore(client, 20);

            lab.boot("a");
            lab.startAgent("a", "sfo.crash=" + round.receiver());
            awaitMirrors("b", "a");
            sfo.awaitDone("b", LIMIT, "undo", Lab.GROUP, "--dry-run");
            killed("b", type("b", "undo", Lab.GROUP));
            lab.startAgent("b");
            // b goes on; a is permitted, and dies in turn; b learns that it did not open, or that it did
            until(
                    "a died too, or the undo never began",
                    () -> !lab.agentRuns("a") || state("b").equals("FAILED_OVER"));
            if (lab.agentRuns("a")) {
                sfo.awaitDone("b", LIMIT, "undo", Lab.GROUP, "--dry-run");
                type("b", "undo", Lab.GROUP);
                until("a died too", () -> !lab.agentRuns("a"));
            }
            lab.startAgent("a");
            until("one of them serves", () -> serves("a") != serves("b"));
            awaitMore(client, 20);
            assertThat(speakers.turns()).isIn(List.of("a", "b"), List.of("a", "b", "a"));
            assertThat(speakers.turns()).last().isEqualTo(serves("a") ? "a" : "b");
        }
        if (serves("b")) {
            goHome();
        }
        awaitMirrors("a", "b");
        awaitMore(client, 20);
        assertNothingLost(client);
        client.close();
    }

    /** The operator's client lost its agent, which was killed. */
    private void killed(String appliance, Exec.Output reply) {
        assertThat(reply.exit()).as("%s", reply).isEqualTo(6);
        until("the agent of " + appliance + " is dead", () -> !lab.agentRuns(appliance));
    }

    private String state(String appliance) throws IOException {
        return lab.agentRuns(appliance)
                ? Sfo.group(sfo.status(appliance)).path("state").asText()
                : "";
    }

    private boolean serves(String appliance) throws IOException {
        return Sfo.group(sfo.status(appliance)).path("servedHere").asBoolean();
    }
}
