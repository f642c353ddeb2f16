package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.Sample;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Requests;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Reason;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.GroupMessage.Beat;

/** The holder's side and the survivor's, one decision at a time. */
@Timeout(20)
class LeasingTest {
    private static final Instant NOON = Instant.parse("2026-05-04T12:00:00Z");
    private static final Claim A1 = Sample.claim(1, "a");
    private static final Member A = member("a");
    private static final Member B = member("b");

    private static Member member(String self) {
        return new Member("files", self, "boot", Optional.empty(), "run:", (group, volume) -> "/srv/" + volume);
    }

    private static Moment at(long millis) {
        return new Moment(NOON.plusMillis(millis), millis * 1_000_000, "moment-" + millis, Map.of());
    }

    private static GroupState knows(Optional<Lease> lease) {
        return GroupState.EMPTY
                .apply(new GroupEvent.Defined(1, Sample.group().withLease(lease), NOON))
                .apply(new GroupEvent.ClaimKnown(2, A1, "created", NOON));
    }

    private static GroupState leased() {
        return knows(Optional.of(new Lease(5)));
    }

    private static GroupState serving(GroupState state) {
        return state.apply(new GroupEvent.Serving(state.ordinal() + 1, "files-1", "boot", NOON));
    }

    private static Input beat(String from, Claim claim, Map<String, String> heard, boolean bound) {
        boolean serves = claim.appliance().equals(from);
        return new Input.Heard(new Beat(
                from,
                "files",
                "boot-" + from,
                1,
                claim,
                serves,
                !serves,
                List.of(),
                List.of(),
                "m",
                heard,
                false,
                bound));
    }

    private static List<Act.PassUntil> passes(Decision decision) {
        return decision.acts().stream()
                .filter(Act.PassUntil.class::isInstance)
                .map(Act.PassUntil.class::cast)
                .toList();
    }

    private static GroupState after(GroupState state, Decision decision) {
        GroupState next = state;
        for (GroupEvent event : decision.events()) {
            next = next.apply(event);
        }
        return next;
    }

    @Test
    void untilItIsFirstConfirmedAHolderPassesByItsOwnWordAndThenByThatOfTheOtherAlone() {
        GroupState state = serving(leased());
        Decision alone = MemberRules.on(A, state, Memory.fresh(0), at(1_000), new Input.Tick());
        assertThat(passes(alone)).extracting(Act.PassUntil::nanos).containsExactly(6_000_000_000L);

        Decision confirmed = MemberRules.on(
                A, state, alone.memory(), at(2_500), beat("b", A1, Map.of("a", "run:2000000000"), false));
        assertThat(confirmed.events()).contains(new GroupEvent.Leased(4, A1, NOON.plusMillis(2_500)));
        assertThat(passes(confirmed)).extracting(Act.PassUntil::nanos).containsExactly(7_000_000_000L);

        GroupState bound = after(state, confirmed);
        Decision tick = MemberRules.on(A, bound, confirmed.memory(), at(3_000), new Input.Tick());
        assertThat(passes(tick)).isEmpty();
        assertThat(MemberRules.waitsFor(A, bound, tick.memory(), 6_999_999_999L))
                .isEmpty();
        assertThat(MemberRules.waitsFor(A, bound, tick.memory(), 7_000_000_000L))
                .contains("paused");
        assertThat(passes(MemberRules.on(A, bound, Memory.fresh(0), at(9_000), new Input.Tick())))
                .as("its agent started again")
                .isEmpty();
    }

    @Test
    void withoutALeaseNothingIsDone() {
        GroupState state = serving(knows(Optional.empty()));
        Decision heard = MemberRules.on(A, state, Memory.fresh(0), at(100), beat("b", A1, Map.of("a", "run:0"), false));
        assertThat(passes(heard)).isEmpty();
        assertThat(heard.events()).isEmpty();
    }

    private static Wish failover() {
        return new Wish.Failover(
                new Requests.Failover(
                        "files", Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), false, false),
                new Requests.Operator(0, "root", ""));
    }

    private static Decision assessed(GroupState state, Memory memory, long millis) {
        Assessment dead = new Assessment(state.definition().orElseThrow(), "a", List.of(), Optional.empty());
        return MemberRules.on(B, state, memory, at(millis), new Input.Assessed("w", failover(), Optional.of(dead), ""));
    }

    private static boolean claims(Decision decision) {
        return decision.events().stream()
                .anyMatch(e -> e instanceof GroupEvent.ClaimKnown c
                        && c.claim().appliance().equals("b"));
    }

    @Test
    void aFailoverWaitsUntilTheLeaseMustHaveRunOut() {
        Decision heard = MemberRules.on(B, leased(), Memory.fresh(0), at(10_000), beat("a", A1, Map.of(), true));
        GroupState state = after(leased(), heard);
        assertThat(state.leased()).isEqualTo(A1);
        Decision begun = MemberRules.on(B, state, heard.memory(), at(11_000), new Input.Wanted("w", failover()));
        Decision waits = assessed(state, begun.memory(), 11_500);
        assertThat(claims(waits)).isFalse();
        // 5 s, and 1.25 s for drift
        Decision early = MemberRules.on(B, state, waits.memory(), at(16_249), new Input.Tick());
        assertThat(claims(early)).isFalse();
        assertThat(claims(MemberRules.on(B, after(state, early), early.memory(), at(16_250), new Input.Tick())))
                .isTrue();
    }

    @Test
    void nobodyTakesOverFromAHolderThatMayNotBeBound() {
        Decision heard = MemberRules.on(B, leased(), Memory.fresh(0), at(10_000), beat("a", A1, Map.of(), false));
        Decision begun = MemberRules.on(B, leased(), heard.memory(), at(20_000), new Input.Wanted("w", failover()));
        Decision refused = assessed(leased(), begun.memory(), 20_500);
        Answer answer = refused.acts().stream()
                .filter(Act.Reply.class::isInstance)
                .map(act -> ((Act.Reply) act).answer())
                .findFirst()
                .orElseThrow();
        assertThat(answer.reasons()).extracting(Reason::code).containsExactly("LEASE-UNKNOWN");
        assertThat(claims(refused)).isFalse();
    }

    @Test
    void ofThreeTheVotesAreAskedForAgainWhileAnotherStillWaits() {
        GroupDefinition two = Sample.group();
        GroupDefinition three = new GroupDefinition(
                "files",
                1,
                "a",
                List.of("a", "b", "c"),
                two.interfaces(),
                List.of(),
                List.of(),
                Optional.of(new Lease(5)));
        GroupState state = GroupState.EMPTY
                .apply(new GroupEvent.Defined(1, three, NOON))
                .apply(new GroupEvent.ClaimKnown(2, A1, "created", NOON))
                .apply(new GroupEvent.Leased(3, A1, NOON));
        Decision begun = MemberRules.on(B, state, Memory.fresh(0), at(1_000), new Input.Wanted("w", failover()));
        Decision waits = assessed(state, begun.memory(), 1_500);
        Decision votes = MemberRules.on(B, state, waits.memory(), at(6_500), new Input.Tick());
        Decision again = MemberRules.on(B, state, votes.memory(), at(7_500), new Input.Tick());
        assertThat(again.acts())
                .as("asked again, and not given up")
                .anyMatch(act -> act instanceof Act.Send s && s.message() instanceof GroupMessage.Propose)
                .noneMatch(Act.Reply.class::isInstance);
    }

    @Test
    void whoConfirmedAMomentAgoAcknowledgesNoOtherClaim() {
        Decision heard = MemberRules.on(B, leased(), Memory.fresh(0), at(10_000), beat("a", A1, Map.of(), true));
        GroupState state = after(leased(), heard);
        Input proposal = new Input.Heard(new GroupMessage.Propose("c", "files", Sample.claim(2, "c")));
        Decision early = MemberRules.on(B, state, heard.memory(), at(12_000), proposal);
        assertThat(early.acts())
                .contains(new Act.Send("c", new GroupMessage.Acknowledge("b", "files", Sample.claim(2, "c"), A1)));
        Decision late = MemberRules.on(B, state, early.memory(), at(17_000), proposal);
        assertThat(after(state, late).claim()).isEqualTo(Sample.claim(2, "c"));
    }

    /** Of five that confirm a, c has just heard it; d has not for long, votes for b, and says so before b asks c. */
    @Test
    void aClaimThatIsKnownFromAnothersVoteIsNoVoteBeforeTheLeaseConfirmedHereHasRunOut() {
        GroupDefinition five = Sample.members("a", "b", "c", "d", "e").withLease(Optional.of(new Lease(5)));
        Claim b2 = Sample.claim(2, "b");
        OneMember c = OneMember.of("c", five, A1).at(10_000).on(beat("a", A1, Map.of(), true));
        c.at(11_000).on(beat("d", b2, Map.of(), false));
        assertThat(c.state.claim()).isEqualTo(b2);
        GroupMessage.Propose asked = new GroupMessage.Propose("b", "files", b2);
        assertThat(c.at(12_000).hears(asked).acts(Act.Send.class))
                .contains(new Act.Send("b", new GroupMessage.Acknowledge("c", "files", b2, Claim.NONE)));
        // 5 s, and 1.25 s for drift
        assertThat(c.at(16_249).hears(asked).acts(Act.Send.class))
                .contains(new Act.Send("b", new GroupMessage.Acknowledge("c", "files", b2, Claim.NONE)));
        assertThat(c.at(16_250).hears(asked).acts(Act.Send.class))
                .contains(new Act.Send("b", new GroupMessage.Acknowledge("c", "files", b2, b2)));
    }

    /** It learnt of the higher claim while it closes: its vote would let that open beside it. */
    @Test
    void whoIsStillOnItsWayToReleaseWhatItServedDoesNotVote() {
        GroupDefinition five = Sample.members("a", "b", "c", "d", "e");
        Claim b2 = Sample.claim(2, "b");
        OneMember a = OneMember.serving("a", five, A1).at(1_000).on(beat("d", b2, Map.of(), false));
        assertThat(a.state.openOperation()).as("it releases").isPresent();
        assertThat(a.hears(new GroupMessage.Propose("b", "files", b2)).acts(Act.Send.class))
                .contains(new Act.Send("b", new GroupMessage.Acknowledge("a", "files", b2, Claim.NONE)));
    }

    // --- the holder

    private static final GroupDefinition LEASED = Sample.group().withLease(Optional.of(new Lease(5)));

    private static OneMember holder() {
        return OneMember.serving("a", LEASED, A1).stored(n -> new GroupEvent.Leased(n, A1, NOON));
    }

    /** b has heard the heartbeat that a sent at {@code millis}. */
    private static Beat heardAt(long millis) {
        return new Beat(
                "b",
                "files",
                "boot-b",
                3,
                A1,
                false,
                true,
                List.of(),
                List.of(),
                "m",
                Map.of("a", "run:" + millis * 1_000_000),
                false);
    }

    private static List<Long> until(OneMember member) {
        return member.acts(Act.PassUntil.class).stream()
                .map(act -> act.nanos() / 1_000_000)
                .toList();
    }

    @Test
    void aBoundHolderPassesOnlyFromAConfirmationOnAndForAsLongAsThatLasts() {
        OneMember a = holder();
        assertThat(until(a.at(1_000).tick())).as("by its own word no more").isEmpty();
        a.at(1_500).hears(heardAt(1_000));
        assertThat(a.acts(Act.PassUntil.class)).containsExactly(new Act.PassUntil(LEASED, 6_000_000_000L));
        assertThat(until(a.hears(heardAt(1_400)))).as("not worth a process").isEmpty();
        assertThat(until(a.hears(heardAt(1_401)))).containsExactly(6_401L);
        OneMember late = holder();
        assertThat(until(late.at(6_000).hears(heardAt(1_000))))
                .as("that has run out already")
                .isEmpty();
        assertThat(until(late.at(5_999).hears(heardAt(1_000)))).containsExactly(6_000L);
    }

    @Test
    void nothingPassesWhereNothingIsServedOrAnotherHoldsOrTwoDo() {
        OneMember idle = OneMember.of("a", LEASED, A1);
        assertThat(until(idle.at(1_500).hears(heardAt(1_000)))).isEmpty();
        assertThat(idle.memory.passUntil()).isEqualTo(1_500_000_000L);

        OneMember begins = OneMember.of("a", LEASED, A1)
                .stored(n -> new GroupEvent.OperationOpened(n, "files-1", Optional.empty(), NOON));
        assertThat(until(begins.at(1_500).hears(heardAt(1_000))))
                .as("what it is about to serve")
                .containsExactly(6_000L);

        OneMember superseded = holder().stored(n -> new GroupEvent.ClaimKnown(n, Sample.claim(2, "b"), "", NOON));
        assertThat(until(superseded.at(1_500).tick())).isEmpty();
        assertThat(superseded.memory.passUntil()).isEqualTo(1_500_000_000L);

        OneMember conflict = holder().at(1_500).hears(heardAt(1_000));
        conflict.stored(n -> new GroupEvent.ConflictFound(n, Sample.claim(1, "b"), NOON));
        assertThat(until(conflict.at(3_500).hears(heardAt(3_000)))).isEmpty();
        assertThat(conflict.memory.passUntil()).as("what was granted runs out").isEqualTo(6_000_000_000L);

        OneMember gone = holder().stored(n -> new GroupEvent.Destroyed(n, NOON));
        assertThat(until(gone.at(1_500).tick())).isEmpty();
    }

    @Test
    void whoIsFirstConfirmedStoresThatItIsBoundAndTellsIt() {
        OneMember a = OneMember.serving("a", LEASED, A1);
        a.at(100).tick();
        assertThat(a.beat("b").leased()).isFalse();
        assertThat(until(a)).containsExactly(5_100L);
        a.at(1_500).hears(heardAt(1_000));
        assertThat(a.events()).containsExactly(new GroupEvent.Leased(6, A1, a.wall()));
        assertThat(a.at(2_000).tick().beat("b").leased()).isTrue();
        assertThat(a.hears(heardAt(1_900)).events()).as("once").isEmpty();
        assertThat(OneMember.of("a", LEASED, A1)
                        .stored(n -> new GroupEvent.Leased(n, A1, NOON))
                        .tick()
                        .beat("b")
                        .leased())
                .as("it serves nothing")
                .isFalse();
    }

    @Test
    void whoIsGivenAClaimByOthersIsBoundByItAtOnceAndWhoHearsOfAnothersIsNot() {
        Claim given = Claim.givenBack(3, "a", "x");
        OneMember a = OneMember.of("a", LEASED, A1);
        a.hears(new GroupMessage.Definition("b", "files", LEASED, given));
        assertThat(a.state.leased()).isEqualTo(given);
        OneMember b = OneMember.of("b", LEASED, A1);
        b.hears(new GroupMessage.Definition("a", "files", LEASED, given));
        assertThat(b.state.leased()).isEqualTo(Claim.NONE);
        OneMember without = OneMember.of("a", Sample.group(), A1);
        without.hears(new GroupMessage.Definition("b", "files", Sample.group(), given));
        assertThat(without.state.leased()).isEqualTo(Claim.NONE);
    }

    @Test
    void thatAHolderIsBoundIsLearntFromItsOwnClaimAlone() {
        OneMember b = OneMember.of("b", LEASED, Sample.claim(2, "a"));
        b.on(beat("a", A1, Map.of(), true));
        assertThat(b.state.leased()).as("of an earlier claim").isEqualTo(Claim.NONE);
        b.on(beat("a", Sample.claim(2, "a"), Map.of(), true));
        assertThat(b.state.leased()).isEqualTo(Sample.claim(2, "a"));
    }

    @Test
    void onlyAPausedHolderSaysSo() {
        OneMember a = holder().at(1_500).hears(heardAt(1_000));
        assertThat(a.at(5_999).waitsFor()).isEmpty();
        assertThat(a.at(6_000).waitsFor())
                .startsWith("paused: its lease has run out, and nothing passes its interfaces until a majority")
                .endsWith("look at the others: sfo members");
        assertThat(OneMember.of("b", LEASED, A1).at(60_000).waitsFor()).isEmpty();
        assertThat(OneMember.serving("a", Sample.group(), A1).at(60_000).waitsFor())
                .isEmpty();
    }

    @Test
    void aHolderOfWhichNobodyKnowsThatItIsBoundIsNamedWithWhatToDo() {
        OneMember b = OneMember.of("b", LEASED, A1).at(60_000).wants(OneMember.failover());
        b.proved(OneMember.failover(), "a");
        assertThat(b.answer().reasons())
                .containsExactly(new Reason(
                        "LEASE-UNKNOWN",
                        Reason.Weight.BLOCKS,
                        "a was never heard to be bound by the lease under " + A1.tag() + ": if it lives, it serves on",
                        "if you know that a is off: sfo failover files --override \"REASON\""));
    }

    @Test
    void theTimeToWaitCountsFromTheHoldersOwnWordAndFromNobodyElses() {
        OneMember b = OneMember.of("b", Sample.members("a", "b", "c").withLease(Optional.of(new Lease(5))), A1)
                .stored(n -> new GroupEvent.Leased(n, A1, NOON));
        b.at(1_000).on(beat("a", A1, Map.of(), true));
        b.at(6_000).on(beat("c", A1, Map.of(), false));
        b.at(7_249).hears(new GroupMessage.Propose("c", "files", Sample.claim(2, "c")));
        assertThat(b.state.claim()).isEqualTo(A1);
        b.at(7_250).hears(new GroupMessage.Propose("c", "files", Sample.claim(2, "c")));
        assertThat(b.state.claim()).isEqualTo(Sample.claim(2, "c"));
    }
}
