package sfo.ops.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;
import sfo.ops.api.HostException;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Mac;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Resource.ClosedInterface;
import sfo.protocol.plan.Resource.GroupHost;
import sfo.protocol.plan.Resource.IsolationLease;

/** What passes a failover interface that has a lease, as the wire and the group host see it; the link is up throughout. */
@Timeout(120)
@ResourceLock("lan")
class LeaseAdapterTest {
    private static final Namespace HOST = Namespace.of(Lan.A);
    private static final IsolationLease LEASE = new IsolationLease(Lan.A, "fo0");
    private static final GroupDefinition GROUP = new GroupDefinition(
            Lan.A, 1, "a", List.of("a", "b"), List.of(Lan.usual()), List.of(), List.of(), Optional.of(new Lease(60)));
    /** ARP, PROFINET, and one for experiments (IEEE 802). */
    private static final List<Integer> PROTOCOLS = List.of(0x0806, 0x8892, 0x88b5);

    private static final String CLIENTS_MAC = "02:00:00:00:0c:0c";
    private static final byte MARK = 0x5f;
    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

    private Lan lan;
    private Lan.Capture wire;
    private RawSocket fromHost;
    private RawSocket fromClient;
    private final List<RawSocket> inHost = new ArrayList<>();

    @BeforeEach
    void up() throws Exception {
        lan = new Lan();
        lan.adapter("a", LEASE).lacks().forEach(lack -> assumeTrue(false, "skipped: " + lack));
        apply(new GroupHost(Lan.A));
        apply(new ClosedInterface(Lan.A, Lan.usual(), "a"));
        try {
            apply(LEASE);
        } catch (HostException e) {
            abort("skipped: " + e.getMessage());
        }
        lan.ip.act(HOST, List.of("link set fo0 up"), Lan.call());
        wire = lan.capture("a", 0);
        fromHost = RawSocket.frames(HOST, "fo0", RawSocket.ETH_P_ALL, Lan.call());
        fromClient = RawSocket.frames(Lan.CLIENT, "eth0", RawSocket.ETH_P_ALL, Lan.call());
        for (int protocol : PROTOCOLS) {
            inHost.add(RawSocket.frames(HOST, "fo0", protocol, Lan.call()));
        }
    }

    @AfterEach
    void down() throws Exception {
        if (fromHost != null) {
            fromHost.close();
            fromClient.close();
            inHost.forEach(RawSocket::close);
        }
        if (lan != null) {
            lan.close();
        }
    }

    private <R extends Resource> void apply(R resource) throws HostException {
        lan.adapter("a", resource).apply(resource, Lan.call());
    }

    private Facts inspect() throws HostException {
        return lan.adapter("a", LEASE).inspect(LEASE, Lan.call());
    }

    private boolean holds() throws HostException {
        return lan.adapter("a", LEASE).holds(LEASE, inspect());
    }

    private void revert(Facts before) throws HostException {
        lan.adapter("a", LEASE).revert(LEASE, before, Lan.call());
    }

    private void passFor(long nanos) throws HostException {
        lan.network("a").passUntil(GROUP, System.nanoTime() + nanos, Lan.call());
    }

    private String nft(String... words) throws HostException {
        List<String> argv = new ArrayList<>(List.of("ip", "netns", "exec", HOST.toString(), "nft"));
        argv.addAll(List.of(words));
        return lan.exec.need(Lan.call(), argv, "");
    }

    private boolean isOpen() throws HostException {
        return nft("list", "set", "netdev", "lease_fo0", "open").contains("elements");
    }

    private boolean clientReaches(String address) throws HostException {
        return lan.exec
                .run(Lan.call(), "ip", "netns", "exec", Lan.CLIENT.toString(), "ping", "-n", "-c1", "-W1", address)
                .ok();
    }

    private static byte[] frame(String from, String to, int protocol, int number) {
        return ByteBuffer.allocate(60)
                .put(new Mac(to).octets())
                .put(new Mac(from).octets())
                .putShort((short) protocol)
                .put(MARK)
                .put((byte) number)
                .array();
    }

    private void say(byte[] frame) {
        try {
            fromHost.send(frame);
        } catch (HostException dropped) {
            assertThat(dropped).as("so the kernel tells who sends").hasStackTraceContaining("No buffer space");
        }
    }

    /** One frame of each protocol both ways; returns when the client's are on the wire of the appliance. */
    private void send(int number) throws HostException {
        for (int protocol : PROTOCOLS) {
            say(frame(Lan.MAC, CLIENTS_MAC, protocol, number));
            fromClient.send(frame(CLIENTS_MAC, Lan.MAC, protocol, number));
        }
        Awaitility.await()
                .until(() -> numbers(wire.frames, CLIENTS_MAC).stream()
                                .filter(n -> n == number)
                                .count()
                        == PROTOCOLS.size());
    }

    /** Of the frames that come from that MAC, in their order. */
    private static List<Integer> numbers(List<byte[]> frames, String from) {
        byte[] source = new Mac(from).octets();
        return frames.stream()
                .filter(frame -> java.util.Arrays.equals(frame, 6, 12, source, 0, 6) && frame[14] == MARK)
                .map(frame -> (int) frame[15])
                .toList();
    }

    private static List<Integer> received(RawSocket socket) throws HostException {
        List<byte[]> frames = new ArrayList<>();
        for (Optional<byte[]> in = socket.receive(); in.isPresent(); in = socket.receive()) {
            frames.add(in.get());
        }
        return numbers(frames, CLIENTS_MAC);
    }

    @Test
    void framesOfAnyProtocolPassBothWaysWhileItIsRenewedAndAtNoOtherTime() throws Exception {
        send(0);
        assertThat(clientReaches(Lan.V4)).isFalse();
        passFor(MINUTE);
        send(1);
        assertThat(clientReaches(Lan.V4)).isTrue();
        assertThat(clientReaches(Lan.V6)).isTrue();
        passFor(-1);
        send(2);
        assertThat(clientReaches(Lan.V4)).isFalse();
        passFor(MINUTE);
        send(3);

        // in their order: what was sent before would have come before
        Awaitility.await()
                .untilAsserted(() -> assertThat(numbers(wire.frames, Lan.MAC)).containsExactly(1, 1, 1, 3, 3, 3));
        for (RawSocket socket : inHost) {
            List<Integer> in = new ArrayList<>();
            Awaitility.await().until(() -> in.addAll(received(socket)) && in.contains(3));
            assertThat(in).containsExactly(1, 3);
        }
    }

    @Test
    void itEndsByItselfWithNobodyLeftToEndItAndARenewalThatIsLateRevivesNothing() throws Exception {
        passFor(MINUTE);
        assertThat(clientReaches(Lan.V4)).isTrue();
        passFor(TimeUnit.MILLISECONDS.toNanos(1500));
        Awaitility.await("nobody acts, and the kernel ends it")
                .atMost(Duration.ofSeconds(30))
                .until(() -> !isOpen());
        assertThat(clientReaches(Lan.V4)).isFalse();
        assertThat(holds()).as("it is there, and shut").isTrue();

        passFor(MINUTE);
        assertThat(isOpen()).isTrue();
        // the kernel was faster than whoever believes that it still runs
        nft("flush", "set", "netdev", "lease_fo0", "open");
        passFor(2 * MINUTE);
        assertThat(isOpen()).isFalse();
        assertThat(clientReaches(Lan.V4)).isFalse();
        passFor(2 * MINUTE);
        assertThat(clientReaches(Lan.V4)).as("confirmed anew").isTrue();
    }

    @Test
    void madeAgainWhileItRunsItRunsOn() throws Exception {
        passFor(MINUTE);
        apply(LEASE);
        assertThat(holds()).isTrue();
        assertThat(clientReaches(Lan.V4)).isTrue();
    }

    @Test
    void whatIsBrokenIsSeenAndMended() throws Exception {
        assertThat(holds()).isTrue();
        for (String way : List.of("in", "out")) {
            nft("delete", "chain", "netdev", "lease_fo0", way);
            assertThat(holds()).as("without its way %s", way).isFalse();
            apply(LEASE);
            assertThat(holds()).isTrue();
        }
        assertThat(clientReaches(Lan.V4)).as("mended is not renewed").isFalse();
    }

    @Test
    void itsRevertTakesItAwayAndNothingElse() throws Exception {
        nft("add", "table", "inet", "another");
        passFor(MINUTE);
        revert(Facts.of("lease", "both ways"));
        assertThat(holds()).as("it was there before").isTrue();
        revert(Facts.NOTHING);
        revert(Facts.NOTHING);
        assertThat(inspect()).isEqualTo(Facts.NOTHING);
        assertThat(nft("list", "ruleset").replaceAll("\\s+", "")).isEqualTo("tableinetanother{}");
        assertThat(clientReaches(Lan.V4)).as("an interface without a lease").isTrue();

        passFor(MINUTE);
        assertThat(inspect()).as("a renewal makes no lease").isEqualTo(Facts.NOTHING);
        lan.adapter("a", new GroupHost(Lan.A)).revert(new GroupHost(Lan.A), Facts.NOTHING, Lan.call());
        assertThat(inspect()).isEqualTo(Facts.NOTHING);
        revert(Facts.NOTHING);
        passFor(MINUTE);
    }
}
