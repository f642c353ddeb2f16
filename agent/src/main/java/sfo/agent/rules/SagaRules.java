package sfo.agent.rules;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import sfo.agent.rules.SagaState.Mark;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Step;

/** What a saga does next. The same rules serve a first run, a restart, a rollback and an undo. */
public final class SagaRules {
    /** An inverse that failed this often is left to the operator. */
    public static final int MAX_ATTEMPTS = 3;

    private SagaRules() {}

    /** What follows next from a state alone. */
    sealed interface Act {
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
     * Decides.
     *
     * @param mayOpen whether a permit, if this saga needs one, is still valid
     * @param released whether another appliance is known to hold the group
     */
    public static SagaDecision on(SagaState state, SagaInput input, boolean mayOpen, boolean released, Instant now) {
        SagaTurn t = new SagaTurn(state, mayOpen, now);
        if (input instanceof SagaInput.Open in) {
            if (state.opened().isEmpty()) {
                t.store(n -> in.event());
                t.advance();
            }
        } else if (input instanceof SagaInput.JournalRead in) {
            journalRead(t, in);
        } else if (input instanceof SagaInput.CheckpointTaken in) {
            if (state.before().isEmpty() && state.opened().isPresent()) {
                t.store(n -> in.error().isEmpty()
                        ? new SagaEvent.Checkpointed(n, in.before(), now)
                        : new SagaEvent.TurnedBack(n, "checkpoint: " + in.error(), now));
                t.advance();
            }
        } else if (input instanceof SagaInput.Applied in) {
            if (state.marks().get(in.step()) == Mark.INTENDED) {
                t.store(n -> in.error().isEmpty()
                        ? new SagaEvent.StepDone(n, in.step(), in.millis(), now)
                        : new SagaEvent.StepFailed(n, in.step(), in.error(), in.millis(), now));
                t.advance();
            }
        } else if (input instanceof SagaInput.Reverted in) {
            if (state.marks().get(in.step()) == Mark.UNDOING) {
                int failures = state.attempts().getOrDefault(in.step(), 0) + 1;
                t.store(n -> in.error().isEmpty()
                        ? new SagaEvent.StepUndone(n, in.step(), in.millis(), now)
                        : new SagaEvent.InverseFailed(n, in.step(), in.error(), failures, now));
                t.advance();
            }
        } else if (input instanceof SagaInput.Checked in) {
            checked(t, in);
        } else if (input instanceof SagaInput.Undo in) {
            if (!state.back() && state.opened().isPresent()) {
                t.store(n -> new SagaEvent.UndoRequested(n, in.to(), in.user(), in.reason(), now));
                t.turnBack("undo");
            }
            t.advance();
        } else if (input instanceof SagaInput.Release in) {
            release(t, in.why());
        } else if (input instanceof SagaInput.StorePermit in) {
            SagaEvent.Permitted permit =
                    new SagaEvent.Permitted(state.ordinal() + 1, in.claim(), in.targets(), in.validMillis(), now);
            t.store(n -> permit);
            t.act(new SagaAct.TellPermitStored(permit));
        } else if (input instanceof SagaInput.HandedOver in) {
            if (state.handOver().isEmpty() && state.undo().isPresent()) {
                t.store(n -> new SagaEvent.HandOverEnded(n, in.opened(), in.why(), now));
                t.advance();
            }
        } else if (input instanceof SagaInput.AdjustPrepared in) {
            boolean serves = state.ended().isPresent() && !state.back() && !released;
            String error = serves ? in.error() : "it is no longer served here";
            if (error.isEmpty()) {
                t.store(n -> new SagaEvent.AdjustIntended(n, in.plan(), in.before(), now));
            }
            t.act(error.isEmpty() ? new SagaAct.Adjust() : new SagaAct.TellAdjusted(error));
        } else if (input instanceof SagaInput.AdjustOver in) {
            if (state.adjusting().isPresent()) {
                t.store(n -> new SagaEvent.AdjustEnded(n, in.error().isEmpty(), in.error(), now));
                t.act(new SagaAct.TellAdjusted(in.error()));
            }
        } else if (input instanceof SagaInput.Report) {
            report(t);
        }
        return t.end();
    }

    private static void report(SagaTurn t) {
        if (t.state().opened().isEmpty()) {
            t.act(new SagaAct.TellNeverOpened());
        } else if (t.state().ended().isPresent()) {
            t.act(new SagaAct.TellEnded());
        }
    }

    private static void release(SagaTurn t, String why) {
        SagaState state = t.state();
        if (state.adjusting().isPresent()) {
            return; // once that is over: its steps and the inverses would run into one another
        }
        if (state.opened().isEmpty() || (state.back() && state.ended().isPresent())) {
            report(t);
            return;
        }
        if (!state.back()) {
            t.turnBack(why);
        }
        t.advance();
    }

    private static void journalRead(SagaTurn t, SagaInput.JournalRead in) {
        SagaState state = t.state();
        if (in.again()) {
            // whoever waits for what the journal did not take waits no longer
            report(t);
            if (state.ended().isPresent() && state.adjusting().isEmpty()) {
                t.act(new SagaAct.TellAdjusted("the journal could not be written"));
            }
        }
        if (state.opened().isEmpty()) {
            return;
        }
        if (state.adjusting().isPresent()) {
            if (in.sameBoot()) {
                t.act(new SagaAct.AdjustBack("the agent was restarted"));
            } else {
                // the host forgot all of it; to make the former plan hold would be to serve without being confirmed
                t.store(n -> new SagaEvent.AdjustEnded(n, false, "this appliance booted again", t.now()));
            }
        }
        t.act(new SagaAct.TellMoved());
        if (state.ended().isPresent()) {
            return;
        }
        Instant begun = state.opened().orElseThrow().at();
        if (in.repaired().filter(begun::isBefore).isPresent()) {
            // what was done since may be missing, and with it what another appliance was promised: nobody guesses
            t.store(n -> new SagaEvent.Ended(n, Outcome.NEEDS_ATTENTION, notKnown(state), t.now()));
            t.act(new SagaAct.TellEnded());
            return;
        }
        if (state.back() || !in.sameBoot()) {
            state.marked(Mark.UNDOING).forEach(step -> t.act(new SagaAct.Revert(step, 0)));
            cutOff(t);
            if (!state.back()) {
                t.turnBack("this appliance booted again while it was under way");
            }
            t.advance();
        } else {
            // nothing goes forward before it is known that everything that was done still holds
            t.act(new SagaAct.Check(state.marked(Mark.DONE).stream()
                    .filter(step -> !step.resource().isProof())
                    .toList()));
        }
    }

    private static List<String> notKnown(SagaState state) {
        List<String> items = new ArrayList<>();
        items.add(
                "the journal was repaired and may lack what this operation did last: a boot of this appliance takes down"
                        + " whatever it left");
        for (Step step : state.plan().steps()) {
            if (!step.resource().isProof() && state.mark(step) != Mark.UNDONE) {
                items.add(step.resource().title() + ": " + state.mark(step).word() + ", as far as the journal tells");
            }
        }
        return List.copyOf(items);
    }

    private static void checked(SagaTurn t, SagaInput.Checked in) {
        SagaState state = t.state();
        if (state.ended().isPresent()) {
            return;
        }
        if (!in.missing().isEmpty() || state.back()) {
            cutOff(t);
            if (!state.back()) {
                t.turnBack(in.missing() + " no longer holds after a restart of the agent");
            }
        } else {
            // what was under way when the agent ended: the host tells
            state.marked(Mark.INTENDED).forEach(step -> t.act(new SagaAct.Settle(step)));
        }
        t.advance();
    }

    /** What an agent that is gone was doing: on the way back nobody waits for it, the inverse ends what is left of it. */
    private static void cutOff(SagaTurn t) {
        for (Step step : t.state().marked(Mark.INTENDED)) {
            t.store(n -> new SagaEvent.StepFailed(n, step.id(), "cut off as the agent was restarted", 0, t.now()));
        }
    }

    /**
     * What to begin now. Steps whose intent is stored are under way, and are not named again.
     *
     * @param mayOpen whether a permit, if this saga needs one, is still valid
     */
    static List<Act> next(SagaState state, boolean mayOpen) {
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
