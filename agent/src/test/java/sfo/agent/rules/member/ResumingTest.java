package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.NOON;
import static sfo.agent.rules.Sample.claim;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.Sample;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.control.Requests.Undo;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.GroupMessage.Beat;
import sfo.protocol.peer.Hello;

/** I7: served again when that is confirmed, on an operator's word, or after an undo that came to nothing; and resolve. */
@Timeout(20)
class ResumingTest {
    private static final Claim A1 = claim(1, "a");
    private static final Claim B2 = claim(2, "b");
    private static final GroupDefinition GROUP = Sample.group();
    private static final Wish RESUME = new Wish.Resume(OneMember.ROOT);
    private static final Wish.Resolve RESOLVE = new Wish.Resolve(OneMember.ROOT);

    /** The holder, after a boot. */
    private static OneMember back() {
        return OneMember.serving("a", GROUP, A1).booted("next").at(1_000);
    }

    private static Input claims(Map<String, Hello.GroupClaim> said) {
        return new Input.Claims("w", said);
    }

    // --- by itself

    @Test
    void aConfirmedHolderServesUnderItsClaim() {
        OneMember a = back();
        assertThat(a.waitsFor())
                .isEqualTo("for another member to confirm that a still holds it; if none is alive: sfo resume files");
        a.hears(a.standsBy("b"));
        assertThat(a.opened().saga()).as("a second saga of that generation").isEqualTo("files-1.2");
        SagaOrder.Open open = a.opened().order();
        assertThat(open.kind()).isEqualTo(Kind.RESUME);
        assertThat(open.claim()).isEqualTo(A1);
        assertThat(open.by()).isEqualTo(new Operator(0, "agent", "b confirms the claim"));
        assertThat(open.plan().from()).isEqualTo("a");
        assertThat(a.state.claim()).isEqualTo(A1);
        assertThat(a.state.returnsTo()).as("it is nobody else's").isEmpty();
    }

    @Test
    void aResumeThatFailsIsTriedAgainEverMoreSeldom() {
        OneMember a = back();
        long[] waits = {10, 20, 40, 80, 160, 320, 320};
        for (int i = 0; i < waits.length; i++) {
            String saga = "files-1." + (i + 2);
            a.hears(a.standsBy("b"));
            assertThat(a.opened().saga()).isEqualTo(saga);
            a.ended(saga, OneMember.over(a.saga(saga, Kind.RESUME, "a"), Outcome.UNDONE, "no disk"));
            assertThat(a.answered()).as("nobody asked").isEmpty();
            assertThat(a.waitsFor())
                    .isEqualTo("to serve again, which failed: no disk; it tries again by itself, more and more seldom;"
                            + " to try now: sfo resume files");
            a.at(a.millis + waits[i] * 1_000 - 1).hears(a.standsBy("b"));
            assertThat(a.orders()).as("%d s are not over", waits[i]).isEmpty();
            a.at(a.millis + 1);
        }
        a.hears(a.standsBy("b"));
        a.ended("files-1.9", Kind.RESUME, "a", Outcome.DONE, "");
        assertThat(a.memory.resumeFailure()).isEmpty();
        assertThat(a.memory.resumesFailed()).isZero();
        assertThat(a.state.servingSaga()).contains("files-1.9");
        assertThat(a.memory.resumeAfter()).as("at once").isEqualTo(a.millis * 1_000_000);
        assertThat(a.waitsFor()).isEmpty();
    }

    private static Beat hasWritesOfItsOwn(Map<String, String> heard) {
        return new Beat(
                "b",
                "files",
                "boot-b",
                3,
                A1,
                false,
                true,
                List.of(Sample.mirror(Sync.SOLO, Optional.of(NOON))),
                List.of(),
                "m",
                heard,
                false);
    }

    @Test
    void whatOnlyAPeerHasIsLeftToAnOperator() {
        OneMember a = back();
        a.hears(hasWritesOfItsOwn(a.standsBy("b").heard()));
        assertThat(a.orders()).isEmpty();
        assertThat(a.waitsFor())
                .isEqualTo("for an operator's word: b has writes that a never received; to serve without them (they"
                        + " are kept aside): sfo resume files");
        OneMember serves = OneMember.serving("a", GROUP, A1);
        serves.hears(hasWritesOfItsOwn(Map.of()));
        assertThat(serves.waitsFor()).as("it serves").isEmpty();
    }

    // --- by an operator

    @Test
    void anOperatorsResumeAsksAllOthersFirst() {
        OneMember a = back().wants(RESUME);
        assertThat(a.acts()).containsExactly(new Act.AskClaims("w", List.of("b")));
        a.on(claims(Map.of()));
        assertThat(a.opened().order().kind()).isEqualTo(Kind.RESUME);
        assertThat(a.opened().order().by()).isEqualTo(OneMember.ROOT);
        assertThat(a.state.claim()).isEqualTo(A1);
        a.ended("files-1.2", Kind.RESUME, "a", Outcome.DONE, "");
        assertThat(a.answer().exit()).isEqualTo(ExitCode.DONE);
    }

    @Test
    void whoIsHeldElsewhereOrServesIsNotResumed() {
        OneMember a = back().wants(RESUME).on(claims(Map.of("b", new Hello.GroupClaim("files", 3, B2, true))));
        assertThat(a.answer().text()).isEqualTo("refused, nothing was touched");
        assertThat(a.answer().exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(a.answer().reasons())
                .extracting(Reason::code, Reason::text, Reason::mend)
                .containsExactly(org.assertj.core.groups.Tuple.tuple(
                        "HELD-ELSEWHERE", "b says that it serves the group", "sfo status files on b"));
        assertThat(a.orders()).isEmpty();
        OneMember higher = back().wants(RESUME).on(claims(Map.of("b", new Hello.GroupClaim("files", 3, B2, false))));
        assertThat(higher.answer().reasons())
                .extracting(Reason::text)
                .containsExactly("b knows of claim " + B2.tag() + ", not of " + A1.tag());

        assertThat(OneMember.serving("a", GROUP, A1).wants(RESUME).answer())
                .isEqualTo(Answer.refused("group files is served by a already", List.of()));
        assertThat(OneMember.of("b", GROUP, A1).wants(RESUME).answer().reasons())
                .extracting(Reason::text)
                .containsExactly("resume was typed on b, the holder is a");
    }

    @Test
    void answersThatComeTooLateResumeNothing() {
        assertThat(back().on(claims(Map.of())).acts()).isEmpty();
        OneMember other = back().wants(RESUME).on(new Input.Claims("another", Map.of()));
        assertThat(other.acts()).isEmpty();
        OneMember failover =
                OneMember.of("b", GROUP, A1).wants(OneMember.failover()).on(claims(Map.of()));
        assertThat(failover.acts()).isEmpty();

        OneMember lost = back().wants(RESUME).hears(Sample.busy("b", B2)).on(claims(Map.of()));
        assertThat(lost.answer().reasons()).extracting(Reason::code).containsExactly("WRONG-APPLIANCE");
        OneMember busy = OneMember.of("a", GROUP, A1)
                .wants(RESUME)
                .stored(n -> new GroupEvent.OperationOpened(n, "files-1", Optional.empty(), NOON))
                .on(claims(Map.of()));
        assertThat(busy.answer().reasons()).extracting(Reason::code).containsExactly("WRONG-APPLIANCE");
        assertThat(busy.orders()).isEmpty();
    }

    @Test
    void aVolumeThatMetAHigherClaimIsServedOnlyAboveThat() {
        OneMember a = back();
        a.on(new Input.Mirrors(List.of(met(claim(1, "a")), met(claim(4, "b")))));
        a.wants(RESUME).on(claims(Map.of()));
        assertThat(a.state.claim().generation()).isEqualTo(5);
        assertThat(a.state.claim().appliance()).isEqualTo("a");
        assertThat(a.events()).contains(new GroupEvent.ClaimKnown(6, a.state.claim(), "resumed by root", a.wall()));
        assertThat(a.opened().saga()).isEqualTo("files-5");
        OneMember same = back();
        same.on(new Input.Mirrors(List.of(met(A1)))).wants(RESUME).on(claims(Map.of()));
        assertThat(same.state.claim()).isEqualTo(A1);
    }

    private static MirrorState met(Claim claim) {
        return new MirrorState("files", "tank", Role.IDLE, claim, Sync.CLEAN, Optional.of(NOON), 0, "", "");
    }

    @Test
    void withALeaseAnOperatorsResumeClaimsAnew() {
        OneMember a = OneMember.serving("a", GROUP.withLease(Optional.of(new Lease(5))), A1)
                .booted("next")
                .wants(RESUME)
                .on(claims(Map.of()));
        assertThat(a.state.claim().generation()).isEqualTo(2);
        assertThat(a.state.claim().appliance()).isEqualTo("a");
        assertThat(a.opened().order().claim()).isEqualTo(a.state.claim());
        assertThat(a.acts(Act.PassUntil.class))
                .as("on the operator's word")
                .extracting(Act.PassUntil::nanos)
                .containsExactly(5_000_000_000L);
    }

    // --- resolve

    @Test
    void thereHasToBeSomethingToResolve() {
        assertThat(OneMember.of("b", GROUP, A1).wants(RESOLVE).answer())
                .isEqualTo(Answer.refused("there is nothing to resolve in group files", List.of()));
    }

    @Test
    void anAmnesiacVotesOnAnOperatorsWord() {
        OneMember b = OneMember.of("b", GROUP, A1)
                .stored(n -> new GroupEvent.Abstained(n, "", NOON))
                .wants(RESOLVE);
        assertThat(b.events()).containsExactly(new GroupEvent.CaughtUp(4, "resolved by root", NOON));
        assertThat(b.answer()).isEqualTo(Answer.done("b votes in group files again"));
    }

    @Test
    void aConflictIsResolvedByAClaimOfThisAppliance() {
        OneMember b = OneMember.of("b", GROUP, A1)
                .stored(n -> new GroupEvent.ConflictFound(n, claim(1, "b"), NOON))
                .wants(RESOLVE);
        assertThat(b.state.claim().generation()).isEqualTo(2);
        assertThat(b.state.claim().appliance()).isEqualTo("b");
        assertThat(b.state.conflict()).isEmpty();
        assertThat(b.events())
                .containsExactly(
                        new GroupEvent.ClaimKnown(4, b.state.claim(), "resolved by root", NOON),
                        new GroupEvent.Defined(5, GROUP.under(2), NOON));
        assertThat(b.answer()).isEqualTo(Answer.done("b holds group files now"));
    }

    @Test
    void aStuckOperationIsClosedOnceItHasEndedAndItsClaimGoesBack() {
        OneMember b = OneMember.of("b", GROUP, B2)
                .stored(n -> new GroupEvent.OperationOpened(n, "files-2", Optional.of("a"), NOON));
        b.wants(RESOLVE);
        assertThat(b.acts()).containsExactly(new Act.AskSaga("w", RESOLVE, "files-2"));
        SagaState running = b.saga("files-2", Kind.FAILOVER, "a");
        b.on(new Input.SagaIs("w", RESOLVE, "files-2", running));
        assertThat(b.answer()).isEqualTo(Answer.of(ExitCode.BUSY, "files-2 is still under way"));
        assertThat(b.events()).isEmpty();

        b.on(new Input.SagaIs("w", RESOLVE, "files-2", OneMember.over(running, Outcome.NEEDS_ATTENTION, "")));
        assertThat(b.answer()).isEqualTo(Answer.done("files-2 is closed; its open items are yours"));
        assertThat(b.state.openOperation()).isEmpty();
        assertThat(b.state.claim().generation()).isEqualTo(3);
        assertThat(b.state.claim().appliance()).isEqualTo("a");
        assertThat(b.events()).noneMatch(GroupEvent.Released.class::isInstance);
        assertThat(b.events())
                .contains(
                        new GroupEvent.ClaimKnown(4, b.state.claim(), "resolved by root", NOON),
                        new GroupEvent.OperationEnded(5, "files-2", "resolved by root", NOON));
    }

    @Test
    void whatItServedIsReleasedWithIt() {
        OneMember b = OneMember.serving("b", GROUP, B2)
                .stored(n -> new GroupEvent.OperationReopened(n, "files-2", "undo", NOON));
        SagaState stuck = OneMember.over(b.saga("files-2", Kind.FAILOVER, "a"), Outcome.NEEDS_ATTENTION, "");
        b.on(new Input.SagaIs("w", RESOLVE, "files-2", stuck));
        assertThat(b.state.servingSaga()).isEmpty();
        assertThat(b.events()).contains(new GroupEvent.Released(7, "resolved by root", NOON));
        assertThat(b.state.claim()).as("it is nobody else's to go back to").isEqualTo(B2);

        OneMember other = OneMember.serving("b", GROUP, B2)
                .stored(n -> new GroupEvent.OperationOpened(n, "files-9", Optional.empty(), NOON));
        other.on(new Input.SagaIs("w", RESOLVE, "files-9", stuck));
        assertThat(other.state.servingSaga()).contains("files-2");
    }

    @Test
    void nothingIsClosedWhileAnOperatorStillWaitsForIt() {
        OneMember b = OneMember.of("b", GROUP, A1).wants(OneMember.failover());
        b.proved(OneMember.failover(), "a");
        b.wants(RESOLVE);
        assertThat(b.answer().exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(b.acts(Act.AskSaga.class)).isEmpty();
    }

    @Test
    void aClaimIsGivenBackOnlyByWhomItNames() {
        OneMember b = OneMember.of("b", GROUP, claim(4, "c"))
                .stored(n -> new GroupEvent.OperationOpened(n, "files-2", Optional.of("a"), NOON));
        b.on(new Input.SagaIs("w", RESOLVE, "files-2", SagaState.EMPTY));
        assertThat(b.state.claim()).isEqualTo(claim(4, "c"));
        assertThat(b.state.openOperation()).isEmpty();
    }

    @Test
    void whoIsGivenAClaimBackUnderALeaseIsBoundByIt() {
        OneMember b = OneMember.of("b", GROUP.withLease(Optional.of(new Lease(5))), B2)
                .stored(n -> new GroupEvent.OperationOpened(n, "files-2", Optional.of("a"), NOON));
        b.ended("files-2", Kind.FAILOVER, "a", Outcome.UNDONE, "no");
        assertThat(b.state.leased()).isEqualTo(b.state.claim());
        assertThat(b.state.claim().appliance()).isEqualTo("a");
    }

    // --- what never began

    @Test
    void anOperationThatNeverBeganGivesItsClaimBackAndAnswers() {
        OneMember b = OneMember.of("b", GROUP, A1).wants(OneMember.failover());
        b.proved(OneMember.failover(), "a");
        b.on(new Input.SagaNeverOpened("files-9"));
        assertThat(b.acts()).isEmpty();
        b.on(new Input.SagaNeverOpened("files-2"));
        assertThat(b.state.claim().generation()).isEqualTo(3);
        assertThat(b.state.claim().appliance()).isEqualTo("a");
        assertThat(b.events())
                .contains(
                        new GroupEvent.ClaimKnown(5, b.state.claim(), "rollback: it never began", NOON),
                        new GroupEvent.OperationEnded(6, "files-2", "never began", NOON));
        assertThat(b.answer())
                .isEqualTo(Answer.of(
                        ExitCode.ROLLED_BACK, "nothing was touched: the journal could not be written; see the log"));
    }

    @Test
    void whatARepairedJournalLacksIsNotTakenForWhatNeverBegan() {
        OneMember b = OneMember.of("b", GROUP, B2)
                .stored(n -> new GroupEvent.OperationOpened(n, "files-2", Optional.of("a"), NOON))
                .repaired(NOON);
        b.on(new Input.SagaNeverOpened("files-2"));
        assertThat(b.events()).isEmpty();
        assertThat(b.acts())
                .containsExactly(new Act.Warn("what files-2 did is not in the journal, which was repaired"));
    }

    // --- operators' wishes that meet one another, or a journal that fails

    @Test
    void oneOperationAtATimeAndTheOtherIsToldWhich() {
        OneMember b = OneMember.of("b", GROUP, A1).wants(OneMember.failover());
        assertThat(b.wants(new Wish.Undo(new Undo("files", false, false), OneMember.ROOT))
                        .answer())
                .isEqualTo(Answer.of(
                        ExitCode.BUSY,
                        "another operation is under way for group files: failover; see it with: sfo status files"));
        OneMember stuck = OneMember.of("b", GROUP, B2)
                .stored(n -> new GroupEvent.OperationOpened(n, "files-2", Optional.of("a"), NOON))
                .wants(RESUME);
        assertThat(stuck.answer())
                .isEqualTo(Answer.of(
                        ExitCode.BUSY,
                        "another operation is under way for group files: files-2; see it with: sfo status files"));
    }

    @Test
    void whoWaitsForWhatTheJournalDidNotTakeIsAnswered() {
        OneMember b = OneMember.of("b", GROUP, A1).wants(OneMember.failover()).on(new Input.JournalRead());
        assertThat(b.answer())
                .isEqualTo(Answer.of(
                        ExitCode.ROLLED_BACK, "nothing was touched: the journal could not be written; see the log"));
        assertThat(b.memory.operation()).isEmpty();

        OneMember carried = OneMember.of("b", GROUP, A1).wants(OneMember.failover());
        carried.proved(OneMember.failover(), "a");
        assertThat(carried.on(new Input.JournalRead()).answered())
                .as("its saga is stored, and tells")
                .isEmpty();
        carried.state = OneMember.of("b", GROUP, A1).state;
        assertThat(carried.on(new Input.JournalRead()).answer().exit()).isEqualTo(ExitCode.ROLLED_BACK);

        OneMember changes = OneMember.serving("a", GROUP, A1)
                .wants(new Wish.Change(d -> d.withShares(List.of()), "", OneMember.ROOT))
                .on(new Input.JournalRead());
        assertThat(changes.answer())
                .isEqualTo(Answer.of(
                        ExitCode.NEEDS_ATTENTION,
                        "the journal could not be written: what is served may have changed already; type it again"));
    }

    @Test
    void whatBreaksBeforeItsSagaTouchedNothing() {
        OneMember b = OneMember.of("b", GROUP, A1).wants(OneMember.failover()).on(new Input.Broke("no memory"));
        assertThat(b.answer()).isEqualTo(Answer.of(ExitCode.ROLLED_BACK, "nothing was touched: no memory"));
        OneMember carried = OneMember.of("b", GROUP, A1).wants(OneMember.failover());
        carried.proved(OneMember.failover(), "a").on(new Input.Broke("no memory"));
        assertThat(carried.acts()).isEmpty();
        assertThat(carried.on(new Input.Stopped()).answer())
                .isEqualTo(Answer.of(
                        ExitCode.NEEDS_ATTENTION, "the agent's actor system was restarted; see: sfo status files"));
        assertThat(OneMember.of("b", GROUP, A1).on(new Input.Stopped()).acts()).isEmpty();
    }

    // --- mirrors that an operator wants or does not

    @Test
    void whetherAVolumeIsMirroredIsStoredBeforeItIsDoneAndOnce() {
        Volume tank = Sample.volume("tank");
        OneMember a = OneMember.serving("a", GROUP, A1).on(new Input.MirrorWanted("w", tank, true));
        assertThat(a.events()).isEmpty();
        assertThat(a.acts()).containsExactly(new Act.KeepMirror("w", tank, true));
        a.on(new Input.MirrorWanted("w", tank, false));
        assertThat(a.events()).containsExactly(new GroupEvent.MirrorWanted(6, "tank", false, NOON));
        assertThat(a.acts()).contains(new Act.KeepMirror("w", tank, false));
        assertThat(a.on(new Input.MirrorWanted("w", tank, false)).events()).isEmpty();
        a.on(new Input.MirrorWanted("w", tank, true));
        assertThat(a.events()).containsExactly(new GroupEvent.MirrorWanted(7, "tank", true, NOON));
    }

    @Test
    void aRebootedSagasEndIsOfTheBootInWhichItWasMade() {
        OneMember a = OneMember.of("a", GROUP, A1)
                .stored(n -> new GroupEvent.OperationOpened(n, "files-1", Optional.empty(), NOON));
        SagaState before = a.saga("files-1", Kind.RESUME, "a");
        a.booted("next").ended("files-1", OneMember.over(before, Outcome.DONE, ""));
        assertThat(a.state.servingBoot()).isEqualTo("boot");
        assertThat(a.waitsFor()).startsWith("for another member to confirm");
    }

    @Test
    void whatAHigherClaimTurnedBackWhileItEndedWellIsServedNoMore() {
        OneMember a = OneMember.of("a", GROUP, A1)
                .stored(n -> new GroupEvent.OperationOpened(n, "files-1", Optional.empty(), NOON));
        SagaState running = a.saga("files-1", Kind.RESUME, "a");
        a.hears(Sample.standingBy("b", B2));
        assertThat(a.told("files-1")).as("it is to go back").hasSize(1);
        a.hears(Sample.standingBy("b", Claim.givenBack(3, "a", "x")));
        a.ended("files-1", OneMember.over(running, Outcome.DONE, ""));
        assertThat(a.standing()).isEqualTo(Standing.HOLDS);
        a.ended("files-1", OneMember.over(running, Outcome.UNDONE, "held by b"));
        assertThat(a.standing())
                .as("and is served again when that is confirmed")
                .isEqualTo(Standing.UNCONFIRMED);
    }
}
