package sfo.agent.rules;

import java.util.ArrayList;
import java.util.List;
import sfo.agent.rules.SagaState.Mark;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Step;

/** What a saga does next. The same rules serve a first run, a restart, a rollback and an undo. */
public final class SagaRules {
    /** An inverse that failed this often is left to the operator. */
    public static final int MAX_ATTEMPTS = 3;

    private SagaRules() {}

    public sealed interface Act {
        /** Inspect every step's resource, then store the checkpoint. */
        record Checkpoint() implements Act {}

        /** Store the intent, then apply. */
        record Do(Step step) implements Act {}

        /** Store that it failed without acting. */
        record Fail(Step step, String why) implements Act {}

        /** Store the intent of the inverse, then revert. */
        record Undo(Step step) implements Act {}

        record TurnBack(String why) implements Act {}

        /** Everything is released: offer the group to the appliance that it goes back to. */
        record HandOver() implements Act {}

        record End(Outcome outcome, List<String> openItems) implements Act {}
    }

    /**
     * What to begin now. Steps whose intent is stored are under way, and are not named again.
     *
     * @param mayOpen whether a permit, if this saga needs one, is still valid
     */
    public static List<Act> next(SagaState state, boolean mayOpen) {
        if (state.opened().isEmpty() || state.ended().isPresent()) {
            return List.of();
        }
        if (state.before().isEmpty()) {
            return state.back() ? List.of(new Act.End(Outcome.UNDONE, List.of())) : List.of(new Act.Checkpoint());
        }
        return state.back() ? back(state) : forward(state, mayOpen);
    }

    private static List<Act> forward(SagaState state, boolean mayOpen) {
        List<Step> broken =
                state.marked(Mark.FAILED).stream().filter(Step::essential).toList();
        boolean underWay = !state.marked(Mark.INTENDED).isEmpty();
        if (!broken.isEmpty()) {
            Step first = broken.get(0);
            String why = first.resource().title() + ": " + state.notes().getOrDefault(first.id(), "");
            return underWay ? List.of() : List.of(new Act.TurnBack(why));
        }
        List<Act> acts = new ArrayList<>();
        for (Step step : state.marked(Mark.WAITING)) {
            if (step.after().stream().allMatch(id -> isOver(state, id))) {
                boolean late = step.phase() == Phase.OPEN
                        && state.opened().orElseThrow().kind() == Kind.HAND_OVER
                        && !mayOpen;
                acts.add(late ? new Act.Fail(step, "the permit ran out before it could open") : new Act.Do(step));
            }
        }
        if (acts.isEmpty() && !underWay) {
            List<Step> never = state.marked(Mark.WAITING);
            acts.add(
                    never.isEmpty()
                            ? new Act.End(Outcome.DONE, List.of())
                            : new Act.TurnBack(never.get(0).resource().title() + ": waits for a step that never ends"));
        }
        return acts;
    }

    /** Done, or failed without being essential. */
    private static boolean isOver(SagaState state, String id) {
        return state.plan()
                .step(id)
                .map(s -> state.mark(s) == Mark.DONE || (state.mark(s) == Mark.FAILED && !s.essential()))
                .orElse(false);
    }

    private static List<Act> back(SagaState state) {
        List<Act> acts = new ArrayList<>();
        List<String> stuck = new ArrayList<>();
        List<String> kept = new ArrayList<>();
        // what still acts is undone once it is over: its act must not come after its inverse
        boolean underWay = !state.marked(Mark.UNDOING).isEmpty()
                || !state.marked(Mark.INTENDED).isEmpty();
        for (Step step : state.plan().steps()) {
            if (!touched(state, step) || state.mark(step) == Mark.UNDOING || state.mark(step) == Mark.INTENDED) {
                continue;
            }
            if (state.attempts().getOrDefault(step.id(), 0) >= MAX_ATTEMPTS) {
                stuck.add(step.resource().title() + ": " + state.notes().getOrDefault(step.id(), ""));
            } else if (state.plan().steps().stream()
                    .noneMatch(later -> later.after().contains(step.id()) && touched(state, later))) {
                acts.add(new Act.Undo(step));
            } else {
                kept.add(step.resource().title() + ": kept, because of what needs it");
            }
        }
        if (!acts.isEmpty() || underWay) {
            return acts;
        }
        if (!stuck.isEmpty()) {
            stuck.addAll(kept);
            return List.of(new Act.End(Outcome.NEEDS_ATTENTION, stuck));
        }
        boolean handsOver = state.undo().isPresent() && state.handOver().isEmpty();
        return List.of(handsOver ? new Act.HandOver() : new Act.End(Outcome.UNDONE, List.of()));
    }

    /** Whether something of the step may be on the host. */
    private static boolean touched(SagaState state, Step step) {
        Mark mark = state.mark(step);
        return mark != Mark.WAITING && mark != Mark.UNDONE;
    }
}
