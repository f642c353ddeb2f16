package sfo.agent.rules;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Step;

/**
 * What a saga's events add up to.
 *
 * @param before by step id, the checkpoint; empty before it was made
 * @param marks by step id; a step that is missing waits
 * @param notes by step id, the last error
 * @param millis by step id, how long its last act took
 * @param attempts by step id, how often its inverse failed
 * @param back whether inverses are replayed
 */
public record SagaState(
        long ordinal,
        Optional<SagaEvent.Opened> opened,
        Optional<Map<String, Facts>> before,
        Map<String, Mark> marks,
        Map<String, String> notes,
        Map<String, Long> millis,
        Map<String, Integer> attempts,
        boolean back,
        String why,
        Optional<SagaEvent.UndoRequested> undo,
        Optional<SagaEvent.Permitted> permitted,
        Optional<SagaEvent.HandOverEnded> handOver,
        Optional<SagaEvent.AdjustIntended> adjusting,
        Optional<SagaEvent.Ended> ended) {
    public enum Mark {
        WAITING,
        /** its intent is stored: it acts, or its agent died while it did */
        INTENDED,
        DONE,
        FAILED,
        /** its inverse acts */
        UNDOING,
        UNDONE;

        /** For people. */
        public String word() {
            return switch (this) {
                case WAITING -> "waiting";
                case INTENDED -> "running";
                case DONE -> "done";
                case FAILED -> "failed";
                case UNDOING -> "undoing";
                case UNDONE -> "undone";
            };
        }
    }

    public static final SagaState EMPTY = new SagaState(
            0,
            Optional.empty(),
            Optional.empty(),
            Map.of(),
            Map.of(),
            Map.of(),
            Map.of(),
            false,
            "",
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    public Plan plan() {
        return opened.orElseThrow().plan();
    }

    public Mark mark(Step step) {
        return marks.getOrDefault(step.id(), Mark.WAITING);
    }

    public Facts before(Step step) {
        return before.orElse(Map.of()).getOrDefault(step.id(), Facts.NOTHING);
    }

    public List<Step> marked(Mark mark) {
        return plan().steps().stream().filter(s -> mark(s) == mark).toList();
    }

    /** Where events are missing before this one, what became of each step is not known: it may be on the host. */
    public SagaState apply(SagaEvent event) {
        if (opened.isEmpty() && !(event instanceof SagaEvent.Opened)) {
            return at(event.ordinal());
        }
        if (event.ordinal() != ordinal + 1) {
            return doubtful().at(event.ordinal() - 1).apply(event);
        }
        SagaState next = at(event.ordinal());
        if (event instanceof SagaEvent.Opened e) {
            return next.with(Optional.of(e), before, back, "");
        } else if (event instanceof SagaEvent.Checkpointed e) {
            return next.with(opened, Optional.of(e.before()), back, why);
        } else if (event instanceof SagaEvent.StepIntended e) {
            return next.mark(e.step(), Mark.INTENDED, "", 0, 0);
        } else if (event instanceof SagaEvent.StepDone e) {
            return next.mark(e.step(), Mark.DONE, "", e.millis(), 0);
        } else if (event instanceof SagaEvent.StepFailed e) {
            return next.mark(e.step(), Mark.FAILED, e.why(), e.millis(), 0);
        } else if (event instanceof SagaEvent.TurnedBack e) {
            return next.with(opened, before, true, e.why());
        } else if (event instanceof SagaEvent.InverseIntended e) {
            return next.mark(
                    e.step(), Mark.UNDOING, notes.getOrDefault(e.step(), ""), 0, attempts.getOrDefault(e.step(), 0));
        } else if (event instanceof SagaEvent.StepUndone e) {
            return next.mark(e.step(), Mark.UNDONE, notes.getOrDefault(e.step(), ""), e.millis(), 0);
        } else if (event instanceof SagaEvent.InverseFailed e) {
            return next.mark(e.step(), Mark.FAILED, e.why(), 0, e.attempt());
        } else if (event instanceof SagaEvent.UndoRequested e) {
            return next.handing(Optional.of(e), Optional.empty(), Optional.empty(), ended);
        } else if (event instanceof SagaEvent.Permitted e) {
            return next.handing(undo, Optional.of(e), handOver, ended);
        } else if (event instanceof SagaEvent.HandOverEnded e) {
            return next.handing(undo, permitted, Optional.of(e), ended);
        } else if (event instanceof SagaEvent.Ended e) {
            return next.handing(undo, permitted, handOver, Optional.of(e));
        }
        if (event instanceof SagaEvent.AdjustIntended e) {
            return next.adjust(plan(), before.orElse(Map.of()), Optional.of(e));
        } else if (event instanceof SagaEvent.AdjustEnded e) {
            return e.done() && adjusting.isPresent()
                    ? next.adjusted(adjusting.orElseThrow())
                    : next.adjust(plan(), before.orElse(Map.of()), Optional.empty());
        }
        throw new IllegalStateException("no rule for " + event);
    }

    /** Whatever is not known to be done or undone counts as failed: its inverse has to look. */
    private SagaState doubtful() {
        SagaState doubtful = this;
        for (Step step : opened.map(o -> o.plan().steps()).orElse(List.of())) {
            if (mark(step) != Mark.DONE && mark(step) != Mark.UNDONE) {
                doubtful = doubtful.mark(step.id(), Mark.FAILED, "the journal lacks what became of it", 0, 0);
            }
        }
        return doubtful;
    }

    private SagaState at(long newOrdinal) {
        return new SagaState(
                newOrdinal,
                opened,
                before,
                marks,
                notes,
                millis,
                attempts,
                back,
                why,
                undo,
                permitted,
                handOver,
                adjusting,
                ended);
    }

    private SagaState with(
            Optional<SagaEvent.Opened> newOpened,
            Optional<Map<String, Facts>> newBefore,
            boolean newBack,
            String newWhy) {
        return new SagaState(
                ordinal,
                newOpened,
                newBefore,
                marks,
                notes,
                millis,
                attempts,
                newBack,
                newWhy,
                undo,
                permitted,
                handOver,
                adjusting,
                newBack == back ? ended : Optional.empty());
    }

    private SagaState mark(String step, Mark mark, String note, long took, int attempt) {
        return new SagaState(
                ordinal,
                opened,
                before,
                put(marks, step, mark),
                put(notes, step, note),
                put(millis, step, took),
                put(attempts, step, attempt),
                back,
                why,
                undo,
                permitted,
                handOver,
                adjusting,
                ended);
    }

    private SagaState handing(
            Optional<SagaEvent.UndoRequested> newUndo,
            Optional<SagaEvent.Permitted> newPermitted,
            Optional<SagaEvent.HandOverEnded> newHandOver,
            Optional<SagaEvent.Ended> newEnded) {
        return new SagaState(
                ordinal,
                opened,
                before,
                marks,
                notes,
                millis,
                attempts,
                back,
                why,
                newUndo,
                newPermitted,
                newHandOver,
                adjusting,
                newEnded);
    }

    /** The new plan's steps are all done; pre-images of steps that were there before stay the first ones. */
    private SagaState adjusted(SagaEvent.AdjustIntended change) {
        Map<String, Facts> facts = new HashMap<>(change.before());
        facts.putAll(before.orElse(Map.of()));
        SagaState changed = adjust(change.plan(), Map.copyOf(facts), Optional.empty());
        for (Step step : change.plan().steps()) {
            changed = changed.mark(step.id(), Mark.DONE, "", 0, 0);
        }
        return changed;
    }

    private SagaState adjust(Plan plan, Map<String, Facts> facts, Optional<SagaEvent.AdjustIntended> change) {
        SagaEvent.Opened o = opened.orElseThrow();
        SagaEvent.Opened replanned = new SagaEvent.Opened(
                o.ordinal(), o.saga(), o.kind(), plan, o.claim(), o.boot(), o.user(), o.reason(), o.dossier(), o.at());
        return new SagaState(
                ordinal,
                Optional.of(replanned),
                Optional.of(facts),
                marks,
                notes,
                millis,
                attempts,
                back,
                why,
                undo,
                permitted,
                handOver,
                change,
                ended);
    }

    private static <V> Map<String, V> put(Map<String, V> map, String key, V value) {
        Map<String, V> changed = new HashMap<>(map);
        changed.put(key, value);
        return Map.copyOf(changed);
    }
}
