package sfo.protocol.peer;

import java.util.Optional;
import sfo.protocol.model.Claim;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;

/** What the keepers of the two sides of a mirror say to one another. */
public sealed interface MirrorMessage extends PeerMessage {
    String from();

    String group();

    /**
     * The primary wants to write to the receiver's replica.
     *
     * @param acceptLoss whether an operator gave up what the replica alone has
     */
    record OpenTarget(String from, String group, Volume volume, Claim claim, boolean acceptLoss)
            implements MirrorMessage {}

    record TargetOpened(String from, String group, Claim claim, Target target) implements MirrorMessage {}

    record TargetRefused(String from, String group, String volume, Claim claim, String why) implements MirrorMessage {}

    /** The primary reaches the export; it copies nothing before the answer, {@link Begun}. */
    record Begins(String from, String group, Volume volume, Claim claim, Target target) implements MirrorMessage {}

    /** It is on disk that the replica is neither what it was nor complete; or why that is refused. */
    record Begun(String from, String group, Target target, Optional<String> refused) implements MirrorMessage {}

    /** The replica has everything by way of this link: to be recorded there. */
    record Synced(String from, String group, Volume volume, Claim claim, String link) implements MirrorMessage {}

    /** The primary went on alone, and tells while it can: the replica that had this link may be behind since now. */
    record WentSolo(String from, String group, Volume volume, Claim claim, String link) implements MirrorMessage {}

    /** Asks for (or answers with) the creation of a replica's backing. */
    record CreateReplica(String from, String group, Volume volume) implements MirrorMessage {}

    record ReplicaCreated(String from, String group, String volume, Optional<String> refused)
            implements MirrorMessage {}

    record DestroyReplica(String from, String group, Volume volume) implements MirrorMessage {}
}
