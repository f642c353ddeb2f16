package sfo.agent.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.persistence.testkit.PersistenceTestKitPlugin;
import akka.persistence.testkit.javadsl.PersistenceTestKit;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import sfo.agent.failover.FailoverSaga.Command;
import sfo.agent.failover.FailoverSaga.Told;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaState;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Claim;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/** I2 and I3: whatever happens on the host, or to the agent, the saga ends done or undone, and never acts unwritten. */
class FailoverSagaTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            "saga",
            PersistenceTestKitPlugin.config()
                    .withFallback(ConfigFactory.parseString("akka.loglevel = WARNING"))
                    .withFallback(ConfigFactory.parseResources("serialization.conf"))
                    .withFallback(ConfigFactory.defaultReference())
                    .resolve());
    private static final PersistenceTestKit JOURNAL = PersistenceTestKit.create(KIT.system());
    private static final AtomicInteger COUNT = new AtomicInteger();

    private static final Step ONE = step("one");
    private static final Step TWO = step("two", "one");
    private static final Step OPEN =
            new Step("open", Phase.OPEN, new Resource.GroupHost("open"), List.of("two"), 5000, true);

    private final String saga = "files-" + COUNT.incrementAndGet();
    private Optional<java.time.Instant> repaired = Optional.empty();
    private final FakeHost host = new FakeHost();
    private final StepRunner runner = new StepRunner(host);
    private final TestProbe<Told> parent = KIT.createTestProbe(Told.class);

    @AfterEach
    void closeRunner() {
        runner.close();
    }

    @AfterAll
    static void end() {
        KIT.shutdownTestKit();
    }

    @Test
    void aFailoverStoresEachIntentBeforeItActs() {
        AtomicInteger unwritten = new AtomicInteger();
        host.onAct = () -> {
            int begun = host.changes().size();
            long intents = stored().stream()
                    .filter(e -> e instanceof SagaEvent.StepIntended)
                    .count();
            if (intents <= begun) {
                unwritten.incrementAndGet();
            }
        };
        open(start("boot"), Kind.FAILOVER, () -> true, ONE, TWO, OPEN);

        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        assertThat(host.changes()).containsExactly("apply one", "apply two", "apply open");
        assertThat(unwritten).hasValue(0);
        assertThat(stored())
                .elements(0, 1)
                .hasExactlyElementsOfTypes(SagaEvent.Opened.class, SagaEvent.Checkpointed.class);
    }

    @Test
    void whatWasLookedAtAheadIsTheCheckpointAndWhatCouldNotBeIsLookedAtAgain() {
        host.failing.put("inspect two", 1);
        ActorRef<Command> actor = start("boot");
        actor.tell(new FailoverSaga.Prepare(plan(ONE, TWO), Duration.ofMillis(10)));
        await().until(() -> host.failing.get("inspect two") == 0 && host.acts.size() == 2);
        assertThat(stored()).isEmpty();

        open(actor, Kind.FAILOVER, () -> true, ONE, TWO, step("three"));
        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        assertThat(((SagaEvent.Checkpointed) stored().get(1)).before()).containsOnlyKeys("one", "two", "three");
        assertThat(host.acts.stream().takeWhile(act -> act.startsWith("inspect ")))
                .containsExactlyInAnyOrder("inspect one", "inspect two", "inspect two", "inspect three");
    }

    @Test
    void aServerThatEndedIsStartedAgainAtTheSecondLookAndNothingElseIs() {
        Step server = new Step("server", Phase.SERVERS, new Resource.GroupHost("server"), List.of("one"), 5000, true);
        ActorRef<Command> ref = start("boot");
        open(ref, Kind.FAILOVER, () -> true, ONE, server);
        ended();
        assertThat(looked(ref)).isEmpty();

        host.there.remove("server");
        assertThat(looked(ref)).containsExactly("group host server: is no longer as it was served");
        assertThat(host.there).doesNotContain("server");
        assertThat(looked(ref)).isEmpty();
        assertThat(host.there).contains("server");

        host.there.remove("one");
        host.there.remove("server");
        looked(ref);
        assertThat(looked(ref)).hasSize(2);
        assertThat(host.there).isEmpty();

        host.there.add("one");
        host.failing.put("apply server", 1);
        assertThat(looked(ref)).hasSize(1).allMatch(text -> text.startsWith("group host server: "));
        assertThat(looked(ref)).isEmpty();
        host.failing.put("inspect one", 1);
        assertThat(looked(ref)).hasSize(1).allMatch(text -> text.contains("can't be looked at"));
    }

    @Test
    void afterARestartTheNextChangeWaitsUntilTheOneThatWasUnderWayIsTakenBackOfWhichNobodyIsTold() {
        changing("more");
        CountDownLatch go = hold("revert more");
        ActorRef<Command> actor = start("boot");
        await().until(() -> host.changes().contains("revert more"));
        actor.tell(new FailoverSaga.Adjust("next", plan(ONE, TWO, OPEN, step("other"))));
        assertThat(host.changes()).doesNotContain("apply other");
        go.countDown();
        Told.Adjusted adjusted = awaitTold(Told.Adjusted.class);
        assertThat(adjusted.id()).isEqualTo("next");
        assertThat(adjusted.error()).isEmpty();
        assertThat(host.there).containsExactlyInAnyOrder("one", "two", "open", "other");
        assertThat(host.changes()).containsSubsequence("revert more", "apply other");
    }

    @Test
    void anUndoWaitsUntilAChangeIsTakenBack() {
        changing("more");
        CountDownLatch go = hold("revert more");
        ActorRef<Command> actor = start("boot");
        await().until(() -> host.changes().contains("revert more"));
        actor.tell(new FailoverSaga.In(new SagaInput.Undo("a", "root", "a is back")));
        ask(actor);
        assertThat(host.changes()).containsExactly("revert more");
        go.countDown();
        awaitTold(Told.WantsHandOver.class);
        assertThat(host.there).isEmpty();
        assertThat(host.changes()).startsWith("revert more", "revert open");
    }

    /** It served, and its agent ended while something was added to that. */
    private void changing(String added) {
        List<SagaEvent> log = intended(Kind.FAILOVER, "one", "two", "open", "");
        log.add(new SagaEvent.Ended(log.size() + 1, Outcome.DONE, List.of(), java.time.Instant.EPOCH));
        Plan wider = plan(ONE, TWO, OPEN, step(added));
        log.add(new SagaEvent.AdjustIntended(
                log.size() + 1, wider, java.util.Map.of(added, Facts.NOTHING), java.time.Instant.EPOCH));
        store(log);
        host.there.addAll(List.of("one", "two", "open", added));
    }

    /** Whatever it was told before this is done, or waits. */
    private static void ask(ActorRef<Command> actor) {
        TestProbe<SagaState> shown = KIT.createTestProbe(SagaState.class);
        actor.tell(new FailoverSaga.Show(state -> shown.getRef().tell(state)));
        shown.receiveMessage();
    }

    private List<String> looked(ActorRef<Command> ref) {
        ref.tell(new FailoverSaga.Look());
        return awaitTold(Told.Looked.class).broken();
    }

    @Test
    void afterARepairOfTheJournalAnOpenSagaTouchesNothingAndNeedsAttention() {
        store(intended(Kind.FAILOVER, "one", "two"));
        repaired = Optional.of(java.time.Instant.now());
        start("boot");
        SagaEvent.Ended ended = ended().ended().orElseThrow();
        assertThat(ended.outcome()).isEqualTo(Outcome.NEEDS_ATTENTION);
        assertThat(ended.openItems()).hasSize(4).anyMatch(item -> item.startsWith("group host two: running"));
        assertThat(host.acts).isEmpty();
    }

    @Test
    void stepsThatNeedNothingOfOneAnotherRunTogether() {
        CountDownLatch go = hold("apply one");
        open(start("boot"), Kind.FAILOVER, () -> true, ONE, step("other"));
        await().until(() -> host.there.contains("other"));
        assertThat(host.there).doesNotContain("one");
        go.countDown();
        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
    }

    @Test
    void aJournalThatFailsForAMomentDelaysAFailover() {
        CountDownLatch go = hold("apply one");
        open(start("boot"), Kind.FAILOVER, () -> true, ONE, TWO, OPEN);
        await().until(() -> stored().size() == 3);
        JOURNAL.failNextNPersisted("saga-" + saga, 2);
        go.countDown();
        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        assertThat(host.there).containsExactlyInAnyOrder("one", "two", "open");
    }

    @Test
    void aSagaThatTheJournalDoesNotTakeNeverBegins() {
        JOURNAL.failNextPersisted("saga-" + saga);
        open(start("boot"), Kind.FAILOVER, () -> true, ONE);
        awaitTold(Told.NeverOpened.class);
        assertThat(host.changes()).isEmpty();
    }

    @Test
    void anUndoThatTheJournalDoesNotTakeLeavesEverythingServed() {
        ActorRef<Command> actor = start("boot");
        open(actor, Kind.FAILOVER, () -> true, ONE);
        ended();
        JOURNAL.failNextPersisted("saga-" + saga);
        actor.tell(new FailoverSaga.In(new SagaInput.Undo("a", "root", "")));
        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        assertThat(host.there).containsExactly("one");
    }

    @Test
    void aFailingStepRollsBackWhatWasDoneLastFirst() {
        host.failing.put("apply open", 1);
        open(start("boot"), Kind.FAILOVER, () -> true, ONE, TWO, OPEN);

        SagaState state = ended();
        assertThat(state.ended().orElseThrow().outcome()).isEqualTo(Outcome.UNDONE);
        assertThat(state.why()).isEqualTo("group host open: no carrier");
        assertThat(host.there).isEmpty();
        assertThat(host.changes())
                .containsExactly("apply one", "apply two", "apply open", "revert open", "revert two", "revert one");
    }

    @Test
    void aRollbackLeavesWhatWasThereBefore() {
        host.there.add("one");
        host.failing.put("apply two", 1);
        open(start("boot"), Kind.FAILOVER, () -> true, ONE, TWO);
        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.UNDONE);
        assertThat(host.there).containsExactly("one");
    }

    @Test
    void afterATimeOutTheHostDecidesWhetherItWasDone() {
        host.lying.add("apply one");
        open(start("boot"), Kind.FAILOVER, () -> true, ONE, TWO);
        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
    }

    @Test
    void anInverseThatFailsIsTriedAgain() {
        host.failing.put("apply two", 1);
        host.failing.put("revert one", 2);
        open(start("boot"), Kind.FAILOVER, () -> true, ONE, TWO);
        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.UNDONE);
        assertThat(host.there).isEmpty();
    }

    @Test
    void anInverseThatFailedThreeTimesNeedsAttentionWithEveryOpenItem() {
        host.failing.put("apply open", 1);
        host.failing.put("revert two", 99);
        open(start("boot"), Kind.FAILOVER, () -> true, ONE, TWO, OPEN);

        SagaEvent.Ended ended = ended().ended().orElseThrow();
        assertThat(ended.outcome()).isEqualTo(Outcome.NEEDS_ATTENTION);
        assertThat(ended.openItems())
                .containsExactly("group host two: no carrier", "group host one: kept, because of what needs it");
        assertThat(host.changes().stream().filter("revert two"::equals)).hasSize(3);
        assertThat(host.there).containsExactlyInAnyOrder("one", "two");
    }

    @Test
    void aRestartInTheMiddleAsksTheHostAndGoesOn() {
        store(intended(Kind.FAILOVER, "one", "two"));
        host.there.add("one");
        start("boot");

        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        assertThat(host.changes()).as("one held, two did not").containsExactly("apply two", "apply open");
    }

    @Test
    void aRestartOnTheWayBackGoesOnBack() {
        List<SagaEvent> events = intended(Kind.FAILOVER, "one", "two");
        events.add(new SagaEvent.TurnedBack(events.size() + 1, "told to", java.time.Instant.EPOCH));
        events.add(new SagaEvent.InverseIntended(events.size() + 1, "two", java.time.Instant.EPOCH));
        store(events);
        host.there.add("one");
        host.there.add("two");
        start("boot");

        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.UNDONE);
        assertThat(host.changes()).containsExactly("revert two", "revert one");
    }

    @Test
    void nothingOpensAfterARestartUntilItIsKnownThatAllStillHolds() {
        store(intended(Kind.FAILOVER, "one", "two", ""));
        host.there.add("one");
        start("boot");

        SagaState state = ended();
        assertThat(state.ended().orElseThrow().outcome()).isEqualTo(Outcome.UNDONE);
        assertThat(state.why()).contains("group host two no longer holds");
        assertThat(host.changes()).doesNotContain("apply open").containsExactly("revert two", "revert one");
    }

    @Test
    void whatWasUnderWayIsUndoneTooWhereSomethingBeforeItNoLongerHolds() {
        store(intended(Kind.FAILOVER, "one", "two", "open"));
        host.there.add("one");
        host.there.add("open");
        start("boot");
        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.UNDONE);
        assertThat(host.there).isEmpty();
    }

    @Test
    void whatWasUnderWayIsUndoneTooWhereAnotherAppliancesClaimComesFirst() {
        store(intended(Kind.FAILOVER, "one", "two"));
        host.there.add("one");
        CountDownLatch go = hold("inspect one");
        ActorRef<Command> actor = start("boot");
        actor.tell(new FailoverSaga.In(new SagaInput.Release("a holds it")));
        go.countDown();
        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.UNDONE);
        assertThat(host.there).isEmpty();
    }

    @Test
    void anotherBootRollsBack() {
        store(intended(Kind.FAILOVER, "one", "two"));
        start("next boot");
        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.UNDONE);
        assertThat(host.changes()).containsExactly("revert two", "revert one");
    }

    @Test
    void aPermitThatRanOutMeanwhileOpensNothing() {
        open(start("boot"), Kind.HAND_OVER, () -> !host.there.contains("two"), ONE, TWO, OPEN);
        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.UNDONE);
        assertThat(host.changes()).doesNotContain("apply open");
        assertThat(host.there).isEmpty();
    }

    /** I1: nobody knows whether the permit still holds; its giver may serve again. */
    @Test
    void anOpeningThatARestartCutOffIsNotMadeUpForUnderAPermit() {
        store(intended(Kind.HAND_OVER, "one", "two", "open"));
        host.there.addAll(List.of("one", "two"));
        start("boot");

        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.UNDONE);
        assertThat(host.changes()).doesNotContain("apply open");
    }

    @Test
    void anOpeningThatWasOverWhenTheAgentEndedCounts() {
        store(intended(Kind.HAND_OVER, "one", "two", "open"));
        host.there.addAll(List.of("one", "two", "open"));
        start("boot");
        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        assertThat(host.changes()).isEmpty();
    }

    @Test
    void anUndoReleasesEverythingThenHandsOverWithAStoredPermit() {
        ActorRef<Command> ref = start("boot");
        open(ref, Kind.FAILOVER, () -> true, ONE, TWO, OPEN);
        ended();
        ref.tell(new FailoverSaga.In(new SagaInput.Undo("a", "root", "a is back")));
        Told.WantsHandOver wants = awaitTold(Told.WantsHandOver.class);
        assertThat(host.there).isEmpty();
        assertThat(wants.state().undo().orElseThrow().to()).isEqualTo("a");

        Claim permit = new Claim(3, "a", "p");
        ref.tell(new FailoverSaga.In(new SagaInput.StorePermit(permit, List.of(), 15_000)));
        assertThat(awaitTold(Told.PermitStored.class).permit().claim()).isEqualTo(permit);
        assertThat(stored()).last().isInstanceOf(SagaEvent.Permitted.class);
        KIT.stop(ref);

        ActorRef<Command> again = start("boot");
        assertThat(awaitTold(Told.WantsHandOver.class).state().permitted())
                .as("a restarted agent knows that it gave a permit")
                .isPresent();
        again.tell(new FailoverSaga.In(new SagaInput.HandedOver(true, "a has opened")));
        SagaState state = ended();
        assertThat(state.ended().orElseThrow().outcome()).isEqualTo(Outcome.UNDONE);
        assertThat(state.handOver().orElseThrow().opened()).isTrue();
    }

    @Test
    void aReleaseWhileAStepActsWaitsForItAndTakesItDown() {
        CountDownLatch go = hold("apply two");
        ActorRef<Command> ref = start("boot");
        open(ref, Kind.FAILOVER, () -> true, ONE, TWO, OPEN);
        await().until(() -> host.changes().contains("apply two"));
        ref.tell(new FailoverSaga.In(new SagaInput.Release("another one holds it")));
        await().until(() -> stored().stream().anyMatch(e -> e instanceof SagaEvent.TurnedBack));
        go.countDown();

        assertThat(ended().ended().orElseThrow().outcome()).isEqualTo(Outcome.UNDONE);
        assertThat(host.there).isEmpty();
        assertThat(host.changes()).containsExactly("apply one", "apply two", "revert two", "revert one");
    }

    @Test
    void asksThatComeTwiceChangeNothing() {
        ActorRef<Command> ref = start("boot");
        ref.tell(new FailoverSaga.In(new SagaInput.Undo("a", "root", "too early")));
        open(ref, Kind.FAILOVER, () -> true, ONE);
        ended();
        open(ref, Kind.FAILOVER, () -> true, ONE, TWO);
        ref.tell(new FailoverSaga.In(new SagaInput.Undo("a", "root", "")));
        ref.tell(new FailoverSaga.In(new SagaInput.Undo("a", "root", "again")));
        awaitTold(Told.WantsHandOver.class);
        ref.tell(new FailoverSaga.In(new SagaInput.HandedOver(false, "a is gone")));
        ref.tell(new FailoverSaga.In(new SagaInput.HandedOver(true, "late")));
        assertThat(ended().handOver().orElseThrow().opened()).isFalse();
        assertThat(stored().stream().filter(e -> e instanceof SagaEvent.UndoRequested))
                .hasSize(1);
    }

    private static Step step(String id, String... after) {
        return new Step(id, Phase.STORAGE, new Resource.GroupHost(id), List.of(after), 5000, true);
    }

    private static Plan plan(Step... steps) {
        return new Plan("files", "b", "a", List.of(steps));
    }

    private CountDownLatch hold(String act) {
        CountDownLatch latch = new CountDownLatch(1);
        host.held.put(act, latch);
        return latch;
    }

    private ActorRef<Command> start(String boot) {
        return KIT.spawn(FailoverSaga.create(saga, boot, repaired, runner, parent.ref()));
    }

    private static void open(ActorRef<Command> ref, Kind kind, BooleanSupplier mayOpen, Step... steps) {
        ref.tell(new FailoverSaga.Open(
                kind, plan(steps), new Claim(2, "b", "x"), "root", "", Optional.empty(), mayOpen));
    }

    private SagaState ended() {
        return awaitTold(Told.Ended.class).state();
    }

    private <T extends Told> T awaitTold(Class<T> kind) {
        return kind.cast(parent.fishForMessage(
                        Duration.ofSeconds(15),
                        told -> kind.isInstance(told)
                                ? akka.actor.testkit.typed.javadsl.FishingOutcomes.complete()
                                : akka.actor.testkit.typed.javadsl.FishingOutcomes.continueAndIgnore())
                .get(0));
    }

    private List<SagaEvent> stored() {
        return JOURNAL.persistedInStorage("saga-" + saga).stream()
                .map(SagaEvent.class::cast)
                .toList();
    }

    private void store(List<SagaEvent> events) {
        JOURNAL.persistForRecovery("saga-" + saga, List.<Object>copyOf(events));
    }

    /** All are done but the last, whose intent is stored alone; "" for a last one that has not begun. */
    private List<SagaEvent> intended(Kind kind, String... steps) {
        List<SagaEvent> events = new java.util.ArrayList<>();
        java.time.Instant at = java.time.Instant.EPOCH;
        events.add(new SagaEvent.Opened(
                1, saga, kind, plan(ONE, TWO, OPEN), new Claim(2, "b", "x"), "boot", "root", "", Optional.empty(), at));
        events.add(new SagaEvent.Checkpointed(2, java.util.Map.of(), at));
        for (int i = 0; i < steps.length; i++) {
            if (!steps[i].isEmpty()) {
                events.add(new SagaEvent.StepIntended(events.size() + 1, steps[i], Facts.NOTHING, at));
                if (i < steps.length - 1) {
                    events.add(new SagaEvent.StepDone(events.size() + 1, steps[i], 1, at));
                }
            }
        }
        return events;
    }
}
