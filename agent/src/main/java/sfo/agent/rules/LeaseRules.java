package sfo.agent.rules;

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.peer.GroupMessage.Beat;

/**
 * The isolation lease: how long a holder may pass frames, and how long the others wait before they claim. Both count from
 * the same heartbeat of the holder: the holder from the moment in which it sent it, a voter from the later one in which it
 * heard it. Each by its own monotonic clock, so that neither a delay on the way nor a clock that is set can bring them nearer.
 */
public final class LeaseRules {
    private LeaseRules() {}

    /**
     * When the holder last sent a heartbeat that a majority of the voters, itself among them, is known to have heard, and
     * to have answered while they knew of no other claim; by the monotonic clock; empty if there is none. While the voters
     * change it takes a majority of the former and of the new ones.
     *
     * @param incarnation of the holder's agent: marks of another run prove nothing
     * @param beats the others' last ones
     */
    public static OptionalLong confirmed(
            GroupDefinition group, String self, Claim claim, String incarnation, Collection<Beat> beats) {
        OptionalLong all = OptionalLong.empty();
        for (Set<String> voters : group.electorates()) {
            OptionalLong these = confirmed(voters, self, claim, incarnation, beats);
            if (these.isEmpty()) {
                return these;
            }
            all = OptionalLong.of(Math.min(these.getAsLong(), all.orElse(these.getAsLong())));
        }
        return all;
    }

    private static OptionalLong confirmed(
            Set<String> voters, String self, Claim claim, String incarnation, Collection<Beat> beats) {
        int others = voters.size() / 2;
        List<Long> sent = beats.stream()
                .filter(beat -> voters.contains(beat.from()) && !beat.from().equals(self))
                .filter(beat -> beat.claim().equals(claim) && !beat.abstains())
                .flatMap(beat -> Stream.ofNullable(beat.heard().get(self)))
                .filter(mark -> mark.startsWith(incarnation))
                .map(mark -> Long.parseLong(mark.substring(incarnation.length())))
                .sorted(Comparator.reverseOrder())
                .toList();
        return sent.size() < others ? OptionalLong.empty() : OptionalLong.of(sent.get(others - 1));
    }

    /** By which a holder passes frames: while terms change the shorter one, which keeps both. */
    public static Optional<Lease> shortest(GroupDefinition group) {
        return leases(group).min(Comparator.comparingInt(Lease::seconds));
    }

    /** For which the others wait: while terms change the longer one. */
    public static Optional<Lease> longest(GroupDefinition group) {
        return leases(group).max(Comparator.comparingInt(Lease::seconds));
    }

    private static Stream<Lease> leases(GroupDefinition group) {
        return group.agreed().stream().flatMap(terms -> terms.lease().stream());
    }

    /** Whether a holder that nobody confirms stops, whichever of the terms it knows: what those who wait rely on. */
    public static boolean binds(GroupDefinition group) {
        return group.agreed().stream().allMatch(terms -> terms.lease().isPresent());
    }

    /** How long after a confirmed heartbeat frames may pass. */
    public static Duration lasts(Lease lease) {
        return Duration.ofSeconds(lease.seconds());
    }

    /** How long after the holder's last heartbeat a voter waits: clocks drift, and a kernel's timer is not exact. */
    public static Duration waits(Lease lease) {
        return lasts(lease).plus(Duration.ofMillis(1_000 + lease.seconds() * 50L));
    }

    /**
     * What a voter still has to wait before it may claim, or acknowledge another's claim; zero without a lease.
     *
     * @param silentSince when a holder was last heard, or this agent was started: it may have confirmed just before
     */
    public static Duration left(Optional<Lease> lease, long silentSince, long nanos) {
        return lease.map(LeaseRules::waits)
                .map(all -> all.minusNanos(nanos - silentSince))
                .filter(left -> !left.isNegative())
                .orElse(Duration.ZERO);
    }

    /** Whether it is known here that the holder stops when it is no longer confirmed. */
    public static boolean isBound(GroupState state) {
        return state.claim().isNone() || state.leased().equals(state.claim());
    }
}
