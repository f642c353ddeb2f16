package sfo.agent.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sfo.agent.boot.Keys;
import sfo.agent.boot.TestKeys;
import sfo.agent.boot.Tls;
import sfo.config.load.Settings;
import sfo.protocol.model.Claim;
import sfo.protocol.peer.Hello;

@Timeout(60)
class HelloTest {
    private static final Hello HELLO = new Hello(
            "b",
            "1",
            "boot",
            7,
            Optional.of(new Hello.Cluster("c", Instant.ofEpochSecond(1))),
            List.of(new Hello.Member("b", "akka://sfo@127.0.0.2:1", 7, "up")),
            false,
            List.of(new Hello.GroupClaim("g", 3, new Claim(2, "b", "id"), true)));

    private int port;
    private Optional<HelloServer> server = Optional.empty();

    @BeforeEach
    void start() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        server = Optional.of(HelloServer.start("127.0.0.1", port, Tls.context(TestKeys.of("b")), () -> HELLO));
    }

    @AfterEach
    void stop() {
        server.ifPresent(HelloServer::close);
    }

    @Test
    void aPeerIsToldWhoAnswers() throws Exception {
        try (HelloClient client = new HelloClient(Tls.context(TestKeys.of("a")))) {
            assertThat(client.ask(peer("b")).get(10, TimeUnit.SECONDS)).isEqualTo(HELLO);
        }
    }

    @Test
    void anotherApplianceThanTheExpectedOneIsNoAnswer() {
        try (HelloClient client = new HelloClient(Tls.context(TestKeys.of("a")))) {
            assertThatThrownBy(() -> client.ask(peer("c")).get(10, TimeUnit.SECONDS))
                    .hasRootCauseInstanceOf(IOException.class)
                    .hasMessageContaining("expected the appliance \"c\"");
        }
    }

    @Test
    void aStrangersCertificateIsRefusedByBothSides(@TempDir Path other) {
        Keys.make(other, List.of("a"));
        Settings.Tls strange = new Settings.Tls(
                other.resolve("a.key"), other.resolve("a.crt"), TestKeys.of("a").authority());
        Settings.Tls trusting =
                new Settings.Tls(TestKeys.of("a").key(), TestKeys.of("a").certificate(), other.resolve("ca.crt"));
        for (Settings.Tls tls : List.of(strange, trusting)) {
            try (HelloClient client = new HelloClient(Tls.context(tls))) {
                assertThatThrownBy(() -> client.ask(peer("b")).get(10, TimeUnit.SECONDS))
                        .hasCauseInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void thoseThatConnectAndSayNothingDoNotKeepPeersFromAnAnswer() throws Exception {
        List<Socket> silent = new ArrayList<>();
        try (HelloClient client = new HelloClient(Tls.context(TestKeys.of("a")))) {
            for (int i = 0; i < 40; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                // the beginning of a TLS record, and then nothing
                socket.getOutputStream().write(new byte[] {22, 3, 1});
                silent.add(socket);
            }
            Awaitility.await()
                    .atMost(Duration.ofSeconds(40))
                    .ignoreExceptions()
                    .untilAsserted(() -> assertThat(client.ask(peer("b")).get(5, TimeUnit.SECONDS))
                            .isEqualTo(HELLO));
        } finally {
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    @Test
    void whoIsTogetherIsAskedSeldomAndAQuickerPaceBeginsAtOnce() {
        BlockingQueue<HelloWatch.Sighting> sightings = new LinkedBlockingQueue<>();
        try (HelloWatch watch = new HelloWatch(List.of(peer("b")), new HelloClient(Tls.context(TestKeys.of("a"))))) {
            watch.add(sightings::add);
            watch.pace(HelloWatch.Pace.TOGETHER);
            watch.start();
            Awaitility.await().until(() -> !sightings.isEmpty());
            assertThat(sightings.remove().hello()).contains(HELLO);

            watch.pace(HelloWatch.Pace.LISTENING);
            Awaitility.await().atMost(Duration.ofSeconds(9)).until(() -> sightings.size() > 1);
        }
    }

    private Settings.Peer peer(String name) {
        return new Settings.Peer(name, "127.0.0.1", 1, port, "127.0.0.1");
    }
}
