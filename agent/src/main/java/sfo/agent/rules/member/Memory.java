package sfo.agent.rules.member;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sfo.protocol.model.MirrorState;
import sfo.protocol.peer.GroupMessage.Beat;

/**
 * What a member knows beside its journal: gone with its agent.
 *
 * @param beats by appliance, the last heartbeat of those that are heard
 * @param lastSigns by appliance, its last sign of life in this group
 * @param clients by appliance, the clients' connections when it served last: kept when it falls silent, to be reset at open
 * @param said by appliance, its mirrors when it served last: one that went on alone says so while it can
 * @param mirrors this appliance's side of each volume
 * @param resumeAfter not before this, by the monotonic clock, it serves again by itself
 * @param resumesFailed how often in a row that failed
 * @param resumeFailure why, the last time; empty if it did not
 * @param givenUntil until when, by the monotonic clock, what this appliance handed over counts as known without a backup
 * @param holderHeard when a holder was last heard, by the monotonic clock: with a lease, others wait from then on
 * @param passUntil until when frames pass here, by the monotonic clock, where there is a lease
 * @param lookAfter not before this, by the monotonic clock, it looks at what it serves
 * @param broken what was wrong with that at the last look
 * @param termsSince since when, by the monotonic clock, nothing was done here any more by former terms alone
 */
public record Memory(
        Map<String, Beat> beats,
        Map<String, Instant> lastSigns,
        Map<String, List<String>> clients,
        Map<String, List<MirrorState>> said,
        List<MirrorState> mirrors,
        HandOver handOver,
        Optional<Operation> operation,
        long resumeAfter,
        int resumesFailed,
        String resumeFailure,
        long givenUntil,
        long holderHeard,
        long passUntil,
        long lookAfter,
        List<String> broken,
        long termsSince) {
    /** Of an agent that has just started. */
    public static Memory fresh(long nanos) {
        return new Memory(
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                List.of(),
                HandOver.none(nanos),
                Optional.empty(),
                nanos,
                0,
                "",
                nanos,
                nanos,
                nanos,
                nanos + Serving.BROKEN.toNanos(),
                List.of(),
                nanos);
    }
}
