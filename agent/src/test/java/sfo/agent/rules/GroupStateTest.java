package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.NOON;
import static sfo.agent.rules.Sample.claim;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.Claim;

/** What one appliance remembers of a group, event by event: what each changes, and that it changes nothing else. */
class GroupStateTest {
    private static final GroupState SERVES = then(
            GroupState.EMPTY,
            n -> new GroupEvent.Defined(n, Sample.group(), NOON),
            n -> new GroupEvent.ClaimKnown(n, claim(2, "b"), "", NOON),
            n -> new GroupEvent.ConflictFound(n, claim(2, "a"), NOON),
            n -> new GroupEvent.OperationOpened(n, "files-2", Optional.of("a"), NOON),
            n -> new GroupEvent.Serving(n, "files-2", "boot", NOON),
            n -> new GroupEvent.FellSilent(n, "a", NOON),
            n -> new GroupEvent.LookedAt(n, "a", true, NOON),
            n -> new GroupEvent.Leased(n, claim(2, "b"), NOON),
            n -> new GroupEvent.Overridden(n, "its plug is in my hand", NOON),
            n -> new GroupEvent.MirrorWanted(n, "tank", false, NOON),
            n -> new GroupEvent.Abstained(n, "", NOON));

    @SafeVarargs
    private static GroupState then(GroupState from, LongFunction<GroupEvent>... events) {
        GroupState state = from;
        for (LongFunction<GroupEvent> event : events) {
            state = state.apply(event.apply(state.ordinal() + 1));
        }
        return state;
    }

    @Test
    void allOfThemAreRemembered() {
        assertThat(SERVES.ordinal()).isEqualTo(11);
        assertThat(SERVES.definition()).contains(Sample.group());
        assertThat(SERVES.version()).isEqualTo(3);
        assertThat(GroupState.EMPTY.version()).isZero();
        assertThat(SERVES.claim()).isEqualTo(claim(2, "b"));
        assertThat(SERVES.conflict()).contains(claim(2, "a"));
        assertThat(SERVES.openOperation()).contains("files-2");
        assertThat(SERVES.returnsTo()).contains("a");
        assertThat(SERVES.servingSaga()).contains("files-2");
        assertThat(SERVES.servingBoot()).isEqualTo("boot");
        assertThat(SERVES.lastSigns()).isEqualTo(Map.of("a", NOON));
        assertThat(SERVES.deaths()).isEqualTo(Map.of("a", NOON));
        assertThat(SERVES.leased()).isEqualTo(claim(2, "b"));
        assertThat(SERVES.overridden()).contains("its plug is in my hand");
        assertThat(then(SERVES, n -> new GroupEvent.OverrideSeen(n, "", NOON)).overridden())
                .isEmpty();
        assertThat(SERVES.unmirrored()).containsExactly("tank");
        assertThat(SERVES.abstained()).contains(NOON);
        assertThat(SERVES.abstains()).isTrue();
        assertThat(SERVES.destroyed()).isFalse();
    }

    @Test
    void aClaimEndsAConflictAndNothingElse() {
        GroupState next = then(SERVES, n -> new GroupEvent.ClaimKnown(n, claim(3, "a"), "", NOON));
        assertThat(next.conflict()).isEmpty();
        assertThat(next.leased()).as("another one may not be bound").isEqualTo(claim(2, "b"));
        assertThat(next.servingSaga()).contains("files-2");
        assertThat(next.openOperation()).contains("files-2");
    }

    @Test
    void whatIsReleasedIsServedNoMoreAndItsMirrorsAreWantedAgain() {
        GroupState next = then(SERVES, n -> new GroupEvent.Released(n, "", NOON));
        assertThat(next.servingSaga()).isEmpty();
        assertThat(next.servingBoot()).isEmpty();
        assertThat(next.unmirrored()).isEmpty();
        assertThat(next.openOperation()).contains("files-2");
        assertThat(next.claim()).isEqualTo(claim(2, "b"));
    }

    @Test
    void anOperationThatEndsOrTurnsBackReturnsNothingToAnybody() {
        GroupState ended = then(SERVES, n -> new GroupEvent.OperationEnded(n, "files-2", "DONE", NOON));
        assertThat(ended.openOperation()).isEmpty();
        assertThat(ended.returnsTo()).isEmpty();
        assertThat(ended.operations()).containsExactly("files-2");
        GroupState again = then(SERVES, n -> new GroupEvent.OperationReopened(n, "files-1", "undo", NOON));
        assertThat(again.openOperation()).contains("files-1");
        assertThat(again.returnsTo()).isEmpty();
        assertThat(again.operations()).containsExactly("files-2");
    }

    @Test
    void whoCaughtUpVotesAndSinceWhenItHadForgottenStaysKnown() {
        GroupState votes = then(SERVES, n -> new GroupEvent.CaughtUp(n, "", NOON));
        assertThat(votes.abstains()).isFalse();
        assertThat(votes.abstained()).contains(NOON);
    }

    @Test
    void aGapInTheJournalIsAmnesiaSinceWheneverThatBegan() {
        GroupState gap = GroupState.EMPTY.apply(new GroupEvent.Defined(2, Sample.group(), NOON));
        assertThat(gap.abstains()).isTrue();
        assertThat(gap.abstained()).contains(Instant.EPOCH);
        assertThat(gap.ordinal()).isEqualTo(2);
        GroupState second = then(SERVES, n -> new GroupEvent.CaughtUp(n, "", NOON))
                .apply(new GroupEvent.ClaimKnown(20, claim(9, "a"), "", NOON));
        assertThat(second.abstains()).isTrue();
        assertThat(second.abstained()).contains(NOON);
        assertThat(then(GroupState.EMPTY, n -> new GroupEvent.Defined(n, Sample.group(), NOON))
                        .abstains())
                .isFalse();
    }

    @Test
    void whatIsKnownOfOneApplianceSaysNothingOfAnother() {
        GroupState two = then(
                SERVES,
                n -> new GroupEvent.FellSilent(n, "c", NOON.plusSeconds(1)),
                n -> new GroupEvent.LookedAt(n, "c", true, NOON.plusSeconds(2)));
        assertThat(two.lastSigns()).isEqualTo(Map.of("a", NOON, "c", NOON.plusSeconds(1)));
        assertThat(two.deaths()).isEqualTo(Map.of("a", NOON, "c", NOON.plusSeconds(2)));
        assertThat(then(two, n -> new GroupEvent.LookedAt(n, "a", false, NOON)).deaths())
                .containsOnlyKeys("c");
    }

    @Test
    void ofSeveralVolumesEachMayBeWantedOrNot() {
        GroupState two = then(SERVES, n -> new GroupEvent.MirrorWanted(n, "pool", false, NOON));
        assertThat(two.unmirrored()).containsExactlyInAnyOrder("pool", "tank");
        assertThat(then(two, n -> new GroupEvent.MirrorWanted(n, "tank", true, NOON))
                        .unmirrored())
                .containsExactly("pool");
    }

    @Test
    void aDestroyedGroupServesNothing() {
        GroupState gone = then(SERVES, n -> new GroupEvent.Destroyed(n, NOON));
        assertThat(gone.destroyed()).isTrue();
        assertThat(gone.servingSaga()).isEmpty();
        assertThat(gone.servingBoot()).isEmpty();
        assertThat(gone.claim()).as("a later one has to be higher").isNotEqualTo(Claim.NONE);
    }
}
