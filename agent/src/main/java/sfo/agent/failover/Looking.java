package sfo.agent.failover;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import sfo.protocol.plan.Step;

/** Looks whether what was done still holds, and makes some of it hold again. */
final class Looking {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private Looking() {}

    /**
     * What was found.
     *
     * @param missing steps that do not hold
     * @param broken what is wrong, for people
     */
    record Seen(List<Step> missing, List<String> broken) {}

    static CompletionStage<Seen> at(StepRunner runner, String saga, List<Step> steps) {
        List<CompletableFuture<String>> all = steps.stream()
                .map(step -> runner.stillHolds(saga, step)
                        .toCompletableFuture()
                        .orTimeout(LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                        .handle((holds, e) -> e != null
                                ? "can't be looked at: " + FailoverSaga.cause(e)
                                : holds ? "" : "is no longer as it was served"))
                .toList();
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).thenApply(done -> {
            List<Step> missing = new ArrayList<>();
            List<String> broken = new ArrayList<>();
            for (int i = 0; i < steps.size(); i++) {
                String wrong = all.get(i).join();
                if (!wrong.isEmpty()) {
                    missing.add(steps.get(i));
                    broken.add(steps.get(i).resource().title() + ": " + wrong);
                }
            }
            return new Seen(List.copyOf(missing), List.copyOf(broken));
        });
    }

    /** The value is what is wrong still; {@code unless} as in {@link StepRunner#apply}. */
    static CompletionStage<List<String>> mend(
            StepRunner runner, String saga, List<Step> steps, Supplier<String> unless) {
        CompletionStage<List<String>> sofar = CompletableFuture.completedFuture(List.of());
        for (Step step : steps) {
            sofar = sofar.thenCompose(wrong -> runner.settle(saga, step, unless).thenApply(outcome -> {
                List<String> more = new ArrayList<>(wrong);
                if (!outcome.ok()) {
                    more.add(step.resource().title() + ": " + outcome.error());
                }
                return List.copyOf(more);
            }));
        }
        return sofar;
    }
}
