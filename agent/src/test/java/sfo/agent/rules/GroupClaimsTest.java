package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sfo.agent.rules.GroupRules.Conclusion;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.peer.GroupMessage.Beat;

/** What a member concludes from heartbeats: I1 and I7. */
class GroupClaimsTest {
    private static final Instant NOW = Instant.EPOCH;
    private static final Claim A3 = new Claim(3, "a", "third");

    private static GroupState knows(Claim claim, String... members) {
        GroupDefinition group = new GroupDefinition("g", 1, "a", List.of(members), List.of(), List.of(), List.of());
        return GroupState.EMPTY
                .apply(new GroupEvent.Defined(1, group, NOW))
                .apply(new GroupEvent.ClaimKnown(2, claim, "", NOW));
    }

    /** The giver of an undo: it served by g-3, which is on its way back. */
    private static GroupState handsOver() {
        return knows(A3, "a", "b")
                .apply(new GroupEvent.Serving(3, "g-3", "boot", NOW))
                .apply(new GroupEvent.OperationReopened(4, "g-3", "undo", NOW));
    }

    private static Beat beat(String from, Claim claim, boolean serving) {
        return new Beat(from, "g", "boot", 1, claim, serving, !serving, List.of(), List.of(), "", Map.of(), false);
    }

    private static List<Conclusion> of(GroupState state, Claim permit, Beat beat, long agreed) {
        return GroupRules.onBeat(state, "a", "boot", permit, beat, agreed);
    }

    @Test
    void aClaimIsConfirmedByAMajorityOfThisMomentOnly() {
        Conclusion confirmed = new Conclusion.Confirmed();
        assertThat(of(knows(A3, "a", "b"), Claim.NONE, beat("b", A3, false), 1)).doesNotContain(confirmed);
        assertThat(of(knows(A3, "a", "b"), Claim.NONE, beat("b", A3, false), 2)).containsExactly(confirmed);
        assertThat(of(knows(A3, "a", "b", "c", "d"), Claim.NONE, beat("b", A3, false), 2))
                .doesNotContain(confirmed);
        assertThat(of(knows(A3, "a", "b", "c", "d"), Claim.NONE, beat("b", A3, false), 3))
                .containsExactly(confirmed);
    }

    @Test
    void anOwnOfferIsNotSaidBackBeforeItsOutcomeIsKnown() {
        Claim offer = new Claim(4, "b", GroupRules.offerId("g-3", "b"));
        // the agent was restarted, and does not remember the permit yet
        assertThat(of(handsOver(), Claim.NONE, beat("b", offer, false), 2)).isEmpty();
        assertThat(of(handsOver(), offer, beat("b", offer, false), 2)).isEmpty();
        assertThat(of(handsOver(), offer, beat("b", offer, true), 2)).containsExactly(new Conclusion.PermitUsed());
    }

    @Test
    void onlyAClaimThatComesBackSaysThatAPermitWasNotUsed() {
        Claim offer = new Claim(4, "b", GroupRules.offerId("g-3", "b"));
        assertThat(of(handsOver(), offer, beat("b", A3, false), 2)).isEmpty();
        Claim back = new Claim(5, "a", "given back");
        assertThat(of(handsOver(), offer, beat("b", back, false), 2))
                .containsExactly(new Conclusion.PermitUnused(), new Conclusion.Adopt(back));
    }

    @Test
    void whatIsTakenBackIsHigherThanWhatTheReceiverMayHaveClaimed() {
        Claim offer = new Claim(4, "b", GroupRules.offerId("g-3", "b"));
        Claim back = new Claim(5, "a", "given back");
        Claim unheard = GroupRules.takenBack(handsOver(), offer, "a", "id");
        assertThat(unheard).isGreaterThan(back);
        assertThat(unheard.conflictsWith(back)).isFalse();
        GroupState heard = handsOver().apply(new GroupEvent.ClaimKnown(5, back, "", NOW));
        assertThat(GroupRules.takenBack(heard, offer, "a", "id")).isGreaterThan(back);
    }

    @Test
    void anOperationRemembersWhomItsClaimGoesBackTo() {
        GroupState open = knows(A3, "a", "b").apply(new GroupEvent.OperationOpened(3, "g-3", Optional.of("b"), NOW));
        assertThat(open.returnsTo()).contains("b");
        assertThat(open.apply(new GroupEvent.OperationEnded(4, "g-3", "", NOW)).returnsTo())
                .isEmpty();
    }
}
