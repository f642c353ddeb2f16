package sfo.agent.failover;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import sfo.agent.failover.StepRunner.Outcome;
import sfo.agent.rules.Adjustment;
import sfo.agent.rules.SagaState;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Step;

/** Changes what is served, step by step, and back again if one fails. A stage's value is the error, or empty. */
final class Adjusting {
    private Adjusting() {}

    static CompletionStage<String> run(
            StepRunner runner, String saga, SagaState state, SagaEvent.AdjustIntended intent) {
        Map<String, Facts> before = before(state, intent);
        return change(runner, saga, state.plan(), intent.plan(), before)
                .thenCompose(error -> error.isEmpty()
                        ? CompletableFuture.completedFuture("")
                        : back(runner, saga, state, intent, error));
    }

    /** Makes the plan from before hold again; the value is {@code why}, and what went wrong with that. */
    static CompletionStage<String> back(
            StepRunner runner, String saga, SagaState state, SagaEvent.AdjustIntended intent, String why) {
        return change(runner, saga, intent.plan(), state.plan(), before(state, intent))
                .thenApply(error -> error.isEmpty() ? why : why + "; and undoing that: " + error);
    }

    private static Map<String, Facts> before(SagaState state, SagaEvent.AdjustIntended intent) {
        Map<String, Facts> before = new HashMap<>(intent.before());
        before.putAll(state.before().orElse(Map.of()));
        return before;
    }

    private static CompletionStage<String> change(
            StepRunner runner, String saga, Plan from, Plan to, Map<String, Facts> before) {
        Adjustment adjustment = Adjustment.between(from, to);
        CompletionStage<String> sofar = CompletableFuture.completedFuture("");
        for (Step step : adjustment.apply()) {
            sofar = then(sofar, step, () -> runner.apply(saga, step));
        }
        for (Step step : adjustment.revert()) {
            Facts facts = before.getOrDefault(step.id(), Facts.NOTHING);
            sofar = then(sofar, step, () -> runner.revert(saga, step, facts));
        }
        return sofar;
    }

    private static CompletionStage<String> then(
            CompletionStage<String> sofar, Step step, Supplier<CompletionStage<Outcome>> act) {
        return sofar.thenCompose(error -> error.isEmpty()
                ? act.get()
                        .thenApply(
                                outcome -> outcome.ok() ? "" : step.resource().title() + ": " + outcome.error())
                : CompletableFuture.completedFuture(error));
    }
}
