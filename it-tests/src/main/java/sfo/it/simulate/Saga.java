package sfo.it.simulate;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import sfo.agent.rules.Adjustment;
import sfo.agent.rules.SagaAct;
import sfo.agent.rules.SagaDecision;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.member.Input;
import sfo.agent.rules.member.SagaOrder;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Step;

/** A saga as its actor carries it out: stored first, then done; it dies with its agent and is read again. */
final class Saga {
    private final Node node;
    private final String id;
    private final List<SagaEvent> log;
    private final Deque<SagaInput> inbox = new ArrayDeque<>();
    private SagaState state = SagaState.EMPTY;
    private OptionalLong openUntil = OptionalLong.of(Long.MIN_VALUE / 2);
    private boolean released;
    private boolean storing;
    private final List<SagaInput> afterAdjusting = new ArrayList<>();
    private Optional<String> asked = Optional.empty();

    private List<SagaEvent> unstored = List.of();

    Saga(Node node, String id, List<SagaEvent> log) {
        this.node = node;
        this.id = id;
        this.log = log;
        for (SagaEvent event : log) {
            state = state.apply(event);
        }
        boolean sameBoot =
                state.opened().filter(o -> o.boot().equals(node.boot())).isPresent();
        inbox.add(new SagaInput.JournalRead(false, sameBoot, Optional.empty()));
        node.later(1 + node.world.dice(20), this::pump);
    }

    SagaState state() {
        return state;
    }

    void killed() {
        if (storing && node.world.chance(0.5)) {
            log.addAll(unstored);
        }
    }

    void open(SagaOrder.Open o, String boot, Instant at) {
        if (state.opened().isEmpty()) {
            openUntil = o.openUntil();
        }
        take(new SagaInput.Open(new SagaEvent.Opened(
                1, id, o.kind(), o.plan(), o.claim(), boot, o.by().user(), o.by().reason(), o.dossier(), at)));
    }

    void take(SagaInput input) {
        inbox.add(input);
        if (!(inbox.peekFirst() instanceof SagaInput.JournalRead)) {
            pump();
        }
    }

    void adjust(SagaOrder.Adjust order) {
        if (asked.isPresent() || state.adjusting().isPresent()) {
            node.later(20, () -> adjust(order));
            return;
        }
        asked = Optional.of(order.id());
        Plan plan = order.plan();
        node.later(5 + node.world.dice(40), () -> {
            Map<String, Facts> before = new HashMap<>();
            for (Step step : plan.steps()) {
                if (state.plan().step(step.id()).isEmpty()) {
                    before.put(step.id(), node.hands.inspect(step));
                }
            }
            take(new SagaInput.AdjustPrepared(plan, Map.copyOf(before), ""));
        });
    }

    /** Step by step, the new ones first; {@code then} is told the first error, or nothing. */
    private void change(Plan from, Plan to, Hands.Done then) {
        Adjustment adjustment = Adjustment.between(from, to);
        Deque<Step> apply = new ArrayDeque<>(adjustment.apply());
        Deque<Step> revert = new ArrayDeque<>(adjustment.revert());
        changeNext(apply, revert, then);
    }

    private void changeNext(Deque<Step> apply, Deque<Step> revert, Hands.Done then) {
        boolean away = apply.isEmpty();
        Step next = away ? revert.poll() : apply.poll();
        if (next == null) {
            node.later(1, () -> then.error(""));
            return;
        }
        node.hands.adjust(id, next, away, error -> {
            if (error.isEmpty()) {
                changeNext(apply, revert, then);
            } else {
                then.error(error);
            }
        });
    }

    private void adjusted(Plan from, Plan to) {
        change(from, to, error -> {
            if (error.isEmpty()) {
                take(new SagaInput.AdjustOver(""));
            } else {
                change(to, from, again -> take(new SagaInput.AdjustOver(error + again)));
            }
        });
    }

    void pump() {
        while (node.answers() && !storing && !inbox.isEmpty()) {
            SagaInput input = inbox.poll();
            boolean changing = state.adjusting().isPresent();
            if (changing && (input instanceof SagaInput.Release || input instanceof SagaInput.Undo)) {
                afterAdjusting.add(input);
            }
            if (changing && input instanceof SagaInput.Undo) {
                continue;
            }
            if (input instanceof SagaInput.AdjustOver) {
                inbox.addAll(afterAdjusting);
                afterAdjusting.clear();
            }
            released |= input instanceof SagaInput.Release;
            SagaDecision decision = node.world.core.saga(state, input, mayOpen(), released, node.wall());
            if (decision.events().isEmpty()) {
                decision.acts().forEach(this::carryOut);
            } else {
                store(decision);
            }
        }
    }

    private boolean mayOpen() {
        return node.world.core.mayOpen(openUntil, node.nanos());
    }

    private void store(SagaDecision decision) {
        storing = true;
        unstored = decision.events();
        boolean first = node.world.core.storesFirst();
        if (!first) {
            state = decision.state();
            decision.acts().forEach(this::carryOut);
        }
        node.later(1 + node.world.dice(node.world.chance(0.02) ? 500 : 6), () -> {
            storing = false;
            log.addAll(decision.events());
            state = decision.state();
            for (SagaEvent event : decision.events()) {
                if (event instanceof SagaEvent.Opened
                        || event instanceof SagaEvent.TurnedBack
                        || event instanceof SagaEvent.StepFailed
                        || event instanceof SagaEvent.InverseFailed
                        || event instanceof SagaEvent.Permitted
                        || event instanceof SagaEvent.HandOverEnded
                        || event instanceof SagaEvent.Ended) {
                    node.world.tell(node.name + " " + id + ": " + brief(event));
                }
            }
            if (first) {
                decision.acts().forEach(this::carryOut);
            }
            pump();
        });
    }

    private static String brief(SagaEvent event) {
        return event instanceof SagaEvent.Opened o
                ? o.kind() + " under " + o.claim().tag()
                : event.getClass().getSimpleName()
                        + (event instanceof SagaEvent.TurnedBack b ? ": " + b.why() : "")
                        + (event instanceof SagaEvent.StepFailed f ? " " + f.step() + ": " + f.why() : "")
                        + (event instanceof SagaEvent.InverseFailed f ? " " + f.step() + ": " + f.why() : "")
                        + (event instanceof SagaEvent.Ended e ? " " + e.outcome() : "")
                        + (event instanceof SagaEvent.HandOverEnded h ? " opened=" + h.opened() : "");
    }

    private void carryOut(SagaAct act) {
        if (act instanceof SagaAct.TakeCheckpoint) {
            node.later(5 + node.world.dice(40), () -> {
                Map<String, Facts> before = new HashMap<>();
                for (Step step : state.plan().steps()) {
                    if (!step.resource().isProof()) {
                        before.put(step.id(), node.hands.inspect(step));
                    }
                }
                take(new SagaInput.CheckpointTaken(Map.copyOf(before), ""));
            });
        } else if (act instanceof SagaAct.Apply a) {
            node.hands.apply(this, id, a.step(), false);
        } else if (act instanceof SagaAct.Settle a) {
            node.hands.apply(this, id, a.step(), true);
        } else if (act instanceof SagaAct.Revert a) {
            node.later(300L * a.failures(), () -> node.hands.revert(this, id, a.step(), state.before(a.step())));
        } else if (act instanceof SagaAct.Check a) {
            node.later(
                    5 + node.world.dice(60),
                    () -> take(new SagaInput.Checked(a.done().stream()
                            .filter(step -> !node.hands.holds(step))
                            .map(step -> step.resource().title())
                            .findFirst()
                            .orElse(""))));
        } else if (act instanceof SagaAct.Adjust) {
            adjusted(state.plan(), state.adjusting().orElseThrow().plan());
        } else if (act instanceof SagaAct.AdjustBack a) {
            change(
                    state.adjusting().orElseThrow().plan(),
                    state.plan(),
                    error -> take(new SagaInput.AdjustOver(a.why() + error)));
        } else if (act instanceof SagaAct.TellAdjusted a) {
            asked.ifPresent(order -> node.take(new Input.SagaAdjusted(id, order, a.error())));
            asked = Optional.empty();
        } else if (act instanceof SagaAct.TellReleased) {
            node.take(new Input.SagaWantsHandOver(id, state));
        } else if (act instanceof SagaAct.TellPermitStored a) {
            node.take(new Input.PermitStored(a.permit()));
        } else if (act instanceof SagaAct.TellEnded) {
            node.hands.ended(id, state);
            node.take(new Input.SagaEnded(id, state));
        } else if (act instanceof SagaAct.TellNeverOpened) {
            node.take(new Input.SagaNeverOpened(id));
        }
    }

    /** I1: whatever the rules said, the clock says that it may not open any more. */
    void checkPermit(Step step) {
        boolean ranOut = openUntil.isPresent() && node.nanos() - openUntil.getAsLong() >= 0;
        if (step.phase() == sfo.protocol.plan.Phase.OPEN
                && ranOut
                && state.opened().orElseThrow().kind() == SagaEvent.Kind.HAND_OVER) {
            throw new World.Violation("I1", node.name + " opens under a permit that has run out");
        }
    }

    /** Why the interface must not open now; asked right before it does. */
    String unless(Step step) {
        if (step.phase() != sfo.protocol.plan.Phase.OPEN) {
            return "";
        }
        boolean permitted = state.opened().orElseThrow().kind() == SagaEvent.Kind.HAND_OVER;
        return released ? "another appliance holds the group" : permitted && !mayOpen() ? "the permit ran out" : "";
    }
}
