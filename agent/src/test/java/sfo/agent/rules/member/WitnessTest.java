package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.member.Voting.A1;
import static sfo.agent.rules.member.Voting.NOON;
import static sfo.agent.rules.member.Voting.after;
import static sfo.agent.rules.member.Voting.answer;
import static sfo.agent.rules.member.Voting.answers;
import static sfo.agent.rules.member.Voting.assessed;
import static sfo.agent.rules.member.Voting.at;
import static sfo.agent.rules.member.Voting.failover;
import static sfo.agent.rules.member.Voting.group;
import static sfo.agent.rules.member.Voting.heldByA;
import static sfo.agent.rules.member.Voting.member;
import static sfo.agent.rules.member.Voting.passes;
import static sfo.agent.rules.member.Voting.says;
import static sfo.agent.rules.member.Voting.sent;
import static sfo.agent.rules.member.Voting.servedByA;
import static sfo.agent.rules.member.Voting.witness;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import sfo.agent.rules.GroupState;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Reason;
import sfo.protocol.peer.GroupMessage;

/** A witness has a voice like a member's, and no more. */
@Timeout(20)
class WitnessTest {
    private static final Member A = member("a");
    private static final Member B = member("b");
    private static final Member W = member("w");
    private static final Operator ROOT = new Operator(0, "root", "");
    private static final Claim B1 = new Claim(1, "b", "another");
    private static final long VERSION = group(Voting.NONE).version();

    private static Decision on(Member me, GroupState state, Decision before, long millis, Input input) {
        return MemberRules.on(me, state, before.memory(), at(millis), input);
    }

    private static Decision first(Member me, GroupState state, long millis, Input input) {
        return MemberRules.on(me, state, Memory.fresh(0), at(millis), input);
    }

    @Test
    void theSurvivorOfAPairNeedsItsWord() {
        GroupState state = heldByA(group(witness(0)));
        Decision begun = first(B, state, 10_000, new Input.Wanted("w", failover()));
        Decision asks = on(B, state, begun, 10_500, assessed(state));
        assertThat(sent(asks, "w")).hasSize(1).allSatisfy(message -> {
            GroupMessage.Propose asked = (GroupMessage.Propose) message;
            assertThat(asked.claim())
                    .extracting(Claim::generation, Claim::appliance)
                    .containsExactly(2L, "b");
            assertThat(asked.definitionVersion()).isEqualTo(VERSION);
        });
        assertThat(asks.events()).isEmpty();
        Claim claim = ((GroupMessage.Propose) sent(asks, "w").get(0)).claim();

        Decision refused = on(B, state, asks, 15_100, new Input.Tick());
        assertThat(answer(refused).exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(answer(refused).reasons()).singleElement().satisfies(reason -> {
            assertThat(reason.code()).isEqualTo("NO-MAJORITY");
            assertThat(reason.text()).contains("1 of 3 who vote", "2 are needed");
            assertThat(reason.mend()).contains("--override");
        });

        Decision claimed =
                on(B, state, asks, 11_000, new Input.Heard(new GroupMessage.Acknowledge("w", "files", claim, claim)));
        assertThat(after(state, claimed).claim()).isEqualTo(claim);
        Decision stranger =
                on(B, state, asks, 11_000, new Input.Heard(new GroupMessage.Acknowledge("z", "files", claim, claim)));
        assertThat(stranger.events()).isEmpty();
    }

    @Test
    void itsWordAloneKeepsTheLeaseOfAHolderWhosePeerIsAway() {
        GroupState state = servedByA(group(witness(5)));
        Decision heard = first(A, state, 2_500, says("w", A1, VERSION, Map.of("a", "run:2000000000")));
        assertThat(passes(heard)).containsExactly(7_000_000_000L);
        Decision later = on(A, state, heard, 7_100, new Input.Tick());
        assertThat(passes(later)).isEmpty();
        assertThat(MemberRules.waitsFor(A, state, later.memory(), at(7_100).nanos()))
                .contains("paused", "of those who vote");
    }

    @Test
    void itAcknowledgesAClaimOnceTheHolderThatItConfirmedMustHaveStopped() {
        GroupState state = heldByA(group(witness(5)));
        Decision heard = first(W, state, 10_000, says("a", A1, VERSION, Map.of()));
        Claim b2 = Voting.B2;
        Input asked = new Input.Heard(new GroupMessage.Propose("b", "files", b2, VERSION, "run:16000000000"));
        Decision early = on(W, state, heard, 16_249, asked);
        assertThat(sent(early, "b")).containsExactly(new GroupMessage.Acknowledge("w", "files", b2, A1));
        // it waited for this appliance to be thawed, say
        assertThat(on(W, state, early, 21_000, asked).events()).isEmpty();
        Decision late = on(W, state, early, 16_250, asked);
        assertThat(after(state, late).claim()).isEqualTo(b2);
        assertThat(sent(late, "b")).contains(new GroupMessage.Acknowledge("w", "files", b2, b2));
    }

    @Test
    void itConfirmsAHolderThatBootedWhileItsPeerIsAway() {
        GroupState booted =
                heldByA(group(witness(0))).apply(new GroupEvent.Serving(3, "files-1", "the boot before", NOON));
        Decision heard = first(A, booted, 1_000, says("w", A1, VERSION, Map.of("a", "run:900000000")));
        assertThat(heard.acts())
                .anyMatch(act -> act instanceof Act.Saga s
                        && s.order() instanceof SagaOrder.Open o
                        && o.kind() == SagaEvent.Kind.RESUME);
        Decision other = first(A, booted, 1_000, says("w", Voting.B2, VERSION, Map.of("a", "run:900000000")));
        assertThat(after(booted, other).claim()).isEqualTo(Voting.B2);
        assertThat(other.acts()).noneMatch(act -> act instanceof Act.Saga s && s.order() instanceof SagaOrder.Open);
    }

    static Stream<Wish> whatItNeverDoes() {
        UnaryOperator<GroupDefinition> same = d -> d;
        return Stream.of(
                failover(),
                new Wish.Undo(new Requests.Undo("files", false, false), ROOT),
                new Wish.Resume(ROOT),
                new Wish.Change(same, "", ROOT),
                new Wish.Destroy(ROOT),
                new Wish.Check(),
                new Wish.ShowPlan(false));
    }

    @ParameterizedTest
    @MethodSource("whatItNeverDoes")
    void whatWouldMakeItServeIsRefused(Wish wish) {
        Decision decision = first(W, heldByA(group(witness(0))), 0, new Input.Wanted("w", wish));
        assertThat(answer(decision).exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(answer(decision).text()).contains("w only votes", "type it on a or b");
        assertThat(answer(decision).reasons()).extracting(Reason::code).containsExactly("WITNESS");
        assertThat(decision.events()).isEmpty();
        assertThat(decision.memory().operation()).isEmpty();
    }

    @Test
    void ofTwoClaimsOfOneGenerationItChoosesNone() {
        GroupState state = heldByA(group(witness(0))).apply(new GroupEvent.ConflictFound(3, B1, NOON));
        Decision decision = first(W, state, 0, new Input.Wanted("w", new Wish.Resolve(ROOT)));
        assertThat(answer(decision).exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(decision.events()).isEmpty();
    }

    @Test
    void itLooksAtNobodysDeath() {
        GroupState state = heldByA(group(witness(0)));
        assertThat(first(W, state, 0, says("a", A1, VERSION, Map.of())).acts())
                .noneMatch(Act.ExpectWord.class::isInstance);
        assertThat(first(W, state, 0, new Input.NoWord("a")).acts()).noneMatch(Act.LookAt.class::isInstance);
        assertThat(first(B, state, 0, says("a", A1, VERSION, Map.of())).acts())
                .anyMatch(Act.ExpectWord.class::isInstance);
    }

    private static Input told(GroupDefinition definition) {
        return new Input.Heard(new GroupMessage.Definition("a", "files", definition, A1));
    }

    @Test
    void oneThatVotedBeforeAbstainsWithoutItsJournalAndOneThatIsNewDoesNot() {
        Decision lost = first(W, GroupState.EMPTY, 0, told(group(witness(0))));
        assertThat(after(GroupState.EMPTY, lost).abstains()).isTrue();
        Decision fresh = first(W, GroupState.EMPTY, 0, told(group(Voting.NONE).towards(witness(0))));
        assertThat(after(GroupState.EMPTY, fresh).abstains()).isFalse();
        assertThat(after(GroupState.EMPTY, fresh).claim()).isEqualTo(A1);

        GroupState state = after(GroupState.EMPTY, lost);
        Decision a = on(W, state, lost, 1_000, says("a", A1, VERSION, Map.of("w", "run:900000000")));
        assertThat(a.events()).noneMatch(GroupEvent.CaughtUp.class::isInstance);
        Decision b = on(W, state, a, 1_100, says("b", A1, VERSION, Map.of("w", "run:900000000")));
        assertThat(b.events()).anyMatch(GroupEvent.CaughtUp.class::isInstance);
    }

    @Test
    void oneThatVotesNoMoreFallsSilentAndComesBackWhenItIsToVoteAgain() {
        GroupState voted = heldByA(group(witness(0)));
        GroupDefinition without = group(witness(0)).towards(Voting.NONE).settled();
        Decision told = first(W, voted, 0, told(without));
        GroupState out = after(voted, told);
        assertThat(out.definition()).contains(without);
        Decision tick = on(W, out, told, 1_000, new Input.Tick());
        assertThat(tick.acts()).isEmpty();
        assertThat(answers(on(W, out, told, 1_000, new Input.Wanted("w", failover()))))
                .isTrue();

        Decision again = on(W, out, tick, 2_000, says("a", A1, without.version() + 1, Map.of()));
        assertThat(sent(again, "a")).containsExactly(new GroupMessage.AskDefinition("w", "files"));
        Decision back = on(W, out, again, 2_100, told(without.towards(witness(0))));
        assertThat(sent(back, "b")).anyMatch(GroupMessage.Beat.class::isInstance);
    }

    @Test
    void aGroupIsMadeOnlyWithItsWord() {
        GroupDefinition made = group(witness(0));
        Wish create = new Wish.Create(made, ROOT);
        Decision begun = first(A, GroupState.EMPTY, 0, new Input.Wanted("w", create));
        assertThat(List.of(sent(begun, "b").size(), sent(begun, "w").size())).containsExactly(1, 1);
        Decision one = on(A, GroupState.EMPTY, begun, 10, kept("b"));
        assertThat(one.events()).isEmpty();
        Decision both = on(A, GroupState.EMPTY, one, 20, kept("w"));
        assertThat(after(GroupState.EMPTY, both).definition()).contains(made);
    }

    private static Input kept(String by) {
        return new Input.Heard(new GroupMessage.DefinitionKept(by, "files", VERSION, java.util.Optional.empty()));
    }
}
