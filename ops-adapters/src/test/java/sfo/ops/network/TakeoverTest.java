package sfo.ops.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Resource.ClosedInterface;
import sfo.protocol.plan.Resource.FreeAddress;
import sfo.protocol.plan.Resource.GroupHost;
import sfo.protocol.plan.Resource.OpenInterface;

/** What a client sees when another appliance opens the interface: where its packets go, and its old connections. */
@Timeout(60)
@ResourceLock("lan")
class TakeoverTest {
    private static final FreeAddress FREE = new FreeAddress(Lan.B, Lan.usual(), "b");

    private Lan lan;

    @BeforeEach
    void up() throws Exception {
        lan = new Lan();
    }

    @AfterEach
    void down() throws Exception {
        if (lan != null) {
            lan.close();
        }
    }

    private <R extends Resource> void apply(String appliance, R resource) throws Exception {
        lan.adapter(appliance, resource).apply(resource, Lan.call());
    }

    private void open(String appliance, String... connections) throws Exception {
        open(appliance, Lan.usual(), connections);
    }

    private void open(String appliance, FailoverInterface definition, String... connections) throws Exception {
        apply(appliance, new GroupHost(Lan.name(appliance)));
        apply(appliance, new ClosedInterface(Lan.name(appliance), definition, appliance));
        apply(appliance, new OpenInterface(Lan.name(appliance), definition, appliance, List.of(connections)));
    }

    @ParameterizedTest
    @ValueSource(strings = {Lan.V4, Lan.V6})
    void clientsNoticeAtOnceThatTheirConnectionEnded(String address) throws Exception {
        open("a");
        ServerSocketChannel server = Namespace.of(Lan.A)
                .call(
                        () -> {
                            ServerSocketChannel channel = ServerSocketChannel.open();
                            channel.bind(new InetSocketAddress(Lan.address(address), 4450));
                            return channel;
                        },
                        Lan.call());
        Socket client = Lan.CLIENT.call(() -> new Socket(Lan.address(address), 4450), Lan.call());
        try (server;
                client;
                var accepted = server.accept()) {
            List<String> connections = lan.network("a").connections(Lan.A);
            assertThat(connections)
                    .containsExactly(new Connections.Connection(
                                    client.getLocalAddress(), client.getLocalPort(), client.getInetAddress(), 4450)
                            .toString());
            assertThat(accepted.isConnected()).isTrue();
            lan.ip.act(Lan.SWITCH, List.of("link set p0a down"), Lan.call());
            client.setSoTimeout(3000);
            open("b", connections.toArray(String[]::new));
            assertThatThrownBy(() -> client.getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
        }
        assertThat(lan.network("b").connections(Lan.B)).isEmpty();
        assertThat(lan.network("b").connections("no-such-group")).isEmpty();
    }

    /** Without the reset a client hangs on: the one before proves something. */
    @Test
    void aConnectionThatIsNotNamedIsNotReset() throws Exception {
        open("a");
        ServerSocketChannel server = Namespace.of(Lan.A)
                .call(
                        () -> {
                            ServerSocketChannel channel = ServerSocketChannel.open();
                            channel.bind(new InetSocketAddress(Lan.address(Lan.V4), 4450));
                            return channel;
                        },
                        Lan.call());
        Socket client = Lan.CLIENT.call(() -> new Socket(Lan.address(Lan.V4), 4450), Lan.call());
        try (server;
                client;
                var accepted = server.accept()) {
            assertThat(accepted.isConnected()).isTrue();
            lan.ip.act(Lan.SWITCH, List.of("link set p0a down"), Lan.call());
            client.setSoTimeout(1500);
            open("b", "10.77.0.99:1 10.77.0.100:4450", "nonsense", "10.77.0.13:4451 10.77.0.55:4450");
            assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aClientsPingsGoToTheNewHolder(boolean sameMac) throws Exception {
        FailoverInterface definition = sameMac ? Lan.usual() : Lan.withoutMac();
        open("a", definition);
        Process ping = new ProcessBuilder(
                        "ip", "netns", "exec", Lan.CLIENT.toString(), "ping", "-n", "-i", "0.01", "-D", Lan.V4)
                .redirectErrorStream(true)
                .start();
        try {
            GroupHost group = new GroupHost(Lan.B);
            ClosedInterface closed = new ClosedInterface(Lan.B, definition, "b");
            OpenInterface open = new OpenInterface(Lan.B, definition, "b", List.of());
            apply("b", group);
            apply("b", closed);
            // the wire of a is cut, but its port still has carrier: as with a host that hangs
            lan.ip.act(Lan.SWITCH, List.of("link set p0a nomaster"), Lan.call());
            assertThat(lan.adapter("b", FREE).inspect(FREE, Lan.call()).get(Lan.V4))
                    .isEqualTo("free");
            Lan.Capture capture = lan.capture("b", 0);
            apply("b", open);
            Awaitility.await()
                    .pollInterval(2, TimeUnit.MILLISECONDS)
                    .atMost(5, TimeUnit.SECONDS)
                    .until(() -> capture.frames.stream().anyMatch(TakeoverTest::isEchoReplyOfTheGroup));
        } finally {
            ping.destroyForcibly();
        }
        OpenInterface open = new OpenInterface(Lan.B, definition, "b", List.of());
        lan.adapter("b", open).revert(open, Facts.NOTHING, Lan.call());
    }

    private static boolean isEchoReplyOfTheGroup(byte[] frame) {
        byte[] ip = Lan.address(Lan.V4).getAddress();
        return frame[12] == 8
                && frame[13] == 0
                && frame[23] == 1
                && frame[34] == 0
                && java.util.Arrays.equals(frame, 26, 30, ip, 0, 4);
    }
}
