package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.NOON;
import static sfo.agent.rules.Sample.claim;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sfo.agent.rules.GroupRules.Conclusion;
import sfo.agent.rules.GroupRules.Standing;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.peer.GroupMessage.Beat;
import sfo.protocol.peer.Hello;

/** I1 and I7, as far as heartbeats decide. */
class GroupRulesTest {
    private static final Claim A1 = claim(1, "a");
    private static final Claim B2 = claim(2, "b");
    private static final Claim OTHER_2 = new Claim(2, "a", "another");
    private static final Claim A3 = claim(3, "a");

    @Test
    void aHolderHoldsUntilItBootsOrHearsOfAHigherClaim() {
        GroupState holder = serving(A1);
        assertThat(GroupRules.standing(holder, "a", "boot")).isEqualTo(Standing.HOLDS);
        assertThat(GroupRules.standing(holder, "a", "next boot")).isEqualTo(Standing.UNCONFIRMED);
        assertThat(GroupRules.standing(knows(holder, B2), "a", "boot")).isEqualTo(Standing.SUPERSEDED);
        assertThat(GroupRules.standing(knows(holder, B2), "a", "next boot")).isEqualTo(Standing.STANDS_BY);
        assertThat(GroupRules.standing(defined(), "a", "boot")).isEqualTo(Standing.STANDS_BY);
    }

    @Test
    void anOperatorIsRefusedWhoWouldServeWhatAnotherHolds() {
        Hello.GroupClaim same = new Hello.GroupClaim("files", 3, A1, false);
        assertThat(GroupRules.againstResume(A1, Map.of("b", same))).isEmpty();
        assertThat(GroupRules.againstResume(A1, Map.of())).isEmpty();
        assertThat(GroupRules.againstResume(A3, Map.of("b", new Hello.GroupClaim("files", 3, B2, false))))
                .as("a lower claim")
                .isEmpty();
        for (Hello.GroupClaim other : List.of(
                new Hello.GroupClaim("files", 3, B2, true),
                new Hello.GroupClaim("files", 3, B2, false),
                new Hello.GroupClaim("files", 3, claim(1, "b"), false))) {
            assertThat(GroupRules.againstResume(A1, Map.of("b", other)))
                    .extracting(r -> r.code() + " " + r.weight())
                    .containsExactly("HELD-ELSEWHERE BLOCKS");
        }
    }

    @Test
    void aMirrorThatAnOperatorEndedStaysSoUntilItIsWantedOrTheGroupIsReleased() {
        GroupState without = serving(A1).apply(new GroupEvent.MirrorWanted(4, "tank", false, NOON));
        assertThat(without.unmirrored()).containsExactly("tank");
        assertThat(without.apply(new GroupEvent.MirrorWanted(5, "tank", true, NOON))
                        .unmirrored())
                .isEmpty();
        assertThat(without.apply(new GroupEvent.Released(5, "undo", NOON)).unmirrored())
                .isEmpty();
    }

    @Test
    void oneThatIsJustClaimingIsNotToBeConfirmed() {
        GroupState claiming =
                knows(defined(), A1).apply(new GroupEvent.OperationOpened(3, "files-1", Optional.empty(), NOON));
        assertThat(GroupRules.standing(claiming, "a", "boot")).isEqualTo(Standing.STANDS_BY);
        assertThat(conclude(claiming, Sample.standingBy("b", A1))).isEmpty();
    }

    @Test
    void aHigherClaimOfAnotherIsAdoptedAndWhatIsServedIsReleased() {
        assertThat(conclude(serving(A1), Sample.serving("b", B2)))
                .containsExactly(new Conclusion.Adopt(B2), new Conclusion.Release(B2));
        assertThat(conclude(knows(defined(), A1), Sample.serving("b", B2))).containsExactly(new Conclusion.Adopt(B2));
    }

    @Test
    void aLowerClaimChangesNothing() {
        assertThat(conclude(serving(A3), Sample.serving("b", B2))).isEmpty();
    }

    @Test
    void twoClaimsOfOneGenerationAreNeverResolvedByAgents() {
        for (Beat beat : List.of(Sample.serving("b", B2), Sample.standingBy("b", B2), Sample.busy("b", B2))) {
            assertThat(conclude(serving(OTHER_2), beat)).containsExactly(new Conclusion.Conflict(B2));
            assertThat(GroupRules.onBeat(serving(OTHER_2), "a", "boot", B2, beat, 2))
                    .contains(new Conclusion.Conflict(B2));
        }
        GroupState inConflict = serving(OTHER_2).apply(new GroupEvent.ConflictFound(4, B2, NOON));
        assertThat(GroupRules.standing(inConflict, "a", "boot")).isEqualTo(Standing.HOLDS);
        assertThat(conclude(inConflict, Sample.standingBy("b", OTHER_2))).isEmpty();
        assertThat(knows(inConflict, A3).conflict()).isEmpty();
    }

    @Test
    void afterABootAHolderServesAgainWhenTheOtherOneConfirms() {
        assertThat(afterBoot(A1, Sample.standingBy("b", A1))).containsExactly(new Conclusion.Confirmed());
        assertThat(afterBoot(A1, Sample.standingBy("b", A3)))
                .as("it knows of a newer claim of ours: that is confirmed")
                .containsExactly(new Conclusion.Adopt(A3), new Conclusion.Confirmed());
    }

    @Test
    void onlyAMemberThatKnowsTheClaimAndServesNothingConfirms() {
        Beat started = new Beat("b", "files", "x", 3, A1, false, true, List.of(), List.of(), "", Map.of(), false);
        assertThat(afterBoot(A1, started))
                .as("it has not looked at its volumes yet")
                .isEmpty();
        assertThat(afterBoot(A1, Sample.standingBy("b", Claim.NONE))).isEmpty();
        assertThat(afterBoot(A1, Sample.busy("b", A1)))
                .as("it knows that it is superseded, and still releases")
                .isEmpty();
        assertThat(afterBoot(A1, Sample.serving("b", B2)))
                .containsExactly(new Conclusion.Adopt(B2), new Conclusion.Release(B2));
    }

    @Test
    void oneOfThreeConfirmsNobody() {
        GroupState three = GroupState.EMPTY
                .apply(new GroupEvent.Defined(1, Sample.members("a", "b", "c"), NOON))
                .apply(new GroupEvent.ClaimKnown(2, A1, "", NOON));
        assertThat(GroupRules.onBeat(three, "a", "boot", Claim.NONE, Sample.standingBy("b", A1), 1))
                .isEmpty();
    }

    @Test
    void aPermitWasUsedOrNotByTheWordOfTheOneThatGotIt() {
        GroupState giver = knows(defined(), B2).apply(new GroupEvent.OperationReopened(3, "files-2", "undo", NOON));
        assertThat(asked(giver, A3, Sample.serving("a", A3))).contains(new Conclusion.PermitUsed());
        assertThat(asked(giver, A3, Sample.standingBy("a", A3)))
                .as("it may still be about to take it")
                .doesNotContain(new Conclusion.PermitUnused());
        Claim givenBack = Sample.claim(4, "b");
        assertThat(asked(giver, A3, Sample.standingBy("a", givenBack))).contains(new Conclusion.PermitUnused());
        assertThat(asked(giver, A3, Sample.busy("a", A3)))
                .as("it is still opening")
                .doesNotContain(new Conclusion.PermitUsed(), new Conclusion.PermitUnused());
        assertThat(asked(giver, A3, Sample.standingBy("a", B2)))
                .as("it may not have the permit yet")
                .isEmpty();
    }

    @Test
    void definitionsSpread() {
        GroupDefinition newer = Sample.group().withShares(List.of());
        Beat old = Sample.standingBy("b", A1);
        GroupState state = serving(A1).apply(new GroupEvent.Defined(4, newer, NOON));
        assertThat(conclude(state, old)).containsExactly(new Conclusion.SendDefinition());
        Beat ahead = new Beat("b", "files", "x", 9, A1, false, true, List.of(), List.of(), "", Map.of(), false);
        assertThat(conclude(state, ahead)).containsExactly(new Conclusion.AskDefinition());
    }

    @ParameterizedTest
    @CsvSource({"2,1", "3,2", "4,3", "5,3"})
    void aClaimNeedsAMajorityExceptInAPair(int members, int needed) {
        assertThat(GroupRules.needed(members)).isEqualTo(needed);
    }

    @Test
    void sagasAreNamedByGenerationAndNumberedWhereThereAreSeveral() {
        GroupState state = defined();
        assertThat(state.nextSaga("files", 2)).isEqualTo("files-2");
        state = state.apply(new GroupEvent.OperationOpened(2, "files-2", Optional.empty(), NOON))
                .apply(new GroupEvent.OperationEnded(3, "files-2", "DONE", NOON))
                .apply(new GroupEvent.OperationOpened(4, "files-20", Optional.empty(), NOON));
        assertThat(state.nextSaga("files", 2)).isEqualTo("files-2.2");
        assertThat(state.nextSaga("files", 3)).isEqualTo("files-3");
        assertThat(state.openOperation()).contains("files-20");
        assertThat(state.operations()).containsExactly("files-2", "files-20");
        assertThat(state.apply(new GroupEvent.OperationReopened(5, "files-2", "undo", NOON))
                        .operations())
                .as("one saga, whether forward or back")
                .containsExactly("files-2", "files-20");
    }

    @Test
    void aDestroyedGroupServesNothingAndMayBeMadeAgain() {
        GroupState gone = serving(A1).apply(new GroupEvent.Destroyed(4, NOON));
        assertThat(gone.destroyed()).isTrue();
        assertThat(gone.servingSaga()).isEmpty();
        assertThat(gone.apply(new GroupEvent.Defined(5, Sample.group(), NOON)).destroyed())
                .isFalse();
    }

    @Test
    void theLastSignOfLifeIsRemembered() {
        GroupState state = defined().apply(new GroupEvent.FellSilent(2, "b", NOON));
        assertThat(state.lastSigns()).containsEntry("b", NOON);
    }

    @Test
    void aDeathIsRememberedUntilALookFindsLife() {
        GroupState dead = defined().apply(new GroupEvent.LookedAt(2, "b", true, NOON));
        assertThat(dead.deaths()).containsEntry("b", NOON);
        assertThat(dead.apply(new GroupEvent.LookedAt(3, "b", false, NOON)).deaths())
                .isEmpty();
    }

    private static List<Conclusion> conclude(GroupState state, Beat beat) {
        return GroupRules.onBeat(state, "a", "boot", Claim.NONE, beat, 2);
    }

    private static List<Conclusion> afterBoot(Claim claim, Beat beat) {
        return GroupRules.onBeat(serving(claim), "a", "next boot", Claim.NONE, beat, 2);
    }

    private static List<Conclusion> asked(GroupState state, Claim permit, Beat beat) {
        return GroupRules.onBeat(state, "b", "boot", permit, beat, 2);
    }

    private static GroupState defined() {
        return GroupState.EMPTY.apply(new GroupEvent.Defined(1, Sample.group(), NOON));
    }

    private static GroupState knows(GroupState state, Claim claim) {
        return state.apply(new GroupEvent.ClaimKnown(state.ordinal() + 1, claim, "", NOON));
    }

    private static GroupState serving(Claim claim) {
        GroupState state = knows(defined(), claim).apply(new GroupEvent.Serving(3, "files-1", "boot", NOON));
        assertThat(state.conflict()).isEqualTo(Optional.empty());
        return state;
    }
}
