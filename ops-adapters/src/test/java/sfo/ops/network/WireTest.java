package sfo.ops.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.ops.api.LifeProbe;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Resource.ClosedInterface;
import sfo.protocol.plan.Resource.FreeAddress;
import sfo.protocol.plan.Resource.GroupHost;
import sfo.protocol.plan.Resource.OpenInterface;

/** What is asked on the wire: duplicate addresses, signs of life. */
@Timeout(60)
@ResourceLock("lan")
class WireTest {
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

    @Test
    void aFreeAddressIsAskedForWithTheNicsOwnMac() throws Exception {
        Lan.Capture capture = lan.capture("b", 0);
        long start = System.nanoTime();
        apply("b", FREE);
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)).isBetween(290L, 1000L);
        assertThat(capture.betraying(Lan.MAC, Lan.V4, Lan.V6)).isEmpty();
        assertThat(capture.frames.stream().filter(f -> f[12] == 8 && f[13] == 6))
                .hasSize(3);
        start = System.nanoTime();
        assertThat(lan.adapter("b", FREE).inspect(FREE, Lan.call()).get(Lan.V4)).isEqualTo("free");
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start))
                .as("still fresh")
                .isLessThan(50);
    }

    @ParameterizedTest
    @ValueSource(strings = {Lan.V4 + "/24", Lan.V6 + "/64"})
    void anAddressInUseIsRefusedWithTheMacThatAnswered(String address) throws Exception {
        lan.ip.act(Namespace.named(Lan.A), List.of("addr add " + address + " dev eth0 nodad"), Lan.call());
        String mac = lan.ip
                .link(Namespace.named(Lan.A), "eth0", Lan.call())
                .orElseThrow()
                .mac();
        assertThatThrownBy(() -> apply("b", FREE))
                .hasMessageContaining(
                        Lan.address(address.substring(0, address.indexOf('/'))).getHostAddress())
                .hasMessageContaining(mac);
        lan.ip.act(Namespace.named(Lan.A), List.of("addr del " + address + " dev eth0"), Lan.call());
        apply("b", FREE);
    }

    @Test
    void oneThatIsOpenElsewhereUnderTheSameMacIsInUse() throws Exception {
        open("a");
        assertThatThrownBy(() -> apply("b", FREE)).hasMessageContaining(Lan.MAC);
    }

    @Test
    void onesOwnOpenInterfaceIsNoDuplicate() throws Exception {
        open("b");
        apply("b", FREE);
    }

    @Test
    void oneThatTheApplianceHasOutsideItsGroupHostIsInUse() throws Exception {
        lan.ip.act(Namespace.named(Lan.B), List.of("addr add " + Lan.V4 + "/32 dev lo"), Lan.call());
        assertThatThrownBy(() -> apply("b", FREE)).hasMessageContaining("by this appliance itself, on lo");
    }

    @Test
    void withoutCarrierNothingIsKnown() throws Exception {
        lan.ip.act(Lan.SWITCH, List.of("link set p0b down"), Lan.call());
        assertThatThrownBy(() -> apply("b", FREE)).hasMessageContaining("eth0 has no carrier");
    }

    @Test
    void lifeIsFoundOnBothFamiliesAndSilenceIsSaid() throws Exception {
        LifeProbe probe = lan.network("b").probe();
        List<LifeProbe.Finding> found = probe.probe(
                Stream.of("10.77.0.11", "fd77::11", "10.77.0.50", "fd77::50", "10.77.0.12", "192.0.2.1")
                        .map(Lan::address)
                        .toList(),
                Optional.empty(),
                Lan.call());
        assertThat(found)
                .extracting(LifeProbe.Finding::answered)
                .containsExactly(true, true, false, false, false, false);
        assertThat(found).extracting(LifeProbe.Finding::carrier).containsExactly(true, true, true, true, false, false);
        assertThat(found.get(0).detail()).contains("ARP from").contains("eth0");
        assertThat(found.get(1).detail()).contains("neighbour advertisement from");
        assertThat(found.get(4).detail()).contains("this appliance itself");
        assertThat(found.get(5).detail()).isEqualTo("no NIC leads to it");
    }

    @Test
    void aNicWithoutCarrierProvesNothing() throws Exception {
        lan.ip.act(Lan.SWITCH, List.of("link set p0b down"), Lan.call());
        LifeProbe.Finding found = lan.network("b")
                .probe()
                .probe(List.of(Lan.address("10.77.0.11")), Optional.empty(), Lan.call())
                .get(0);
        assertThat(found.carrier()).isFalse();
        assertThat(found.detail()).isEqualTo("eth0 has no carrier");
    }

    @Test
    void aDeviceIsForcedWhereNoRouteLeads() throws Exception {
        lan.ip.act(Namespace.named(Lan.A), List.of("addr add 172.31.0.1/24 dev eth0"), Lan.call());
        LifeProbe.Finding found = lan.network("b")
                .probe()
                .probe(List.of(Lan.address("172.31.0.1")), Optional.of("eth0"), Lan.call())
                .get(0);
        assertThat(found.answered()).as(found.detail()).isTrue();
        assertThat(lan.network("b").probe().probe(List.of(), Optional.empty(), Lan.call()))
                .isEmpty();
    }

    @Test
    void whoIsBehindARouterIsAskedByEcho() throws Exception {
        lan.ip.act(Lan.CLIENT, List.of("addr add 192.0.2.1/32 dev lo"), Lan.call());
        lan.ip.act(Namespace.named(Lan.B), List.of("route add 192.0.2.0/24 via 10.77.0.1"), Lan.call());
        List<LifeProbe.Finding> found = lan.network("b")
                .probe()
                .probe(List.of(Lan.address("192.0.2.1"), Lan.address("192.0.2.9")), Optional.empty(), Lan.call());
        assertThat(found).extracting(LifeProbe.Finding::answered).containsExactly(true, false);
        assertThat(found.get(0).detail()).isEqualTo("ICMP echo by way of eth0: echo reply");
    }
}
