package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.agent.demo.Capture;
import sfo.agent.demo.Lab;
import sfo.agent.demo.NamespaceLab;
import sfo.agent.demo.Sfo;
import sfo.it.harness.Labs;
import sfo.it.harness.Speakers;
import sfo.ops.api.Call;
import sfo.ops.exec.Exec;

/**
 * I1 for members that are cut apart on every channel, with a lease: the holder lives on behind its cables, its group host
 * goes on talking, and once the survivor has opened no frame of it is on the wire.
 */
@Timeout(300)
class IsolationLeaseIT {
    private static final Duration START = Duration.ofMinutes(2);
    private static final Exec EXEC = new Exec();
    private static NamespaceLab lab;
    private static Sfo sfo;

    private boolean isolated;

    @BeforeAll
    static void aServes() throws Exception {
        Labs.assumePossible("nft", "tcpdump", "ping");
        lab = NamespaceLab.make(false);
        sfo = new Sfo(lab);
        for (String appliance : Lab.APPLIANCES) {
            lab.powerOn(appliance);
        }
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "both agents are up", START, Sfo::allUp);
        }
        sfo.must(
                "a",
                ("group create demo --member a --member b --home a --nic a=eth0 --nic b=eth0 --lease 5 --address "
                                + Lab.ADDRESS + "/24 --gateway 10.77.0.254 -y")
                        .split(" "));
    }

    @AfterAll
    static void end() {
        if (lab != null) {
            lab.close();
        }
    }

    @BeforeEach
    void allIsWell() throws Exception {
        sfo.await(
                "a", "a serves", START, s -> Sfo.group(s).path("state").asText().equals("NORMAL"));
    }

    @AfterEach
    void aIsHome() throws Exception {
        if (isolated) {
            lab.join();
            // it was taken out of the cluster, and joins again first
            sfo.await("b", "a is back", START, Sfo::allUp);
            sfo.await("a", "b is back", START, Sfo::allUp);
            sfo.awaitDone("b", START, "undo", Lab.GROUP, "--dry-run");
            sfo.must("b", "undo", Lab.GROUP);
        }
    }

    private static String inside(String appliance, String... argv) throws Exception {
        return EXEC.need(Call.within(Duration.ofSeconds(20)), lab.inside(appliance, List.of(argv)), "");
    }

    private interface Befalls {
        void agentOfA() throws Exception;
    }

    /** @param befalls what befalls the agent of a in the moment in which its appliance is cut apart from all */
    private void isolated(Befalls befalls) throws Exception {
        inside("b", "ping", "-c1", "-W5", Lab.ADDRESS);
        String mac = inside("b", "ip", "neigh", "show", Lab.ADDRESS)
                .split("lladdr ")[1]
                .split(" ")[0];
        try (Capture capture = lab.capture(Speakers.FILTER)) {
            Speakers speakers = new Speakers(capture, Lab.ADDRESS, mac);
            // the group host of a never falls silent by itself
            inside("a", "sh", "-c", "ip netns exec sfo-demo ping -b -i 0.2 10.77.0.255 >/dev/null 2>&1 </dev/null &");
            await("a speaks for the address")
                    .atMost(START)
                    .until(() -> speakers.times("a").size() > 10);
            lab.isolate("a");
            isolated = true;
            Instant cut = Instant.now();
            befalls.agentOfA();
            sfo.must("b", "failover", Lab.GROUP, "--reason", "a is silent");
            Instant open = Speakers.intended(lab.folder(), "b", "open.");
            await("b speaks for the address")
                    .atMost(START)
                    .until(() -> !speakers.times("b").isEmpty());
            inside("b", "ping", "-c5", "-i0.2", "-W5", "10.77.0.254");
            assertThat(inside("a", "ip", "-n", "sfo-demo", "-br", "link", "show", "fo0"))
                    .as("a lives on")
                    .contains("LOWER_UP");
            assertThat(speakers.times("a"))
                    .as("its lease ran on, and ended")
                    .anyMatch(cut::isBefore)
                    .allMatch(open::isAfter);
        }
    }

    @Test
    void anAgentThatLivesOnBehindCutCables() throws Exception {
        isolated(() -> {});
    }

    @Test
    void anAgentThatWasKilled() throws Exception {
        isolated(() -> lab.killAgent("a"));
        lab.startAgent("a");
    }

    @Test
    void anAgentThatIsFrozen() throws Exception {
        isolated(() -> {
            for (String line :
                    inside("a", "ps", "-e", "-o", "pid=,comm=").lines().toList()) {
                String[] process = line.strip().split(" +", 2);
                if (process[1].equals("java")) {
                    inside("a", "kill", "-STOP", process[0]);
                }
            }
        });
        lab.thaw("a");
    }
}
