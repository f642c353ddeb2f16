package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import sfo.agent.demo.Capture;
import sfo.agent.demo.Lab;
import sfo.agent.demo.Sfo;
import sfo.agent.demo.Workload;
import sfo.it.harness.Speakers;

/** An appliance of which everything hangs, and goes on after it was failed over. */
@Isolated("while it freezes an appliance, whoever looks at all mounts of this kernel waits")
class FrozenIT extends LabStories {
    @Test
    void oneThatHungLetsGoAndJoinsAgainWhenItGoesOn() throws Exception {
        Workload client = client("records");
        awaitMore(client, 50);
        String mac = failoverMac();
        lab.freeze("a");
        sfo.await("b", "b has lost its mirror", LIMIT, s -> !Sfo.replicating(s, "SECONDARY"));
        mustFailover("--override", "a hangs, its cables are pulled");
        awaitMore(client, 20);
        // a client without a time limit waits for good for what a's kernel took in the moment before a lets go
        assertNothingLost(client);

        try (Capture capture = lab.capture(Speakers.FILTER)) {
            Speakers speakers = new Speakers(capture, Lab.ADDRESS, mac);
            Instant thawed = Instant.now();
            lab.thaw("a");
            sfo.await(
                    "a",
                    "a stands by",
                    LIMIT,
                    s -> Sfo.group(s).path("state").asText().equals("STANDING_BY"));
            Instant standsBy = Instant.now();
            List<Instant> spoke = speakers.times("a");
            System.out.println("a stands by " + Duration.between(thawed, standsBy) + " after it was thawed; it spoke "
                    + spoke.size() + " times for the address, the last time after "
                    + spoke.stream().max(Instant::compareTo).map(last -> Duration.between(thawed, last)));
            Workload meanwhile = client("meanwhile");
            awaitMore(meanwhile, 50);
            assertThat(speakers.times("a")).allMatch(standsBy::isAfter);
            assertThat(speakers.times("b")).anyMatch(standsBy::isBefore);
            assertNothingLost(meanwhile);
        }
        until(
                "nothing of the group host is left on a",
                () -> inside("a", "ip", "netns", "list").isBlank());
        assertThat(inside("a", "ps", "-e", "-o", "comm=")).doesNotContain("ganesha", "smbd");
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "a is a member again", LIMIT, Sfo::allUp);
        }
        assertThat(serves("a")).isFalse();
        Workload after = client("after");
        awaitMore(after, 20);
        // it had no mirror for a while and may have served: its operator gives up what it alone may have
        sfo.awaitDone("b", LIMIT, "undo", Lab.GROUP, "--accept-loss");
        awaitMore(after, 20);
        awaitMirrors("a", "b");
        assertNothingLost(after);
    }
}
