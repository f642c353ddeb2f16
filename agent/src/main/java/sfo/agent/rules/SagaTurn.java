package sfo.agent.rules;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import sfo.agent.rules.SagaRules.Act;
import sfo.protocol.events.SagaEvent;

/** One decision of a saga in the making. */
final class SagaTurn {
    private final boolean mayOpen;
    private final Instant now;
    private final List<SagaEvent> events = new ArrayList<>();
    private final List<SagaAct> acts = new ArrayList<>();
    private SagaState state;
    private boolean moved;

    SagaTurn(SagaState state, boolean mayOpen, Instant now) {
        this.state = state;
        this.mayOpen = mayOpen;
        this.now = now;
    }

    /** With the events of this turn. */
    SagaState state() {
        return state;
    }

    Instant now() {
        return now;
    }

    /** @param event from its ordinal */
    void store(LongFunction<SagaEvent> event) {
        SagaEvent next = event.apply(state.ordinal() + 1);
        events.add(next);
        state = state.apply(next);
    }

    void act(SagaAct act) {
        acts.add(act);
    }

    void turnBack(String why) {
        store(n -> new SagaEvent.TurnedBack(n, why, now));
    }

    /** Stores every decision that follows from the state at once. */
    void advance() {
        boolean more = true;
        while (more) {
            more = false;
            for (Act act : SagaRules.next(state, mayOpen)) {
                int before = events.size();
                decide(act);
                more |= events.size() > before;
            }
        }
        moved |= !events.isEmpty();
    }

    private void decide(Act act) {
        if (act instanceof Act.Checkpoint) {
            act(new SagaAct.TakeCheckpoint());
        } else if (act instanceof Act.Do a) {
            store(n -> new SagaEvent.StepIntended(n, a.step().id(), state.before(a.step()), now));
            act(new SagaAct.Apply(a.step()));
        } else if (act instanceof Act.Fail a) {
            store(n -> new SagaEvent.StepFailed(n, a.step().id(), a.why(), 0, now));
        } else if (act instanceof Act.Undo a) {
            int failures = state.attempts().getOrDefault(a.step().id(), 0);
            store(n -> new SagaEvent.InverseIntended(n, a.step().id(), now));
            act(new SagaAct.Revert(a.step(), failures));
        } else if (act instanceof Act.TurnBack a) {
            turnBack(a.why());
        } else if (act instanceof Act.HandOver) {
            act(new SagaAct.TellReleased());
        } else if (act instanceof Act.End a) {
            store(n -> new SagaEvent.Ended(n, a.outcome(), a.openItems(), now));
            act(new SagaAct.TellEnded());
        }
    }

    SagaDecision end() {
        List<SagaAct> all = new ArrayList<>();
        if (moved) {
            all.add(new SagaAct.TellMoved());
        }
        all.addAll(acts);
        return new SagaDecision(List.copyOf(events), state, List.copyOf(all));
    }
}
