package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.NOON;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
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

class SagaRulesTest {
    private static LongStream seeds() {
        return LongStream.rangeClosed(1, 500);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void whateverFailsOrCrashesASagaEndsDoneOrUndoneOrNamesWhatIsOpen(long seed) {
        SagaDriver driver = new SagaDriver(seed);
        driver.run();
        assertThat(driver.state().ended()).as("seed %d", seed).isPresent();
    }

    /** The runs above would prove little if some kind of end never came. */
    @Test
    void theRandomRunsEndInEveryWayAndPassThroughEveryKindOfTrouble() {
        Map<String, Integer> seen = new java.util.TreeMap<>();
        seeds().forEach(seed -> {
            SagaDriver driver = new SagaDriver(seed);
            driver.run();
            seen.merge(driver.state().ended().orElseThrow().outcome().name(), 1, Integer::sum);
            driver.troubles().forEach(t -> seen.merge(t, 1, Integer::sum));
        });
        assertThat(seen.keySet())
                .contains("DONE", "UNDONE", "NEEDS_ATTENTION", "crash", "step failed", "inverse failed", "release")
                .contains("undo", "permit ran out", "handed over", "not handed over");
        assertThat(seen.values()).allMatch(n -> n > 5);
    }

    @Test
    void nothingIsTouchedBeforeTheCheckpointIsStored() {
        SagaState state = opened(Kind.FAILOVER, step("one"));
        assertThat(SagaRules.next(state, true)).containsExactly(new Act.Checkpoint());
    }

    @Test
    void independentStepsBeginTogetherAndAreNotBegunTwice() {
        Step one = step("one");
        Step two = step("two");
        Step three = step("three", "one", "two");
        SagaState state = checkpointed(opened(Kind.FAILOVER, one, two, three));
        assertThat(SagaRules.next(state, true)).containsExactly(new Act.Do(one), new Act.Do(two));

        state = state.apply(new SagaEvent.StepIntended(3, "one", Facts.NOTHING, NOON));
        assertThat(SagaRules.next(state, true)).containsExactly(new Act.Do(two));
    }

    @Test
    void aFailureWaitsForWhatIsUnderWayAndThenTurnsBack() {
        SagaState state = checkpointed(opened(Kind.FAILOVER, step("one"), step("two")));
        state = state.apply(new SagaEvent.StepIntended(3, "one", Facts.NOTHING, NOON))
                .apply(new SagaEvent.StepIntended(4, "two", Facts.NOTHING, NOON))
                .apply(new SagaEvent.StepFailed(5, "one", "no carrier", 7, NOON));
        assertThat(SagaRules.next(state, true)).isEmpty();

        state = state.apply(new SagaEvent.StepDone(6, "two", 7, NOON));
        assertThat(SagaRules.next(state, true)).containsExactly(new Act.TurnBack("group host one: no carrier"));
    }

    @Test
    void aStepThatStillActsIsUndoneOnlyOnceItIsOver() {
        Step one = step("one");
        SagaState back = checkpointed(opened(Kind.FAILOVER, one, step("two")))
                .apply(new SagaEvent.StepIntended(3, "one", Facts.NOTHING, NOON))
                .apply(new SagaEvent.TurnedBack(4, "another appliance holds it", NOON));
        assertThat(SagaRules.next(back, true)).isEmpty();
        SagaState over = back.apply(new SagaEvent.StepDone(5, "one", 1, NOON));
        assertThat(SagaRules.next(over, true)).containsExactly(new Act.Undo(one));
    }

    @Test
    void aStepThatIsNotEssentialIsReportedAndTheRestGoesOn() {
        Step extra = new Step("extra", Phase.SERVICES, new Resource.GroupHost("extra"), List.of(), 1000, false);
        SagaState state = checkpointed(opened(Kind.FAILOVER, extra))
                .apply(new SagaEvent.StepIntended(3, "extra", Facts.NOTHING, NOON))
                .apply(new SagaEvent.StepFailed(4, "extra", "no timer", 7, NOON));
        assertThat(SagaRules.next(state, true)).containsExactly(new Act.End(Outcome.DONE, List.of()));
    }

    @Test
    void aPermitThatRanOutIsNeverUsed() {
        Step open = new Step("open", Phase.OPEN, new Resource.GroupHost("open"), List.of(), 1000, true);
        SagaState handOver = checkpointed(opened(Kind.HAND_OVER, open));
        assertThat(SagaRules.next(handOver, false))
                .containsExactly(new Act.Fail(open, "the permit ran out before it could open"));
        assertThat(SagaRules.next(handOver, true)).containsExactly(new Act.Do(open));
        SagaState failover = checkpointed(opened(Kind.FAILOVER, open));
        assertThat(SagaRules.next(failover, false)).containsExactly(new Act.Do(open));
    }

    @Test
    void aStepThatWaitsForNothingThatEverEndsIsNotCalledDone() {
        SagaState state = checkpointed(opened(Kind.FAILOVER, step("one", "one-that-is-not-there")));
        assertThat(SagaRules.next(state, true))
                .containsExactly(new Act.TurnBack("group host one: waits for a step that never ends"));
    }

    @Test
    void whatCannotBeTakenDownIsNamedTogetherWithWhatItKeeps() {
        SagaState state = checkpointed(opened(Kind.FAILOVER, step("below"), step("above", "below")));
        state = state.apply(new SagaEvent.StepIntended(3, "below", Facts.NOTHING, NOON))
                .apply(new SagaEvent.StepDone(4, "below", 1, NOON))
                .apply(new SagaEvent.StepIntended(5, "above", Facts.NOTHING, NOON))
                .apply(new SagaEvent.StepDone(6, "above", 1, NOON))
                .apply(new SagaEvent.TurnedBack(7, "undo", NOON));
        for (int attempt = 1; attempt <= SagaRules.MAX_ATTEMPTS; attempt++) {
            assertThat(SagaRules.next(state, true)).hasSize(1).allMatch(a -> a instanceof Act.Undo);
            state = state.apply(new SagaEvent.InverseIntended(state.ordinal() + 1, "above", NOON))
                    .apply(new SagaEvent.InverseFailed(state.ordinal() + 2, "above", "busy", attempt, NOON));
        }
        assertThat(SagaRules.next(state, true))
                .containsExactly(new Act.End(
                        Outcome.NEEDS_ATTENTION,
                        List.of("group host above: busy", "group host below: kept, because of what needs it")));
    }

    @Test
    void whereTheJournalLacksEventsWhateverIsNotKnownIsUndone() {
        SagaState state = checkpointed(opened(Kind.FAILOVER, step("one"), step("two", "one"), step("three", "two")))
                .apply(new SagaEvent.StepIntended(3, "one", Facts.NOTHING, NOON))
                .apply(new SagaEvent.StepDone(4, "one", 1, NOON))
                .apply(new SagaEvent.TurnedBack(9, "", NOON));
        assertThat(state.ordinal()).isEqualTo(9);
        assertThat(state.marked(Mark.DONE)).extracting(Step::id).containsExactly("one");
        assertThat(state.marked(Mark.FAILED)).extracting(Step::id).containsExactly("two", "three");
        assertThat(SagaRules.next(state, true)).containsExactly(new Act.Undo(step("three", "two")));
    }

    @Test
    void aSagaWhoseFirstEventIsMissingNeverOpened() {
        SagaState state = SagaState.EMPTY
                .apply(new SagaEvent.StepIntended(3, "one", Facts.NOTHING, NOON))
                .apply(new SagaEvent.AdjustEnded(4, true, "", NOON));
        assertThat(state.opened()).isEmpty();
        assertThat(state.ordinal()).isEqualTo(4);
    }

    @Test
    void whatWasOpenWhenTheJournalWasRepairedNeedsAttentionAndIsNeverGuessed() {
        SagaState state = checkpointed(opened(Kind.FAILOVER, step("one"), step("two")))
                .apply(new SagaEvent.StepIntended(3, "one", Facts.NOTHING, NOON));
        SagaDecision decision = journalRead(state, NOON.plusSeconds(60));
        SagaEvent.Ended ended = decision.state().ended().orElseThrow();
        assertThat(ended.outcome()).isEqualTo(Outcome.NEEDS_ATTENTION);
        assertThat(ended.openItems().get(0)).contains("the journal was repaired");
        assertThat(ended.openItems().subList(1, 3))
                .containsExactly(
                        "group host one: running, as far as the journal tells",
                        "group host two: waiting, as far as the journal tells");
        assertThat(decision.acts()).containsExactly(new SagaAct.TellMoved(), new SagaAct.TellEnded());

        assertThat(journalRead(decision.state(), NOON.plusSeconds(60)).events()).isEmpty();
        assertThat(journalRead(state, NOON.minusSeconds(60)).acts())
                .as("what began after the repair lacks nothing")
                .contains(new SagaAct.Check(List.of()));
    }

    private static SagaDecision journalRead(SagaState state, java.time.Instant repaired) {
        return SagaRules.on(
                state,
                new SagaInput.JournalRead(false, true, Optional.of(repaired)),
                true,
                false,
                NOON.plusSeconds(90));
    }

    @Test
    void aChangeOfWhatIsServedKeepsTheFirstPreImages() {
        SagaState state = opened(Kind.START, step("one"))
                .apply(new SagaEvent.Checkpointed(2, Map.of("one", Facts.of("was", "first")), NOON));
        Plan wider = new Plan("files", "a", "a", List.of(step("one"), step("two")));
        Map<String, Facts> later = Map.of("one", Facts.of("was", "later"), "two", Facts.of("was", "new"));
        SagaState changed = state.apply(new SagaEvent.AdjustIntended(3, wider, later, NOON))
                .apply(new SagaEvent.AdjustEnded(4, true, "", NOON));

        assertThat(changed.plan()).isEqualTo(wider);
        assertThat(changed.before(step("one"))).isEqualTo(Facts.of("was", "first"));
        assertThat(changed.before(step("two"))).isEqualTo(Facts.of("was", "new"));
        assertThat(changed.marked(Mark.DONE)).extracting(Step::id).containsExactly("one", "two");
        assertThat(changed.adjusting()).isEmpty();

        SagaState notChanged = state.apply(new SagaEvent.AdjustIntended(3, wider, later, NOON))
                .apply(new SagaEvent.AdjustEnded(4, false, "no space", NOON));
        assertThat(notChanged.plan().steps()).extracting(Step::id).containsExactly("one");
        assertThat(notChanged.adjusting()).isEmpty();
    }

    static Step step(String id, String... after) {
        return new Step(id, Phase.STORAGE, new Resource.GroupHost(id), List.of(after), 1000, true);
    }

    static SagaState opened(Kind kind, Step... steps) {
        return SagaState.EMPTY.apply(new SagaEvent.Opened(
                1,
                "files-2",
                kind,
                new Plan("files", "b", "a", List.of(steps)),
                Sample.claim(2, "b"),
                "boot",
                "root",
                "",
                Optional.empty(),
                NOON));
    }

    static SagaState checkpointed(SagaState state) {
        return state.apply(new SagaEvent.Checkpointed(2, Map.of(), NOON));
    }
}
