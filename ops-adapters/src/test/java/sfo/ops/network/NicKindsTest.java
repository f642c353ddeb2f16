package sfo.ops.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;
import sfo.ops.api.HostException;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.Nic;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.ClosedInterface;
import sfo.protocol.plan.Resource.GroupHost;
import sfo.protocol.plan.Resource.OpenInterface;

/** A failover interface on what carries a host's networks besides plain NICs. */
@Timeout(60)
@ResourceLock("lan")
class NicKindsTest {
    private static final Namespace A = Namespace.named(Lan.A);
    private static final String ADDRESS = "10.79.0.100";

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

    @Test
    void aVlan() throws Exception {
        needs("link", "add", "link", "eth0", "name", "eth0.79", "type", "vlan", "id", "79");
        lan.ip.act(A, List.of("addr add 10.79.0.11/24 dev eth0.79", "link set eth0.79 up"), Lan.call());
        lan.ip.act(
                Lan.CLIENT,
                List.of(
                        "link add link eth0 name eth0.79 type vlan id 79",
                        "addr add 10.79.0.13/24 dev eth0.79",
                        "link set eth0.79 up"),
                Lan.call());
        opensAndCloses("eth0.79");
    }

    @Test
    void aBond() throws Exception {
        assumeTrue(
                lan.exec
                        .run(
                                Lan.call(),
                                Ip.argv(A, "link", "add", "bond0", "type", "bond", "mode", "active-backup"),
                                "")
                        .ok(),
                "skipped: this kernel has no bonding");
        lan.ip.act(
                A,
                List.of(
                        "link set eth1 down",
                        "link set eth1 master bond0",
                        "addr add 10.79.0.11/24 dev bond0",
                        "link set bond0 up",
                        "link set eth1 up"),
                Lan.call());
        lan.ip.act(Lan.CLIENT, List.of("addr add 10.79.0.13/24 dev eth0"), Lan.call());
        opensAndCloses("bond0");
    }

    private void needs(String... words) throws HostException {
        boolean made = lan.exec.run(Lan.call(), Ip.argv(A, words), "").ok();
        assumeTrue(made, "skipped: this kernel can't do: ip " + String.join(" ", words));
    }

    private void opensAndCloses(String device) throws HostException {
        String host = lan.dump("a");
        FailoverInterface definition =
                Lan.definition("fo0", new Nic(device, Nic.Use.SHARED), Lan.given(Lan.MAC), List.of(), ADDRESS + "/24");
        GroupHost group = new GroupHost(Lan.A);
        ClosedInterface closed = new ClosedInterface(Lan.A, definition, "a");
        OpenInterface open = new OpenInterface(Lan.A, definition, "a", List.of());
        lan.adapter("a", group).apply(group, Lan.call());
        lan.adapter("a", closed).apply(closed, Lan.call());
        assertThat(clientReaches()).isFalse();
        lan.adapter("a", open).apply(open, Lan.call());
        assertThat(clientReaches()).isTrue();
        lan.adapter("a", open).revert(open, Facts.NOTHING, Lan.call());
        lan.adapter("a", closed).revert(closed, Facts.NOTHING, Lan.call());
        lan.adapter("a", group).revert(group, Facts.NOTHING, Lan.call());
        assertThat(clientReaches()).isFalse();
        assertThat(lan.dump("a")).isEqualTo(host);
    }

    private boolean clientReaches() throws HostException {
        return lan.exec
                .run(Lan.call(), "ip", "netns", "exec", Lan.CLIENT.toString(), "ping", "-n", "-c1", "-W1", ADDRESS)
                .ok();
    }
}
