package sfo.ops.network;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import sfo.ops.ThisRun;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Nic;
import sfo.protocol.plan.Resource;

/**
 * A switch, two appliances (eth0 in use, eth1 spare), a gateway and a client, each in a network namespace. The group of
 * an appliance has its
 * namespace's name: in one kernel two group hosts of one name would collide.
 */
final class Lan implements AutoCloseable {
    private static final String RUN = "nw";
    static final String A = name("a");
    static final String B = name("b");
    static final Namespace SWITCH = Namespace.named(name("sw"));
    static final Namespace CLIENT = Namespace.named(name("c"));
    static final String V4 = "10.77.0.100";
    static final String V6 = "fd77::100";
    static final String MAC = "02:77:00:00:01:00";
    static final Cidr GATEWAY = Cidr.parse("10.77.0.1/24");
    static final Cidr GATEWAY6 = Cidr.parse("fd77::1/64");

    final Exec exec = new Exec();
    final Ip ip = new Ip(exec);
    final Map<String, Network> networks =
            Map.of("a", new Network(exec, Namespace.named(A)), "b", new Network(exec, Namespace.named(B)));
    private final Map<String, List<Adapter<? extends Resource>>> adapters =
            Map.of("a", network("a").adapters(), "b", network("b").adapters());
    private final List<Capture> captures = new ArrayList<>();

    Lan() throws HostException {
        for (sfo.ops.api.Lack lack : new Needs(exec).lacks()) {
            assumeTrue(false, "skipped: " + lack.what() + " (" + lack.mend() + ")");
        }
        ThisRun.clearDead(RUN);
        down();
        for (String name : List.of("sw", "a", "b", "c")) {
            ip.run(call(), "netns", "add", name(name));
            ip.act(Namespace.named(name(name)), List.of("link set lo up"), call());
        }
        ip.act(SWITCH, List.of("link add br0 type bridge forward_delay 0 mcast_snooping 0", "link set br0 up"), call());
        plug("a", 0, "10.77.0.11/24", "fd77::11/64");
        plug("a", 1);
        plug("b", 0, "10.77.0.12/24", "fd77::12/64");
        plug("b", 1);
        plug("c", 0, "10.77.0.13/24", "fd77::13/64", GATEWAY.toString(), GATEWAY6.toString());
    }

    /** Of a namespace of this run, and of the group whose group host is on that appliance. */
    static String name(String of) {
        return ThisRun.name(RUN, of);
    }

    private void plug(String name, int number, String... addresses) throws HostException {
        String port = "p" + number + name;
        String nic = "eth" + number;
        Namespace host = Namespace.named(name(name));
        ip.act(
                SWITCH,
                List.of(
                        "link add " + port + " type veth peer name " + nic + " netns " + name(name),
                        "link set " + port + " master br0 up"),
                call());
        List<String> lines = new ArrayList<>();
        for (String address : addresses) {
            lines.add("addr add " + address + " dev " + nic + (address.contains(":") ? " nodad" : ""));
        }
        if (addresses.length > 0) {
            lines.add("link set " + nic + " up");
        }
        ip.act(host, lines, call());
    }

    Network network(String appliance) {
        return java.util.Objects.requireNonNull(networks.get(appliance));
    }

    @SuppressWarnings("unchecked")
    <R extends Resource> Adapter<R> adapter(String appliance, R resource) {
        return (Adapter<R>) java.util.Objects.requireNonNull(adapters.get(appliance)).stream()
                .filter(a -> a.kind() == resource.getClass())
                .findFirst()
                .orElseThrow();
    }

    static FailoverInterface definition(String slot, Nic nic, MacChoice mac, List<Cidr> gateways, String... addresses) {
        return new FailoverInterface(
                slot,
                List.of(addresses).stream().map(Cidr::parse).toList(),
                mac,
                gateways.stream().map(Cidr::address).toList(),
                List.of(),
                Map.of("a", nic, "b", nic));
    }

    /** fo0 on eth0 with an IPv4 and an IPv6 address, both gateways, and the group's MAC. */
    static FailoverInterface usual() {
        return definition(
                "fo0", new Nic("eth0", Nic.Use.SHARED), given(MAC), List.of(GATEWAY, GATEWAY6), V4 + "/24", V6 + "/64");
    }

    static FailoverInterface withoutMac() {
        MacChoice none = new MacChoice(MacChoice.Kind.NONE, Optional.empty());
        return definition("fo0", new Nic("eth0", Nic.Use.SHARED), none, List.of(GATEWAY), V4 + "/24");
    }

    static FailoverInterface onSpare() {
        return definition("fo0", new Nic("eth1", Nic.Use.SPARE), given(MAC), List.of(GATEWAY), V4 + "/24", V6 + "/64");
    }

    static MacChoice given(String mac) {
        return new MacChoice(MacChoice.Kind.GIVEN, Optional.of(new Mac(mac)));
    }

    static Call call() {
        return Call.within(Duration.ofSeconds(20));
    }

    static InetAddress address(String text) {
        return Cidr.literal("address", text);
    }

    /** What {@code ip} itself says of an appliance, once the kernel's own address checks are over; and of its group host. */
    String dump(String appliance) {
        return org.awaitility.Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> dumpNow(appliance), dump -> !dump.contains("tentative"));
    }

    private String dumpNow(String appliance) throws HostException {
        Namespace host = Namespace.named(name(appliance));
        return exec.need(call(), Ip.argv(host, "-j", "addr", "show"), "")
                + exec.need(call(), Ip.argv(host, "-j", "route", "show", "table", "all"), "")
                + Namespace.of(name(appliance)).isThere();
    }

    /** What an appliance sends from a NIC, as seen at its port of the switch. */
    Capture capture(String appliance, int number) throws HostException {
        Capture capture = new Capture("p" + number + appliance);
        captures.add(capture);
        return capture;
    }

    static final class Capture implements AutoCloseable {
        private final RawSocket socket;
        private final Thread thread;
        private volatile boolean ended;
        final List<byte[]> frames = new CopyOnWriteArrayList<>();

        private Capture(String port) throws HostException {
            socket = RawSocket.frames(SWITCH, port, RawSocket.ETH_P_ALL, call());
            thread = new Thread(this::listen, "capture-" + port);
            thread.setDaemon(true);
            thread.start();
        }

        private void listen() {
            try {
                while (!ended) {
                    RawSocket.await(List.of(socket), 20);
                    for (Optional<byte[]> in = socket.receive(); in.isPresent(); in = socket.receive()) {
                        frames.add(in.get());
                    }
                }
            } catch (HostException e) {
                throw new IllegalStateException(e);
            }
        }

        /** Frames that come from the failover MAC, or say that an address of the group is at their sender. */
        List<String> betraying(String mac, String... addresses) {
            byte[] source = new Mac(mac).octets();
            List<String> found = new ArrayList<>();
            for (byte[] frame : frames) {
                boolean fromMac = java.util.Arrays.equals(frame, 6, 12, source, 0, 6);
                boolean claims = Frames.owner(frame)
                        .map(o -> List.of(addresses).contains(o.address().getHostAddress()))
                        .orElse(false);
                if (fromMac || claims || isFrom(frame, addresses)) {
                    found.add(HexFormat.of().formatHex(frame));
                }
            }
            return found;
        }

        private static boolean isFrom(byte[] frame, String... addresses) {
            for (String text : addresses) {
                byte[] ip = address(text).getAddress();
                int at = ip.length == 4 ? 26 : 22;
                int type = (frame[12] & 0xff) << 8 | (frame[13] & 0xff);
                if (type == (ip.length == 4 ? 0x0800 : 0x86dd)
                        && java.util.Arrays.equals(frame, at, at + ip.length, ip, 0, ip.length)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public void close() {
            ended = true;
            org.awaitility.Awaitility.await().until(() -> !thread.isAlive());
            socket.close();
        }
    }

    private static void down() throws HostException {
        for (String name : List.of("sfo-" + A, "sfo-" + B, A, B, name("c"), name("sw"))) {
            ThisRun.removeNamespace(name);
        }
    }

    @Override
    public void close() throws HostException {
        networks.values().forEach(Network::close);
        for (Capture capture : captures) {
            capture.close();
        }
        down();
    }
}
