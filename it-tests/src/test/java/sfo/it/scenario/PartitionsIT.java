package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import sfo.agent.demo.Lab;
import sfo.agent.demo.NamespaceLab;
import sfo.agent.demo.Sfo;
import sfo.agent.demo.Workload;
import sfo.it.harness.Labs;
import sfo.it.harness.WhenAskedFor;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;

/**
 * I1 on real networks that pass some frames and not others: while any channel shows life a failover is refused, and when
 * all is healed there is one view and one holder. What is cut is what b hears; the client's way is not.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(600)
@WhenAskedFor
class PartitionsIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final String NICS_OF_A = "02:5f:00:00:00:0b, 02:5f:00:00:01:0b";

    private final Exec exec = new Exec();
    private NamespaceLab lab;
    private Sfo sfo;
    private Workload client;

    @BeforeAll
    void aServes() throws Exception {
        Labs.assumePossible();
        lab = NamespaceLab.make(false);
        sfo = new Sfo(lab);
        for (String appliance : Lab.APPLIANCES) {
            lab.powerOn(appliance);
        }
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "both agents are up", LIMIT, Sfo::allUp);
        }
        onA("group create demo --member a --member b --home a --nic a=eth0 --nic b=eth0 --address " + Lab.ADDRESS
                + "/24 --gateway 10.77.0.254 -y");
        onA("cdp create demo/tank --size 96M");
        onA("share create demo n --nfs --volume tank");
        awaitMirrors("a", "b");
        client = lab.nfsClient("n", "records");
        client.start();
    }

    @BeforeEach
    void allIsWell() throws IOException {
        oneViewAndOneHolder();
    }

    @AfterEach
    void heal() throws Exception {
        // fails where there is none
        exec.run(Call.within(LIMIT), lab.inside("b", List.of("nft", "flush", "ruleset")), "");
    }

    @AfterAll
    void nothingIsLost() throws IOException {
        if (client != null) {
            client.stop();
            Workload.Verdict verdict = client.verify();
            client.close();
            lab.close();
            assertThat(lab.folder()).doesNotExist();
            assertThat(verdict.acknowledged()).isPositive();
            assertThat(verdict.lost()).isEmpty();
        } else if (lab != null) {
            lab.close();
        }
    }

    private void onA(String words) throws IOException {
        sfo.must("a", words.split(" "));
    }

    private void awaitMirrors(String primary, String secondary) throws IOException {
        sfo.await(primary, primary + " serves and mirrors", LIMIT, s -> Sfo.replicating(s, "PRIMARY"));
        sfo.await(secondary, secondary + " has every write", LIMIT, s -> Sfo.replicating(s, "SECONDARY"));
    }

    private void oneViewAndOneHolder() throws IOException {
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "one view on " + appliance, LIMIT, Sfo::allUp);
        }
        awaitMirrors("a", "b");
        sfo.await("a", "a serves", LIMIT, s -> serves(s));
        assertThat(serves(sfo.status("b"))).isFalse();
        goesOn();
    }

    private static boolean serves(com.fasterxml.jackson.databind.JsonNode status) {
        return Sfo.group(status).path("servedHere").asBoolean();
    }

    private void goesOn() {
        int then = client.log().count();
        until("the client goes on", () -> client.log().count() > then + 10);
    }

    private static void until(String what, Callable<Boolean> wanted) {
        await(what).atMost(LIMIT).pollDelay(Duration.ZERO).until(wanted);
    }

    /** From now on b drops what these rules say. */
    private void cut(String rules) throws HostException {
        exec.need(Call.within(LIMIT), lab.inside("b", List.of("nft", "-f", "-")), rules);
    }

    /** What comes in on that NIC, of these words; and, if they are none, what goes out. */
    private static String on(String nic, String what) {
        String in = "table netdev cut_" + nic + " { chain in { type filter hook ingress device " + nic + " priority 0; "
                + what + " drop; }; }\n";
        String out = "table inet cut_" + nic + " { chain out { type filter hook output priority 0; oifname " + nic
                + " drop; }; }\n";
        return what.isEmpty() ? in + out : in;
    }

    private void refused(String... codes) throws IOException {
        Exec.Output reply = lab.sfo("b", LIMIT, List.of("failover", Lab.GROUP, "--accept-loss"));
        assertThat(reply.exit()).as("%s", reply).isEqualTo(3);
        assertThat(reply.out() + reply.err()).contains(codes);
        assertThat(serves(sfo.status("a"))).isTrue();
        assertThat(serves(sfo.status("b"))).isFalse();
        goesOn();
    }

    private void awaitMirrorLost() throws IOException {
        sfo.await("b", "b has lost its mirror", LIMIT, s -> !Sfo.replicating(s, "SECONDARY"));
    }

    private void awaitUnreachable() throws IOException {
        sfo.await("b", "b does not reach a", LIMIT, s -> !Sfo.allUp(s));
    }

    @Test
    void betweenTheAgentsOnly() throws Exception {
        String ports = "meta l4proto tcp th dport { 7800, 7801 } drop; meta l4proto tcp th sport { 7800, 7801 } drop;";
        cut("table inet cut { chain in { type filter hook input priority 0; " + ports + " };\n"
                + " chain out { type filter hook output priority 0; " + ports + " }; }\n");
        awaitUnreachable();
        refused("PEER-ALIVE", "ADDRESS-ANSWERS");
        heal();
        oneViewAndOneHolder();
    }

    @Test
    void theStorageNetworkOnly() throws Exception {
        cut(on("eth1", ""));
        awaitMirrorLost();
        refused("PEER-ALIVE", "ADDRESS-ANSWERS");
        heal();
        oneViewAndOneHolder();
    }

    @Test
    void theClientsNetworkOnly() throws Exception {
        cut(on("eth0", ""));
        awaitUnreachable();
        refused("PEER-ALIVE");
        heal();
        oneViewAndOneHolder();
    }

    /** Of a, b gets frames that carry no IP: the wire itself shows that somebody has the address. */
    @Test
    void oneWayAndOnlyForWords() throws Exception {
        String words = "ether type ip ether saddr { " + NICS_OF_A + " }";
        cut(on("eth0", words) + on("eth1", words));
        awaitUnreachable();
        awaitMirrorLost();
        refused("ADDRESS-ANSWERS");
        heal();
        oneViewAndOneHolder();
    }

    @Test
    void oneThatComesAndGoes() throws Exception {
        for (int i = 0; i < 5; i++) {
            cut(on("eth0", "") + on("eth1", ""));
            await().pollDelay(Duration.ofMillis(700 + 300L * i)).until(() -> true);
            heal();
            await().pollDelay(Duration.ofMillis(700)).until(() -> true);
        }
        refused("PEER-ALIVE");
        oneViewAndOneHolder();
    }
}
