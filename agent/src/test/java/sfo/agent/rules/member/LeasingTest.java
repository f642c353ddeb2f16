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
}
