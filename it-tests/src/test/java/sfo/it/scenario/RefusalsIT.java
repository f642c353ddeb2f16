package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import sfo.it.harness.Appliance;
import sfo.it.harness.Pair;
import sfo.it.harness.Reply;
import sfo.it.harness.Tree;

/** What is refused is refused before anything is touched, and shows on what evidence. */
class RefusalsIT extends PairStories {
    /** Types it on b: refused, and b is to the byte what it was. */
    private Reply refused(String... words) {
        return refused(pair.b, words);
    }

    private Reply refused(Appliance on, String... words) {
        Tree before = pair.tree(on);
        String claim = pair.group(on).path("claim").toString();
        List<String> holders = pair.onTheWire();
        Reply reply = on.sfo(words);
        assertThat(reply.exit()).as("%s", reply).isEqualTo(3);
        assertThat(before.differences(pair.tree(on))).as("%s", reply).isEmpty();
        assertThat(before.size()).isPositive();
        assertThat(pair.group(on).path("claim").toString()).isEqualTo(claim);
        assertThat(pair.onTheWire()).isEqualTo(holders);
        return reply;
    }

    @Test
    void whileThePeersAgentAnswers() {
        Reply reply = refused("failover", Pair.GROUP);
        assertThat(reply.codes()).contains("PEER-ALIVE", "ADDRESS-ANSWERS");
        assertThat(reply.channels("ALIVE"))
                .anyMatch(c -> c.startsWith("hello "))
                .contains("appliance " + Pair.storage("a"), "failover address " + Pair.ADDRESS);
        assertThat(pair.onTheWire()).containsExactly("a");
    }

    @Test
    void whileOnlyThePeersHostAnswers() throws IOException {
        pair.a.kill();
        Path wire = pair.world.root().resolve("wire").resolve(Pair.ADDRESS).resolve("a");
        byte[] answers = Files.readAllBytes(wire);
        Files.delete(wire);
        try {
            Reply reply = refused("failover", Pair.GROUP);
            assertThat(reply.codes()).containsExactly("PEER-ALIVE");
            assertThat(reply.channels("ALIVE")).containsExactly("appliance " + Pair.storage("a"));
        } finally {
            Files.write(wire, answers);
        }
    }

    @Test
    void whileOnlyTheFailoverAddressAnswers() throws IOException {
        pair.a.kill();
        // written again by its next start
        Files.delete(pair.world.appliance("a").resolve("storage-address"));
        Reply reply = refused("failover", Pair.GROUP);
        assertThat(reply.codes()).containsExactly("ADDRESS-ANSWERS");
        assertThat(reply.channels("ALIVE")).containsExactly("failover address " + Pair.ADDRESS);
    }

    @Test
    void whileItsOwnCableIsOutSoThatSilenceProvesNothing() throws IOException {
        pair.cutPower(pair.a);
        pair.world.cutLink("b", "switch");
        try {
            Reply reply = refused("failover", Pair.GROUP);
            // nor is the replica in sync without a proof, once b has noticed that it lost its primary
            assertThat(reply.codes()).contains("DEATH-UNPROVED").isSubsetOf("DEATH-UNPROVED", "MIRROR-BEHIND");
            assertThat(reply.channels("PROVES_NOTHING")).contains("failover address " + Pair.ADDRESS);
            assertThat(reply.channels("SILENT")).isEmpty();
        } finally {
            pair.world.mendLink("b", "switch");
        }
        assertThat(pair.b.sfo("failover", Pair.GROUP, "--accept-loss").exit()).isZero();
    }

    @Test
    void withoutAGoodBackup() throws IOException {
        pair.cutPower(pair.a);
        List<Path> backups;
        try (Stream<Path> all = Files.walk(pair.b.data().resolve("backups").resolve("a"))) {
            backups = all.filter(f -> f.toString().endsWith(".json")).toList();
        }
        assertThat(backups).isNotEmpty();
        for (Path backup : backups) {
            byte[] bytes = Files.readAllBytes(backup);
            bytes[bytes.length / 2] ^= 1;
            Files.write(backup, bytes);
        }
        Reply reply = refused("failover", Pair.GROUP);
        assertThat(reply.codes()).containsExactly("NO-BACKUP");
        assertThat(pair.b.sfo("check", Pair.GROUP).codes()).contains("NO-BACKUP");
    }

    @Test
    void whereTheReplicaIsOnlyHalfCopied() {
        pair.cutLink();
        pair.write("ours", "while alone");
        pair.fault(pair.a, "mirror-copy", "hang-ms 59000");
        pair.mendLink();
        pair.until(
                "b is being copied to",
                () -> pair.group(pair.b)
                        .path("mirrors")
                        .path(0)
                        .path("sync")
                        .asText()
                        .equals("INCONSISTENT"));
        pair.cutPower(pair.a);
        Reply reply = refused("failover", Pair.GROUP, "--accept-loss");
        assertThat(reply.codes()).containsExactly("MIRROR-UNFIT");
        assertThat(refused("check", Pair.GROUP).codes()).containsExactly("MIRROR-UNFIT");
    }

    @Test
    void whereTheReplicaIsBehindUntilThatIsAccepted() {
        pair.write("before", "on both");
        pair.cutLink();
        pair.until("a goes on alone", () -> {
            pair.write("after", "on a alone");
            return pair.group(pair.a)
                    .path("mirrors")
                    .path(0)
                    .path("sync")
                    .asText()
                    .equals("SOLO");
        });
        pair.until(
                "b has lost a",
                () -> pair.group(pair.b)
                        .path("mirrors")
                        .path(0)
                        .path("sync")
                        .asText()
                        .equals("LOST"));
        pair.until("that was a while ago", () -> pair.longSince(pair.b));
        String since = pair.group(pair.b).path("mirrors").path(0).path("since").asText();
        pair.mendAgentsOnly();
        pair.until(
                "b hears that a lives on",
                () -> pair.b.sfo("check", Pair.GROUP).codes().contains("MIRROR-BEHIND"));
        pair.cutPower(pair.a);

        Reply check = refused("check", Pair.GROUP);
        assertThat(check.codes()).containsExactly("MIRROR-BEHIND");
        assertThat(check.json().path("reasons").path(0).path("text").asText()).contains(since);
        Reply reply = refused("failover", Pair.GROUP);
        assertThat(reply.codes()).containsExactly("MIRROR-BEHIND");
        assertThat(reply.json().path("reasons").path(0).path("text").asText()).contains(since);

        assertThat(pair.b.sfo("failover", Pair.GROUP, "--accept-loss").exit()).isZero();
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.read("before")).isEqualTo("on both");

        // a comes back with writes that b never had: not overwritten before that is accepted, and then kept aside
        pair.mendLink();
        pair.a.start();
        pair.until(
                "a says that it has writes of its own",
                () -> pair.b.sfo("undo", Pair.GROUP).codes().contains("MIRROR-DIVERGED"));
        assertThat(pair.onTheWire()).containsExactly("b");
        pair.b.must("undo", Pair.GROUP, "--accept-loss", "--dry-run");
        assertThat(pair.keptOn(pair.a)).isEmpty();
        pair.b.must("undo", Pair.GROUP, "--accept-loss");
        assertThat(pair.onTheWire()).containsExactly("a");
        assertThat(pair.keptOn(pair.a)).anyMatch(file -> file.endsWith("after"));
    }

    @Test
    void anUndoWhoseMirrorDoesNotComeAboutEndsWithTheReason() {
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        pair.cutLink();
        pair.a.start();
        pair.mendAgentsOnly();
        pair.until(
                "a stands by", () -> pair.b.sfo("undo", Pair.GROUP, "--dry-run").exit() == 0);
        Reply reply = refused("undo", Pair.GROUP);
        assertThat(reply.text())
                .contains("b serves on: nothing was mirrored to a", "volume tank is SOLO", "a cable is cut");
        assertThat(pair.onTheWire()).containsExactly("b");
    }

    @Test
    void onceItIsFailedOver() {
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        assertThat(refused("failover", Pair.GROUP).codes()).containsExactly("ALREADY-HOLDS");
        assertThat(refused("failover", "--all").text()).contains("No group is held by another appliance");
        assertThat(refused("undo", Pair.GROUP).codes()).containsExactly("HOME-SILENT");
    }

    @Test
    void anUndoOnTheWrongApplianceSaysWhere() {
        assertThat(refused(pair.a, "undo", Pair.GROUP).text()).contains("nothing to undo");
        Reply onB = refused("undo", Pair.GROUP);
        assertThat(onB.codes()).containsExactly("WRONG-APPLIANCE");
        assertThat(onB.text()).contains("type it on a");

        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        pair.a.start();
        pair.until("a stands by", pair::mayGoHome);
        Reply onA = refused(pair.a, "undo", Pair.GROUP);
        assertThat(onA.codes()).containsExactly("WRONG-APPLIANCE");
        assertThat(onA.text()).contains("type it on b");
    }

    @Test
    void whileAnotherOperationIsUnderWay() throws Exception {
        pair.cutPower(pair.a);
        pair.fault(pair.b, "group-host", "hang-ms 6000");
        CompletableFuture<Reply> first = pair.b.typed("failover", Pair.GROUP);
        pair.until("it hangs", () -> !pair.hasFault(pair.b, "group-host"));
        for (String typed : List.of(
                "failover web",
                "undo web",
                "resume web",
                "share create web x --nfs --volume tank",
                "share set web n --nfs --read-only",
                "share destroy web n --nfs -y",
                "cdp create web/more --size 64M",
                "cdp disable web/tank -y",
                "group set web -m auto -y",
                "group destroy web -y")) {
            Reply second = pair.b.sfo(typed.split(" "));
            assertThat(second.exit()).as("%s", second).isEqualTo(7);
            assertThat(second.text()).contains("another operation is under way");
        }
        assertThat(pair.state(pair.b)).isEqualTo("FAILING_OVER");
        assertThat(first.get(60, TimeUnit.SECONDS).exit()).isZero();
    }

    @Test
    void aPlanThatIsNotTheOneThatWasLookedAt() {
        String hash =
                pair.b.must("plan", Pair.GROUP).json().path("body").path("hash").asText();
        assertThat(hash).matches("[0-9a-f]{12}");
        pair.cutPower(pair.a);
        String other = (hash.startsWith("0") ? "1" : "0") + hash.substring(1);
        assertThat(refused("failover", Pair.GROUP, "--plan", other).text()).contains(hash);
        assertThat(pair.b.sfo("failover", Pair.GROUP, "--plan", hash).exit()).isZero();
    }

    @Test
    void wordsThatMakeNoSense() {
        Tree before = pair.tree(pair.b);
        for (List<String> words : List.of(
                List.of("failover", "nowhere"),
                List.of("failover", Pair.GROUP, "--from", "b"),
                List.of("failover", Pair.GROUP, "--from", "c"),
                List.of("failover", Pair.GROUP, "--plan", "short"),
                List.of("failover", Pair.GROUP, "--override", ""),
                List.of("failover", Pair.GROUP, "--all"),
                List.of("failover", Pair.GROUP, "--mac", "01:00:5e:00:00:01"),
                List.of("fail-over", Pair.GROUP),
                List.of("undo", Pair.GROUP, "--force"),
                List.of("share", "create", Pair.GROUP, "x", "--nfs", "--volume", "nowhere"),
                List.of("backup", "show", "a", "first"))) {
            Reply reply = pair.b.sfo(words.toArray(String[]::new));
            assertThat(reply.exit()).as("%s: %s", words, reply).isEqualTo(2);
            assertThat(reply.out() + reply.err()).as("%s", words).isNotBlank();
        }
        assertThat(before.differences(pair.tree(pair.b))).isEmpty();
    }

    @Test
    void whereNoAgentAnswersTheClientSaysHowToStartOne() throws Exception {
        pair.b.kill();
        Reply reply = pair.b.client("status");
        assertThat(reply.exit()).isEqualTo(6);
        assertThat(reply.err()).contains("no agent answers at " + pair.b.socket(), "sfo agent --config FILE");
        assertThat(pair.b.client("status", "--json").json().path("exit").asText())
                .isEqualTo("NO_AGENT");
    }
}
