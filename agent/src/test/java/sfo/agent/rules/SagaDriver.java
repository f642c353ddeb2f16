package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.NOON;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import sfo.agent.rules.SagaRules.Act;
import sfo.agent.rules.SagaState.Mark;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/**
 * Runs a random plan on a model of a host, with a journal, random failures, crashes, undos and releases, and checks at
 * every act and at the end what has to be true. The model of a host is the set of steps of which something is there.
 */
final class SagaDriver {
    private static final int TURNS = 3000;

    private final long seed;
    private final Random random;
    private final Kind kind;
    private final Plan plan;
    private final double failing;
    private final double failingInverses;
    private final List<SagaEvent> journal = new ArrayList<>();
    private final Set<String> onHost = new TreeSet<>();
    /** What acts now, by step; true for an inverse. */
    private final Map<String, Boolean> acting = new TreeMap<>();

    private final Set<String> troubles = new TreeSet<>();
    private SagaState state = SagaState.EMPTY;
    private boolean permit = true;
    private boolean checkpointing;
    private boolean handingOver;

    SagaDriver(long seed) {
        this.seed = seed;
        this.random = new Random(seed);
        this.kind = List.of(Kind.values()).get(random.nextInt(Kind.values().length));
        this.failing = random.nextBoolean() ? 0 : 0.15;
        this.failingInverses = random.nextBoolean() ? 0 : random.nextDouble() * 0.7;
        List<Step> steps = new ArrayList<>();
        int count = 1 + random.nextInt(8);
        for (int i = 0; i < count; i++) {
            Set<String> after = new TreeSet<>();
            for (int k = 0; k < i; k++) {
                if (random.nextInt(3) == 0) {
                    after.add("s" + k);
                }
            }
            Phase phase = i == count - 1 ? Phase.OPEN : Phase.STORAGE;
            steps.add(new Step(
                    "s" + i, phase, new Resource.GroupHost("s" + i), List.copyOf(after), 1000, random.nextInt(6) != 0));
        }
        this.plan = new Plan("files", "b", "a", steps);
    }

    SagaState state() {
        return state;
    }

    Set<String> troubles() {
        return troubles;
    }

    void run() {
        store(new SagaEvent.Opened(
                1, "files-2", kind, plan, Sample.claim(2, "b"), "boot", "root", "", Optional.empty(), NOON));
        decide();
        for (int turn = 0; turn < TURNS && !isOver(); turn++) {
            oneThingHappens();
        }
        assertThat(state.ended()).as("seed %d: it ends", seed).isPresent();
        checkEnd();
        assertThat(replayed()).as("seed %d: a replay gives the same", seed).isEqualTo(state);
    }

    /** A saga that is done may be undone some time later; here now and then at once. */
    private boolean isOver() {
        if (state.ended().isEmpty()) {
            return false;
        }
        checkEnd();
        boolean done = state.ended().get().outcome() == Outcome.DONE;
        if (done && random.nextInt(2) == 0) {
            turnBack(random.nextBoolean());
            return false;
        }
        return true;
    }

    private void oneThingHappens() {
        int dice = random.nextInt(20);
        if (dice == 0) {
            crash();
        } else if (dice == 1 && !state.back() && random.nextInt(4) == 0) {
            turnBack(random.nextBoolean());
        } else if (dice == 2 && kind == Kind.HAND_OVER && permit) {
            permit = false;
        } else if (checkpointing) {
            checkpointing = false;
            store(new SagaEvent.Checkpointed(next(), Map.of(), NOON));
            decide();
        } else if (handingOver) {
            handingOver = false;
            handOver();
        } else if (!acting.isEmpty()) {
            List<String> all = List.copyOf(acting.keySet());
            ends(all.get(random.nextInt(all.size())));
        }
    }

    private void handOver() {
        if (state.permitted().isEmpty()) {
            store(new SagaEvent.Permitted(next(), Sample.claim(3, "a"), List.of(), 15_000, NOON));
        }
        boolean opened = random.nextBoolean();
        troubles.add(opened ? "handed over" : "not handed over");
        store(new SagaEvent.HandOverEnded(next(), opened, "", NOON));
        decide();
    }

    private void turnBack(boolean undo) {
        if (undo) {
            troubles.add("undo");
            store(new SagaEvent.UndoRequested(next(), "a", "root", "", NOON));
        } else {
            troubles.add("release");
        }
        store(new SagaEvent.TurnedBack(next(), "told to", NOON));
        decide();
    }

    /** The agent dies: acts end half done, or are all done although nobody heard of it. */
    private void crash() {
        troubles.add("crash");
        acting.forEach((step, inverse) -> {
            if (random.nextBoolean()) {
                onHost.add(step);
            } else if (inverse) {
                onHost.remove(step);
            }
        });
        acting.clear();
        checkpointing = false;
        handingOver = false;
        permit = false;
        SagaState again = replayed();
        assertThat(again).as("seed %d: a replay gives the same", seed).isEqualTo(state);
        state = again;
        if (state.back()) {
            state.marked(Mark.UNDOING).forEach(s -> acting.put(s.id(), true));
            state.marked(Mark.INTENDED)
                    .forEach(s -> store(new SagaEvent.StepFailed(next(), s.id(), "cut off", 0, NOON)));
        } else if (state.opened().isPresent()) {
            state.marked(Mark.INTENDED).forEach(s -> acting.put(s.id(), false));
        }
        decide();
    }

    private void ends(String step) {
        boolean inverse = java.util.Objects.requireNonNull(acting.remove(step));
        if (inverse && state.marks().get(step) == Mark.UNDOING) {
            if (random.nextDouble() < failingInverses) {
                troubles.add("inverse failed");
                int attempt = state.attempts().getOrDefault(step, 0) + 1;
                store(new SagaEvent.InverseFailed(next(), step, "busy", attempt, NOON));
            } else {
                onHost.remove(step);
                store(new SagaEvent.StepUndone(next(), step, 1, NOON));
            }
        } else if (!inverse && state.marks().get(step) == Mark.INTENDED) {
            if (random.nextDouble() < failing) {
                troubles.add("step failed");
                if (random.nextBoolean()) {
                    onHost.add(step);
                }
                store(new SagaEvent.StepFailed(next(), step, "no", 1, NOON));
            } else {
                onHost.add(step);
                store(new SagaEvent.StepDone(next(), step, 1, NOON));
            }
        }
        decide();
    }

    /** As the actor does: every decision is stored before anything acts. */
    private void decide() {
        List<Act> begun = new ArrayList<>();
        boolean moved = true;
        while (moved) {
            moved = false;
            for (Act act : SagaRules.next(state, permit)) {
                Optional<SagaEvent> event = event(act);
                event.ifPresent(this::store);
                moved |= event.isPresent();
                begun.add(act);
            }
        }
        begun.forEach(this::begin);
    }

    private Optional<SagaEvent> event(Act act) {
        if (act instanceof Act.Do a) {
            return Optional.of(new SagaEvent.StepIntended(next(), a.step().id(), Facts.NOTHING, NOON));
        } else if (act instanceof Act.Fail a) {
            troubles.add("permit ran out");
            return Optional.of(new SagaEvent.StepFailed(next(), a.step().id(), a.why(), 0, NOON));
        } else if (act instanceof Act.Undo a) {
            return Optional.of(new SagaEvent.InverseIntended(next(), a.step().id(), NOON));
        } else if (act instanceof Act.TurnBack a) {
            return Optional.of(new SagaEvent.TurnedBack(next(), a.why(), NOON));
        } else if (act instanceof Act.End a) {
            return Optional.of(new SagaEvent.Ended(next(), a.outcome(), a.openItems(), NOON));
        }
        return Optional.empty();
    }

    private void begin(Act act) {
        if (act instanceof Act.Checkpoint) {
            assertThat(onHost)
                    .as("seed %d: nothing is touched before the checkpoint", seed)
                    .isEmpty();
            checkpointing = true;
        } else if (act instanceof Act.HandOver) {
            assertThat(onHost)
                    .as("seed %d: all is released before it is handed over", seed)
                    .isEmpty();
            handingOver = true;
        } else if (act instanceof Act.Do a) {
            Step step = a.step();
            assertThat(replayed().mark(step))
                    .as("seed %d: intent of %s", seed, step.id())
                    .isEqualTo(Mark.INTENDED);
            assertThat(state.before()).as("seed %d: a checkpoint", seed).isPresent();
            assertThat(step.after())
                    .as("seed %d: %s is begun after what it needs", seed, step.id())
                    .allMatch(id -> state.marks().get(id) == Mark.DONE || isReported(id));
            assertThat(step.phase() == Phase.OPEN && kind == Kind.HAND_OVER && !permit)
                    .as("seed %d: no open without a permit", seed)
                    .isFalse();
            acting.put(step.id(), false);
        } else if (act instanceof Act.Undo a) {
            Step step = a.step();
            assertThat(replayed().mark(step))
                    .as("seed %d: intent of the inverse", seed)
                    .isEqualTo(Mark.UNDOING);
            assertThat(plan.steps())
                    .as("seed %d: nothing that needs %s is left", seed, step.id())
                    .noneMatch(s ->
                            s.after().contains(step.id()) && (onHost.contains(s.id()) || acting.containsKey(s.id())));
            acting.put(step.id(), true);
        }
    }

    private boolean isReported(String id) {
        return state.marks().get(id) == Mark.FAILED
                && !plan.step(id).orElseThrow().essential();
    }

    private void checkEnd() {
        SagaEvent.Ended ended = state.ended().orElseThrow();
        assertThat(acting).as("seed %d: nothing acts after the end", seed).isEmpty();
        assertThat(SagaRules.next(state, true))
                .as("seed %d: nothing follows", seed)
                .isEmpty();
        Map<Mark, Set<String>> marks = new HashMap<>();
        plan.steps()
                .forEach(s -> marks.computeIfAbsent(state.mark(s), m -> new HashSet<>())
                        .add(s.id()));
        switch (ended.outcome()) {
            case DONE -> {
                assertThat(state.back()).as("seed %d", seed).isFalse();
                assertThat(plan.steps())
                        .as("seed %d: everything is done", seed)
                        .allMatch(s -> state.mark(s) == Mark.DONE || isReported(s.id()));
                assertThat(onHost).as("seed %d", seed).containsAll(marks.getOrDefault(Mark.DONE, Set.of()));
            }
            case UNDONE -> {
                assertThat(onHost).as("seed %d: the host is as before", seed).isEmpty();
                assertThat(marks.keySet()).as("seed %d", seed).isSubsetOf(Mark.WAITING, Mark.UNDONE);
            }
            case NEEDS_ATTENTION -> {
                List<String> open = plan.steps().stream()
                        .filter(s -> state.mark(s) != Mark.WAITING && state.mark(s) != Mark.UNDONE)
                        .map(s -> s.resource().title())
                        .toList();
                assertThat(ended.openItems())
                        .as("seed %d: exactly what is left is named", seed)
                        .extracting(item -> item.substring(0, item.indexOf(':')))
                        .containsExactlyInAnyOrderElementsOf(open);
                assertThat(state.attempts().values()).as("seed %d", seed).contains(SagaRules.MAX_ATTEMPTS);
            }
        }
    }

    private SagaState replayed() {
        SagaState again = SagaState.EMPTY;
        for (SagaEvent event : journal) {
            again = again.apply(event);
        }
        return again;
    }

    private long next() {
        return state.ordinal() + 1;
    }

    private void store(SagaEvent event) {
        journal.add(event);
        state = state.apply(event);
    }
}
