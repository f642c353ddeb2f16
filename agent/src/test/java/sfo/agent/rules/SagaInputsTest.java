package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.SagaRulesTest.checkpointed;
import static sfo.agent.rules.SagaRulesTest.opened;
import static sfo.agent.rules.SagaRulesTest.step;
import static sfo.agent.rules.Sample.NOON;
import static sfo.agent.rules.Sample.claim;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.agent.rules.SagaState.Mark;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Target;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/** I2 and I3: what a saga stores and does about each thing that comes in, and in which order. */
@Timeout(20)
class SagaInputsTest {
    private static final Instant NOW = NOON.plusSeconds(90);
    private static final Step ONE = step("one");
    private static final Step TWO = step("two", "one");
    private static final Facts DOWN = Facts.of("link", "down");

    private static SagaDecision on(SagaState state, SagaInput input) {
        return SagaRules.on(state, input, true, false, NOW);
    }

    private static SagaState begun(Step... steps) {
        return checkpointed(opened(Kind.FAILOVER, steps));
    }

    /** The steps are done, one after the other, and the saga is over. */
    private static SagaState done(Kind kind, Step... steps) {
        SagaState state = checkpointed(opened(kind, steps));
        for (Step step : steps) {
            state = state.apply(new SagaEvent.StepIntended(state.ordinal() + 1, step.id(), Facts.NOTHING, NOON))
                    .apply(new SagaEvent.StepDone(state.ordinal() + 2, step.id(), 5, NOON));
        }
        return state.apply(new SagaEvent.Ended(state.ordinal() + 1, Outcome.DONE, List.of(), NOON));
    }

    private static SagaState intended(SagaState state, String step) {
        return state.apply(new SagaEvent.StepIntended(state.ordinal() + 1, step, Facts.NOTHING, NOON));
    }

    private static SagaState turned(SagaState state) {
        return state.apply(new SagaEvent.TurnedBack(state.ordinal() + 1, "undo", NOON));
    }

    private static SagaState undoing(SagaState state) {
        return turned(state.apply(new SagaEvent.UndoRequested(state.ordinal() + 1, "a", "root", "", NOON)));
    }

    private static void nothing(SagaDecision decision) {
        assertThat(decision.events()).isEmpty();
        assertThat(decision.acts()).isEmpty();
    }

    // --- forward

    @Test
    void anOpenedSagaTakesItsCheckpointFirst() {
        SagaEvent.Opened event = opened(Kind.START, ONE).opened().orElseThrow();
        SagaDecision decision = on(SagaState.EMPTY, new SagaInput.Open(event));
        assertThat(decision.events()).containsExactly(event);
        assertThat(decision.acts()).containsExactly(new SagaAct.TellMoved(), new SagaAct.TakeCheckpoint());
        assertThat(decision.state()).isEqualTo(SagaState.EMPTY.apply(event));
        nothing(on(decision.state(), new SagaInput.Open(event)));
    }

    @Test
    void everyIntentIsStoredWithItsPreImageBeforeItsStepActs() {
        SagaState state = opened(Kind.FAILOVER, ONE, TWO);
        SagaDecision decision = on(state, new SagaInput.CheckpointTaken(Map.of("one", DOWN), ""));
        assertThat(decision.events())
                .containsExactly(
                        new SagaEvent.Checkpointed(2, Map.of("one", DOWN), NOW),
                        new SagaEvent.StepIntended(3, "one", DOWN, NOW));
        assertThat(decision.acts()).containsExactly(new SagaAct.TellMoved(), new SagaAct.Apply(ONE));
        nothing(on(decision.state(), new SagaInput.CheckpointTaken(Map.of(), "")));
        nothing(on(SagaState.EMPTY, new SagaInput.CheckpointTaken(Map.of(), "")));
    }

    @Test
    void aCheckpointThatFailsEndsItWithNothingTouched() {
        SagaDecision decision =
                on(opened(Kind.FAILOVER, ONE), new SagaInput.CheckpointTaken(Map.of(), "ip: no such file"));
        assertThat(decision.events())
                .containsExactly(
                        new SagaEvent.TurnedBack(2, "checkpoint: ip: no such file", NOW),
                        new SagaEvent.Ended(3, Outcome.UNDONE, List.of(), NOW));
        assertThat(decision.acts()).containsExactly(new SagaAct.TellMoved(), new SagaAct.TellEnded());
    }

    @Test
    void whatWasAppliedIsStoredAndTheNextStepBegins() {
        SagaDecision next = on(intended(begun(ONE, TWO), "one"), new SagaInput.Applied("one", "", 7));
        assertThat(next.events())
                .containsExactly(
                        new SagaEvent.StepDone(4, "one", 7, NOW),
                        new SagaEvent.StepIntended(5, "two", Facts.NOTHING, NOW));
        assertThat(next.acts()).containsExactly(new SagaAct.TellMoved(), new SagaAct.Apply(TWO));
        nothing(on(next.state(), new SagaInput.Applied("one", "", 7)));
        nothing(on(next.state(), new SagaInput.Applied("three", "", 7)));
        SagaDecision last = on(next.state(), new SagaInput.Applied("two", "", 8));
        assertThat(last.events())
                .containsExactly(
                        new SagaEvent.StepDone(6, "two", 8, NOW), new SagaEvent.Ended(7, Outcome.DONE, List.of(), NOW));
        assertThat(last.acts()).containsExactly(new SagaAct.TellMoved(), new SagaAct.TellEnded());
    }

    @Test
    void whatFailedTurnsItBackAndIsRevertedAtOnce() {
        SagaDecision failed = on(intended(begun(ONE), "one"), new SagaInput.Applied("one", "no carrier", 7));
        assertThat(failed.events())
                .containsExactly(
                        new SagaEvent.StepFailed(4, "one", "no carrier", 7, NOW),
                        new SagaEvent.TurnedBack(5, "group host one: no carrier", NOW),
                        new SagaEvent.InverseIntended(6, "one", NOW));
        assertThat(failed.acts()).containsExactly(new SagaAct.TellMoved(), new SagaAct.Revert(ONE, 0));
    }

    @Test
    void anOpenWithoutAPermitFailsWithoutActing() {
        Step open = new Step("open", Phase.OPEN, new Resource.GroupHost("open"), List.of("one"), 1000, true);
        SagaState state = intended(checkpointed(opened(Kind.HAND_OVER, ONE, open)), "one");
        SagaDecision late = SagaRules.on(state, new SagaInput.Applied("one", "", 7), false, false, NOW);
        assertThat(late.events())
                .containsSubsequence(
                        new SagaEvent.StepDone(4, "one", 7, NOW),
                        new SagaEvent.StepFailed(5, "open", "the permit ran out before it could open", 0, NOW));
        assertThat(late.acts()).doesNotContain(new SagaAct.Apply(open));
        assertThat(late.state().back()).isTrue();
        SagaDecision inTime = SagaRules.on(state, new SagaInput.Applied("one", "", 7), true, false, NOW);
        assertThat(inTime.acts()).contains(new SagaAct.Apply(open));
    }

    // --- back

    @Test
    void anInverseIsTriedThreeTimesWithItsFailuresCounted() {
        SagaState state = undoing(done(Kind.FAILOVER, ONE));
        for (int failures = 0; failures < 3; failures++) {
            SagaDecision again = failures == 0
                    ? on(state, new SagaInput.Undo("a", "root", ""))
                    : on(state, new SagaInput.Reverted("one", "busy", 3));
            assertThat(again.acts()).contains(new SagaAct.Revert(ONE, failures));
            state = again.state();
            assertThat(state.attempts().getOrDefault("one", 0)).isEqualTo(failures);
        }
        SagaDecision last = on(state, new SagaInput.Reverted("one", "busy", 3));
        assertThat(last.events())
                .containsExactly(
                        new SagaEvent.InverseFailed(last.state().ordinal() - 1, "one", "busy", 3, NOW),
                        new SagaEvent.Ended(
                                last.state().ordinal(), Outcome.NEEDS_ATTENTION, List.of("group host one: busy"), NOW));
        assertThat(last.acts()).containsExactly(new SagaAct.TellMoved(), new SagaAct.TellEnded());
    }

    @Test
    void whatIsRevertedIsStoredAndOnlyWhatIsBeingReverted() {
        SagaState state = turned(done(Kind.FAILOVER, ONE));
        nothing(on(state, new SagaInput.Reverted("one", "", 3)));
        SagaState reverting = state.apply(new SagaEvent.InverseIntended(state.ordinal() + 1, "one", NOON));
        SagaDecision over = on(reverting, new SagaInput.Reverted("one", "", 3));
        assertThat(over.events())
                .containsExactly(
                        new SagaEvent.StepUndone(reverting.ordinal() + 1, "one", 3, NOW),
                        new SagaEvent.Ended(reverting.ordinal() + 2, Outcome.UNDONE, List.of(), NOW));
        assertThat(over.state().millis()).containsEntry("one", 3L);
    }

    @Test
    void anUndoIsStoredWithItsOperatorAndReplaysTheInversesLastFirst() {
        SagaState served = done(Kind.FAILOVER, ONE, TWO);
        SagaDecision undo = on(served, new SagaInput.Undo("a", "root", "it is back"));
        long n = served.ordinal();
        assertThat(undo.events())
                .containsExactly(
                        new SagaEvent.UndoRequested(n + 1, "a", "root", "it is back", NOW),
                        new SagaEvent.TurnedBack(n + 2, "undo", NOW),
                        new SagaEvent.InverseIntended(n + 3, "two", NOW));
        assertThat(undo.acts()).containsExactly(new SagaAct.TellMoved(), new SagaAct.Revert(TWO, 0));
        assertThat(undo.state().ended()).as("it is under way again").isEmpty();
        nothing(on(undo.state(), new SagaInput.Undo("a", "root", "again")));
        nothing(on(SagaState.EMPTY, new SagaInput.Undo("a", "root", "")));

        SagaDecision one = on(undo.state(), new SagaInput.Reverted("two", "", 1));
        assertThat(one.acts()).contains(new SagaAct.Revert(ONE, 0));
        SagaDecision released = on(one.state(), new SagaInput.Reverted("one", "", 1));
        assertThat(released.acts()).containsExactly(new SagaAct.TellMoved(), new SagaAct.TellReleased());
        assertThat(released.state().ended()).isEmpty();
    }

    @Test
    void aPermitIsStoredBeforeItIsToldAndItsOutcomeEndsTheUndo() {
        SagaState released = released();
        List<Target> targets = List.of(new Target("tank", "10.78.0.12", 10_809, "x"));
        SagaDecision stored = on(released, new SagaInput.StorePermit(claim(3, "a"), targets, 15_000));
        SagaEvent.Permitted permit =
                new SagaEvent.Permitted(released.ordinal() + 1, claim(3, "a"), targets, 15_000, NOW);
        assertThat(stored.events()).containsExactly(permit);
        assertThat(stored.acts()).containsExactly(new SagaAct.TellPermitStored(permit));
        assertThat(stored.state().permitted()).contains(permit);

        SagaDecision over = on(stored.state(), new SagaInput.HandedOver(true, "a has opened"));
        long n = stored.state().ordinal();
        assertThat(over.events())
                .containsExactly(
                        new SagaEvent.HandOverEnded(n + 1, true, "a has opened", NOW),
                        new SagaEvent.Ended(n + 2, Outcome.UNDONE, List.of(), NOW));
        assertThat(over.acts()).containsExactly(new SagaAct.TellMoved(), new SagaAct.TellEnded());
        nothing(on(over.state(), new SagaInput.HandedOver(false, "late")));
        nothing(on(begun(ONE), new SagaInput.HandedOver(true, "")));
    }

    private static SagaState released() {
        SagaState state = undoing(done(Kind.FAILOVER, ONE));
        return state.apply(new SagaEvent.InverseIntended(state.ordinal() + 1, "one", NOON))
                .apply(new SagaEvent.StepUndone(state.ordinal() + 2, "one", 1, NOON));
    }

    @Test
    void whatAnotherHoldsIsReleasedWhicheverWayItGoes() {
        SagaInput release = new SagaInput.Release("held by 3-c");
        SagaDecision forward = on(intended(begun(ONE, TWO), "one"), release);
        assertThat(forward.events()).containsExactly(new SagaEvent.TurnedBack(4, "held by 3-c", NOW));
        assertThat(forward.acts()).as("what acts is waited for").containsExactly(new SagaAct.TellMoved());
        SagaDecision served = on(done(Kind.FAILOVER, ONE), release);
        assertThat(served.acts()).contains(new SagaAct.Revert(ONE, 0));
        assertThat(served.state().undo()).isEmpty();

        nothing(on(served.state(), release));
        SagaDecision undone = on(served.state(), new SagaInput.Reverted("one", "", 1));
        assertThat(on(undone.state(), release).acts()).containsExactly(new SagaAct.TellEnded());
        assertThat(on(undone.state(), release).events()).isEmpty();
        assertThat(on(SagaState.EMPTY, release).acts()).containsExactly(new SagaAct.TellNeverOpened());
        nothing(on(adjusting(), release));
    }

    @Test
    void aReportSaysHowItEndedIfItHas() {
        SagaInput report = new SagaInput.Report();
        assertThat(on(SagaState.EMPTY, report).acts()).containsExactly(new SagaAct.TellNeverOpened());
        nothing(on(begun(ONE), report));
        assertThat(on(done(Kind.START, ONE), report).acts()).containsExactly(new SagaAct.TellEnded());
    }

    // --- a change of what is served

    private static final Plan WIDER = new Plan("files", "b", "a", List.of(ONE, TWO));

    private static SagaState adjusting() {
        SagaState served = done(Kind.START, ONE);
        return served.apply(new SagaEvent.AdjustIntended(served.ordinal() + 1, WIDER, Map.of("two", DOWN), NOON));
    }

    @Test
    void aChangeIsStoredBeforeItActsAndOnlyWhereItIsServed() {
        SagaState served = done(Kind.START, ONE);
        SagaInput prepared = new SagaInput.AdjustPrepared(WIDER, Map.of("two", DOWN), "");
        SagaDecision decision = on(served, prepared);
        assertThat(decision.events())
                .containsExactly(new SagaEvent.AdjustIntended(served.ordinal() + 1, WIDER, Map.of("two", DOWN), NOW));
        assertThat(decision.acts()).containsExactly(new SagaAct.Adjust());

        SagaAct gone = new SagaAct.TellAdjusted("it is no longer served here");
        for (SagaState not : List.of(SagaState.EMPTY, begun(ONE), turned(done(Kind.START, ONE)))) {
            assertThat(on(not, prepared).acts()).containsExactly(gone);
            assertThat(on(not, prepared).events()).isEmpty();
        }
        assertThat(SagaRules.on(served, prepared, true, true, NOW).acts())
                .as("another is known to hold it")
                .containsExactly(gone);
        SagaDecision failed = on(served, new SagaInput.AdjustPrepared(WIDER, Map.of(), "no smbd"));
        assertThat(failed.acts()).containsExactly(new SagaAct.TellAdjusted("no smbd"));
        assertThat(failed.events()).isEmpty();
    }

    @Test
    void aChangeIsOverOnceWithOrWithoutAnError() {
        SagaState state = adjusting();
        SagaDecision over = on(state, new SagaInput.AdjustOver(""));
        assertThat(over.events()).containsExactly(new SagaEvent.AdjustEnded(state.ordinal() + 1, true, "", NOW));
        assertThat(over.acts()).containsExactly(new SagaAct.TellAdjusted(""));
        assertThat(over.state().plan()).isEqualTo(WIDER);
        SagaDecision back = on(state, new SagaInput.AdjustOver("smbd: no"));
        assertThat(back.events())
                .containsExactly(new SagaEvent.AdjustEnded(state.ordinal() + 1, false, "smbd: no", NOW));
        assertThat(back.acts()).containsExactly(new SagaAct.TellAdjusted("smbd: no"));
        assertThat(back.state().plan().steps()).containsExactly(ONE);
        nothing(on(over.state(), new SagaInput.AdjustOver("")));
    }

    // --- after a restart

    private static SagaInput.JournalRead read(boolean again, boolean sameBoot) {
        return new SagaInput.JournalRead(again, sameBoot, Optional.empty());
    }

    @Test
    void inTheSameBootNothingGoesForwardBeforeItIsKnownThatWhatWasDoneHolds() {
        Step proof = new Step(
                "free",
                Phase.NETWORK,
                new Resource.FreeAddress("files", Sample.slot("fo0", "10.77.0.100/24"), "b"),
                List.of(),
                1000,
                true);
        SagaState state = begun(ONE, TWO, proof);
        for (String id : List.of("one", "free")) {
            state = intended(state, id).apply(new SagaEvent.StepDone(state.ordinal() + 2, id, 1, NOON));
        }
        state = intended(state, "two");
        SagaDecision read = on(state, read(false, true));
        assertThat(read.events()).isEmpty();
        assertThat(read.acts())
                .as("a proof leaves nothing to look at")
                .containsExactly(new SagaAct.TellMoved(), new SagaAct.Check(List.of(ONE)));

        SagaDecision holds = on(state, new SagaInput.Checked(""));
        assertThat(holds.events()).isEmpty();
        assertThat(holds.acts()).containsExactly(new SagaAct.Settle(TWO));

        SagaDecision missing = on(state, new SagaInput.Checked("volume tank"));
        long n = state.ordinal();
        assertThat(missing.events())
                .startsWith(
                        new SagaEvent.StepFailed(n + 1, "two", "cut off as the agent was restarted", 0, NOW),
                        new SagaEvent.TurnedBack(
                                n + 2, "volume tank no longer holds after a restart of the agent", NOW));
        assertThat(missing.acts()).contains(new SagaAct.Revert(TWO, 0)).doesNotContain(new SagaAct.Settle(TWO));
    }

    @Test
    void whatWasCheckedAfterItWasReleasedOrEndedGoesOnBack() {
        SagaState back = turned(intended(begun(ONE), "one"));
        SagaDecision checked = on(back, new SagaInput.Checked(""));
        assertThat(checked.events())
                .containsExactly(
                        new SagaEvent.StepFailed(5, "one", "cut off as the agent was restarted", 0, NOW),
                        new SagaEvent.InverseIntended(6, "one", NOW));
        nothing(on(done(Kind.START, ONE), new SagaInput.Checked("volume tank")));
    }

    @Test
    void whatWaitedForNothingGoesOnAfterARestart() {
        SagaDecision checked = on(begun(ONE), new SagaInput.Checked(""));
        assertThat(checked.events()).containsExactly(new SagaEvent.StepIntended(3, "one", Facts.NOTHING, NOW));
        assertThat(checked.acts()).contains(new SagaAct.Apply(ONE));
    }

    @Test
    void afterABootEverythingIsTakenBack() {
        SagaState state = intended(begun(ONE, TWO), "one");
        SagaDecision booted = on(state, read(false, false));
        assertThat(booted.events())
                .containsExactly(
                        new SagaEvent.StepFailed(4, "one", "cut off as the agent was restarted", 0, NOW),
                        new SagaEvent.TurnedBack(5, "this appliance booted again while it was under way", NOW),
                        new SagaEvent.InverseIntended(6, "one", NOW));
        assertThat(booted.acts())
                .contains(new SagaAct.TellMoved(), new SagaAct.Revert(ONE, 0))
                .noneMatch(SagaAct.Check.class::isInstance);
    }

    @Test
    void anInverseThatWasUnderWayIsCarriedOutAgain() {
        SagaState served = turned(done(Kind.FAILOVER, ONE));
        SagaState reverting = served.apply(new SagaEvent.InverseIntended(served.ordinal() + 1, "one", NOON));
        SagaDecision read = on(reverting, read(false, true));
        assertThat(read.events()).isEmpty();
        assertThat(read.acts()).containsExactly(new SagaAct.TellMoved(), new SagaAct.Revert(ONE, 0));
    }

    @Test
    void whatHasEndedStaysSoAndWhatNeverOpenedIsNothing() {
        assertThat(on(done(Kind.START, ONE), read(false, false)).acts()).containsExactly(new SagaAct.TellMoved());
        assertThat(on(done(Kind.START, ONE), read(false, false)).events()).isEmpty();
        nothing(on(SagaState.EMPTY, read(false, true)));
    }

    @Test
    void whoeverWaitsForWhatTheJournalDidNotTakeIsTold() {
        assertThat(on(SagaState.EMPTY, read(true, true)).acts()).containsExactly(new SagaAct.TellNeverOpened());
        assertThat(on(done(Kind.START, ONE), read(true, true)).acts())
                .containsExactly(
                        new SagaAct.TellEnded(),
                        new SagaAct.TellAdjusted("the journal could not be written"),
                        new SagaAct.TellMoved());
        assertThat(on(adjusting(), read(true, true)).acts())
                .doesNotContain(new SagaAct.TellAdjusted("the journal could not be written"));
        assertThat(on(begun(ONE), read(true, true)).acts()).doesNotContain(new SagaAct.TellEnded());
    }

    @Test
    void aChangeThatWasUnderWayIsTakenBackInTheSameBootAndForgottenInAnother() {
        SagaDecision same = on(adjusting(), read(false, true));
        assertThat(same.events()).isEmpty();
        assertThat(same.acts())
                .containsExactly(new SagaAct.AdjustBack("the agent was restarted"), new SagaAct.TellMoved());
        SagaDecision booted = on(adjusting(), read(false, false));
        assertThat(booted.events())
                .containsExactly(new SagaEvent.AdjustEnded(
                        adjusting().ordinal() + 1, false, "this appliance booted again", NOW));
        assertThat(booted.acts()).containsExactly(new SagaAct.TellMoved());
        assertThat(booted.state().adjusting()).isEmpty();
    }

    @Test
    void whatIsUndoneOrOnlyAProofIsNoOpenItemOfARepairedJournal() {
        SagaState state = turned(done(Kind.FAILOVER, ONE, TWO));
        state = state.apply(new SagaEvent.InverseIntended(state.ordinal() + 1, "two", NOON))
                .apply(new SagaEvent.StepUndone(state.ordinal() + 2, "two", 1, NOON));
        SagaDecision repaired = on(state, new SagaInput.JournalRead(false, true, Optional.of(NOON.plusSeconds(60))));
        assertThat(repaired.state().ended().orElseThrow().openItems())
                .containsExactly(
                        "the journal was repaired and may lack what this operation did last: a boot of this appliance"
                                + " takes down whatever it left",
                        "group host one: done, as far as the journal tells");
    }

    // --- what events add up to

    @Test
    void marksAreNamedForPeople() {
        assertThat(List.of(Mark.values()))
                .extracting(Mark::word)
                .containsExactly("waiting", "running", "done", "failed", "undoing", "undone");
    }

    @Test
    void anErrorStaysKnownWhileAndAfterItIsUndone() {
        SagaState failed =
                turned(intended(begun(ONE), "one").apply(new SagaEvent.StepFailed(4, "one", "no carrier", 9, NOON)));
        assertThat(failed.why()).isEqualTo("undo");
        assertThat(failed.millis()).containsEntry("one", 9L);
        SagaState undoing = failed.apply(new SagaEvent.InverseIntended(6, "one", NOON));
        assertThat(undoing.notes()).containsEntry("one", "no carrier");
        SagaState undone = undoing.apply(new SagaEvent.StepUndone(7, "one", 2, NOON));
        assertThat(undone.notes()).containsEntry("one", "no carrier");
        assertThat(undone.mark(ONE)).isEqualTo(Mark.UNDONE);
        assertThat(undone.attempts()).containsEntry("one", 0);
        SagaState served = done(Kind.START, ONE);
        assertThat(turned(served)
                        .apply(new SagaEvent.InverseIntended(served.ordinal() + 2, "one", NOON))
                        .notes())
                .containsEntry("one", "");
    }

    @Test
    void aGapInTheJournalLeavesWhatIsKnownAndDoubtsTheRest() {
        SagaState state = intended(intended(begun(ONE, step("two"), step("three"), step("four")), "one"), "two")
                .apply(new SagaEvent.StepDone(5, "one", 1, NOON));
        SagaState gap = state.apply(new SagaEvent.StepDone(9, "three", 4, NOON));
        assertThat(gap.ordinal()).isEqualTo(9);
        assertThat(gap.marks())
                .isEqualTo(Map.of("one", Mark.DONE, "two", Mark.FAILED, "three", Mark.DONE, "four", Mark.FAILED));
        assertThat(gap.notes()).containsEntry("two", "the journal lacks what became of it");
        SagaState late = SagaState.EMPTY.apply(opened(Kind.START, ONE).opened().orElseThrow());
        assertThat(late.ordinal()).isEqualTo(1);
    }

    @Test
    void aChangeThatEndsWithoutAnIntentChangesNothing() {
        SagaState served = done(Kind.START, ONE);
        SagaState after = served.apply(new SagaEvent.AdjustEnded(served.ordinal() + 1, true, "", NOON));
        assertThat(after.plan().steps()).containsExactly(ONE);
        assertThat(after.before(ONE)).isEqualTo(Facts.NOTHING);
        assertThat(adjusting().adjusting()).isPresent();
        assertThat(adjusting().plan().steps()).as("not before it holds").containsExactly(ONE);
    }

    @Test
    void aNewUndoForgetsThePermitOfTheOneBefore() {
        SagaState state = released()
                .apply(new SagaEvent.Permitted(released().ordinal() + 1, claim(3, "a"), List.of(), 1, NOON))
                .apply(new SagaEvent.HandOverEnded(released().ordinal() + 2, false, "", NOON));
        SagaState again = state.apply(new SagaEvent.UndoRequested(state.ordinal() + 1, "c", "root", "", NOON));
        assertThat(again.permitted()).isEmpty();
        assertThat(again.handOver()).isEmpty();
        assertThat(again.undo().orElseThrow().to()).isEqualTo("c");
    }
}
