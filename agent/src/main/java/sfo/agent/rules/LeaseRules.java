package sfo.agent.rules;

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
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
     * When the holder last sent a heartbeat that a majority of the members, itself among them, is known to have heard, and
     * to have answered while they knew of no other claim; by the monotonic clock; empty if there is none.
     *
     * @param incarnation of the holder's agent: marks of another run prove nothing
     * @param beats the others' last ones
     */
    public static OptionalLong confirmed(
            GroupDefinition group, String self, Claim claim, String incarnation, Collection<Beat> beats) {
        int others = group.members().size() / 2;
        List<Long> sent = beats.stream()
                .filter(beat ->
                        group.members().contains(beat.from()) && !beat.from().equals(self))
                .filter(beat -> beat.claim().equals(claim) && !beat.abstains())
                .flatMap(beat -> Stream.ofNullable(beat.heard().get(self)))
                .filter(mark -> mark.startsWith(incarnation))
                .map(mark -> Long.parseLong(mark.substring(incarnation.length())))
                .sorted(Comparator.reverseOrder())
                .toList();
        return sent.size() < others ? OptionalLong.empty() : OptionalLong.of(sent.get(others - 1));
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
