package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import sfo.agent.demo.Capture;
import sfo.agent.demo.HostDump;
import sfo.agent.demo.Lab;
import sfo.agent.demo.Sfo;
import sfo.agent.demo.Workload;
import sfo.it.harness.CrashRound;
import sfo.it.harness.Speakers;
import sfo.it.harness.WhenAskedFor;
import sfo.ops.exec.Exec;
import sfo.protocol.json.Json;

/**
 * I2 with real mirrors, mounts, servers and networks: whatever fails, and wherever an agent is killed, a failover and an
 * undo are done or undone. {@link CrashRound} says where they are killed.
 */
class DoneOrUndoneIT extends LabStories {
    private static final Set<String> ONLY_LOOK = Set.of("free-address", "answering-shares");

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
    @WhenAskedFor
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
}
