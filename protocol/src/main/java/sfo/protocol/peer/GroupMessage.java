package sfo.protocol.peer;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Target;

/** What the members of a group say to one another about it. {@code from} is the sender's appliance name. */
public sealed interface GroupMessage extends PeerMessage {
    String from();

    String group();

    /**
     * A heartbeat, each second and on every change.
     *
     * @param serving whether the sender serves the group now
     * @param standingBy whether it serves nothing of it, and nothing of it is under way there
     * @param mark made anew for each heartbeat, to be sent back in {@code heard}
     * @param heard by appliance, the mark that the sender last heard from it: what it says is no older than that
     * @param abstains whether the sender may have forgotten claims: what it knows confirms nothing
     * @param leased whether the sender holds the group and passes frames only while it is confirmed
     * @param connections clients' TCP connections to the failover addresses, for a survivor to reset
     */
    record Beat(
            String from,
            String group,
            String boot,
            long definitionVersion,
            Claim claim,
            boolean serving,
            boolean standingBy,
            List<MirrorState> mirrors,
            List<String> connections,
            String mark,
            Map<String, String> heard,
            @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean abstains,
            @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean leased)
            implements GroupMessage {
        /** From a sender that holds nothing under a lease. */
        public Beat(
                String from,
                String group,
                String boot,
                long definitionVersion,
                Claim claim,
                boolean serving,
                boolean standingBy,
                List<MirrorState> mirrors,
                List<String> connections,
                String mark,
                Map<String, String> heard,
                boolean abstains) {
            this(
                    from,
                    group,
                    boot,
                    definitionVersion,
                    claim,
                    serving,
                    standingBy,
                    mirrors,
                    connections,
                    mark,
                    heard,
                    abstains,
                    false);
        }
    }

    /** The sender wants the receiver's definition and claim. */
    record AskDefinition(String from, String group) implements GroupMessage {}

    record Definition(String from, String group, GroupDefinition definition, Claim claim) implements GroupMessage {}

    /**
     * The receiver has this definition on disk, or refuses it.
     *
     * @param version of the definition that it was told, if it keeps that; else a higher one, that a new one has to have
     */
    record DefinitionKept(String from, String group, long version, Optional<String> refused) implements GroupMessage {}

    /**
     * There is no such group any more.
     *
     * @param offer the version of the definition that was offered to make it, and came to nothing; 0 if it was there
     */
    record Destroyed(
            String from,
            String group,
            @JsonInclude(JsonInclude.Include.NON_DEFAULT) long offer) implements GroupMessage {
        /** By its holder. */
        public Destroyed(String from, String group) {
            this(from, group, 0);
        }
    }

    /**
     * The sender wants to hold the group; an acknowledgement means that the claim is on the receiver's disk.
     *
     * @param definitionVersion by which the sender counts its votes: nobody votes by another one; 0 from older agents
     * @param heard the receiver's mark that the sender last heard: one that comes too late finds no vote any more
     */
    record Propose(
            String from,
            String group,
            Claim claim,
            @JsonInclude(JsonInclude.Include.NON_DEFAULT) long definitionVersion,
            @JsonInclude(JsonInclude.Include.NON_EMPTY) String heard)
            implements GroupMessage {
        public Propose {
            heard = Objects.requireNonNullElse(heard, "");
        }

        /** From an older agent. */
        public Propose(String from, String group, Claim claim) {
            this(from, group, claim, 0, "");
        }
    }

    /** {@code highest} is the receiver's highest claim: the proposed one, if it was accepted. */
    record Acknowledge(String from, String group, Claim proposed, Claim highest) implements GroupMessage {}

    /** The sender has released the group for the receiver, and gives it up for {@code claim} when asked. */
    record OfferPermit(String from, String group, Claim claim) implements GroupMessage {}

    /**
     * The receiver of an offer is ready. A permit's time counts from when this was sent, so that no delay on the way can
     * make it last longer than its giver waits.
     */
    record AskPermit(String from, String group, Claim claim, String nonce) implements GroupMessage {}

    /**
     * The receiver may serve the group, if it opens within {@code validMillis} of asking, by its own monotonic clock. The sender serves nothing of it any more and takes the mirrors' writes at {@code targets}.
     */
    record Permit(
            String from,
            String group,
            Claim claim,
            String nonce,
            GroupDefinition definition,
            List<Target> targets,
            long validMillis)
            implements GroupMessage {}

    /** The receiver of a permit has opened: the commit point is behind it. */
    record Opened(String from, String group, Claim claim) implements GroupMessage {}

    /** The receiver of a permit has not opened, never will under that claim, and serves nothing. */
    record NotOpened(String from, String group, Claim claim, String why) implements GroupMessage {}
}
