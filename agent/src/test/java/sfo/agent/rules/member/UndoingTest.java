package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.NOON;
import static sfo.agent.rules.Sample.claim;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.Sample;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Requests.Undo;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Reason;
import sfo.protocol.peer.GroupMessage.Beat;

/** What comes before a hand-over: home is back, whole and nothing is lost; and looks at what is served. */
@Timeout(20)
class UndoingTest {
    private static final Claim B2 = claim(2, "b");
    private static final GroupDefinition GROUP = Sample.group();

    private static Wish.Undo undo(boolean acceptLoss, boolean dryRun) {
        return new Wish.Undo(new Undo("files", acceptLoss, dryRun), OneMember.ROOT);
    }

    private static final Wish.Undo UNDO = undo(false, false);

    private static MirrorState mine(Sync sync) {
        return new MirrorState("files", "tank", Role.PRIMARY, B2, sync, Optional.of(NOON), 5L << 20, "", "copies");
    }

    private static MirrorState home(Sync sync, String detail) {
        return new MirrorState("files", "tank", Role.SECONDARY, B2, sync, Optional.of(NOON), 0, "", detail);
    }

    private static Beat said(MirrorState... mirrors) {
        return new Beat("a", "files", "boot-a", 3, B2, false, true, List.of(mirrors), List.of(), "m", Map.of(), false);
    }

    private static OneMember b(Sync sync) {
        return OneMember.serving("b", GROUP, B2).on(new Input.Mirrors(List.of(mine(sync))));
    }

    @Test
    void anUndoBeginsAtOnceWhereBothSidesHaveEverything() {
        OneMember b =
                b(Sync.REPLICATING).hears(said(home(Sync.REPLICATING, ""))).wants(UNDO);
        assertThat(b.events()).containsExactly(new GroupEvent.OperationReopened(6, "files-2", "undo", NOON));
        assertThat(b.told("files-2")).containsExactly(new SagaInput.Undo("a", "root", "typed by hand"));
        assertThat(b.shown()).containsExactly(new Progress("undo", "resync", "a has everything", "done", 0, ""));
        assertThat(b.acts(Act.AcceptLoss.class)).isEmpty();
        assertThat(b.memory.operation().orElseThrow().saga()).contains("files-2");
    }

    @Test
    void anUndoWaitsForWhatIsCopiedAsLongAsThatTakes() {
        OneMember b = b(Sync.SYNCING).hears(said(home(Sync.INCONSISTENT, "1"))).wants(UNDO);
        String behind = "volume tank is SYNCING, 5 MiB behind";
        assertThat(b.shown())
                .containsExactly(new Progress("undo", "resync", "brings a up to date", "running", 0, behind));
        for (int seconds = 1; seconds < 100; seconds++) {
            b.at(seconds * 1_000L).hears(said(home(Sync.INCONSISTENT, "1")));
            assertThat(b.tick().answered()).isEmpty();
        }
        assertThat(b.shown())
                .containsExactly(new Progress("undo", "resync", "brings a up to date", "running", 0, behind));
        b.on(new Input.Mirrors(List.of(mine(Sync.REPLICATING))));
        assertThat(b.told("files-2")).as("home has not said so yet").isEmpty();
        b.hears(said(home(Sync.REPLICATING, ""))).at(101_000).tick();
        assertThat(b.told("files-2")).hasSize(1);
        assertThat(b.shown()).containsExactly(new Progress("undo", "resync", "a has everything", "done", 101_000, ""));
    }

    @Test
    void whereNothingMovesForTwentySecondsItGivesUpAndServesOn() {
        OneMember b = b(Sync.SOLO).hears(said(home(Sync.LOST, ""))).wants(undo(true, false));
        assertThat(b.acts()).startsWith(new Act.AcceptLoss(true));
        for (int seconds = 1; seconds <= 20; seconds++) {
            b.at(seconds * 1_000L).hears(said(home(Sync.LOST, ""))).tick();
            assertThat(b.answered()).isEmpty();
        }
        b.at(20_500).hears(said(home(Sync.LOST, ""))).tick();
        assertThat(b.answer())
                .isEqualTo(Answer.refused(
                        "b serves on: nothing was mirrored to a for 20 s; volume tank is SOLO, 5 MiB behind (copies)",
                        List.of()));
        assertThat(b.acts(Act.AcceptLoss.class)).containsExactly(new Act.AcceptLoss(false));
        assertThat(b.memory.operation()).isEmpty();
        assertThat(b.events()).isEmpty();
    }

    @Test
    void whatMovesAtHomeCountsAsMoving() {
        OneMember b = b(Sync.SOLO).hears(said(home(Sync.LOST, "0"))).wants(undo(true, false));
        for (int seconds = 1; seconds <= 60; seconds++) {
            String at = String.valueOf(seconds / 15);
            b.at(seconds * 1_000L).hears(said(home(Sync.LOST, at))).tick();
            assertThat(b.answered()).isEmpty();
        }
    }

    @Test
    void whatSpeaksAgainstItIsSaidBeforeAndWhileItWaits() {
        OneMember silent = b(Sync.REPLICATING).wants(UNDO);
        assertThat(silent.answer().text()).isEqualTo("refused, b serves on");
        assertThat(silent.answer().reasons()).extracting(Reason::code).containsExactly("HOME-SILENT");
        assertThat(silent.memory.operation()).isEmpty();

        OneMember b = b(Sync.SYNCING).hears(said(home(Sync.INCONSISTENT, ""))).wants(UNDO);
        b.at(1_000).hears(said(home(Sync.FAILED, "disk full"))).tick();
        assertThat(b.answer().reasons()).extracting(Reason::code).containsExactly("MIRROR-FAILED");
        assertThat(b.acts(Act.AcceptLoss.class)).containsExactly(new Act.AcceptLoss(false));

        OneMember diverged = b(Sync.SYNCING).hears(said(home(Sync.SOLO, ""))).wants(UNDO);
        assertThat(diverged.answer().reasons()).extracting(Reason::code).containsExactly("MIRROR-DIVERGED");
        assertThat(diverged.wants(undo(true, false)).answered()).isEmpty();
        assertThat(diverged.at(1_000).tick().answered()).isEmpty();
    }

    @Test
    void anUndoIsTypedOnTheSurvivorAndOnlyAwayFromHome() {
        assertThat(OneMember.of("b", GROUP, claim(1, "a")).wants(UNDO).answer().reasons())
                .extracting(Reason::text)
                .containsExactly("undo was typed on b, the holder is a");
        assertThat(OneMember.serving("a", GROUP, claim(1, "a")).wants(UNDO).answer())
                .isEqualTo(Answer.refused("there is nothing to undo: a is the home of group files", List.of()));
    }

    @Test
    void aDryRunAsksForThePlanAndBeginsNothing() {
        OneMember b =
                b(Sync.REPLICATING).hears(said(home(Sync.REPLICATING, ""))).wants(undo(true, true));
        assertThat(b.acts()).containsExactly(new Act.AskSaga("w", new Wish.ShowPlan(true), "files-2"));
        assertThat(b.memory.operation()).isEmpty();
        assertThat(b.events()).isEmpty();
    }

    @Test
    void whoLosesTheGroupWhileItWaitsHandsNothingOver() {
        OneMember b = b(Sync.SYNCING).hears(said(home(Sync.INCONSISTENT, ""))).wants(UNDO);
        b.hears(Sample.busy("c", claim(3, "c")));
        b.hears(said(home(Sync.REPLICATING, ""))).on(new Input.Mirrors(List.of(mine(Sync.REPLICATING))));
        assertThat(b.answer().reasons()).extracting(Reason::code).containsExactly("WRONG-APPLIANCE");
        assertThat(b.told("files-2")).noneMatch(SagaInput.Undo.class::isInstance);
    }

    @Test
    void anUndoThatIsRolledBackIsAnsweredAsThat() {
        OneMember b =
                b(Sync.REPLICATING).hears(said(home(Sync.REPLICATING, ""))).wants(UNDO);
        b.ended("files-2", Kind.FAILOVER, "a", Outcome.DONE, "");
        assertThat(b.answer().exit()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(b.acts(Act.Down.class)).as("home is back, and lives").isEmpty();
    }

    // --- looks at what is served

    private static final Act LOOK = new Act.Saga("files-2", new SagaOrder.Look());

    @Test
    void aLookIsTakenEachMinuteByWhoeverServesAndIsFree() {
        OneMember b = OneMember.serving("b", GROUP, B2);
        assertThat(b.at(4_999).tick().acts()).doesNotContain(LOOK);
        assertThat(b.at(5_000).tick().acts()).contains(LOOK);
        assertThat(b.at(64_999).tick().acts()).doesNotContain(LOOK);
        assertThat(b.at(65_000).tick().acts()).contains(LOOK);
        OneMember busy = b(Sync.SYNCING)
                .hears(said(home(Sync.INCONSISTENT, "")))
                .wants(UNDO)
                .at(40_000)
                .hears(said(home(Sync.INCONSISTENT, "")))
                .tick();
        assertThat(busy.acts()).doesNotContain(LOOK);
        OneMember open = OneMember.serving("b", GROUP, B2)
                .stored(n -> new GroupEvent.OperationReopened(n, "files-2", "undo", NOON));
        assertThat(open.at(40_000).tick().acts()).doesNotContain(LOOK);
        OneMember gone = OneMember.serving("b", GROUP, B2).stored(n -> new GroupEvent.Destroyed(n, NOON));
        assertThat(gone.at(40_000).tick().orders()).isEmpty();
    }

    @Test
    void whatIsBrokenIsToldOnceLookedAtSoonAndForgottenWithTheService() {
        OneMember b = OneMember.serving("b", GROUP, B2).at(5_000).tick();
        b.on(new Input.SagaLooked("files-2", List.of("x", "y")));
        assertThat(b.acts()).containsExactly(new Act.Warn("group files: x; y"));
        assertThat(b.memory.broken()).containsExactly("x", "y");
        assertThat(b.on(new Input.SagaLooked("files-2", List.of("x", "y"))).acts())
                .isEmpty();
        assertThat(b.at(9_999).tick().acts()).doesNotContain(LOOK);
        assertThat(b.at(10_000).tick().acts()).contains(LOOK);
        b.on(new Input.SagaLooked("files-1", List.of("z")));
        assertThat(b.memory.broken()).as("another saga's").containsExactly("x", "y");
        b.on(new Input.SagaLooked("files-2", List.of()));
        assertThat(b.acts()).containsExactly(new Act.Warn("group files: everything is served again"));
        assertThat(b.at(39_999).tick().acts()).as("well again").doesNotContain(LOOK);
        b.on(new Input.SagaLooked("files-2", List.of("x")));
        b.booted("next").tick();
        assertThat(b.memory.broken()).isEmpty();
    }

    @Test
    void onlyABrokenServiceIsTakenDownByAResumeAndServedAgainUnderTheSameClaim() {
        OneMember b = OneMember.serving("b", GROUP, B2).on(new Input.SagaLooked("files-2", List.of("x")));
        b.wants(new Wish.Resume(OneMember.ROOT));
        assertThat(b.events()).containsExactly(new GroupEvent.OperationReopened(6, "files-2", "resume", NOON));
        assertThat(b.told("files-2")).containsExactly(new SagaInput.Release("taken down, to be served again"));
        b.ended("files-2", Kind.FAILOVER, "a", Outcome.UNDONE, "taken down");
        assertThat(b.opened().saga()).isEqualTo("files-2.2");
        assertThat(b.opened().order().by()).isEqualTo(OneMember.ROOT);
        assertThat(b.memory.broken()).isEmpty();
        assertThat(b.answered()).isEmpty();
        assertThat(b.state.claim()).isEqualTo(B2);
        b.ended("files-2.2", Kind.RESUME, "b", Outcome.DONE, "");
        assertThat(b.answer().exit()).isEqualTo(ExitCode.DONE);
    }

    @Test
    void whoseGroupIsTakenByAnotherWhileItIsTakenDownServesItNotAgain() {
        OneMember b = OneMember.serving("b", GROUP, B2).on(new Input.SagaLooked("files-2", List.of("x")));
        b.wants(new Wish.Resume(OneMember.ROOT));
        b.hears(Sample.busy("a", claim(3, "a")));
        b.ended("files-2", Kind.FAILOVER, "a", Outcome.UNDONE, "taken down");
        assertThat(b.orders()).isEmpty();
        assertThat(b.answer().exit()).isEqualTo(ExitCode.ROLLED_BACK);
    }
}
