package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import sfo.agent.demo.Lab;
import sfo.agent.demo.NamespaceLab;
import sfo.agent.demo.Sfo;
import sfo.agent.demo.Workload;
import sfo.it.harness.Labs;
import sfo.ops.api.Call;
import sfo.ops.exec.Exec;

/** Two appliances in namespaces, with real mirrors, mounts, servers and networks; a serves a volume by NFS and SMB. */
@Timeout(3600)
abstract class LabStories {
    static final Duration LIMIT = Duration.ofMinutes(2);

    private final Exec exec = new Exec();
    private final List<Workload> clients = new ArrayList<>();
    NamespaceLab lab;
    Sfo sfo;

    @BeforeAll
    static void inNamespaces() throws Exception {
        Labs.assumePossible("tcpdump");
    }

    @BeforeEach
    void aServes() throws Exception {
        lab = NamespaceLab.make(false);
        sfo = new Sfo(lab);
        Files.createDirectories(faults());
        lab.powerOn("a");
        lab.boot("b");
        lab.startAgent("b", "sfo.faults=" + faults());
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "both agents are up", LIMIT, Sfo::allUp);
        }
        onA("group create demo --member a --member b --home a --nic a=eth0 --nic b=eth0 --address " + Lab.ADDRESS
                + "/24 --gateway 10.77.0.254 -y");
        onA("cdp create demo/tank --size 96M");
        onA("share create demo n --nfs --volume tank");
        onA("share create demo s --smb --guest --volume tank");
        awaitMirrors("a", "b");
    }

    @AfterEach
    void end() {
        clients.forEach(Workload::close);
        if (lab != null) {
            lab.close();
            assertThat(lab.folder()).doesNotExist();
        }
    }

    final void onA(String words) throws IOException {
        sfo.must("a", words.split(" "));
    }

    final void awaitMirrors(String primary, String secondary) throws IOException {
        sfo.await(primary, primary + " serves and mirrors", LIMIT, s -> Sfo.replicating(s, "PRIMARY"));
        sfo.await(secondary, secondary + " has every write", LIMIT, s -> Sfo.replicating(s, "SECONDARY"));
    }

    final Path faults() {
        return lab.folder().resolve("faults");
    }

    /** It strikes once. */
    final void fault(String kind, String what) throws IOException {
        Files.writeString(faults().resolve(kind), what);
    }

    /** At work when this returns. */
    final Workload client(String file) throws IOException {
        Workload client = lab.nfsClient("n", file);
        clients.add(client);
        client.start();
        return client;
    }

    static final void awaitMore(Workload client, int records) {
        int then = client.log().count();
        until(records + " more records", () -> client.log().count() >= then + records);
    }

    static final void until(String what, Callable<Boolean> wanted) {
        await(what).atMost(LIMIT).pollDelay(Duration.ZERO).until(wanted);
    }

    static final void assertNothingLost(Workload client) throws IOException {
        client.stop();
        Workload.Verdict verdict = client.verify();
        assertThat(verdict.acknowledged()).isPositive();
        assertThat(verdict.lost()).as("of %d", verdict.acknowledged()).isEmpty();
    }

    final Exec.Output type(String appliance, String... words) throws IOException {
        return lab.sfo(appliance, LIMIT, List.of(words));
    }

    /** On b; a busy machine may be too slow to prove anything. */
    final Exec.Output failover(String... more) {
        String[] words =
                Stream.concat(Stream.of("failover", Lab.GROUP), Stream.of(more)).toArray(String[]::new);
        List<Exec.Output> replies = new ArrayList<>();
        until("a failover that begins", () -> {
            Exec.Output reply = type("b", words);
            replies.add(reply);
            return !(reply.out() + reply.err()).contains("LOOK-FAILED");
        });
        return replies.get(replies.size() - 1);
    }

    final void mustFailover(String... more) {
        Exec.Output reply = failover(more);
        assertThat(reply.exit()).as("%s", reply).isZero();
    }

    final String inside(String appliance, String... argv) throws Exception {
        return exec.need(Call.within(Duration.ofSeconds(20)), lab.inside(appliance, List.of(argv)), "");
    }

    final String failoverMac() throws Exception {
        inside("b", "ping", "-c1", "-W5", Lab.ADDRESS);
        return inside("b", "ip", "neigh", "show", Lab.ADDRESS)
                .split("lladdr ")[1]
                .split(" ")[0];
    }

    final boolean serves(String appliance) throws IOException {
        return Sfo.group(sfo.status(appliance)).path("servedHere").asBoolean();
    }
}
