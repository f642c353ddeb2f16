package sfo.protocol.model;

import java.time.Instant;
import java.util.Optional;

/**
 * What one appliance knows of its side of a mirror. Every change of {@code sync} is on its disk (fsync) before anything
 * depends on it.
 *
 * @param since when {@code sync} became what it is; for SOLO, LOST and INCONSISTENT: since when the other side may differ
 * @param bytesBehind what is known to be missing on the other side; 0 if nothing or unknown
 * @param link names the connection between the two sides that is, or was last; another one has another name; "" if none was
 * @param detail for people: the export, the error
 */
public record MirrorState(
        String group,
        String volume,
        Role role,
        Claim claim,
        Sync sync,
        Optional<Instant> since,
        long bytesBehind,
        String link,
        String detail) {
    /** The same, with another detail. */
    public MirrorState explained(String why) {
        return new MirrorState(group, volume, role, claim, sync, since, bytesBehind, link, why);
    }

    public enum Role {
        /** nothing of it runs here */
        IDLE,
        PRIMARY,
        SECONDARY
    }

    public enum Sync {
        /** primary: the other side gets every write; secondary: it has every acknowledged write, and the link lives */
        REPLICATING,
        /** primary: a resync is under way */
        SYNCING,
        /** primary: alone; writes are not mirrored */
        SOLO,
        /** primary: writes wait for the link */
        BLOCKED,
        /** secondary: in the middle of a resync, or one was cut off: never promoted */
        INCONSISTENT,
        /** secondary: was replicating when the link ended */
        LOST,
        /** the data of both sides was equal when it was taken down in order */
        CLEAN,
        /** a daemon or device has failed */
        FAILED,
        /** never mirrored */
        NEW
    }
}
