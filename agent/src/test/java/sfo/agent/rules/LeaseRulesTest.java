package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Lease;
import sfo.protocol.peer.GroupMessage.Beat;

@Timeout(20)
class LeaseRulesTest {
    private static final Claim A1 = Sample.claim(1, "a");
    private static final Claim B2 = Sample.claim(2, "b");

    private static Beat beat(String from, Claim claim, String heard, boolean abstains) {
        return new Beat(
                from, "g", "boot", 1, claim, false, true, List.of(), List.of(), "m", Map.of("a", heard), abstains);
    }

    private static Optional<Long> confirmed(int members, Beat... beats) {
        List<String> names = List.of("a", "b", "c", "d", "e").subList(0, members);
        GroupDefinition group = new GroupDefinition("g", 1, "a", names, List.of(), List.of(), List.of());
        return LeaseRules.confirmed(group, "a", A1, "run:", List.of(beats)).stream()
                .boxed()
                .findFirst();
    }

    @Test
    void aPairIsConfirmedByTheOtherOneFromWhenWhatItHeardWasSent() {
        assertThat(confirmed(2, beat("b", A1, "run:700", false))).contains(700L);
    }

    @Test
    void anotherClaimAnotherRunAnAmnesiacAndAStrangerConfirmNothing() {
        assertThat(confirmed(2, beat("b", B2, "run:700", false))).isEmpty();
        assertThat(confirmed(2, beat("b", A1, "earlier:700", false))).isEmpty();
        assertThat(confirmed(2, beat("b", A1, "run:700", true))).isEmpty();
        assertThat(confirmed(2, beat("z", A1, "run:700", false))).isEmpty();
    }

    @Test
    void ofFiveTwoOthersMakeAMajorityAndTheOlderWordCounts() {
        Beat b = beat("b", A1, "run:900", false);
        Beat c = beat("c", A1, "run:500", false);
        Beat d = beat("d", A1, "run:100", false);
        assertThat(confirmed(5, b)).isEmpty();
        assertThat(confirmed(5, b, c)).contains(500L);
        assertThat(confirmed(5, b, c, d)).contains(500L);
    }

    @Test
    void aVoterWaitsLongerThanTheHolderPassesThoughClocksDrift() {
        for (int seconds : new int[] {4, 30, 120}) {
            Lease lease = new Lease(seconds);
            assertThat(LeaseRules.waits(lease))
                    .isGreaterThan(LeaseRules.lasts(lease).multipliedBy(102).dividedBy(100));
            long waits = LeaseRules.waits(lease).toNanos();
            assertThat(LeaseRules.left(Optional.of(lease), 50, 49 + waits)).isEqualTo(Duration.ofNanos(1));
            assertThat(LeaseRules.left(Optional.of(lease), 50, 50 + waits)).isZero();
        }
        assertThat(LeaseRules.left(Optional.empty(), 50, 50)).isZero();
    }

    @Test
    void aLeaseHasBounds() {
        assertThatThrownBy(() -> new Lease(3)).isInstanceOf(Invalid.class).hasMessageContaining("4 to 120");
        assertThatThrownBy(() -> new Lease(121)).isInstanceOf(Invalid.class);
    }
}
