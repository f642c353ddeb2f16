package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import sfo.it.bench.Usage;
import sfo.it.harness.Pair;
import sfo.it.harness.Reply;
import sfo.it.harness.WireWatch;
import sfo.ops.embedded.EmbeddedClient;
import sfo.protocol.model.Share.Protocol;

/** What operators do from day to day, while clients are at work. */
class ServingIT extends PairStories {
    @Test
    void whatWasWrittenOnBIsThereAfterTheUndo() {
        pair.write("old", "from a");
        pair.write("changed", "from a");
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP, "--reason", "a lost its power supply");
        pair.write("changed", "from b");
        pair.write("new", "from b");
        pair.a.start();
        pair.backHome();
        assertThat(pair.onTheWire()).containsExactly("a");
        assertThat(pair.read("old")).isEqualTo("from a");
        assertThat(pair.read("changed")).isEqualTo("from b");
        assertThat(pair.read("new")).isEqualTo("from b");

        JsonNode last = pair.b.must("history", Pair.GROUP).json().path(0);
        assertThat(last.path("kind").asText()).isEqualTo("failover, undo");
        assertThat(last.path("reason").asText()).isEqualTo("a lost its power supply");
        assertThat(last.path("dossier").path("verdict").asText()).isEqualTo("DEAD");
        assertThat(last.path("steps").findValuesAsText("state")).isNotEmpty().containsOnly("undone");
        JsonNode checkpoint = pair.b.must("checkpoint", "show", Pair.GROUP).json();
        assertThat(checkpoint.path("saga").asText()).isEqualTo(last.path("id").asText());
        assertThat(checkpoint
                        .path("facts")
                        .path("storage.primary.tank")
                        .path("role")
                        .asText())
                .isEqualTo("secondary");
    }

    @Test
    void sharesComeChangeAndGoWhileOthersAreServed() throws IOException {
        pair.write("records", "acknowledged");
        EmbeddedClient.Handle docs = new EmbeddedClient(pair.world).open(Pair.ADDRESS, Protocol.SMB, "docs", "letter");
        byte[] letter = "dear all".getBytes(StandardCharsets.UTF_8);
        try (WireWatch watch = WireWatch.of(pair)) {
            pair.a.must("share", "create", Pair.GROUP, "docs", "--smb", "--guest", "--volume", "tank");
            docs.write(0, letter);
            pair.a.must("share", "set", Pair.GROUP, "docs", "--read-only");
            assertThatThrownBy(() -> docs.write(0, letter)).hasMessageContaining("read-only");
            assertThat(docs.readAll()).isEqualTo(letter);
            assertThat(pair.b
                            .sfo("share", "set", Pair.GROUP, "docs", "--read-write")
                            .exit())
                    .as("typed on the one that does not hold the group")
                    .isEqualTo(3);
            pair.until(
                    "b knows it",
                    () -> pair.b.must("share", "list", Pair.GROUP).out().contains("docs"));
            pair.until(
                    "b could fail over", () -> pair.b.sfo("check", Pair.GROUP).exit() == 0);

            assertThat(watch.gaps()).isZero();
        }
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        assertThat(docs.readAll()).isEqualTo(letter);
        assertThatThrownBy(() -> docs.write(0, letter)).hasMessageContaining("read-only");
        pair.b.must("share", "destroy", Pair.GROUP, "docs", "-y");
        assertThatThrownBy(docs::readAll).hasMessageContaining("not served");
        pair.a.start();
        pair.backHome();
        assertThatThrownBy(docs::readAll).hasMessageContaining("not served");
        assertThat(pair.read("records")).isEqualTo("acknowledged");
    }

    @Test
    void aShareThatCanNotBeServedChangesNothing() {
        pair.fault(pair.a, "nfs-server", "apply before fail");
        Reply reply = pair.a.sfo("share", "create", Pair.GROUP, "broken", "--nfs", "--volume", "tank");
        assertThat(reply.exit()).as("%s", reply).isEqualTo(4);
        assertThat(pair.a.must("share", "list", Pair.GROUP).out()).doesNotContain("broken");
        pair.write("records", "still served");
        assertThat(pair.read("records")).isEqualTo("still served");
    }

    @Test
    void aMirrorThatWasEndedStaysEndedWhenTheAgentIsRestarted() {
        pair.a.must("cdp", "disable", Pair.GROUP + "/tank", "-y");
        pair.until("a goes on alone", () -> mirror().path("sync").asText().equals("SOLO"));
        pair.a.kill();
        pair.a.start();
        pair.until("a says why", () -> mirror().path("detail").asText().contains("sfo cdp enable web/tank"));
        assertThat(mirror().path("sync").asText()).isEqualTo("SOLO");
        pair.a.must("cdp", "enable", Pair.GROUP + "/tank");
        pair.until("b has everything again", pair::isNormal);
    }

    private JsonNode mirror() {
        return pair.group(pair.a).path("mirrors").path(0);
    }

    @Test
    void aChangeReachesThePeersBackup() {
        long before = newest();
        pair.a.must("share", "create", Pair.GROUP, "backed", "--nfs", "--volume", "tank");
        pair.until(
                "b keeps a backup of it",
                () -> newest() > before
                        && pair.b
                                .must("backup", "show", "a", String.valueOf(newest()))
                                .out()
                                .contains("backed"));
        assertThat(pair.b
                        .must("backup", "diff", "a", String.valueOf(before), String.valueOf(newest()))
                        .out())
                .contains("backed");
        Reply verified = pair.b.must("backup", "verify");
        assertThat(verified.json().path("body").path("checked").asInt()).isPositive();
        assertThat(verified.json().path("body").path("bad")).isEmpty();
        assertThat(pair.a.must("backup", "now").text()).contains("b STORED");
        pair.a.must("share", "destroy", Pair.GROUP, "backed", "-y");
    }

    /** The number of the newest backup of a that b keeps. */
    private long newest() {
        long newest = 0;
        for (JsonNode backup : pair.b.must("backup", "list", "--of", "a").json()) {
            if (backup.path("keptBy").asText().equals("b")
                    && backup.path("good").asBoolean()) {
                newest = Math.max(newest, backup.path("sequence").asLong());
            }
        }
        return newest;
    }

    @Test
    void garbageOnTheControlSocketDisturbsNobody() throws IOException {
        long seed = System.nanoTime() & 0xffff;
        Random random = new Random(seed);
        byte[] noise = new byte[3000];
        random.nextBytes(noise);
        for (byte[] garbage : List.of(
                noise,
                "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8),
                "{\"argv\":[\"failover\",\"web\"\n".getBytes(StandardCharsets.UTF_8),
                "{\"argv\":42}\n{\"argv\":[[]]}\n".getBytes(StandardCharsets.UTF_8),
                ("{\"argv\":[\"" + "x".repeat(200_000)).getBytes(StandardCharsets.UTF_8),
                new byte[0])) {
            for (int i = 0; i < 5; i++) {
                try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                    channel.connect(UnixDomainSocketAddress.of(pair.a.socket()));
                    channel.write(ByteBuffer.wrap(garbage));
                } catch (IOException refused) {
                    assertThat(refused).as("seed %s", seed).hasMessageContaining("ipe");
                }
            }
        }
        assertThat(pair.state(pair.a)).as("seed %s", seed).isEqualTo("NORMAL");
        pair.write("records", "still served");
        assertThat(pair.a.runs()).isTrue();
    }

    @Test
    void tenThousandConnectionsCostTheAgentNextToNothing() throws IOException {
        Usage before = Usage.of(pair.a.pid());
        Deque<SocketChannel> open = new ArrayDeque<>();
        try {
            for (int i = 0; i < 10_000; i++) {
                SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(pair.a.socket()));
                if (i % 2 == 0) {
                    channel.write(ByteBuffer.wrap("{\"argv\":[\"status".getBytes(StandardCharsets.UTF_8)));
                }
                open.add(channel);
                if (open.size() > 1000) {
                    open.remove().close();
                }
                if (i % 1000 == 999) {
                    assertThat(pair.state(pair.a)).isEqualTo("NORMAL");
                    pair.write("records", "still served " + i);
                    Usage now = Usage.of(pair.a.pid());
                    assertThat(now.descriptors()).isLessThan(before.descriptors() + 100);
                    assertThat(now.threads()).isLessThan(before.threads() + 20);
                    assertThat(now.residentMiB()).isLessThan(before.residentMiB() + 48);
                }
            }
        } finally {
            for (SocketChannel channel : open) {
                channel.close();
            }
        }
        assertThat(pair.read("records")).isEqualTo("still served 9999");
    }
}
