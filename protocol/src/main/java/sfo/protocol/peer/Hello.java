package sfo.protocol.peer;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import sfo.protocol.model.Claim;

/**
 * What an appliance says of itself on the hello endpoint, whatever the state of the cluster. Append-only.
 *
 * @param version of the agent
 * @param bootIdentity changes with every boot, not with a restart of the agent
 * @param uid of the agent's actor system now; changes when that is restarted
 * @param cluster the one that it is a member of; empty while it looks for one
 * @param members of that cluster as it sees them, itself included
 * @param openSaga whether a failover, an undo or the like is under way here
 */
public record Hello(
        String appliance,
        String version,
        String bootIdentity,
        long uid,
        Optional<Cluster> cluster,
        List<Member> members,
        boolean openSaga,
        List<GroupClaim> groups) {
    /**
     * A cluster: those that joined it name it as the one that formed it did.
     *
     * @param formedAt by the clock of the appliance that formed it
     */
    public record Cluster(String id, Instant formedAt) implements Comparable<Cluster> {
        private static final Comparator<Cluster> OLDEST_FIRST =
                Comparator.comparing(Cluster::formedAt).thenComparing(Cluster::id);

        /** The older one first. */
        @Override
        public int compareTo(Cluster other) {
            return OLDEST_FIRST.compare(this, other);
        }
    }

    /** @param state as in {@link sfo.protocol.control.Views.MemberView} */
    public record Member(String appliance, String address, long uid, String state) {}

    public record GroupClaim(String group, long definitionVersion, Claim claim, boolean servedHere) {}

    /** Whether the incarnation {@code systemUid} of an actor system is a member of this appliance's cluster, and not downed. */
    public boolean lists(long systemUid) {
        return members.stream()
                .anyMatch(member -> member.uid() == systemUid && !member.state().equals("down"));
    }

    /** The highest of its claims. */
    @JsonIgnore
    public Claim highestClaim() {
        return groups.stream()
                .map(GroupClaim::claim)
                .max(Comparator.naturalOrder())
                .orElse(Claim.NONE);
    }
}
