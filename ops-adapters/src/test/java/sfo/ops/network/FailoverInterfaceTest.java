package sfo.ops.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;
import sfo.ops.api.HostException;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Route;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Resource.ClosedInterface;
import sfo.protocol.plan.Resource.FreeAddress;
import sfo.protocol.plan.Resource.GroupHost;
import sfo.protocol.plan.Resource.OpenInterface;

/** What the wire sees of a failover interface that is made, opened, and taken away. */
@Timeout(60)
@ResourceLock("lan")
class FailoverInterfaceTest {
    private static final Namespace HOST = Namespace.of(Lan.A);

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

    private <R extends Resource> void apply(R resource) throws HostException {
        lan.adapter("a", resource).apply(resource, Lan.call());
    }

    private <R extends Resource> Facts inspect(R resource) throws HostException {
        return lan.adapter("a", resource).inspect(resource, Lan.call());
    }

    private <R extends Resource> boolean holds(R resource) throws HostException {
        return lan.adapter("a", resource).holds(resource, inspect(resource));
    }

    private <R extends Resource> void revert(R resource, Facts before) throws HostException {
        lan.adapter("a", resource).revert(resource, before, Lan.call());
    }

    private static ClosedInterface closed(FailoverInterface definition) {
        return new ClosedInterface(Lan.A, definition, "a");
    }

    private static OpenInterface open(FailoverInterface definition, String... connections) {
        return new OpenInterface(Lan.A, definition, "a", List.of(connections));
    }

    private boolean clientReaches(String address) throws HostException {
        return lan.exec
                .run(Lan.call(), "ip", "netns", "exec", Lan.CLIENT.toString(), "ping", "-n", "-c1", "-W1", address)
                .ok();
    }

    @Test
    void notOneFrameBeforeOpenNorAfterItIsTakenAway() throws Exception {
        String host = lan.dump("a");
        Lan.Capture capture = lan.capture("a", 0);
        GroupHost group = new GroupHost(Lan.A);
        ClosedInterface closed = closed(Lan.usual());
        OpenInterface open = open(Lan.usual());

        apply(group);
        apply(closed);
        apply(closed);
        assertThat(holds(closed)).isTrue();
        assertThat(holds(open)).isFalse();
        assertThat(clientReaches(Lan.V4)).isFalse();
        assertThat(capture.betraying(Lan.MAC, Lan.V4, Lan.V6)).isEmpty();

        apply(open);
        assertThat(clientReaches(Lan.V4)).isTrue();
        assertThat(clientReaches(Lan.V6)).isTrue();
        assertThat(holds(open)).isTrue();
        assertThat(holds(closed)).as("opened since").isTrue();
        Awaitility.await()
                .until(() -> !capture.betraying(Lan.MAC, Lan.V4, Lan.V6).isEmpty());
        apply(open);
        assertThat(holds(open)).isTrue();

        revert(open, Facts.of("state", "down"));
        assertThat(clientReaches(Lan.V4)).isFalse();
        assertThat(holds(closed)).as("IPv6 addresses outlive the link").isTrue();
        capture.frames.clear();
        assertThat(clientReaches(Lan.V6)).isFalse();
        revert(open, Facts.NOTHING);
        revert(closed, Facts.NOTHING);
        revert(closed, Facts.NOTHING);
        revert(group, Facts.NOTHING);
        assertThat(clientReaches(Lan.V4)).isFalse();
        assertThat(capture.betraying(Lan.MAC, Lan.V4, Lan.V6)).isEmpty();
        assertThat(lan.dump("a")).isEqualTo(host);
    }

    @Test
    void openingAnnouncesBothFamiliesAndRepeatsIt() throws Exception {
        apply(new GroupHost(Lan.A));
        apply(closed(Lan.usual()));
        Lan.Capture capture = lan.capture("a", 0);
        apply(open(Lan.usual()));
        assertThat(announcements(capture, Lan.V4)).isBetween(2, 6);
        Awaitility.await().atMost(5, TimeUnit.SECONDS).untilAsserted(() -> {
            assertThat(announcements(capture, Lan.V4))
                    .as("request and reply, again")
                    .isGreaterThanOrEqualTo(8);
            assertThat(announcements(capture, Lan.V6)).isGreaterThanOrEqualTo(4);
        });
        revert(open(Lan.usual()), Facts.NOTHING);
    }

    private static int announcements(Lan.Capture capture, String address) {
        List<byte[]> wanted = new ArrayList<>(
                List.of(Frames.announcement(new sfo.protocol.model.Mac(Lan.MAC).octets(), Lan.address(address))));
        return (int) capture.frames.stream()
                .filter(frame -> wanted.stream().anyMatch(w -> java.util.Arrays.equals(w, frame)))
                .count();
    }

    @Test
    void halfDoneAndForeignChangesAreMended() throws Exception {
        ClosedInterface closed = closed(Lan.usual());
        apply(new GroupHost(Lan.A));
        lan.ip.act(
                Namespace.named(Lan.A),
                List.of("link add link eth0 name fo0 netns " + HOST + " type macvlan mode private"),
                Lan.call());
        assertThat(holds(closed)).as("no address yet").isFalse();
        apply(closed);
        assertThat(holds(closed)).isTrue();

        lan.ip.act(HOST, List.of("addr del 10.77.0.100/24 dev fo0", "addr add 10.77.0.200/24 dev fo0"), Lan.call());
        assertThat(holds(closed)).isFalse();
        apply(closed);
        assertThat(holds(closed)).isTrue();

        lan.ip.act(HOST, List.of("link set fo0 address 02:00:00:00:00:99"), Lan.call());
        assertThat(holds(closed)).isFalse();
        apply(closed);
        assertThat(holds(closed)).isTrue();

        lan.ip.act(HOST, List.of("link set fo0 up"), Lan.call());
        apply(closed);
        assertThat(inspect(closed).get("state")).isEqualTo("down");
        Facts before = inspect(closed);
        lan.ip.act(HOST, List.of("link del fo0"), Lan.call());
        assertThat(inspect(closed)).isEqualTo(Facts.NOTHING);
        revert(closed, before);
        assertThat(inspect(closed)).isEqualTo(before);
        assertThat(inspect(closed)).isEqualTo(before);
    }

    @Test
    void withoutAMacEachMemberHasItsOwn() throws Exception {
        FailoverInterface none = Lan.withoutMac();
        apply(new GroupHost(Lan.A));
        apply(closed(none));
        String mac = inspect(closed(none)).get("mac");
        apply(closed(none));
        assertThat(inspect(closed(none)).get("mac")).isEqualTo(mac).isNotEqualTo(Lan.MAC);
        Lan.Capture capture = lan.capture("a", 0);
        apply(open(none));
        assertThat(clientReaches(Lan.V4)).isTrue();
        assertThat(capture.frames.stream().filter(f -> f[12] == (byte) 0x86 && f[13] == (byte) 0xdd))
                .as("without IPv6 addresses there is no IPv6")
                .noneMatch(f -> java.util.Arrays.equals(f, 6, 12, new sfo.protocol.model.Mac(mac).octets(), 0, 6));
    }

    @Test
    void twoInterfacesEachAnswerByTheirOwnGateway() throws Exception {
        FailoverInterface second = new FailoverInterface(
                "fo1",
                List.of(Cidr.parse("10.77.0.101/24"), Cidr.parse("fd77::101/64")),
                Lan.given("02:77:00:00:01:01"),
                List.of(Lan.GATEWAY.address(), Lan.GATEWAY6.address()),
                List.of(
                        new Route(Cidr.parse("198.51.100.0/24"), Lan.address("10.77.0.2")),
                        new Route(Cidr.parse("fd99::1/128"), Lan.address("fd77::2"))),
                Lan.usual().nics());
        apply(new GroupHost(Lan.A));
        for (FailoverInterface definition : List.of(Lan.usual(), second)) {
            apply(closed(definition));
            apply(open(definition));
            apply(open(definition));
            assertThat(holds(open(definition)))
                    .as("%s", inspect(open(definition)))
                    .isTrue();
        }
        assertThat(clientReaches(Lan.V4)).isTrue();
        assertThat(clientReaches("10.77.0.101")).isTrue();
        String way = lan.exec.need(
                Lan.call(), "ip", "-n", HOST.toString(), "route", "get", "192.0.2.1", "from", "10.77.0.101");
        assertThat(way).contains("dev fo1");
        assertThat(clientReaches("fd77::101")).isTrue();
        lan.ip.act(HOST, List.of("route del 198.51.100.0/24"), Lan.call());
        assertThat(holds(open(second))).as("a route is missing").isFalse();
        revert(open(second), Facts.NOTHING);
        revert(closed(second), Facts.NOTHING);
        assertThat(lan.exec.need(Lan.call(), "ip", "-n", HOST.toString(), "rule", "show"))
                .doesNotContain("10.77.0.101");
        assertThat(clientReaches(Lan.V4)).isTrue();
    }

    @Test
    void aSilentGatewayFailsAndLeavesTheInterfaceDown() throws Exception {
        lan.ip.act(Lan.CLIENT, List.of("addr del " + Lan.GATEWAY + " dev eth0"), Lan.call());
        FailoverInterface definition = Lan.usual();
        apply(new GroupHost(Lan.A));
        apply(closed(definition));
        assertThatThrownBy(() -> apply(open(definition)))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("gateway 10.77.0.1 does not answer 10.77.0.100 on NIC eth0");
        assertThat(inspect(open(definition)).get("state")).isEqualTo("down");
    }

    @Test
    void whatComesFirstIsNamed() {
        assertThatThrownBy(() -> apply(closed(Lan.usual())))
                .hasMessageContaining("group host " + HOST + " is not here");
        assertThatThrownBy(() -> apply(open(Lan.usual()))).hasMessageContaining("group host " + HOST + " is not here");
        FailoverInterface wrong =
                Lan.definition("fo0", new Nic("eth9", Nic.Use.SHARED), Lan.given(Lan.MAC), List.of(), Lan.V4 + "/24");
        assertThatThrownBy(() -> {
                    apply(new GroupHost(Lan.A));
                    apply(closed(wrong));
                })
                .hasMessageContaining("eth9")
                .hasMessageContaining("eth0, eth1");
        assertThatThrownBy(() -> apply(new FreeAddress(Lan.A, wrong, "a"))).hasMessageContaining("eth9");
    }
}
