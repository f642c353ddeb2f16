package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.Sample;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Reason;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.plan.Plan;

/** One decision at a time; whole stories are the simulation's. */
@Timeout(20)
class MemberRulesTest {
    private static final Instant NOON = Instant.parse("2026-05-04T12:00:00Z");
    private static final Claim A1 = Sample.claim(1, "a");
    private static final Claim MINE = Sample.claim(2, "b");
    private static final Claim A2 = Sample.claim(2, "a");
    private static final Member B =
            new Member("files", "b", "boot", Optional.empty(), "run:", (group, volume) -> "/srv/" + volume);

    private static Moment at(long millis) {
        return new Moment(NOON.plusMillis(millis), millis * 1_000_000, "moment-" + millis, Map.of());
    }

    private static GroupState heldBy(Claim claim) {
        return GroupState.EMPTY
                .apply(new GroupEvent.Defined(1, Sample.group(), NOON))
                .apply(new GroupEvent.ClaimKnown(2, claim, "created", NOON));
    }

    private static GroupMessage.Beat beat(Claim claim) {
        return new GroupMessage.Beat(
                "a", "files", "boot-a", 1, claim, true, false, List.of(), List.of(), "mark", Map.of(), false);
    }

    private static Decision decide(GroupState state, Memory memory, long millis, Input input) {
        return MemberRules.on(B, state, memory, at(millis), input);
    }

    private static Wish failover() {
        return new Wish.Failover(
                new Requests.Failover(
                        "files", Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), false, false),
                new Requests.Operator(0, "root", ""));
    }

    private static Answer answer(Decision decision) {
        return decision.acts().stream()
                .filter(Act.Reply.class::isInstance)
                .map(act -> ((Act.Reply) act).answer())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void theNamedHolderTakesOverFromNobodyItResumes() {
        Decision decision = decide(heldBy(Sample.claim(1, "b")), Memory.fresh(0), 0, new Input.Wanted("w", failover()));
        assertThat(answer(decision).exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(answer(decision).reasons()).extracting(Reason::code).containsExactly("HELD-HERE");
        assertThat(answer(decision).reasons().get(0).mend()).isEqualTo("sfo resume files");
        assertThat(decision.events()).isEmpty();
        assertThat(decision.memory().operation()).isEmpty();
    }

    @Test
    void oneOperationAtATime() {
        Decision first = decide(heldBy(A1), Memory.fresh(0), 0, new Input.Wanted("w1", failover()));
        assertThat(first.acts()).anyMatch(act -> act instanceof Act.Assess a && a.prove());
        Decision second = decide(heldBy(A1), first.memory(), 10, new Input.Wanted("w2", failover()));
        assertThat(answer(second).exit()).isEqualTo(ExitCode.BUSY);
        assertThat(second.memory().operation().orElseThrow().wish()).isEqualTo("w1");
    }

    @Test
    void aSignOfLifeWhileItIsProvedDeadRefuses() {
        Decision begun = decide(heldBy(A1), Memory.fresh(0), 0, new Input.Wanted("w", failover()));
        Decision heard = decide(heldBy(A1), begun.memory(), 100, new Input.Heard(beat(A1)));
        Assessment dead = new Assessment(Sample.group(), "a", List.of(), Optional.empty());
        Decision refused =
                decide(heldBy(A1), heard.memory(), 500, new Input.Assessed("w", failover(), Optional.of(dead), ""));
        assertThat(answer(refused).text()).contains("has just been heard");
        assertThat(refused.events()).isEmpty();

        Decision claimed =
                decide(heldBy(A1), begun.memory(), 500, new Input.Assessed("w", failover(), Optional.of(dead), ""));
        assertThat(claimed.events()).hasSize(2);
        assertThat(((GroupEvent.ClaimKnown) claimed.events().get(0)).claim().appliance())
                .isEqualTo("b");
        assertThat(claimed.events().get(1)).isInstanceOf(GroupEvent.OperationOpened.class);
    }

    @Test
    void theProofOfAFailoverIsKeptForTheNextOne() {
        Decision begun = decide(heldBy(A1), Memory.fresh(0), 0, new Input.Wanted("w", failover()));
        Assessment dead =
                new Assessment(Sample.group(), "a", List.of(), Optional.of(new DossierView("a", "DEAD", List.of())));
        Decision claimed =
                decide(heldBy(A1), begun.memory(), 500, new Input.Assessed("w", failover(), Optional.of(dead), ""));
        assertThat(claimed.events()).hasSize(3).contains(new GroupEvent.LookedAt(3, "a", true, NOON));
    }

    @Test
    void aLookThatFailsRefuses() {
        Decision begun = decide(heldBy(A1), Memory.fresh(0), 0, new Input.Wanted("w", failover()));
        Decision failed = decide(
                heldBy(A1), begun.memory(), 900, new Input.Assessed("w", failover(), Optional.empty(), "ip hangs"));
        assertThat(answer(failed).exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(answer(failed).reasons()).extracting(Reason::text).containsExactly("ip hangs");
        assertThat(failed.memory().operation()).isEmpty();
    }

    @Test
    void aReplicaThatLosesItsPrimaryLooksAtOnceWhetherThatIsDead() {
        MirrorState lost =
                new MirrorState("files", "tank", Role.SECONDARY, A1, Sync.LOST, Optional.of(NOON), 0, "link", "");
        Decision decision = decide(heldBy(A1), Memory.fresh(0), 0, new Input.Mirrors(List.of(lost)));
        assertThat(decision.acts()).contains(new Act.LookAt(Sample.group(), "a"));
        assertThat(decide(heldBy(A1), decision.memory(), 10, new Input.Mirrors(List.of(lost)))
                        .acts())
                .as("once")
                .noneMatch(Act.LookAt.class::isInstance);
    }

    @Test
    void theFirstProofOfADeathCountsAndASignOfLifeAfterItNone() {
        Decision dead = decide(heldBy(A1), Memory.fresh(0), 500, new Input.LookedAt("a", true, NOON));
        assertThat(dead.events()).containsExactly(new GroupEvent.LookedAt(3, "a", true, NOON));
        GroupState known = heldBy(A1).apply(dead.events().get(0));
        assertThat(decide(known, dead.memory(), 9_000, new Input.LookedAt("a", true, NOON.plusSeconds(9)))
                        .events())
                .isEmpty();
        Decision heard = decide(heldBy(A1), Memory.fresh(0), 100, new Input.Heard(beat(A1)));
        assertThat(decide(heldBy(A1), heard.memory(), 500, new Input.LookedAt("a", true, NOON))
                        .events())
                .isEmpty();
    }

    @Test
    void thatADeadOneCameBackIsStoredOnce() {
        GroupState dead = heldBy(A1).apply(new GroupEvent.LookedAt(3, "a", true, NOON));
        Decision back = decide(dead, Memory.fresh(0), 60_000, new Input.Heard(beat(A1)));
        assertThat(back.events()).containsExactly(new GroupEvent.LookedAt(4, "a", false, NOON.plusSeconds(60)));
        assertThat(decide(dead.apply(back.events().get(0)), back.memory(), 61_000, new Input.Heard(beat(A1)))
                        .events())
                .isEmpty();
    }

    @Test
    void whoFellSilentIsHeardNoMore() {
        Decision heard = decide(heldBy(A1), Memory.fresh(0), 0, new Input.Heard(beat(A1)));
        long silent = MemberRules.SILENT.plus(Duration.ofMillis(1)).toMillis();
        Decision tick = decide(heldBy(A1), heard.memory(), silent, new Input.Tick());
        assertThat(tick.events()).containsExactly(new GroupEvent.FellSilent(3, "a", NOON));
        assertThat(tick.memory().beats()).isEmpty();
    }

    @Test
    void aHolderThatMissesAHeartbeatIsLookedAtUntilItIsHeardOrDead() {
        Decision heard = decide(heldBy(A1), Memory.fresh(0), 0, new Input.Heard(beat(A1)));
        assertThat(heard.acts()).anyMatch(Act.ExpectWord.class::isInstance);
        Decision missed = decide(heldBy(A1), heard.memory(), 1_300, new Input.NoWord("a"));
        assertThat(missed.acts()).containsExactly(new Act.LookAt(Sample.group(), "a"));
        Instant began = NOON.plusMillis(1_300);
        Decision alive = decide(heldBy(A1), missed.memory(), 1_800, new Input.LookedAt("a", false, began));
        assertThat(alive.acts()).hasSize(1).allMatch(Act.ExpectWord.class::isInstance);
        Decision dead = decide(heldBy(A1), missed.memory(), 1_800, new Input.LookedAt("a", true, began));
        assertThat(dead.events()).containsExactly(new GroupEvent.LookedAt(3, "a", true, began));
        assertThat(dead.acts()).noneMatch(Act.ExpectWord.class::isInstance);
    }

    @Test
    void aHolderIsExpectedToSpeakFromTheMomentThatItsClaimIsKnown() {
        Decision heard = decide(heldBy(Sample.claim(1, "b")), Memory.fresh(0), 0, new Input.Heard(beat(A2)));
        assertThat(heard.acts()).contains(new Act.ExpectWord("a", 1_300));
    }

    @Test
    void anUndoWaitsWhileHomeKeepsWhatItHasAloneAndNoLongerThanThatMoves() {
        Claim mine = Sample.claim(2, "b");
        GroupState serving = heldBy(mine).apply(new GroupEvent.Serving(3, "files-1", "boot", NOON));
        Requests.Undo request = new Requests.Undo("files", true, false);
        Wish undo = new Wish.Undo(request, new Requests.Operator(0, "root", ""));
        MirrorState alone = new MirrorState(
                "files", "tank", Role.PRIMARY, mine, Sync.SOLO, Optional.of(NOON), 0, "", "never mirrored");
        Memory memory = decide(serving, Memory.fresh(0), 0, new Input.Mirrors(List.of(alone)))
                .memory();
        memory = decide(serving, memory, 0, home(mine, 0)).memory();
        memory = decide(serving, memory, 0, new Input.Wanted("w", undo)).memory();
        Decision tick = decide(serving, memory, 0, new Input.Tick());
        // nothing is copied any more after a minute
        for (int seconds = 1; answers(tick) == 0 && seconds < 100; seconds++) {
            memory = decide(serving, tick.memory(), seconds * 1_000L, home(mine, Math.min(seconds, 60)))
                    .memory();
            tick = decide(serving, memory, seconds * 1_000L, new Input.Tick());
            assertThat(answers(tick)).as("after %d s", seconds).isEqualTo(seconds > 80 ? 1 : 0);
        }
        assertThat(answer(tick).text()).contains("nothing was mirrored to a for 21 s");
        assertThat(tick.acts()).contains(new Act.AcceptLoss(false));
    }

    @Test
    void aHolderLooksAtWhatItServesAndSoonAgainWhenSomethingIsWrong() {
        GroupState serving = heldBy(MINE).apply(new GroupEvent.Serving(3, "files-2", "boot", NOON));
        Act look = new Act.Saga("files-2", new SagaOrder.Look());
        Decision early = decide(serving, Memory.fresh(0), 4_900, new Input.Tick());
        assertThat(early.acts()).doesNotContain(look);
        Decision first = decide(serving, early.memory(), 5_100, new Input.Tick());
        assertThat(first.acts()).contains(look);
        assertThat(decide(serving, first.memory(), 20_000, new Input.Tick()).acts())
                .doesNotContain(look);
        assertThat(decide(heldBy(MINE), early.memory(), 40_000, new Input.Tick())
                        .acts())
                .as("what it does not serve")
                .doesNotContain(look);

        Decision broken = decide(
                serving, first.memory(), 20_000, new Input.SagaLooked("files-2", List.of("1 NFS exports: gone")));
        assertThat(broken.acts()).containsExactly(new Act.Warn("group files: 1 NFS exports: gone"));
        assertThat(broken.memory().broken()).containsExactly("1 NFS exports: gone");
        Decision again = decide(serving, broken.memory(), 25_100, new Input.Tick());
        assertThat(again.acts()).contains(look);
        Decision well = decide(serving, again.memory(), 25_200, new Input.SagaLooked("files-2", List.of()));
        assertThat(well.acts()).containsExactly(new Act.Warn("group files: everything is served again"));
        assertThat(decide(serving, well.memory(), 26_000, new Input.SagaLooked("files-1", List.of("old")))
                        .memory()
                        .broken())
                .isEmpty();

        Memory ended =
                decide(serving, well.memory(), 30_000, new Input.ServerEnded()).memory();
        assertThat(decide(serving, well.memory(), 30_100, new Input.Tick()).acts())
                .doesNotContain(look);
        assertThat(decide(serving, ended, 30_100, new Input.Tick()).acts()).contains(look);
    }

    @Test
    void whatIsServedBadlyIsTakenDownAndServedAgainOnAnOperatorsWordAlone() {
        GroupState serving = heldBy(MINE)
                .apply(new GroupEvent.OperationOpened(3, "files-2", Optional.empty(), NOON))
                .apply(new GroupEvent.OperationEnded(4, "files-2", "DONE", NOON))
                .apply(new GroupEvent.Serving(5, "files-2", "boot", NOON));
        Wish resume = new Wish.Resume(new Requests.Operator(0, "root", ""));
        Decision well = decide(serving, Memory.fresh(0), 0, new Input.Wanted("w", resume));
        assertThat(answer(well).exit()).isEqualTo(ExitCode.REFUSED);

        Decision broken =
                decide(serving, Memory.fresh(0), 0, new Input.SagaLooked("files-2", List.of("volume tank: gone")));
        Decision down = decide(serving, broken.memory(), 10, new Input.Wanted("w", resume));
        assertThat(down.acts())
                .contains(new Act.Saga(
                        "files-2", new SagaOrder.Say(new SagaInput.Release("taken down, to be served again"))));
        GroupState going = after(serving, down);
        assertThat(going.openOperation()).contains("files-2");

        Decision up = decide(going, down.memory(), 20, new Input.SagaEnded("files-2", undone("files-2")));
        assertThat(opened(up)).containsExactly("files-2.2");
        GroupState upAgain = after(going, up);
        assertThat(upAgain.claim()).isEqualTo(MINE);
        assertThat(upAgain.openOperation()).contains("files-2.2");

        Decision failed = decide(upAgain, up.memory(), 30, new Input.SagaEnded("files-2.2", undone("files-2.2")));
        assertThat(opened(failed)).as("not for ever").isEmpty();
        assertThat(answer(failed).exit()).isEqualTo(ExitCode.ROLLED_BACK);
    }

    @Test
    void whatWasJustHandedOverNeedsNoBackupOfTheOneThatHasIt() {
        GroupState serving = heldBy(MINE)
                .apply(new GroupEvent.OperationOpened(3, "files-2", Optional.empty(), NOON))
                .apply(new GroupEvent.Serving(4, "files-2", "boot", NOON));
        Claim theirs = Sample.claim(3, "a");
        SagaState handedOver = begun("files-2", SagaEvent.Kind.FAILOVER, "a")
                .apply(new SagaEvent.UndoRequested(2, "a", "root", "", NOON))
                .apply(new SagaEvent.TurnedBack(3, "undo", NOON))
                .apply(new SagaEvent.Permitted(4, theirs, List.of(), 5_000, NOON))
                .apply(new SagaEvent.HandOverEnded(5, true, "", NOON))
                .apply(new SagaEvent.Ended(6, SagaEvent.Outcome.UNDONE, List.of(), NOON));
        Decision gave = decide(serving, Memory.fresh(0), 0, new Input.SagaEnded("files-2", handedOver));
        GroupState after = after(serving, gave);
        assertThat(after.claim()).isEqualTo(theirs);
        assertThat(isGiven(after, gave.memory(), 19_900)).isTrue();
        assertThat(isGiven(after, gave.memory(), 20_100)).isFalse();
        assertThat(isGiven(heldBy(A1), Memory.fresh(0), 100)).isFalse();
    }

    private static boolean isGiven(GroupState state, Memory memory, long millis) {
        return decide(state, memory, millis, new Input.Wanted("w", failover())).acts().stream()
                .filter(Act.Assess.class::isInstance)
                .map(act -> ((Act.Assess) act).given())
                .findFirst()
                .orElseThrow();
    }

    private static SagaState begun(String id, SagaEvent.Kind kind, String from) {
        Plan plan = new Plan("files", "b", from, List.of());
        return SagaState.EMPTY.apply(
                new SagaEvent.Opened(1, id, kind, plan, MINE, "boot", "root", "", Optional.empty(), NOON));
    }

    private static List<String> opened(Decision decision) {
        return decision.acts().stream()
                .filter(a -> a instanceof Act.Saga s && s.order() instanceof SagaOrder.Open)
                .map(a -> ((Act.Saga) a).saga())
                .toList();
    }

    /** A saga of this member's own claim that was taken back. */
    private static SagaState undone(String id) {
        return begun(id, SagaEvent.Kind.RESUME, "b")
                .apply(new SagaEvent.TurnedBack(2, "taken down", NOON))
                .apply(new SagaEvent.Ended(3, SagaEvent.Outcome.UNDONE, List.of(), NOON));
    }

    private static long answers(Decision decision) {
        return decision.acts().stream().filter(Act.Reply.class::isInstance).count();
    }

    private static Input home(Claim claim, int copied) {
        MirrorState alone = new MirrorState(
                "files", "tank", Role.IDLE, A1, Sync.SOLO, Optional.of(NOON), 0, "", copied + " of 900 MiB");
        return new Input.Heard(new GroupMessage.Beat(
                "a", "files", "boot-a", 1, claim, false, true, List.of(alone), List.of(), "mark", Map.of(), false));
    }

    @Test
    void anAgentThatStartsLooksAtAHolderWhoseFirstHeartbeatDoesNotCome() {
        Decision started = decide(heldBy(A1), Memory.fresh(0), 0, new Input.JournalRead());
        assertThat(started.acts()).contains(new Act.ExpectWord("a", 1_300));
    }

    @Test
    void aHigherClaimThatIsHeardIsStoredBeforeAnythingIsDone() {
        Decision decision = decide(heldBy(A1), Memory.fresh(0), 0, new Input.Heard(beat(A2)));
        assertThat(decision.events()).hasSize(1);
        assertThat(decision.acts().get(0)).isInstanceOf(Act.TellStanding.class);
    }

    @Test
    void whoKnewNothingOfAGroupThatIsHeldAbstainsUntilItHasHeardAllOthers() {
        Decision heard = decide(GroupState.EMPTY, Memory.fresh(0), 0, new Input.Heard(beat(A2)));
        assertThat(heard.acts()).containsExactly(new Act.Send("a", new GroupMessage.AskDefinition("b", "files")));
        GroupMessage told = new GroupMessage.Definition("a", "files", Sample.group(), A2);
        Decision again = decide(GroupState.EMPTY, heard.memory(), 10, new Input.Heard(told));
        GroupState knows = after(GroupState.EMPTY, again);
        assertThat(knows.claim()).isEqualTo(A2);
        assertThat(knows.abstains()).isTrue();

        Claim next = Sample.claim(3, "a");
        Decision asked =
                decide(knows, again.memory(), 20, new Input.Heard(new GroupMessage.Propose("a", "files", next)));
        assertThat(asked.events()).isEmpty();
        assertThat(asked.acts())
                .containsExactly(new Act.Send("a", new GroupMessage.Acknowledge("b", "files", next, Claim.NONE)));

        GroupMessage fresh = new GroupMessage.Beat(
                "a",
                "files",
                "boot-a",
                3,
                A2,
                true,
                false,
                List.of(),
                List.of(),
                "mark",
                Map.of("b", B.incarnation() + 30_000_000),
                false);
        Decision caught = decide(knows, asked.memory(), 40, new Input.Heard(fresh));
        assertThat(after(knows, caught).abstains()).isFalse();
    }

    @Test
    void aRepairedJournalAbstainsOnceForEachRepair() {
        Member repaired =
                new Member("files", "b", "boot", Optional.of(NOON), "run:", (group, volume) -> "/srv/" + volume);
        Decision started = MemberRules.on(repaired, heldBy(A1), Memory.fresh(0), at(0), new Input.JournalRead());
        GroupState abstains = after(heldBy(A1), started);
        assertThat(abstains.abstains()).isTrue();
        Wish resolve = new Wish.Resolve(new Requests.Operator(0, "root", ""));
        Decision resolved = decide(abstains, started.memory(), 10, new Input.Wanted("w", resolve));
        assertThat(answer(resolved).exit()).isEqualTo(ExitCode.DONE);
        GroupState votes = after(abstains, resolved);
        assertThat(votes.abstains()).isFalse();
        assertThat(MemberRules.on(repaired, votes, Memory.fresh(0), at(20), new Input.JournalRead())
                        .events())
                .isEmpty();
    }

    @Test
    void anOperationThatARepairedJournalLacksIsLeftToAnOperator() {
        GroupState claimed = heldBy(Sample.claim(2, "b"));
        GroupState open =
                claimed.apply(new GroupEvent.OperationOpened(claimed.ordinal() + 1, "files-2", Optional.of("a"), NOON));
        Member repaired =
                new Member("files", "b", "boot", Optional.of(NOON), "run:", (group, volume) -> "/srv/" + volume);
        Input never = new Input.SagaNeverOpened("files-2");
        assertThat(after(open, decide(open, Memory.fresh(0), 0, never)).openOperation())
                .isEmpty();
        Decision kept = MemberRules.on(repaired, open, Memory.fresh(0), at(0), never);
        assertThat(kept.events()).isEmpty();

        Wish.Resolve resolve = new Wish.Resolve(new Requests.Operator(0, "root", ""));
        Decision closed = decide(open, Memory.fresh(0), 10, new Input.SagaIs("w", resolve, "files-2", SagaState.EMPTY));
        assertThat(answer(closed).exit()).isEqualTo(ExitCode.DONE);
        GroupState after = after(open, closed);
        assertThat(after.openOperation()).isEmpty();
        assertThat(after.claim().appliance()).isEqualTo("a");
    }

    @Test
    void aMemberWhoseJournalLacksEventsVotesForNobody() {
        GroupState knows = heldBy(A1);
        GroupState gap = knows.apply(new GroupEvent.ClaimKnown(knows.ordinal() + 5, A2, "", NOON));
        assertThat(gap.abstains()).isTrue();
        assertThat(gap.claim()).isEqualTo(A2);
        assertThat(gap.apply(new GroupEvent.CaughtUp(gap.ordinal() + 1, "", NOON))
                        .abstains())
                .isFalse();
    }

    private static GroupState after(GroupState state, Decision decision) {
        GroupState next = state;
        for (GroupEvent event : decision.events()) {
            next = next.apply(event);
        }
        return next;
    }

    @Test
    void whatIsHeardFromItselfIsNothing() {
        GroupMessage.Beat own = new GroupMessage.Beat(
                "b", "files", "boot", 1, A2, true, false, List.of(), List.of(), "mark", Map.of(), false);
        Decision decision = decide(heldBy(A1), Memory.fresh(0), 0, new Input.Heard(own));
        assertThat(decision.events()).isEmpty();
        assertThat(decision.acts()).isEmpty();
    }
}
