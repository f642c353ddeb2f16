package sfo.agent.rules.member;

import java.time.Instant;
import java.util.Map;

/**
 * When something comes in.
 *
 * @param wall for people and for comparison with what others recorded
 * @param nanos monotonic, of this agent: all that is waited for is counted by it
 * @param id unique: what is new in this moment is named after it
 * @param seen by appliance, when anything of it was heard on another channel than the groups' heartbeats
 * @param storable whether the disk takes events: one that can be done without is not stored else
 */
public record Moment(Instant wall, long nanos, String id, Map<String, Instant> seen, boolean storable) {
    public Moment(Instant wall, long nanos, String id, Map<String, Instant> seen) {
        this(wall, nanos, id, seen, true);
    }
}
