package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
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
import sfo.it.harness.WhenAskedFor;
import sfo.ops.api.Call;
import sfo.ops.exec.Exec;

/**
 * I1 for a pair with a witness and a lease: the holder serves on while one of the others is away, its kernel stops it when
 * it is cut off from both, and the survivor takes over with the witness's vote, and not without.
 */
@Timeout(400)
@WhenAskedFor
class WitnessIT {
    private static final Duration START = Duration.ofMinutes(2);
    private static final List<String> ALL = List.of("a", "b", NamespaceLab.WITNESS);
    /** As long as the lease; and this many pings of a client, one a second, are longer. */
    private static final String LEASE = "5";

    private static final String LONGER = "9";
    private static final Exec EXEC = new Exec();
    private static NamespaceLab lab;
    private static Sfo sfo;

    @BeforeAll
    static void aServes() throws Exception {
        Labs.assumePossible("nft", "tcpdump", "ping");
        lab = NamespaceLab.withWitness();
        sfo = new Sfo(lab);
        for (String appliance : ALL) {
            lab.powerOn(appliance);
        }
        for (String appliance : ALL) {
            sfo.await(appliance, "all agents are up", START, WitnessIT::allUp);
        }
        sfo.must(
                "a",
                ("group create demo --member a --member b --witness w --home a --nic a=eth0 --nic b=eth0 --lease "
                                + LEASE + " --address " + Lab.ADDRESS + "/24 --gateway 10.77.0.254 -y")
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
        sfo.await("a", "all are up", START, WitnessIT::allUp);
        sfo.await("a", "a serves", START, status -> state(status).equals("NORMAL"));
        sfo.await("w", "w knows", START, status -> state(status).equals("WITNESS"));
    }

    private static boolean allUp(JsonNode status) {
        List<String> states = status.path("members").findValuesAsText("state");
        return states.size() == ALL.size() && states.stream().allMatch("up"::equals);
    }

    private static String state(JsonNode status) {
        return Sfo.group(status).path("state").asText();
    }

    private static List<String> wrong(JsonNode status) {
        return Sfo.group(status).path("reasons").findValuesAsText("code");
    }

    /** Its lease runs: one that ran out while too few were heard does so again a moment after they are. */
    private static boolean passes(JsonNode status) {
        return Sfo.group(status).path("waiting").asText().isEmpty();
    }

    private static String inside(String appliance, String... argv) throws Exception {
        return EXEC.need(Call.within(Duration.ofSeconds(30)), lab.inside(appliance, List.of(argv)), "");
    }

    /** For longer than its lease a answers each ping: it is confirmed all the time. */
    private static void servesOn(String as) throws Exception {
        assertThat(inside("w", "ping", "-c", LONGER, "-i", "1", "-W", "5", Lab.ADDRESS))
                .as(as)
                .contains(LONGER + " received");
    }

    @Test
    void oneOfTheOthersIsAway() throws Exception {
        lab.killAgent("w");
        sfo.await("a", "w is silent", START, s -> wrong(s).contains("WITNESS-SILENT"));
        servesOn("without its witness");
        lab.startAgent("w");
        sfo.await("a", "w is heard", START, s -> !wrong(s).contains("WITNESS-SILENT"));

        lab.cutPower("b");
        sfo.await("a", "b is silent", START, s -> wrong(s).contains("MEMBER-SILENT"));
        servesOn("without its peer");

        // started again, it is outside of a cluster in which one is unreachable, and votes
        lab.killAgent("w");
        sfo.await("a", "w is silent again", START, s -> wrong(s).contains("WITNESS-SILENT"));
        lab.startAgent("w");
        sfo.await("a", "w is heard", START, s -> wrong(s).equals(List.of("MEMBER-SILENT")) && passes(s));
        servesOn("with a witness that started again");
        Exec.Output typed = lab.sfo("w", START, List.of("failover", Lab.GROUP));
        assertThat(typed.exit()).isEqualTo(3);
        assertThat(typed.err()).contains("w only votes");
        lab.powerOn("b");
    }

    @Test
    void theHolderIsCutOffFromBoth() throws Exception {
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
            lab.killAgent("w");
            lab.isolate("a");
            Instant cut = Instant.now();
            Exec.Output alone = lab.sfo("b", START, List.of("failover", Lab.GROUP));
            assertThat(alone.exit()).as(alone.err()).isEqualTo(3);
            assertThat(alone.err()).contains("1 of 3 who vote");
            lab.startAgent("w");
            sfo.awaitDone("b", START, "failover", Lab.GROUP, "--reason", "a is silent");
            Instant open = Speakers.intended(lab.folder(), "b", "open.");
            await("b speaks for the address")
                    .atMost(START)
                    .until(() -> !speakers.times("b").isEmpty());
            assertThat(inside("a", "ip", "-n", "sfo-demo", "-br", "link", "show", "fo0"))
                    .as("a lives on")
                    .contains("LOWER_UP");
            assertThat(speakers.times("a"))
                    .as("its lease ran on, and ended")
                    .anyMatch(cut::isBefore)
                    .allMatch(open::isAfter);
        }
        lab.join();
        sfo.await("b", "a is back", START, WitnessIT::allUp);
        sfo.awaitDone("b", START, "undo", Lab.GROUP, "--dry-run");
        sfo.must("b", "undo", Lab.GROUP);
    }

    @Test
    void itsTermsChangeWhileItIsServed() throws Exception {
        List<String> lines = new ArrayList<>();
        for (String change : List.of("--no-witness w", "--lease off", "--lease 5", "--witness w")) {
            sfo.must("a", ("group set demo " + change + " -y").split(" "));
            lines.add(change + ": " + gates());
            // every interface answers under the terms that it has now
            inside("b", "ping", "-c1", "-W5", Lab.ADDRESS);
        }
        assertThat(lines)
                .containsExactly("--no-witness w: true", "--lease off: false", "--lease 5: true", "--witness w: true");
        sfo.await("w", "w knows", START, status -> state(status).equals("WITNESS"));
        servesOn("after all of that");
    }

    private static boolean gates() throws Exception {
        return inside("a", "ip", "netns", "exec", "sfo-demo", "nft", "list", "tables")
                .contains("lease_fo0");
    }
}
