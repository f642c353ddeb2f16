package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.SagaRulesTest.checkpointed;
import static sfo.agent.rules.SagaRulesTest.opened;
import static sfo.agent.rules.SagaRulesTest.step;
import static sfo.agent.rules.Sample.NOON;
import static sfo.agent.rules.Sample.claim;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sfo.agent.rules.GroupRules.Standing;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Views;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/** What operators are told, and with which exit code. */
class ViewsTest {
    private static final SagaState RUNNING = checkpointed(opened(Kind.FAILOVER, step("one")));

    @Test
    void doneIs0RolledBackIs4AndOpenItemsAre5() {
        Answer done = SagaViews.answer(ended(RUNNING, Outcome.DONE), false, 812);
        assertThat(done.exit()).isEqualTo(ExitCode.DONE);
        assertThat(done.text()).isEqualTo("b serves group files after 812 ms");

        SagaState back = RUNNING.apply(new SagaEvent.TurnedBack(3, "one: no carrier", NOON));
        Answer rolledBack = SagaViews.answer(ended(back, Outcome.UNDONE), false, 1);
        assertThat(rolledBack.exit()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(rolledBack.text()).contains("the host is as before", "one: no carrier");

        SagaState stuck = back.apply(
                new SagaEvent.Ended(4, Outcome.NEEDS_ATTENTION, List.of("mount /x: busy", "volume tank: kept"), NOON));
        Answer attention = SagaViews.answer(stuck, false, 1);
        assertThat(attention.exit()).isEqualTo(ExitCode.NEEDS_ATTENTION);
        assertThat(attention.text()).contains("mount /x: busy; volume tank: kept", "sfo resolve files");
    }

    @Test
    void anUndoIsDoneWhenTheHomeServesAndRolledBackWhenTheSurvivorServesOn() {
        SagaState undone = ended(
                RUNNING.apply(new SagaEvent.UndoRequested(3, "a", "root", "", NOON))
                        .apply(new SagaEvent.TurnedBack(4, "undo", NOON)),
                Outcome.UNDONE);
        assertThat(SagaViews.answer(undone, false, 5).exit()).isEqualTo(ExitCode.DONE);
        assertThat(SagaViews.answer(undone, false, 5).text()).startsWith("a serves group files again");
        Answer again = SagaViews.answer(ended(checkpointed(opened(Kind.RESUME, step("one"))), Outcome.DONE), true, 5);
        assertThat(again.exit()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(again.text()).isEqualTo("the undo did not come about; b serves group files again");
    }

    @Test
    void exitCodesAreThePublishedOnes() {
        assertThat(List.of(ExitCode.values()).stream().map(c -> c.name() + " " + c.code()))
                .containsExactly(
                        "DONE 0", "USAGE 2", "REFUSED 3", "ROLLED_BACK 4", "NEEDS_ATTENTION 5", "NO_AGENT 6", "BUSY 7");
    }

    @Test
    void aSagaIsShownStepByStep() {
        SagaState state = checkpointed(opened(Kind.HAND_OVER, step("one"), step("two")))
                .apply(new SagaEvent.StepIntended(3, "one", Facts.NOTHING, NOON))
                .apply(new SagaEvent.StepFailed(4, "one", "no space", 17, NOON));
        Views.SagaView view = SagaViews.view(state);
        assertThat(view.kind()).isEqualTo("handover");
        assertThat(view.state()).isEqualTo("RUNNING");
        assertThat(view.steps())
                .extracting(s -> s.id() + " " + s.state() + " " + s.millis() + " " + s.detail())
                .containsExactly("one failed 17 no space", "two waiting 0 ");
        SagaState undoing = state.apply(new SagaEvent.UndoRequested(5, "a", "root", "", NOON))
                .apply(new SagaEvent.TurnedBack(6, "undo", NOON));
        assertThat(SagaViews.view(undoing).state()).isEqualTo("UNDOING");
        assertThat(SagaViews.view(undoing).kind()).isEqualTo("handover, undo");
    }

    @Test
    void theEstimateIsTheLongestChain() {
        SagaState chain = opened(Kind.FAILOVER, step("one"), step("two", "one"), step("other"));
        SagaState flat = opened(Kind.FAILOVER, step("one"), step("two"), step("other"));
        assertThat(SagaViews.estimate(chain.plan())).isEqualTo(2 * SagaViews.estimate(flat.plan()));
    }

    @Test
    void aGroupIsNormalOnlyOnItsHomeWithEverythingWell() {
        GroupState home = serving(claim(1, "a"));
        List<MirrorState> well = List.of(Sample.mirror(MirrorState.Sync.REPLICATING, Optional.empty()));
        assertThat(shown(home, Standing.HOLDS, well, List.of("b"))).isEqualTo(Views.GroupState.NORMAL);
        assertThat(shown(home, Standing.HOLDS, well, List.of())).isEqualTo(Views.GroupState.DEGRADED);
        assertThat(shown(serving(claim(2, "b")), Standing.HOLDS, well, List.of("a")))
                .isEqualTo(Views.GroupState.FAILED_OVER);
        assertThat(shown(home, Standing.UNCONFIRMED, well, List.of("b"))).isEqualTo(Views.GroupState.STANDING_BY);
        GroupState conflict = home.apply(new GroupEvent.ConflictFound(4, new Claim(1, "b", "x"), NOON));
        assertThat(shown(conflict, Standing.HOLDS, well, List.of("b"))).isEqualTo(Views.GroupState.NEEDS_ATTENTION);
    }

    @Test
    void anOperationIsShownInItsDirectionUntilItNeedsAttention() {
        SagaState back = RUNNING.apply(new SagaEvent.TurnedBack(3, "no", NOON));
        SagaState undo = RUNNING.apply(new SagaEvent.UndoRequested(3, "a", "root", "", NOON))
                .apply(new SagaEvent.TurnedBack(4, "undo", NOON));
        SagaState stuck = back.apply(new SagaEvent.Ended(4, Outcome.NEEDS_ATTENTION, List.of("x: y"), NOON));
        assertThat(operating(RUNNING, "")).isEqualTo(Views.GroupState.FAILING_OVER);
        assertThat(operating(Optional.empty(), ""))
                .as("not read from the journal yet")
                .isEqualTo(Views.GroupState.FAILING_OVER);
        assertThat(operating(SagaState.EMPTY, ""))
                .as("not in the journal, which was repaired")
                .isEqualTo(Views.GroupState.NEEDS_ATTENTION);
        assertThat(operating(back, "")).isEqualTo(Views.GroupState.ROLLING_BACK);
        assertThat(operating(undo, "")).isEqualTo(Views.GroupState.UNDOING);
        assertThat(operating(undo, "for word")).isEqualTo(Views.GroupState.NEEDS_ATTENTION);
        assertThat(operating(stuck, "")).isEqualTo(Views.GroupState.NEEDS_ATTENTION);
    }

    @Test
    void aGroupOnItsWayBackIsNotShownAsServed() {
        GroupState reopened =
                serving(claim(2, "b")).apply(new GroupEvent.OperationReopened(4, "files-1", "undo", NOON));
        Views.GroupView view = GroupViews.view(
                new GroupViews.Known(
                        reopened,
                        Standing.HOLDS,
                        List.of(),
                        List.of("a"),
                        List.of(),
                        Optional.of(ended(RUNNING, Outcome.DONE)),
                        ""),
                "b");
        assertThat(view.servedHere()).isFalse();
        assertThat(view.state()).isEqualTo(Views.GroupState.UNDOING);
    }

    @Test
    void aCheckpointShowsWhatWasTrueBefore() {
        SagaState state = opened(Kind.FAILOVER, step("one"))
                .apply(new SagaEvent.Checkpointed(2, Map.of("one", Facts.of("link", "down")), NOON));
        assertThat(SagaViews.checkpoint(state).body())
                .contains(new Views.CheckpointView("files-2", NOON, Map.of("one", Map.of("link", "down"))));
    }

    @Test
    void aSagaIsShownWithWhoWantedItAndHowItEnded() {
        SagaEvent.Opened opened = RUNNING.opened().orElseThrow();
        SagaState stuck = RUNNING.apply(new SagaEvent.TurnedBack(3, "no", NOON))
                .apply(new SagaEvent.Ended(4, Outcome.NEEDS_ATTENTION, List.of("mount /x: busy"), NOON.plusSeconds(7)));
        Views.SagaView view = SagaViews.view(stuck);
        assertThat(view)
                .isEqualTo(new Views.SagaView(
                        "files-2",
                        "files",
                        "failover",
                        claim(2, "b"),
                        "NEEDS_ATTENTION",
                        "root",
                        "",
                        NOON,
                        Optional.of(NOON.plusSeconds(7)),
                        List.of(new Views.StepView("one", Phase.STORAGE, "group host one", "waiting", 0, "")),
                        opened.dossier(),
                        List.of("mount /x: busy")));
        assertThat(SagaViews.view(RUNNING).ended()).isEmpty();
        assertThat(SagaViews.view(RUNNING).openItems()).isEmpty();
        assertThat(SagaViews.view(RUNNING.apply(new SagaEvent.TurnedBack(3, "no", NOON)))
                        .state())
                .isEqualTo("ROLLING_BACK");
        for (Answer answer : List.of(
                SagaViews.answer(stuck, false, 1),
                SagaViews.answer(ended(RUNNING, Outcome.DONE), false, 1),
                SagaViews.answer(ended(RUNNING, Outcome.DONE), true, 1),
                SagaViews.answer(
                        ended(RUNNING.apply(new SagaEvent.TurnedBack(3, "no", NOON)), Outcome.UNDONE), false, 1))) {
            assertThat(answer.body()).containsInstanceOf(Views.SagaView.class);
            assertThat(answer.reasons()).isEmpty();
        }
        assertThat(SagaViews.answer(stuck, false, 1).text())
                .isEqualTo("group files needs attention: mount /x: busy; mend it, then: sfo resolve files");
    }

    @Test
    void anEstimateGrowsWithEachPhaseOfTheLongestChain() {
        List<Step> chain = new java.util.ArrayList<>();
        long before = 0;
        for (Phase phase : Phase.values()) {
            List<String> after = chain.isEmpty()
                    ? List.of()
                    : List.of(chain.get(chain.size() - 1).id());
            chain.add(new Step(phase.name(), phase, new Resource.GroupHost("x"), after, 1000, true));
            long estimate = SagaViews.estimate(new Plan("files", "b", "a", chain));
            assertThat(estimate - before).as(phase.name()).isGreaterThanOrEqualTo(50);
            before = estimate;
        }
        assertThat(SagaViews.estimate(new Plan("files", "b", "a", List.of()))).isZero();
        assertThat(SagaViews.estimate(new Plan("files", "b", "a", List.of(step("one", "not-there")))))
                .isEqualTo(SagaViews.estimate(new Plan("files", "b", "a", List.of(step("one")))));
    }

    @Test
    void aGroupIsShownWithAllThatIsKnownOfIt() {
        GroupState home = serving(claim(1, "a"));
        List<MirrorState> solo = List.of(Sample.mirror(MirrorState.Sync.SOLO, Optional.of(NOON)));
        Views.GroupView view = GroupViews.view(
                new GroupViews.Known(
                        home, Standing.HOLDS, solo, List.of("b"), List.of("gone"), Optional.empty(), "for nothing"),
                "a");
        assertThat(view.definition()).isEqualTo(Sample.group());
        assertThat(view.state()).isEqualTo(Views.GroupState.DEGRADED);
        assertThat(view.claim()).isEqualTo(claim(1, "a"));
        assertThat(view.servedHere()).isTrue();
        assertThat(view.waiting()).isEqualTo("for nothing");
        assertThat(view.mirrors()).isEqualTo(solo);
        assertThat(view.backups()).isEmpty();
        assertThat(view.reasons()).extracting(r -> r.code()).containsExactly("NOT-SERVED", "MIRROR-BEHIND");
        assertThat(view.operation()).isEmpty();
        Views.GroupView other = GroupViews.view(
                new GroupViews.Known(home, Standing.STANDS_BY, solo, List.of(), List.of("gone"), Optional.empty(), ""),
                "b");
        assertThat(other.reasons()).as("only its holder can tell").isEmpty();
        assertThat(other.servedHere()).isFalse();
    }

    @Test
    void anOpenOperationIsShownUnlessTheJournalLacksIt() {
        GroupState open =
                serving(claim(2, "b")).apply(new GroupEvent.OperationOpened(4, "files-2", Optional.empty(), NOON));
        assertThat(view(open, Optional.of(RUNNING), "").operation()).contains(SagaViews.view(RUNNING));
        assertThat(view(open, Optional.of(RUNNING), "").waiting()).isEmpty();
        Views.GroupView lost = view(open, Optional.of(SagaState.EMPTY), "x");
        assertThat(lost.operation()).isEmpty();
        assertThat(lost.waiting())
                .isEqualTo("for an operator's word: the journal was repaired and lacks what files-2 did; a boot of this"
                        + " appliance takes down whatever it left, then: sfo resolve files");
        GroupState idle = serving(claim(2, "b"));
        assertThat(view(idle, Optional.of(RUNNING), "").operation())
                .as("it is over")
                .isEmpty();
        assertThat(view(idle, Optional.of(SagaState.EMPTY), "x").waiting()).isEqualTo("x");
        assertThat(view(idle, Optional.of(SagaState.EMPTY), "x").state()).isEqualTo(Views.GroupState.STANDING_BY);
        SagaState stuck = RUNNING.apply(new SagaEvent.Ended(3, Outcome.NEEDS_ATTENTION, List.of("x: y"), NOON));
        assertThat(view(idle, Optional.of(stuck), "").state()).as("resolved").isEqualTo(Views.GroupState.STANDING_BY);
        assertThat(view(open, Optional.of(ended(RUNNING, Outcome.DONE)), "").state())
                .isEqualTo(Views.GroupState.FAILING_OVER);
    }

    private static Views.GroupView view(GroupState state, Optional<SagaState> saga, String waiting) {
        return GroupViews.view(
                new GroupViews.Known(state, Standing.STANDS_BY, List.of(), List.of(), List.of(), saga, waiting), "b");
    }

    private static SagaState ended(SagaState state, Outcome outcome) {
        return state.apply(new SagaEvent.Ended(state.ordinal() + 1, outcome, List.of(), NOON));
    }

    private static GroupState serving(Claim claim) {
        return GroupState.EMPTY
                .apply(new GroupEvent.Defined(1, Sample.group(), NOON))
                .apply(new GroupEvent.ClaimKnown(2, claim, "", NOON))
                .apply(new GroupEvent.Serving(3, "files-1", "boot", NOON));
    }

    private static Views.GroupState shown(
            GroupState state, Standing standing, List<MirrorState> mirrors, List<String> heard) {
        return GroupViews.view(
                        new GroupViews.Known(state, standing, mirrors, heard, List.of(), Optional.empty(), ""),
                        state.claim().appliance())
                .state();
    }

    private static Views.GroupState operating(SagaState saga, String waiting) {
        return operating(Optional.of(saga), waiting);
    }

    private static Views.GroupState operating(Optional<SagaState> saga, String waiting) {
        GroupState state =
                serving(claim(2, "b")).apply(new GroupEvent.OperationOpened(4, "files-2", Optional.empty(), NOON));
        return GroupViews.view(
                        new GroupViews.Known(state, Standing.STANDS_BY, List.of(), List.of(), List.of(), saga, waiting),
                        "b")
                .state();
    }
}
