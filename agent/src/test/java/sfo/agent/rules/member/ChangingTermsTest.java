package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.member.Voting.A1;
import static sfo.agent.rules.member.Voting.B2;
import static sfo.agent.rules.member.Voting.NONE;
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
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.agent.rules.GroupState;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Terms;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;

/** The lease and the witnesses of a served group change: the order in which that is safe. */
@Timeout(20)
class ChangingTermsTest {
    private static final Member A = member("a");
    private static final Member B = member("b");
    private static final Operator ROOT = new Operator(0, "root", "");

    /** a holds, has heard b, and is told to change; what it knows then. */
    private static final class Change {
        final GroupDefinition before;
        final GroupDefinition both;
        GroupState state;
        Decision last;

        Change(Terms from, Terms to) {
            before = group(from);
            both = before.towards(to);
            state = servedByA(before);
            last = MemberRules.on(A, state, Memory.fresh(0), at(10_000), confirms("b", before, 9_900));
            then(10_000, new Input.Wanted("op", new Wish.Change(d -> d.towards(to), "changed", ROOT)));
        }

        Change then(long millis, Input input) {
            state = after(state, last);
            last = MemberRules.on(A, state, last.memory(), at(millis), input);
            return this;
        }

        GroupDefinition now() {
            return after(state, last).definition().orElseThrow();
        }

        /** What is to be served from now on, if that is to change. */
        Optional<Plan> adjusts() {
            return last.acts().stream()
                    .filter(act -> act instanceof Act.Saga s && s.order() instanceof SagaOrder.Adjust)
                    .map(act -> ((SagaOrder.Adjust) ((Act.Saga) act).order()).plan())
                    .findFirst();
        }
    }

    private static Input confirms(String from, GroupDefinition knows, long millis) {
        return says(from, A1, knows.version(), Map.of("a", "run:" + millis * 1_000_000));
    }

    private static Terms lease(int seconds) {
        return new Terms(List.of(), Optional.of(new Lease(seconds)));
    }

    private static boolean gated(Plan plan) {
        return plan.steps().stream().anyMatch(step -> step.resource() instanceof Resource.IsolationLease);
    }

    private static Input adjusted(Memory memory, String error) {
        Operation operation = memory.operation().orElseThrow();
        return new Input.SagaAdjusted("files-1", ((Operation.Stage.Adjusting) operation.stage()).id(), error);
    }

    @Test
    void bothHoldUntilTheOtherOfAPairKnows() {
        Change c = new Change(NONE, witness(0));
        assertThat(c.now()).isEqualTo(c.both);
        assertThat(c.now().former()).contains(NONE);
        assertThat(sent(c.last, "w")).as("whoever is to vote is told").isNotEmpty();
        assertThat(c.adjusts()).isEmpty();
        // one that does not know it yet
        assertThat(c.then(11_000, confirms("b", c.before, 10_900)).adjusts()).isEmpty();
        // the new one is none of those who voted
        assertThat(c.then(11_100, confirms("w", c.both, 11_000)).adjusts()).isEmpty();
        assertThat(c.then(11_200, confirms("b", c.both, 11_100)).adjusts()).isPresent();
        c.then(11_300, adjusted(c.last.memory(), ""));
        assertThat(c.now()).isEqualTo(c.both.settled());
        assertThat(answer(c.last).exit()).isEqualTo(ExitCode.DONE);
    }

    /** One that was cut off as it settled has a newer definition than all others; whoever holds the group next, too. */
    @Test
    void whatIsChangedBackUnderTheNextClaimIsNewerThanWhatWasSettledUnderTheLast() {
        Change c = new Change(NONE, witness(0));
        GroupDefinition settled = c.both.settled();
        OneMember b = OneMember.serving("b", c.both, B2);
        b.wants(new Wish.Change(d -> d.towards(NONE), "changed", ROOT)).adjusted("files-2", "");
        GroupDefinition back = b.state.definition().orElseThrow();
        assertThat(back.terms()).isEqualTo(NONE);
        assertThat(back.version()).isGreaterThan(settled.version());
    }

    /** By then two would make another definition of the same version. */
    @Test
    void whoNoLongerHoldsTheGroupChangesNothing() {
        for (boolean settling : List.of(true, false)) {
            Change c = new Change(settling ? NONE : lease(5), settling ? witness(0) : NONE);
            if (!settling) {
                c.then(10_200, confirms("b", c.both, 10_100));
            }
            Memory ordered = c.last.memory();
            c.then(10_300, says("b", B2, c.both.version(), Map.of()));
            assertThat(after(c.state, c.last).claim()).isEqualTo(B2);
            c.then(16_000, settling ? new Input.Tick() : adjusted(ordered, ""));
            assertThat(c.now()).isEqualTo(c.both);
            assertThat(answer(c.last).exit()).isEqualTo(ExitCode.NEEDS_ATTENTION);
            assertThat(answer(c.last).text()).contains("is held by 2-b");
        }
    }

    @Test
    void aGateIsMadeOnceItIsKnownAndBeforeItIsReliedOn() {
        Change c = new Change(NONE, lease(5));
        assertThat(passes(c.last)).as("so that it is open when it is made").isNotEmpty();
        assertThat(c.last.events()).noneMatch(e -> e instanceof sfo.protocol.events.GroupEvent.Leased);
        c.then(10_200, confirms("b", c.both, 10_100));
        assertThat(c.state.leased()).as("not bound by a gate that is not there").isNotEqualTo(A1);
        assertThat(c.adjusts())
                .hasValueSatisfying(plan -> assertThat(gated(plan)).isTrue());
        c.then(10_300, adjusted(c.last.memory(), ""));
        assertThat(after(c.state, c.last).leased()).isEqualTo(A1);
    }

    @Test
    void aGateGoesOnlyWhenNobodyReliesOnItAnyMore() {
        Change c = new Change(lease(5), NONE);
        assertThat(c.adjusts()).isEmpty();
        assertThat(c.now().gated()).isTrue();
        c.then(10_200, confirms("b", c.both, 10_100));
        assertThat(c.adjusts())
                .hasValueSatisfying(plan -> assertThat(gated(plan)).isFalse());
    }

    @Test
    void aShorterLeaseIsAgreedOnceWhatWasPassedByTheLongerOneHasRunOut() {
        Change c = new Change(lease(20), lease(5));
        c.then(11_000, confirms("b", c.both, 10_900));
        assertThat(passes(c.last)).as("20 s were passed at 9.9").isEmpty();
        assertThat(c.adjusts()).isEmpty();
        assertThat(c.then(29_999, confirms("b", c.both, 29_900)).adjusts()).isEmpty();
        assertThat(passes(c.last)).as("the shorter one").containsExactly(34_900_000_000L);
        assertThat(c.then(30_000, confirms("b", c.both, 29_950)).adjusts()).isPresent();
    }

    @Test
    void aLongerLeaseIsPassedOnceItIsWaitedFor() {
        Change c = new Change(lease(5), lease(20));
        c.then(11_000, confirms("b", c.before, 10_900));
        assertThat(passes(c.last)).containsExactly(15_900_000_000L);
        c.then(12_000, confirms("b", c.both, 11_900));
        c.then(12_100, adjusted(c.last.memory(), ""));
        assertThat(passes(c.last)).containsExactly(31_900_000_000L);
    }

    @Test
    void whoWaitsDoesSoForTheLongerOne() {
        for (GroupDefinition both :
                List.of(group(lease(5)).towards(lease(20)), group(lease(20)).towards(lease(5)))) {
            GroupState state = heldByA(both);
            Decision heard =
                    MemberRules.on(B, state, Memory.fresh(0), at(10_000), says("a", A1, both.version(), Map.of()));
            Decision begun = MemberRules.on(B, state, heard.memory(), at(10_100), new Input.Wanted("w", failover()));
            Decision waits = MemberRules.on(B, state, begun.memory(), at(10_600), assessed(state));
            Decision early = MemberRules.on(B, state, waits.memory(), at(31_999), new Input.Tick());
            assertThat(after(state, early).claim()).isEqualTo(A1);
            Decision late = MemberRules.on(B, after(state, early), early.memory(), at(32_000), new Input.Tick());
            assertThat(after(state, early).claim()).isEqualTo(A1);
            assertThat(after(after(state, early), late).claim().appliance()).isEqualTo("b");
        }
    }

    @Test
    void itIsRefusedWhereTheOtherIsNotHeardAndTakenBackWhereItDoesNotConfirm() {
        GroupState alone = servedByA(group(NONE));
        Wish change = new Wish.Change(d -> d.towards(witness(0)), "changed", ROOT);
        Decision refused = MemberRules.on(A, alone, Memory.fresh(0), at(0), new Input.Wanted("op", change));
        assertThat(answer(refused).exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(answer(refused).text()).contains("b is not heard");
        assertThat(refused.events()).isEmpty();

        Change c = new Change(NONE, witness(0));
        assertThat(answers(c.then(14_900, new Input.Tick()).last)).isFalse();
        c.then(15_100, new Input.Tick());
        assertThat(answer(c.last).exit()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(answer(c.last).text()).contains("b, w did not confirm");
        assertThat(c.now().terms()).isEqualTo(NONE);
        assertThat(c.now().former()).isEmpty();
        assertThat(c.now().version()).isEqualTo(c.both.version() + 1);
    }

    @Test
    void aGateThatCannotBeMadeLeavesTheFormerTerms() {
        Change c = new Change(NONE, lease(5));
        c.then(10_200, confirms("b", c.both, 10_100));
        c.then(10_300, adjusted(c.last.memory(), "no such hook"));
        assertThat(answer(c.last).exit()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(c.now().terms()).isEqualTo(NONE);
        assertThat(c.now().former()).isEmpty();
    }

    @Test
    void backToTheFormerTermsGoesTheGateFirst() {
        GroupDefinition both = group(lease(5)).towards(NONE);
        GroupState state = servedByA(both);
        Wish back = new Wish.Change(d -> d.towards(lease(5)), "changed", ROOT);
        Decision begun = MemberRules.on(A, state, Memory.fresh(0), at(0), new Input.Wanted("op", back));
        assertThat(begun.events()).isEmpty();
        assertThat(begun.acts())
                .anyMatch(
                        act -> act instanceof Act.Saga s && s.order() instanceof SagaOrder.Adjust a && gated(a.plan()));
        Decision done = MemberRules.on(A, state, begun.memory(), at(100), adjusted(begun.memory(), ""));
        GroupDefinition again = after(state, done).definition().orElseThrow();
        assertThat(again.former()).isEmpty();
        assertThat(again.terms()).isEqualTo(lease(5));
    }

    @Test
    void whoeverServesNextGoesOnWithIt() {
        GroupDefinition both = group(NONE).towards(witness(0));
        Decision heard = MemberRules.on(A, servedByA(both), Memory.fresh(0), at(1_000), confirms("b", both, 900));
        assertThat(heard.acts()).anyMatch(act -> act instanceof Act.Saga s && s.order() instanceof SagaOrder.Adjust);
        Decision done = MemberRules.on(A, servedByA(both), heard.memory(), at(1_100), adjusted(heard.memory(), ""));
        assertThat(after(servedByA(both), done).definition()).contains(both.settled());
    }

    @Test
    void theSameTypedOnceMoreWaitsForWhatIsOnItsWay() {
        GroupDefinition both = group(NONE).towards(witness(0));
        Wish again = new Wish.Change(d -> d.towards(witness(0)), "changed", ROOT);
        Decision asked = MemberRules.on(A, servedByA(both), Memory.fresh(0), at(1_000), new Input.Wanted("op", again));
        assertThat(asked.events()).isEmpty();
        assertThat(answers(asked)).isFalse();
        Decision heard = MemberRules.on(A, servedByA(both), asked.memory(), at(1_100), confirms("b", both, 1_000));
        assertThat(heard.acts()).anyMatch(act -> act instanceof Act.Saga s && s.order() instanceof SagaOrder.Adjust);

        // what is so may still be served otherwise, by a failover's own MAC: it is served again
        GroupState settled = servedByA(both.settled());
        Decision so = MemberRules.on(A, settled, Memory.fresh(0), at(1_000), new Input.Wanted("op", again));
        assertThat(so.acts()).anyMatch(act -> act instanceof Act.Saga s && s.order() instanceof SagaOrder.Adjust);
    }

    @Test
    void aFailedChangeOfSomethingElseLeavesTheTermsOnTheirWay() {
        GroupDefinition both = group(NONE).towards(witness(0));
        Wish shares = new Wish.Change(d -> d.withShares(List.of()), "changed", ROOT);
        Decision begun = MemberRules.on(A, servedByA(both), Memory.fresh(0), at(1_000), new Input.Wanted("op", shares));
        Decision failed =
                MemberRules.on(A, servedByA(both), begun.memory(), at(1_100), adjusted(begun.memory(), "no room"));
        assertThat(failed.events()).isEmpty();
        assertThat(answer(failed).exit()).isEqualTo(ExitCode.ROLLED_BACK);
    }

    @Test
    void anAgentThatNamesNoVersionFindsNoVoteWhereThereAreWitnesses() {
        GroupState state = heldByA(group(witness(0)));
        Input old = new Input.Heard(new GroupMessage.Propose("b", "files", B2, 0, ""));
        Decision asked = MemberRules.on(member("w"), state, Memory.fresh(0), at(0), old);
        assertThat(after(state, asked).claim()).isEqualTo(A1);
    }

    @Test
    void nobodyVotesByAnotherDefinitionThanHisOwn() {
        GroupDefinition mine = group(witness(0));
        GroupState state = heldByA(mine);
        Member w = member("w");
        Decision older = MemberRules.on(w, state, Memory.fresh(0), at(0), asks(mine.version() - 1));
        assertThat(older.events()).isEmpty();
        assertThat(sent(older, "b"))
                .contains(new GroupMessage.Definition("w", "files", mine, A1))
                .contains(new GroupMessage.Acknowledge("w", "files", B2, A1));
        Decision newer = MemberRules.on(w, state, Memory.fresh(0), at(0), asks(mine.version() + 1));
        assertThat(newer.events()).isEmpty();
        assertThat(sent(newer, "b")).contains(new GroupMessage.AskDefinition("w", "files"));
        Decision alike = MemberRules.on(w, state, Memory.fresh(0), at(0), asks(mine.version()));
        assertThat(after(state, alike).claim()).isEqualTo(B2);
    }

    private static Input asks(long version) {
        return new Input.Heard(new GroupMessage.Propose("b", "files", B2, version, "run:0"));
    }

    @Test
    void aFailoverThatWasBegunByAnOlderDefinitionIsGivenUp() {
        GroupState state = heldByA(group(NONE));
        Decision begun = MemberRules.on(B, state, Memory.fresh(0), at(0), new Input.Wanted("w", failover()));
        GroupDefinition both = group(NONE).towards(witness(0));
        Decision told = MemberRules.on(
                B,
                state,
                begun.memory(),
                at(100),
                new Input.Heard(new GroupMessage.Definition("w", "files", both, A1)));
        Decision refused = MemberRules.on(B, after(state, told), told.memory(), at(500), assessed(state));
        assertThat(answer(refused).exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(after(after(state, told), refused).claim()).isEqualTo(A1);
    }
}
