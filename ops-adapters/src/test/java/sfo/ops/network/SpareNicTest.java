package sfo.ops.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.ops.api.Adapter;
import sfo.protocol.control.Views.NicView;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.ClosedInterface;
import sfo.protocol.plan.Resource.FreeAddress;
import sfo.protocol.plan.Resource.GroupHost;
import sfo.protocol.plan.Resource.OpenInterface;

@Timeout(60)
@ResourceLock("lan")
class SpareNicTest {
    private static final Namespace APPLIANCE = Namespace.named(Lan.A);
    private static final Namespace HOST = Namespace.of(Lan.A);
    private static final ClosedInterface CLOSED = new ClosedInterface(Lan.A, Lan.onSpare(), "a");
    private static final OpenInterface OPEN = new OpenInterface(Lan.A, Lan.onSpare(), "a", List.of());
    private static final GroupHost GROUP = new GroupHost(Lan.A);

    private Lan lan;
    private Adapter<ClosedInterface> closed;
    private Adapter<OpenInterface> open;

    @BeforeEach
    void up() throws Exception {
        lan = new Lan();
        closed = lan.adapter("a", CLOSED);
        open = lan.adapter("a", OPEN);
        lan.adapter("a", GROUP).apply(GROUP, Lan.call());
    }

    @AfterEach
    void down() throws Exception {
        if (lan != null) {
            lan.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"down", "up"})
    void itMovesAndComesBackAsItWas(String state) throws Exception {
        lan.ip.act(APPLIANCE, List.of("link set eth1 " + state), Lan.call());
        String host = lan.dump("a");
        Facts before = closed.inspect(CLOSED, Lan.call());
        Lan.Capture capture = lan.capture("a", 1);

        closed.apply(CLOSED, Lan.call());
        closed.apply(CLOSED, Lan.call());
        assertThat(closed.holds(CLOSED, closed.inspect(CLOSED, Lan.call()))).isTrue();
        FreeAddress free = new FreeAddress(Lan.A, Lan.onSpare(), "a");
        lan.adapter("a", free).apply(free, Lan.call());
        assertThat(capture.betraying(Lan.MAC, Lan.V4, Lan.V6)).isEmpty();
        open.apply(OPEN, Lan.call());
        assertThat(pings(Lan.V4)).isTrue();
        assertThat(pings(Lan.V6)).isTrue();
        lan.adapter("a", free).revert(free, Facts.NOTHING, Lan.call());
        lan.adapter("a", free).apply(free, Lan.call());

        open.revert(OPEN, Facts.NOTHING, Lan.call());
        closed.revert(CLOSED, before, Lan.call());
        capture.frames.clear();
        closed.revert(CLOSED, before, Lan.call());
        assertThat(closed.inspect(CLOSED, Lan.call())).isEqualTo(before);
        assertThat(pings(Lan.V4)).isFalse();
        assertThat(capture.betraying(Lan.MAC, Lan.V4, Lan.V6)).isEmpty();
        // the routes of a NIC that was away may come in another order
        assertThat(sorted(lan.dump("a"))).isEqualTo(sorted(host));
    }

    private static List<String> sorted(String dump) {
        return List.of(dump.split("(?<=\\}),", -1)).stream().sorted().toList();
    }

    private boolean pings(String address) throws Exception {
        return lan.exec
                .run(Lan.call(), "ip", "netns", "exec", Lan.CLIENT.toString(), "ping", "-n", "-c1", "-W1", address)
                .ok();
    }

    @Test
    void aMoveThatWasCutOffBeforeTheNewNameGoesOnOrBack() throws Exception {
        Facts before = closed.inspect(CLOSED, Lan.call());
        lan.ip.act(APPLIANCE, List.of("link set eth1 netns " + HOST), Lan.call());
        closed.apply(CLOSED, Lan.call());
        assertThat(closed.holds(CLOSED, closed.inspect(CLOSED, Lan.call()))).isTrue();
        closed.revert(CLOSED, before, Lan.call());
        lan.ip.act(APPLIANCE, List.of("link set eth1 netns " + HOST), Lan.call());
        closed.revert(CLOSED, before, Lan.call());
        assertThat(closed.inspect(CLOSED, Lan.call())).isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({
        "addr add 10.99.0.1/24 dev eth1,has the address 10.99.0.1/24",
        "link add br9 type bridge;link set eth1 master br9,a port of br9",
        "link add link eth1 name mv9 type macvlan,carries mv9",
        "link set eth1 up;route add default dev eth1,the default route goes over it",
        "link set eth1 up;route add 10.98.0.0/16 dev eth1,a route to 10.98.0.0/16 goes over it",
        "link add link eth1 name fo9 netns HOST type macvlan,carries fo9 of a group"
    })
    void oneInUseIsRefusedWithTheReason(String use, String reason) throws Exception {
        lan.ip.act(APPLIANCE, List.of(use.replace("HOST", HOST.toString()).split(";", -1)), Lan.call());
        assertThatThrownBy(() -> closed.apply(CLOSED, Lan.call()))
                .hasMessageContaining("NIC eth1 can't be moved")
                .hasMessageContaining(reason);
        assertThat(lan.ip.link(APPLIANCE, "eth1", Lan.call())).isPresent();
        assertThat(lan.network("a").nics(Lan.call())).contains(nic(reason));
    }

    private NicView nic(String use) throws Exception {
        Ip.Link link = lan.ip.link(APPLIANCE, "eth1", Lan.call()).orElseThrow();
        return new NicView(
                "eth1",
                link.mac(),
                link.carrier(),
                link.addresses().stream().map(Object::toString).toList(),
                use);
    }

    @Test
    void theSurveyNamesFreeOnes() throws Exception {
        assertThat(lan.network("a").nics(Lan.call()))
                .extracting(NicView::device, NicView::carrier, NicView::use)
                .containsExactlyInAnyOrder(
                        org.assertj.core.groups.Tuple.tuple("eth0", true, "has the address 10.77.0.11/24"),
                        org.assertj.core.groups.Tuple.tuple("eth1", false, "free"));
    }
}
