package sfo.ops.volume;

import sfo.ops.api.HostException;
import sfo.protocol.model.Claim;

/** The rule for claims on a volume: only the same or a higher one. */
final class Claims {
    private Claims() {}

    static void refuseStale(MirrorRecord record, Claim claim) throws HostException {
        refuseStale("volume " + record.volume().name(), record.group(), record.seen(), claim);
    }

    /** @throws HostException if {@code claim} is lower than {@code seen}, or another one of the same generation */
    static void refuseStale(String what, String group, Claim seen, Claim claim) throws HostException {
        if (seen.isNone() || claim.equals(seen)) {
            return;
        }
        if (claim.conflictsWith(seen)) {
            throw new HostException(what + " has met claim " + seen.tag() + ", and claim " + claim.tag()
                    + " is another one of the same generation; decide which is right: sfo resolve " + group);
        }
        if (claim.compareTo(seen) < 0) {
            throw new HostException(what + " has met claim " + seen.tag() + ", which is higher than " + claim.tag()
                    + ": refused; see who holds the group: sfo status " + group);
        }
    }
}
