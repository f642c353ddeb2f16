package sfo.agent.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Client;
import sfo.protocol.control.Frame;
import sfo.protocol.control.Requests;

/** Real sockets, the plain client as a process of its own, and those who mean no good. */
@Timeout(60)
class ControlServerTest {
    private static final Duration SOON = Duration.ofSeconds(2);
    private static final ControlServer.Limits SMALL =
            new ControlServer.Limits(8, 64 << 10, 32 << 10, SOON, SOON, Duration.ofSeconds(20));
    private static final String STATUS = "{\"argv\":[\"status\"]}\n";

    @TempDir
    Path folder;

    private final FakeOperations agent = new FakeOperations();
    private Path socket;
    private ControlServer server;

    @BeforeEach
    void start() throws Exception {
        socket = folder.resolve("run/control.sock");
        server = ControlServer.start(socket, () -> agent, SMALL);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    private SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    private static SocketChannel send(SocketChannel channel, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        return channel;
    }

    /** All frames until the end. */
    private static List<Frame> frames(SocketChannel channel) throws IOException {
        StringBuilder text = new StringBuilder();
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        while (read(channel, buffer) >= 0) {
            text.append(StandardCharsets.UTF_8.decode(buffer.flip()));
            buffer.clear();
        }
        List<Frame> frames = new ArrayList<>();
        for (String line : text.toString().lines().toList()) {
            frames.add(Frame.read(line));
        }
        return frames;
    }

    private static int read(SocketChannel channel, ByteBuffer buffer) {
        try {
            return channel.read(buffer);
        } catch (IOException e) {
            // reset by the other side: its end
            return -1;
        }
    }

    private static String told(List<Frame> frames) {
        StringBuilder text = new StringBuilder();
        frames.forEach(f -> text.append(f.text(Frame.OUT, "")).append(f.text(Frame.ERR, "")));
        return text.toString();
    }

    private static long exit(List<Frame> frames) {
        return frames.isEmpty() ? -1 : frames.get(frames.size() - 1).number(Frame.EXIT, -1);
    }

    private void statusWorks() throws IOException {
        try (SocketChannel channel = send(connect(), STATUS)) {
            List<Frame> frames = frames(channel);
            assertThat(exit(frames)).isZero();
            assertThat(told(frames)).contains("g1     DEGRADED");
        }
    }

    @Test
    void onlyItsOwnerMayOpenIt() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
        statusWorks();
    }

    @Test
    void operatorIsWhoTheKernelSays() throws Exception {
        String line = "{\"argv\":[\"resolve\",\"g1\",\"--reason\",\"mended\"],\"sudo\":\"ann\",\"uid\":4711}\n";
        try (SocketChannel channel = send(connect(), line)) {
            assertThat(exit(frames(channel))).isZero();
        }
        int uid = (Integer) Files.getAttribute(socket, "unix:uid");
        String user = Files.getOwner(socket).getName();
        assertThat(agent.operators).containsExactly(new Requests.Operator(uid, user + " (sudo by ann)", "mended"));
    }

    @Test
    void halfALineIsEndedWithoutHarmToOthers() throws Exception {
        try (SocketChannel half = send(connect(), "{\"argv\":[\"sta")) {
            statusWorks();
            List<Frame> frames = frames(half);
            assertThat(told(frames)).contains("no whole line within " + Render.millis(SOON.toMillis()));
            assertThat(exit(frames)).isEqualTo(2);
        }
        statusWorks();
    }

    @Test
    void lineThatIsTooLongIsRefusedAndNotKept() throws Exception {
        try (SocketChannel channel = connect()) {
            CompletableFuture<String> sender = CompletableFuture.supplyAsync(() -> {
                try {
                    send(channel, "{\"argv\":[\"" + "x".repeat(10 << 20) + "\"]}\n");
                    return "all was taken";
                } catch (IOException e) {
                    return "cut off";
                }
            });
            List<Frame> frames = frames(channel);
            assertThat(told(frames)).contains("more than 65536 bytes");
            assertThat(exit(frames)).isEqualTo(2);
            assertThat(sender.get(10, TimeUnit.SECONDS)).isEqualTo("cut off");
        }
        statusWorks();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\n",
                "\u0000\u0001\u0002\n",
                "{}\n",
                "[1,2]\n",
                "{\"answer\":\"yes\"}\n",
                "{\"argv\":{\"a\":1}}\n",
                "\n"
            })
    void garbageEndsItsOwnConnectionAlone(String garbage) throws Exception {
        try (SocketChannel channel = send(connect(), garbage)) {
            List<Frame> frames = frames(channel);
            assertThat(told(frames)).contains("the agent closed the connection");
            assertThat(exit(frames)).isEqualTo(2);
        }
        statusWorks();
    }

    @Test
    void secondRequestOnOneConnectionIsRefused() throws Exception {
        CompletableFuture<Answer> open = agent.pending();
        try (SocketChannel channel = send(connect(), "{\"argv\":[\"resolve\",\"g1\"]}\n" + STATUS)) {
            assertThat(told(frames(channel))).contains("nobody asked for");
        }
        assertThat(open).isNotDone();
        statusWorks();
    }

    @Test
    void thousandConnectionsKeepNobodyOut() throws Exception {
        List<SocketChannel> open = new ArrayList<>();
        try {
            for (int i = 0; i < 1000; i++) {
                open.add(i % 2 == 0 ? connect() : send(connect(), "{\"argv\":[\"sta"));
                assertThat(server.connections()).isLessThanOrEqualTo(8);
                if (i % 100 == 99) {
                    statusWorks();
                }
            }
            assertThat(told(frames(open.get(0)))).contains("another operator needed its place");
        } finally {
            for (SocketChannel channel : open) {
                channel.close();
            }
        }
        await().atMost(10, TimeUnit.SECONDS).until(() -> server.connections() == 0);
        statusWorks();
    }

    @Test
    void whoeverIsServedKeepsItsPlaceAndOneMoreIsToldSo() throws Exception {
        CompletableFuture<Answer> pending = agent.pending();
        List<SocketChannel> open = new ArrayList<>();
        try {
            for (int i = 0; i < 8; i++) {
                open.add(send(connect(), "{\"argv\":[\"resolve\",\"g1\"]}\n"));
            }
            await().atMost(10, TimeUnit.SECONDS).until(() -> agent.asked.size() == 8);
            try (SocketChannel ninth = connect()) {
                List<Frame> frames = frames(ninth);
                assertThat(exit(frames)).isEqualTo(7);
                assertThat(told(frames)).contains("8 operators");
            }
            pending.complete(Answer.done("resolved"));
            for (SocketChannel channel : open) {
                assertThat(exit(frames(channel))).isZero();
            }
        } finally {
            for (SocketChannel channel : open) {
                channel.close();
            }
        }
    }

    @Test
    void slowReaderIsCutOffAndHoldsNothing() throws Exception {
        agent.outcome = CompletableFuture.completedFuture(Answer.done("x ".repeat(4 << 20)));
        try (SocketChannel slow = send(connect(), "{\"argv\":[\"resolve\",\"g1\"]}\n")) {
            await().atMost(10, TimeUnit.SECONDS).until(() -> !agent.asked.isEmpty());
            statusWorks();
            await().atMost(20, TimeUnit.SECONDS).until(() -> server.connections() == 0);
            List<Frame> taken = frames(slow);
            assertThat(exit(taken)).as("cut off before its end").isEqualTo(-1);
            assertThat(told(taken).length()).isLessThan(1 << 20);
        }
    }

    @Test
    void longAnswerReachesAReaderWhole() throws Exception {
        String text = "word ".repeat(200_000) + "end";
        agent.outcome = CompletableFuture.completedFuture(Answer.done(text));
        try (SocketChannel channel = send(connect(), "{\"argv\":[\"resolve\",\"g1\"]}\n")) {
            List<Frame> frames = frames(channel);
            assertThat(exit(frames)).isZero();
            assertThat(told(frames).replace("\n", " ").strip()).isEqualTo(text);
        }
    }

    @Test
    void twoAtOnceDoNotWaitForOneAnother() throws Exception {
        CompletableFuture<Answer> open = agent.pending();
        try (SocketChannel first = send(connect(), "{\"argv\":[\"failover\",\"g1\"]}\n")) {
            await().atMost(10, TimeUnit.SECONDS).until(() -> agent.asked.size() == 1);
            statusWorks();
            open.complete(Answer.done("Served here."));
            List<Frame> frames = frames(first);
            assertThat(told(frames)).contains("Served here.");
            assertThat(exit(frames)).isZero();
        }
    }

    @Test
    void questionIsAskedAndAnswered() throws Exception {
        try (SocketChannel channel = send(connect(), "{\"argv\":[\"group\",\"destroy\",\"g1\"],\"ask\":true}\n")) {
            ByteBuffer buffer = ByteBuffer.allocate(4096);
            StringBuilder text = new StringBuilder();
            while (text.chars().filter(c -> c == '\n').count() < 2 && channel.read(buffer) >= 0) {
                text.append(StandardCharsets.UTF_8.decode(buffer.flip()));
                buffer.clear();
            }
            List<String> lines = text.toString().lines().toList();
            assertThat(Frame.read(lines.get(0)).has(Frame.TAKEN)).isTrue();
            assertThat(Frame.read(lines.get(1)).text(Frame.ASK, "")).contains("destroy group g1");
            assertThat(agent.asked).isEmpty();
            send(channel, "{\"answer\":\"yes\"}\n");
            assertThat(exit(frames(channel))).isZero();
            assertThat(agent.asked).containsExactly("destroy g1");
        }
    }

    @Test
    void socketOfADeadAgentIsReplacedAndThatOfALiveOneIsNot() throws Exception {
        assertThatThrownBy(() -> ControlServer.start(socket, () -> agent, SMALL))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(socket.toString())
                .hasMessageContaining("another agent answers there");
        statusWorks();

        Path left = folder.resolve("left.sock");
        java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(left))
                .close();
        assertThat(left).exists();
        try (ControlServer next = ControlServer.start(left, () -> agent, SMALL)) {
            assertThat(next.socket()).isEqualTo(left).exists();
        }
        assertThat(left).doesNotExist();

        Path file = Files.writeString(folder.resolve("file"), "precious");
        assertThatThrownBy(() -> ControlServer.start(file, () -> agent, SMALL))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("something else");
        assertThat(file).hasContent("precious");
        assertThatThrownBy(() -> ControlServer.start(folder.resolve("x".repeat(100)), () -> agent, SMALL))
                .hasMessageContaining("at most 100");
    }

    @Test
    void closingDoesNotTakeAwayTheSocketOfANewerAgent() throws Exception {
        Files.delete(socket);
        try (ControlServer newer = ControlServer.start(socket, () -> agent, SMALL)) {
            server.close();
            statusWorks();
            assertThat(newer.connections()).isLessThanOrEqualTo(1);
        }
        assertThat(socket).doesNotExist();
    }

    /** The plain client as operators have it: a JVM with the protocol's classes alone. */
    private Process client(String... words) throws IOException {
        List<String> argv = new ArrayList<>(List.of(
                // a test run in the background has it ignored, and so would what it starts
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                Path.of(Client.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .getPath())
                        .toString(),
                Client.class.getName()));
        argv.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(argv);
        builder.environment().put("SFO_SOCKET", socket.toString());
        return builder.start();
    }

    @Test
    void clientPrintsAndEndsWithTheCode() throws Exception {
        Process status = client("status");
        String out = new String(status.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(status.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(out).contains("g1     DEGRADED");
        assertThat(status.exitValue()).isZero();
    }

    @Test
    void ctrlCDetachesAndTheOperationGoesOn() throws Exception {
        CompletableFuture<Answer> open = agent.pending();
        Process failover = client("failover", "g1");
        try {
            await().atMost(20, TimeUnit.SECONDS).until(() -> agent.asked.size() == 1);
            assertThat(new ProcessBuilder("kill", "-INT", String.valueOf(failover.pid()))
                            .start()
                            .waitFor(10, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(failover.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(failover.exitValue()).isEqualTo(130);
            assertThat(new String(failover.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
                    .contains("detached; the failover goes on")
                    .contains("sfo history g1");
            await().atMost(10, TimeUnit.SECONDS).until(() -> server.connections() == 0);
            assertThat(open).isNotDone();
        } finally {
            failover.destroyForcibly();
        }
        statusWorks();
    }
}
