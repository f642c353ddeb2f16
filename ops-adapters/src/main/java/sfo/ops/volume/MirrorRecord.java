package sfo.ops.volume;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;

/**
 * What an appliance remembers of one volume, on disk before it takes effect. Append-only JSON.
 *
 * @param volume as the last call gave it: what a restarted agent needs to watch it
 * @param claim under which it has its role
 * @param seen the highest claim ever met; a lower one is refused
 * @param session of the export that is, or last was, between the two sides; empty if none was
 * @param base secondary: the session whose break left this content, so that a primary that remembers what it wrote since
 *     can send just that; empty if it is not known
 * @param target primary: where it mirrors to, or did; secondary: what it offers to a primary that has not begun
 * @param prior what was before this side was promoted, for the way back
 * @param boot identity of the boot in which this was written
 */
record MirrorRecord(
        int version,
        String group,
        Volume volume,
        Role role,
        Claim claim,
        Claim seen,
        Sync sync,
        Instant since,
        String session,
        String base,
        Optional<Target> target,
        Optional<Prior> prior,
        String boot) {
    /** A replica before its promotion. */
    record Prior(Role role, Claim claim, Sync sync, Instant since) {}

    static MirrorRecord fresh(String group, Volume volume) {
        return new MirrorRecord(
                1,
                group,
                volume,
                Role.IDLE,
                Claim.NONE,
                Claim.NONE,
                Sync.NEW,
                Instant.now(),
                "",
                "",
                Optional.empty(),
                Optional.empty(),
                bootIdentity());
    }

    MirrorRecord as(Role newRole, Sync newSync, Instant newSince) {
        return new MirrorRecord(
                version,
                group,
                volume,
                newRole,
                claim,
                seen,
                newSync,
                newSince,
                session,
                base,
                target,
                prior,
                bootIdentity());
    }

    /** The same role in another state; {@code since} is kept if the state is the same. */
    MirrorRecord in(Sync newSync, Instant newSince) {
        return newSync == sync ? this : as(role, newSync, newSince);
    }

    MirrorRecord of(Volume newVolume) {
        return new MirrorRecord(
                version, group, newVolume, role, claim, seen, sync, since, session, base, target, prior, boot);
    }

    MirrorRecord under(Claim newClaim) {
        Claim highest = newClaim.compareTo(seen) > 0 ? newClaim : seen;
        return new MirrorRecord(
                version, group, volume, role, newClaim, highest, sync, since, session, base, target, prior, boot);
    }

    MirrorRecord linked(String newSession, String newBase, Optional<Target> newTarget) {
        return new MirrorRecord(
                version, group, volume, role, claim, seen, sync, since, newSession, newBase, newTarget, prior, boot);
    }

    MirrorRecord after(Optional<Prior> newPrior) {
        return new MirrorRecord(
                version, group, volume, role, claim, seen, sync, since, session, base, target, newPrior, boot);
    }

    boolean ofThisBoot() {
        return boot.equals(bootIdentity());
    }

    /** The kernel's boot id and the start of process 1: namespaces share the first, containers differ in the second. */
    static String bootIdentity() {
        try {
            String stat = Files.readString(Path.of("/proc/1/stat"), StandardCharsets.ISO_8859_1);
            String start = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19];
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip() + "/" + start;
        } catch (IOException e) {
            throw new IllegalStateException("cannot read the boot's identity from /proc", e);
        }
    }
}
