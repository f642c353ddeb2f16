package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import sfo.agent.demo.Lab;
import sfo.agent.demo.NamespaceLab;
import sfo.agent.demo.Sfo;
import sfo.agent.demo.Workload;
import sfo.it.harness.ForgetfulDisk;
import sfo.it.harness.Labs;
import sfo.it.harness.WhenAskedFor;
import sfo.ops.api.Call;
import sfo.ops.exec.Exec;
import sfo.protocol.model.IscsiTarget;

/** Real mirrors and tgtd, QEMU's initiator with a session from before, and disks that forget what nobody flushed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(400)
@WhenAskedFor
class IscsiPowerCutIT {
    private static final Duration START = Duration.ofMinutes(3);
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final String IQN = IscsiTarget.iqn(Lab.GROUP, "vm");
    private static final String URL = "iscsi://" + Lab.ADDRESS + "/" + IQN + "/";

    private final Exec exec = new Exec();
    private final List<ForgetfulDisk> disks = new ArrayList<>();
    private NamespaceLab lab;
    private Sfo sfo;

    @BeforeAll
    void aServes() throws Exception {
        Labs.assumePossible("tgtd", "iscsi-inq", "nbdkit", "nbdfuse");
        lab = NamespaceLab.make(false);
        sfo = new Sfo(lab);
        StringBuilder backing = new StringBuilder();
        for (String appliance : Lab.APPLIANCES) {
            ForgetfulDisk disk = new ForgetfulDisk(lab, appliance, "tank", 192L << 20);
            disks.add(disk);
            backing.append(" --backing ").append(appliance).append('=').append(disk.device());
            powerOn(appliance);
        }
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "both agents are up", START, Sfo::allUp);
        }
        onA("group create demo --member a --member b --home a --nic a=eth0 --nic b=eth0 --address " + Lab.ADDRESS
                + "/24 --gateway 10.77.0.254 -y");
        onA("cdp create demo/tank --size 192M" + backing);
        onA("target create demo vm --volume tank --size 32M --size 32M");
        awaitMirrors("a", "b");
    }

    private void onA(String words) throws IOException {
        sfo.must("a", words.split(" "));
    }

    private void powerOn(String appliance) throws Exception {
        lab.boot(appliance);
        for (ForgetfulDisk disk : disks) {
            if (disk.appliance().equals(appliance)) {
                disk.attach();
            }
        }
        lab.startAgent(appliance);
    }

    private void awaitMirrors(String primary, String secondary) throws IOException {
        sfo.await(primary, primary + " serves and mirrors", START, s -> Sfo.replicating(s, "PRIMARY"));
        sfo.await(secondary, secondary + " has every write", LIMIT, s -> Sfo.replicating(s, "SECONDARY"));
    }

    @AfterAll
    void end() {
        if (lab != null) {
            lab.close();
            assertThat(lab.folder()).doesNotExist();
        }
    }

    @Test
    void whatWasAcknowledgedIsReadAgainAfterAPowerCutAFailoverAndItsUndoOnTheSameDisks() throws Exception {
        NavigableMap<String, NavigableSet<String>> before = lab.dump("b");
        String identity = identity();
        try (Workload flushed = lab.iscsiClient(IQN, 1, true);
                Workload loose = lab.iscsiClient(IQN, 2, false)) {
            List<Workload> both = List.of(flushed, loose);
            for (Workload client : both) {
                client.start();
            }
            awaitMore(both, 100);
            lab.cutPower("a");
            sfo.must("b", "failover", Lab.GROUP, "--reason", "a lost its power");
            awaitMore(both, 50);
            assertThat(identity()).isEqualTo(identity);

            powerOn("a");
            awaitMirrors("b", "a");
            sfo.awaitDone("b", LIMIT, "undo", Lab.GROUP, "--dry-run");
            sfo.must("b", "undo", Lab.GROUP);
            awaitMore(both, 50);
            assertThat(identity()).isEqualTo(identity);
            awaitMirrors("a", "b");
            assertThat(lab.dump("b")).isEqualTo(before);
            for (Workload client : both) {
                client.stop();
                Workload.Verdict verdict = client.verify();
                assertThat(verdict.acknowledged()).isGreaterThanOrEqualTo(200);
                assertThat(verdict.lost()).as("of %d", verdict.acknowledged()).isEmpty();
            }
        }
        // a server that dies is missed, and started again
        exec.need(Call.within(LIMIT), lab.inside("a", List.of("pkill", "-9", "-x", "tgtd")), "");
        await().atMost(LIMIT).until(() -> identity().equals(identity));
    }

    private static void awaitMore(List<Workload> clients, int records) {
        for (Workload client : clients) {
            int then = client.log().count();
            await(records + " more records of a client; its last error: "
                            + client.log().lastError().orElse("none"))
                    .atMost(LIMIT)
                    .until(() -> client.log().count() >= then + records);
        }
    }

    /** By which initiators know the two disks: serial numbers and designators; what there is of them. */
    private String identity() throws Exception {
        StringBuilder said = new StringBuilder();
        for (String lun : List.of("1", "2")) {
            for (String page : List.of("128", "131")) {
                said.append(exec.run(
                                Call.within(Duration.ofSeconds(10)),
                                lab.atClient(List.of("iscsi-inq", "-e", "1", "-c", page, URL + lun)),
                                "")
                        .out());
            }
        }
        return said.toString();
    }
}
