package sfo.protocol.peer;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a config backup gets to a peer. {@link Offer} and {@link Parts} may be large: they go by reliable delivery, in
 * chunks. The others are small and may be lost: {@link Hello} is repeated, and its answer says all again.
 */
public sealed interface BackupMessage extends PeerMessage {
    /**
     * "I am here; what of mine have you got?", from time to time.
     *
     * @param producer the actor that my offers come from, as Akka writes its address; another one after each start
     */
    record Hello(String producer) implements BackupMessage {}

    /** Answer to a hello, and to what was stored: the newest good backup of yours that is on my disk, verified. */
    record Holds(Optional<Copy> newest) implements BackupMessage {}

    record Copy(long epoch, long sequence, String sha256) {}

    /** A header; the receiver says which parts it lacks. */
    record Offer(long epoch, long sequence, String header) implements BackupMessage {}

    /** @param parts positions in the header's list of parts; empty if the payload is known */
    record Need(long epoch, long sequence, List<Integer> parts) implements BackupMessage {}

    /** @param parts by position, what was asked for */
    record Parts(
            long epoch, long sequence, String header, String signature, String certificate, Map<Integer, String> parts)
            implements BackupMessage {}

    /** Not stored, and why; what was there before is still there. */
    record Refused(long epoch, long sequence, String reason) implements BackupMessage {}
}
