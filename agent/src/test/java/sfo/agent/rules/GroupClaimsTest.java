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
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Reason;
import sfo.protocol.peer.GroupMessage.Beat;
import sfo.protocol.peer.Hello;

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

    /** What a holder that has booted concludes from b's heartbeat, with {@code agreed} members of one opinion. */
    private static List<Conclusion> afterBoot(GroupState state, Beat beat, long agreed) {
        return GroupRules.onBeat(state, "a", "next", Claim.NONE, beat, agreed);
    }

    @Test
    void nobodyIsConfirmedWhileAnOperationOrAConflictIsOpenOrWhileItServes() {
        GroupState idle = knows(A3, "a", "b");
        Conclusion confirmed = new Conclusion.Confirmed();
        assertThat(afterBoot(idle, beat("b", A3, false), 2)).containsExactly(confirmed);
        assertThat(afterBoot(
                        idle.apply(new GroupEvent.ConflictFound(3, new Claim(3, "b", "x"), NOW)),
                        beat("b", A3, false),
                        2))
                .isEmpty();
        assertThat(afterBoot(
                        idle.apply(new GroupEvent.OperationOpened(3, "g-3", Optional.empty(), NOW)),
                        beat("b", A3, false),
                        2))
                .isEmpty();
        GroupState serves = idle.apply(new GroupEvent.Serving(3, "g-3", "next", NOW));
        assertThat(afterBoot(serves, beat("b", A3, false), 2)).isEmpty();
        GroupState served = idle.apply(new GroupEvent.Serving(3, "g-3", "boot", NOW));
        assertThat(afterBoot(served, beat("b", A3, false), 2)).containsExactly(confirmed);
        Beat forgot = new Beat("b", "g", "boot", 1, A3, false, true, List.of(), List.of(), "", Map.of(), true);
        assertThat(afterBoot(idle, forgot, 2)).isEmpty();
    }

    @Test
    void whoseVolumesTellOfWritesThatOnlyItHasConfirmsNobody() {
        GroupState holds = GroupState.EMPTY
                .apply(new GroupEvent.Defined(1, Sample.group(), NOW))
                .apply(new GroupEvent.ClaimKnown(2, A3, "", NOW));
        assertThat(afterBoot(holds, told(Sample.mirror(Sync.LOST, Optional.empty())), 2))
                .containsExactly(new Conclusion.Confirmed());
        assertThat(afterBoot(holds, told(Sample.mirror(Sync.SOLO, Optional.empty())), 2))
                .isEmpty();
        assertThat(afterBoot(holds, told(), 2)).isEmpty();
        assertThat(GroupRules.hasNothingAlone(told(Sample.mirror(Sync.SOLO, Optional.empty()))))
                .isFalse();
    }

    private static Beat told(MirrorState... mirrors) {
        return new Beat("b", "g", "boot", 3, A3, false, true, List.of(mirrors), List.of(), "", Map.of(), false);
    }

    @Test
    void ofAPermitOnlyItsReceiverTells() {
        Claim offer = new Claim(4, "b", "an offer of which the journal knows nothing any more");
        Beat served = beat("c", offer, true);
        assertThat(of(knows(A3, "a", "b", "c"), offer, served, 1)).doesNotContain(new Conclusion.PermitUsed());
        assertThat(of(knows(A3, "a", "b", "c"), offer, beat("b", offer, true), 1))
                .contains(new Conclusion.PermitUsed());
        assertThat(of(knows(A3, "a", "b", "c"), offer, beat("b", offer, false), 1))
                .doesNotContain(new Conclusion.PermitUsed(), new Conclusion.PermitUnused());
        Claim back = new Claim(5, "a", "given back");
        assertThat(of(knows(A3, "a", "b", "c"), offer, beat("c", back, false), 1))
                .doesNotContain(new Conclusion.PermitUnused());
        Claim others = new Claim(5, "c", "another's");
        assertThat(of(knows(A3, "a", "b", "c"), offer, beat("b", others, false), 1))
                .doesNotContain(new Conclusion.PermitUnused());
        assertThat(of(knows(A3, "a", "b"), Claim.NONE, beat("", Claim.NONE, true), 1))
                .doesNotContain(new Conclusion.PermitUsed());
    }

    @Test
    void anOfferIsOfItsSagaAndItsReceiver() {
        String id = GroupRules.offerId("g-3", "b");
        assertThat(GroupRules.offerId("g-3", "b")).isEqualTo(id);
        assertThat(GroupRules.offerId("g-4", "b")).isNotEqualTo(id);
        assertThat(GroupRules.offerId("g-3", "c")).isNotEqualTo(id);
        assertThat(GroupRules.isOwnOffer(handsOver(), new Claim(4, "b", id))).isTrue();
        assertThat(GroupRules.isOwnOffer(handsOver(), new Claim(4, "c", id))).isFalse();
        assertThat(GroupRules.isOwnOffer(knows(A3, "a", "b"), new Claim(4, "b", id)))
                .isFalse();
    }

    @Test
    void againstAResumeEachMemberIsQuotedInTheOrderOfNames() {
        Claim other = new Claim(3, "b", "other");
        assertThat(GroupRules.againstResume(
                        A3,
                        Map.of(
                                "c", new Hello.GroupClaim("g", 1, new Claim(4, "c", "higher"), false),
                                "b", new Hello.GroupClaim("g", 1, other, false),
                                "d", new Hello.GroupClaim("g", 1, A3, true),
                                "e", new Hello.GroupClaim("g", 1, A3, false))))
                .containsExactly(
                        elsewhere("b knows of claim 3-b-other, not of 3-a-third", "b"),
                        elsewhere("c knows of claim 4-c-higher, not of 3-a-third", "c"),
                        elsewhere("d says that it serves the group", "d"));
    }

    private static Reason elsewhere(String text, String member) {
        return new Reason("HELD-ELSEWHERE", Reason.Weight.BLOCKS, text, "sfo status g on " + member);
    }
}
