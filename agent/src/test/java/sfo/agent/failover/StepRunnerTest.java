package sfo.agent.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import sfo.agent.failover.StepRunner.Outcome;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

class StepRunnerTest {
    @Test
    void whoWaitsForAResourceKeepsNobodyElseWaiting() throws Exception {
        FakeHost host = new FakeHost();
        CountDownLatch hangs = new CountDownLatch(1);
        host.held.put("apply one", hangs);
        try (StepRunner runner = new StepRunner(host)) {
            List<CompletableFuture<Outcome>> waiting = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                waiting.add(apply(runner, "one"));
            }
            assertThat(apply(runner, "two").get(20, TimeUnit.SECONDS).ok()).isTrue();
            assertThat(host.changes()).containsOnlyOnce("apply one").contains("apply two");
            hangs.countDown();
            for (CompletableFuture<Outcome> each : waiting) {
                assertThat(each.get(20, TimeUnit.SECONDS).ok()).isTrue();
            }
        }
    }

    private static CompletableFuture<Outcome> apply(StepRunner runner, String group) {
        Step step = new Step(group, Phase.NETWORK, new Resource.GroupHost(group), List.of(), 5000, true);
        return runner.apply("saga", step).toCompletableFuture();
    }
}
