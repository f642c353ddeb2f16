package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import sfo.agent.demo.Capture;
import sfo.agent.demo.Lab;
import sfo.agent.demo.NamespaceLab;
import sfo.agent.demo.Sfo;
import sfo.it.harness.Labs;
import sfo.ops.api.Call;
import sfo.ops.exec.Exec;

/** Two failover interfaces: IPv4 and IPv6 with a given MAC on a NIC that stays the host's, and a spare NIC that moves in. */
class TwoInterfacesIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final String MAC = "02:77:00:00:01:aa";
    private static final String V6 = "fd77::100";

    private final Exec exec = new Exec();
    private NamespaceLab lab;
    private Sfo sfo;

    @BeforeEach
    void twoAppliances() throws Exception {
        Labs.assumePossible();
        lab = NamespaceLab.make(false);
        sfo = new Sfo(lab);
        for (String appliance : Lab.APPLIANCES) {
            boot(appliance);
        }
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "both agents are up", LIMIT, Sfo::allUp);
        }
    }

    @AfterEach
    void end() {
        if (lab != null) {
            lab.close();
        }
    }

    private void boot(String appliance) throws Exception {
        lab.boot(appliance);
        inside(appliance, "ip", "link", "add", "spare0", "type", "veth", "peer", "name", "cable");
        inside(appliance, "ip", "link", "set", "cable", "up");
        inside(appliance, "ip", "addr", "add", "fd77::" + appliance + "/64", "dev", "eth0", "nodad");
        lab.startAgent(appliance);
    }

    private String inside(String appliance, String... argv) throws Exception {
        return exec.need(Call.within(Duration.ofSeconds(20)), lab.inside(appliance, List.of(argv)), "");
    }

    /** Both addresses answer from that MAC. */
    private void answersOn(String asking) {
        for (String address : List.of(Lab.ADDRESS, V6)) {
            await(address + " answers " + asking).atMost(LIMIT).untilAsserted(() -> {
                assertThat(inside(asking, "ping", "-c1", "-W1", address)).contains("1 received");
                assertThat(inside(asking, "ip", "neigh", "show", address)).contains(MAC);
            });
        }
    }

    /** Frames of the given MAC that came in from an appliance. */
    private static List<String> spoken(Capture capture, String appliance) {
        return capture.from(appliance).stream()
                .filter(line -> line.contains(MAC))
                .toList();
    }

    @Test
    void anAddressThatAnotherHostHasMakesNoGroup() throws Exception {
        NavigableMap<String, NavigableSet<String>> before = lab.dump("a");
        Exec.Output refused = lab.sfo(
                "a",
                LIMIT,
                List.of(("group create demo --member a --member b --home a --nic a=eth0 --nic b=eth0 --address "
                                + "10.77.0.254/24 -y")
                        .split(" ")));
        assertThat(refused.exit()).as(refused.err()).isEqualTo(4);
        assertThat(refused.err()).contains("10.77.0.254 is in", "use on the wire of eth0: ARP from");
        assertThat(sfo.status("a").path("groups")).isEmpty();
        assertThat(lab.dump("a")).isEqualTo(before);
    }

    @Test
    void bothGoAlongWithTheirAddressesAndTheGivenMacAndComeBack() throws Exception {
        try (Capture capture = lab.capture("arp or icmp6")) {
            sfo.must(
                    "a",
                    ("group create demo --member a --member b --home a --nic a=eth0 --nic b=eth0 --address "
                                    + Lab.ADDRESS
                                    + "/24 --address " + V6 + "/64 --gateway 10.77.0.254 -m " + MAC
                                    + " --fo1-nic a=spare0,spare --fo1-nic b=spare0,spare --fo1-address 10.79.0.100/24 -y")
                            .split(" "));
            answersOn("b");
            assertThat(inside("a", "ip", "-br", "link")).doesNotContain("spare0");
            assertThat(spoken(capture, "b")).isEmpty();
            assertThat(spoken(capture, "a")).isNotEmpty();

            sfo.must("a", "cdp", "create", "demo/tank", "--size", "64M");
            sfo.await("b", "b has every write", LIMIT, status -> Sfo.replicating(status, "SECONDARY"));
            lab.cutPower("a");
            sfo.must("b", "failover", "demo");
            await("b announces both")
                    .atMost(LIMIT)
                    .untilAsserted(() -> assertThat(spoken(capture, "b"))
                            .anyMatch(line -> line.contains(Lab.ADDRESS))
                            .anyMatch(line -> line.contains(V6)));
            assertThat(inside("b", "ip", "-br", "link")).doesNotContain("spare0");
            assertThat(inside("b", "ip", "-n", "sfo-demo", "-br", "addr")).contains("fo1", "10.79.0.100/24");

            boot("a");
            answersOn("a");
            sfo.awaitDone("b", LIMIT, "undo", "demo", "--dry-run");
            sfo.must("b", "undo", "demo");
            answersOn("b");
            sfo.await("b", "b mirrors for a", LIMIT, status -> Sfo.replicating(status, "SECONDARY"));
            assertThat(inside("b", "ip", "-br", "addr"))
                    .contains("spare0")
                    .doesNotContain(Lab.ADDRESS + "/", V6, "10.79.0.100");
        }
    }
}
