package sfo.agent.rules;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Views;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Step;

/** How a saga is shown. */
public final class SagaViews {
    private SagaViews() {}

    public static Views.SagaView view(SagaState state) {
        SagaEvent.Opened opened = state.opened().orElseThrow();
        return new Views.SagaView(
                opened.saga(),
                opened.plan().group(),
                kind(state),
                opened.claim(),
                phase(state),
                opened.user(),
                opened.reason(),
                opened.at(),
                state.ended().map(SagaEvent.Ended::at),
                steps(state),
                opened.dossier(),
                state.ended().map(SagaEvent.Ended::openItems).orElse(List.of()));
    }

    private static String kind(SagaState state) {
        String kind = state.opened()
                .orElseThrow()
                .kind()
                .name()
                .toLowerCase(Locale.ROOT)
                .replace("_", "");
        return state.undo().isPresent() ? kind + ", undo" : kind;
    }

    private static String phase(SagaState state) {
        return state.ended()
                .map(e -> e.outcome().name())
                .orElseGet(() -> state.back() ? (state.undo().isPresent() ? "UNDOING" : "ROLLING_BACK") : "RUNNING");
    }

    public static List<Views.StepView> steps(SagaState state) {
        return state.plan().steps().stream()
                .map(step -> new Views.StepView(
                        step.id(),
                        step.phase(),
                        step.resource().title(),
                        state.mark(step).word(),
                        state.millis().getOrDefault(step.id(), 0L),
                        state.notes().getOrDefault(step.id(), "")))
                .toList();
    }

    /** What was true before a saga touched anything. */
    public static Answer checkpoint(SagaState state) {
        SagaEvent.Opened opened = state.opened().orElseThrow();
        Map<String, Map<String, String>> facts = new TreeMap<>();
        state.before().orElse(Map.of()).forEach((step, before) -> facts.put(step, before.values()));
        return Answer.done(
                "checkpoint of " + opened.saga(), new Views.CheckpointView(opened.saga(), opened.at(), facts));
    }

    /** What the operator is answered; {@code back}: it is the resume after an undo that did not come about. */
    public static Answer answer(SagaState state, boolean back, long millis) {
        SagaEvent.Opened opened = state.opened().orElseThrow();
        SagaEvent.Ended ended = state.ended().orElseThrow();
        String group = opened.plan().group();
        String self = opened.plan().appliance();
        Views.SagaView view = view(state);
        if (ended.outcome() == Outcome.NEEDS_ATTENTION) {
            return new Answer(
                    ExitCode.NEEDS_ATTENTION,
                    "group " + group + " needs attention: " + String.join("; ", ended.openItems())
                            + "; mend it, then: sfo resolve " + group,
                    List.of(),
                    Optional.of(view));
        } else if (ended.outcome() == Outcome.DONE) {
            return back
                    ? Answer.of(
                                    ExitCode.ROLLED_BACK,
                                    "the undo did not come about; " + self + " serves group " + group + " again")
                            .with(view)
                    : Answer.done(self + " serves group " + group + " after " + millis + " ms", view);
        } else if (state.undo().isPresent()) {
            return Answer.done(
                    state.undo().get().to() + " serves group " + group + " again after " + millis + " ms", view);
        }
        return Answer.of(ExitCode.ROLLED_BACK, "rolled back, the host is as before: " + state.why())
                .with(view);
    }

    /** Milliseconds that a plan takes, by its longest chain; a rough figure from runs on small machines. */
    public static long estimate(Plan plan) {
        return plan.steps().stream().mapToLong(s -> chain(plan, s)).max().orElse(0);
    }

    private static long chain(Plan plan, Step step) {
        long own = switch (step.phase()) {
            case STORAGE -> 100;
            case NETWORK -> 60;
            case SERVERS -> 400;
            case VERIFY -> 150;
            case OPEN -> 60;
            case SERVICES -> 50;
        };
        return own
                + step.after().stream()
                        .flatMap(id -> plan.step(id).stream())
                        .mapToLong(s -> chain(plan, s))
                        .max()
                        .orElse(0);
    }
}
