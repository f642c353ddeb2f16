package sfo.ops.volume;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Native;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;

/** What the secondary's side does; called with the side's lock held. */
final class Secondary {
    private static final Logger LOG = LoggerFactory.getLogger(Secondary.class);
    private static final String NO_BASE = "-";
    private static final Duration STOP = Duration.ofSeconds(5);

    private Secondary() {}

    static Target open(QemuMirror mirror, Side side, Volume volume, Claim claim, boolean equal, Call call)
            throws HostException {
        MirrorRecord before = side.needRecord();
        if (before.role() == Role.PRIMARY && (side.coreDaemon.running() || side.frontDaemon.running())) {
            throw new HostException("volume " + volume.name() + " is primary here under claim "
                    + before.claim().tag() + ": it takes no writes of another primary; release it first");
        }
        Claims.refuseStale(before, claim);
        side.examine(call);
        before = side.needRecord();
        if (!equal && takes(side, before, claim)) {
            // a request that was asked before its primary connected: a replica in use is not begun anew
            String export = export(side, claim, before.session(), before.base());
            return new Target(volume.name(), mirror.address(), volume.port(), export);
        }
        if (!equal && offers(side, before, claim, call)) {
            // asked again while its primary is on the way: an export that is closed under it may hang the daemon
            return before.target().orElseThrow();
        }
        if (!equal && hasWritesOfItsOwn(before)) {
            keep(mirror, side, before, call);
        }
        boolean waits = !equal && mayWait(before, volume, claim);
        String session = waits ? before.session() : QemuMirror.newSession();
        String base = waits ? before.base() : base(before);
        Target target = new Target(volume.name(), mirror.address(), volume.port(), export(side, claim, session, base));
        MirrorRecord next = before.of(volume).under(claim).after(Optional.empty());
        if (equal) {
            next = next.linked(session, base, Optional.empty()).as(Role.SECONDARY, Sync.REPLICATING, QemuMirror.now());
        } else if (!waits) {
            // the session begins when its primary does: until then this is what it was
            next = offered(side, next).linked("", base, Optional.of(target));
        }
        side.save(next);
        mirror.startCore(side, volume, call);
        stopExport(side, call);
        mirror.startCore(side, volume, call);
        boolean writeThrough = volume.mode() == Volume.Mode.SYNCHRONOUS;
        side.core.exportTcp(target.host(), target.port(), target.export(), writeThrough, call);
        boundSilence(side);
        return target;
    }

    private static boolean offers(Side side, MirrorRecord record, Claim claim, Call call) throws HostException {
        return record.role() == Role.SECONDARY
                && record.claim().equals(claim)
                && record.target().isPresent()
                && side.coreDaemon.running()
                && side.core.servesPrimary(call);
    }

    /** A daemon that does not answer to that is ended: a replica's holds nothing that is not in its file. */
    private static void stopExport(Side side, Call call) throws HostException {
        try {
            side.core.stopExport(Call.within(STOP));
        } catch (HostException hangs) {
            LOG.warn("the storage daemon of {}/{} is ended: {}", side.group, side.name, hangs.getMessage());
            side.coreDaemon.end(call);
        }
    }

    private static boolean hasWritesOfItsOwn(MirrorRecord record) {
        return record.role() != Role.SECONDARY && (record.sync() == Sync.SOLO || record.sync() == Sync.SYNCING);
    }

    /** Returns when the other primary may overwrite it. */
    private static void keep(QemuMirror mirror, Side side, MirrorRecord before, Call call) throws HostException {
        Kept kept = side.kept();
        if (kept == null || kept.failed() || !kept.isOf(before)) {
            Path folder = mirror.keptFolder(side.group, before.volume());
            side.kept(null);
            kept = Kept.begin(mirror.exec(), mirror.backing(side.group, before.volume()), folder, before, call);
            side.kept(kept);
        }
        kept.need(call);
        side.kept(null);
    }

    private static MirrorRecord offered(Side side, MirrorRecord before) {
        MirrorRecord is = before.role() == Role.PRIMARY ? side.ended(before) : before;
        boolean whole = is.sync() == Sync.REPLICATING || is.sync() == Sync.CLEAN;
        return is.as(Role.SECONDARY, whole ? Sync.LOST : is.sync(), is.since());
    }

    /** From here on it is neither what it was nor what its primary has. */
    static void begins(Side side, Claim claim, Target target, Call call) throws HostException {
        side.examine(call);
        MirrorRecord record = side.needRecord();
        boolean offered = record.claim().equals(claim) && record.target().equals(Optional.of(target));
        if (record.role() != Role.SECONDARY || !offered || !side.connected()) {
            throw new HostException("volume " + side.name + " is " + record.role() + " under claim "
                    + record.claim().tag() + (side.connected() ? "" : ", without a connection from its primary")
                    + "; a copy under claim " + claim.tag() + " is refused");
        }
        boolean behind = record.sync() == Sync.LOST || record.sync() == Sync.INCONSISTENT;
        side.save(record.linked(session(target), base(target).orElse(""), Optional.empty())
                .as(Role.SECONDARY, Sync.INCONSISTENT, behind ? record.since() : QemuMirror.now()));
    }

    private static boolean takes(Side side, MirrorRecord record, Claim claim) {
        return record.role() == Role.SECONDARY
                && record.claim().equals(claim)
                && !record.session().isEmpty()
                && side.coreDaemon.running()
                && side.connected();
    }

    /**
     * With the policy BLOCK the primary's writes wait for this very export, and nothing was acknowledged without it: the
     * same session goes on. A primary whose writes do not wait refuses it; closing the target first ends the session.
     */
    private static boolean mayWait(MirrorRecord before, Volume volume, Claim claim) {
        return volume.onLinkLoss() == Volume.LinkLoss.BLOCK
                && before.role() == Role.SECONDARY
                && before.claim().equals(claim)
                && !before.session().isEmpty()
                && (before.sync() == Sync.LOST || before.sync() == Sync.REPLICATING)
                && (volume.mode() == Volume.Mode.SYNCHRONOUS || before.ofThisBoot());
    }

    static void synced(Side side, Claim claim, String link, Call call) throws HostException {
        side.examine(call);
        MirrorRecord record = side.needRecord();
        boolean same = record.claim().equals(claim) && record.session().equals(link);
        if (record.role() != Role.SECONDARY || !same) {
            throw new HostException("volume " + side.name + " is " + record.role() + " under claim "
                    + record.claim().tag() + ", link " + record.session() + "; \"synced\" came for claim " + claim.tag()
                    + ", link " + link + ": refused");
        }
        if (record.sync() == Sync.INCONSISTENT) {
            if (!side.connected()) {
                throw new HostException("volume " + side.name
                        + " has no connection from its primary any more: what it has is not known to be complete");
            }
            side.save(record.in(Sync.REPLICATING, QemuMirror.now()));
            side.alive(QemuMirror.now());
        }
    }

    static void close(Side side, boolean inOrder, Call call) throws HostException {
        MirrorRecord record = side.needRecord();
        if (record.role() != Role.SECONDARY) {
            if (record.role() == Role.IDLE && side.coreDaemon.running()) {
                side.core.stopExport(call);
            }
            return;
        }
        boolean had = record.sync() == Sync.REPLICATING || record.sync() == Sync.LOST;
        if (had && inOrder) {
            side.save(record.as(Role.IDLE, Sync.CLEAN, QemuMirror.now()));
        } else {
            Sync sync = record.sync() == Sync.REPLICATING ? Sync.LOST : record.sync();
            side.save(record.in(sync, QemuMirror.now()).linked("", base(record), Optional.empty()));
        }
        if (side.coreDaemon.running()) {
            side.core.stopExport(call);
        }
    }

    /** The session that an export's name says the replica's content is from. */
    static Optional<String> base(Target target) {
        String base = target.export().substring(target.export().lastIndexOf('/') + 1);
        return base.equals(NO_BASE) || base.isEmpty() ? Optional.empty() : Optional.of(base);
    }

    /** The session in an export's name. */
    static String session(Target target) {
        String[] parts = target.export().split("/", -1);
        return parts.length < 2 ? "" : parts[parts.length - 2];
    }

    static void boundSilence(Side side) throws HostException {
        OptionalLong pid = side.coreDaemon.pid();
        if (pid.isEmpty()) {
            throw new HostException(
                    "the core daemon of volume " + side.name + " ended: " + side.coreDaemon.lastWords());
        }
        try {
            if (Native.boundSilence(pid.getAsLong(), Side.SILENCE).isEmpty()) {
                throw new HostException("the core daemon of volume " + side.name + " has no TCP socket");
            }
        } catch (IOException e) {
            throw new HostException(
                    "cannot bound the silence of the mirror of " + side.name + " (needs root): " + e.getMessage(), e);
        }
    }

    /** Content is only as certain as the boot that wrote it: after a power cut, everything is copied. */
    private static String base(MirrorRecord before) {
        if (before.role() != Role.SECONDARY || !before.ofThisBoot()) {
            return "";
        }
        return switch (before.sync()) {
            case LOST, REPLICATING -> before.session().isEmpty() ? before.base() : before.session();
            case INCONSISTENT -> before.base();
            default -> "";
        };
    }

    private static String export(Side side, Claim claim, String session, String base) {
        return String.join("/", side.group, side.name, claim.tag(), session, base.isEmpty() ? NO_BASE : base);
    }
}
