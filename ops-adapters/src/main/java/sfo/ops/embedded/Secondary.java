package sfo.ops.embedded;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import sfo.ops.embedded.Volumes.Entry;
import sfo.ops.embedded.Volumes.Running;
import sfo.ops.embedded.Volumes.VolumeId;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Target;

/** The side of a mirror that its primary writes to: offered, copied over, and closed. Each in one change of the host. */
final class Secondary {
    private final EmbeddedHost host;
    private final Volumes volumes;

    Secondary(EmbeddedHost host, Volumes volumes) {
        this.host = host;
        this.volumes = volumes;
    }

    void open(VolumeId id, Claim claim, boolean equal, Target target) throws IOException {
        Entry entry = volumes.settle(id);
        Running running = volumes.running(id);
        if (running.role() == Role.PRIMARY) {
            throw new IOException(id + " is primary on " + host.appliance() + ": it takes no writes of another one");
        }
        if (claim.compareTo(entry.claim()) < 0) {
            throw new IOException(id + " on " + host.appliance() + " has seen claim "
                    + entry.claim().tag() + ", higher than " + claim.tag() + ": the caller is superseded");
        }
        if (running.export().equals(target.export()) && volumes.connected(id, running)) {
            return;
        }
        volumes.record(id, offered(entry, claim, equal));
        volumes.runs(id, new Running(Role.SECONDARY, claim, target.export(), "", 0, Optional.empty()));
    }

    /** Nothing is written over it before a primary connects: it stays as fit as it was, and what it alone has stays its own. */
    private static Entry offered(Entry entry, Claim claim, boolean equal) {
        if (!equal && entry.sync() == Sync.SOLO) {
            return new Entry(
                    entry.side(),
                    claim,
                    Sync.SOLO,
                    entry.since(),
                    entry.written(),
                    entry.before(),
                    entry.onLinkLoss(),
                    entry.kept());
        }
        boolean whole = entry.sync() == Sync.REPLICATING || entry.sync() == Sync.CLEAN;
        return new Entry(
                Role.SECONDARY,
                claim,
                equal || whole ? Sync.LOST : entry.sync(),
                equal ? Optional.of(Instant.now()) : entry.since(),
                false,
                Optional.empty(),
                entry.onLinkLoss(),
                entry.kept());
    }

    void begins(VolumeId id, Claim claim, Target target) throws IOException {
        Running running = volumes.running(id);
        boolean offered = running.role() == Role.SECONDARY
                && running.claim().equals(claim)
                && running.export().equals(target.export());
        if (!offered) {
            throw new IOException(id + " on " + host.appliance() + " has no export \"" + target.export()
                    + "\" (it has \"" + running.export() + "\")");
        }
        overwritten(id);
    }

    /** What it alone has is kept aside. */
    private void overwritten(VolumeId id) throws IOException {
        Entry entry = volumes.need(id);
        String kept = entry.kept();
        if (entry.sync() == Sync.SOLO && entry.written()) {
            kept = "kept-before-" + entry.claim().tag();
            Disk.copyTree(volumes.data(id), volumes.folder(id).resolve(kept));
        }
        boolean behind = entry.sync() == Sync.LOST || entry.sync() == Sync.INCONSISTENT;
        volumes.record(
                id,
                new Entry(
                        Role.SECONDARY,
                        entry.claim(),
                        Sync.INCONSISTENT,
                        behind ? entry.since() : Optional.of(Instant.now()),
                        false,
                        Optional.empty(),
                        entry.onLinkLoss(),
                        kept));
    }

    void synced(VolumeId id, Claim claim, String link) throws IOException {
        Running running = volumes.running(id);
        if (running.role() != Role.SECONDARY
                || !running.claim().equals(claim)
                || !running.export().equals(link)) {
            throw new IOException(id + " on " + host.appliance() + " has no export \"" + link + "\" for claim "
                    + claim.tag() + " (it has \"" + running.export() + "\")");
        }
        if (!volumes.connected(id, running)) {
            throw new IOException(id + ": the mirror to " + host.appliance() + " has ended since");
        }
        Entry entry = volumes.need(id);
        if (entry.sync() != Sync.REPLICATING) {
            volumes.record(id, entry.with(Sync.REPLICATING));
        }
    }

    void close(VolumeId id, boolean inOrder) throws IOException {
        Entry entry = volumes.settle(id);
        Running running = volumes.running(id);
        if (running.role() != Role.SECONDARY) {
            return;
        }
        boolean whole = entry.sync() == Sync.REPLICATING
                || (entry.sync() == Sync.LOST
                        && running.ended().isPresent()
                        && running.ended().equals(entry.since()));
        if (whole && inOrder) {
            volumes.record(id, entry.with(Sync.CLEAN));
        } else if (entry.sync() == Sync.REPLICATING) {
            volumes.record(id, entry.with(Sync.LOST));
        }
        volumes.runs(id, Running.NOTHING);
    }
}
