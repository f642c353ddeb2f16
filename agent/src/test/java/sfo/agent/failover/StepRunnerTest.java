package sfo.agent.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.agent.failover.StepRunner.Outcome;
import sfo.protocol.plan.Facts;
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
            await().until(() -> host.changes().contains("apply one"));
            assertThat(apply(runner, "two").get(20, TimeUnit.SECONDS).ok()).isTrue();
            assertThat(host.changes()).containsOnlyOnce("apply one").contains("apply two");
            hangs.countDown();
            for (CompletableFuture<Outcome> each : waiting) {
                assertThat(each.get(20, TimeUnit.SECONDS).ok()).isTrue();
            }
        }
    }

    /** A command of a step that hangs, and acts later: a killed agent leaves it to the next. */
    @ParameterizedTest
    @ValueSource(strings = {"settle", "revert"})
    void whatOutlivedItsAgentIsEndedBeforeTheHostIsAskedOrTouched(String act, @TempDir Path folder) throws Exception {
        Path acted = folder.resolve("acted");
        ProcessBuilder command = new ProcessBuilder(
                "sh", "-c", "setsid sh -c 'sleep 600; : >\"$0\"' \"$0\" & sleep 600", acted.toString());
        Step step = step("one");
        command.environment().put("SFO_STEP", "web-" + act + "/" + step.id());
        Process orphan = command.start();
        FakeHost host = new FakeHost();
        host.endsOrphans = true;
        List<Boolean> alive = new CopyOnWriteArrayList<>();
        host.onLook = () -> alive.add(orphan.isAlive());
        host.onAct = () -> alive.add(orphan.isAlive());
        try (StepRunner runner = new StepRunner(host)) {
            Outcome outcome = (act.equals("settle")
                            ? runner.settle("web-" + act, step, () -> "")
                            : runner.revert("web-" + act, step, Facts.NOTHING))
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS);
            assertThat(outcome.error()).isEmpty();
        } finally {
            orphan.destroyForcibly();
        }
        assertThat(alive).isNotEmpty().containsOnly(false);
        assertThat(host.there.contains("one")).isEqualTo(act.equals("settle"));
        assertThat(acted).doesNotExist();
    }

    private static CompletableFuture<Outcome> apply(StepRunner runner, String group) {
        return runner.apply("saga", step(group)).toCompletableFuture();
    }

    private static Step step(String group) {
        return new Step(group, Phase.NETWORK, new Resource.GroupHost(group), List.of(), 5000, true);
    }
}
