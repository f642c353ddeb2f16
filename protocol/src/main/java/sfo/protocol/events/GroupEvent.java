package sfo.protocol.events;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.time.Instant;
import java.util.Optional;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;

/** What one appliance remembers of one group. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
@JsonSubTypes({
    @JsonSubTypes.Type(value = GroupEvent.Defined.class, name = "group-defined"),
    @JsonSubTypes.Type(value = GroupEvent.ClaimKnown.class, name = "claim-known"),
    @JsonSubTypes.Type(value = GroupEvent.ConflictFound.class, name = "conflict-found"),
    @JsonSubTypes.Type(value = GroupEvent.Serving.class, name = "serving"),
    @JsonSubTypes.Type(value = GroupEvent.Released.class, name = "released"),
    @JsonSubTypes.Type(value = GroupEvent.OperationOpened.class, name = "operation-opened"),
    @JsonSubTypes.Type(value = GroupEvent.OperationReopened.class, name = "operation-reopened"),
    @JsonSubTypes.Type(value = GroupEvent.OperationEnded.class, name = "operation-ended"),
    @JsonSubTypes.Type(value = GroupEvent.FellSilent.class, name = "fell-silent"),
    @JsonSubTypes.Type(value = GroupEvent.LookedAt.class, name = "looked-at"),
    @JsonSubTypes.Type(value = GroupEvent.Abstained.class, name = "abstained"),
    @JsonSubTypes.Type(value = GroupEvent.CaughtUp.class, name = "caught-up"),
    @JsonSubTypes.Type(value = GroupEvent.Leased.class, name = "leased"),
    @JsonSubTypes.Type(value = GroupEvent.Overridden.class, name = "overridden"),
    @JsonSubTypes.Type(value = GroupEvent.OverrideSeen.class, name = "override-seen"),
    @JsonSubTypes.Type(value = GroupEvent.MirrorWanted.class, name = "mirror-wanted"),
    @JsonSubTypes.Type(value = GroupEvent.Destroyed.class, name = "group-destroyed")
})
public sealed interface GroupEvent extends StoredEvent {
    /** A newer definition. */
    record Defined(long ordinal, GroupDefinition definition, Instant at) implements GroupEvent {}

    /** A claim that is now the highest known here: our own, acknowledged to a peer, or heard of. */
    record ClaimKnown(long ordinal, Claim claim, String why, Instant at) implements GroupEvent {}

    /** Another claim of the same generation: only an operator resolves it. */
    record ConflictFound(long ordinal, Claim other, Instant at) implements GroupEvent {}

    /** A saga has made this appliance serve the group under the known claim, in this boot. */
    record Serving(long ordinal, String saga, String boot, Instant at) implements GroupEvent {}

    /** Nothing of the group is served here any more. */
    record Released(long ordinal, String why, Instant at) implements GroupEvent {}

    /** @param from whom the claim is given back to if nothing comes of it; empty if it is nobody else's */
    record OperationOpened(long ordinal, String saga, Optional<String> from, Instant at) implements GroupEvent {}

    /** The saga that serves is on its way back: an undo, or a release. */
    record OperationReopened(long ordinal, String saga, String why, Instant at) implements GroupEvent {}

    record OperationEnded(long ordinal, String saga, String outcome, Instant at) implements GroupEvent {}

    /** Nothing was heard of a member for a while: when it was heard last tells whether a lost replica may be behind. */
    record FellSilent(long ordinal, String appliance, Instant lastSign) implements GroupEvent {}

    /** A silent member, or one whose mirror was lost, was looked at on every channel: whether it was dead {@code at} then. */
    record LookedAt(long ordinal, String appliance, boolean dead, Instant at) implements GroupEvent {}

    /** This appliance may have forgotten what it acknowledged: it votes for no claim, and confirms none, until it caught up. */
    record Abstained(long ordinal, String why, Instant at) implements GroupEvent {}

    /** It knows again what all others know, or an operator said so. */
    record CaughtUp(long ordinal, String why, Instant at) implements GroupEvent {}

    /** The holder under this claim passes frames only while it is confirmed: no other may claim where that is not known. */
    record Leased(long ordinal, Claim claim, Instant at) implements GroupEvent {}

    /** The claim before it was made against the evidence or without a majority, for the reason that an operator wrote. */
    record Overridden(long ordinal, String reason, Instant at) implements GroupEvent {}

    /** An operator has seen to what came of that. */
    record OverrideSeen(long ordinal, String why, Instant at) implements GroupEvent {}

    /** Whether a volume is to be mirrored while this appliance serves it. */
    record MirrorWanted(long ordinal, String volume, boolean wanted, Instant at) implements GroupEvent {}

    record Destroyed(long ordinal, Instant at) implements GroupEvent {}
}
