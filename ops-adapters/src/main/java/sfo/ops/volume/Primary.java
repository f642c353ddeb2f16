package sfo.ops.volume;

import java.util.Optional;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;

/** What the primary's side does about its mirror; called with the side's lock held. */
final class Primary {
    private Primary() {}

    static void connect(
            Exec exec,
            Side side,
            Volume volume,
            Claim claim,
            Target target,
            boolean equal,
            Mirror.Consent consent,
            Call call)
            throws HostException {
        side.examine(call);
        MirrorRecord record = side.needRecord();
        if (record.role() != Role.PRIMARY || !side.coreDaemon.running()) {
            throw new HostException("volume " + volume.name() + " is not primary here: nothing to mirror from");
        }
        Claims.refuseStale(record, claim);
        boolean same = record.target().equals(Optional.of(target));
        if (same && (side.resyncing() || side.jobs.mirror(call) != Jobs.Mirroring.NONE) && record.sync() != Sync.SOLO) {
            return;
        }
        if (record.sync() == Sync.BLOCKED) {
            throw new HostException("writes to volume " + volume.name() + " wait for "
                    + record.target().map(Target::host).orElse("its secondary")
                    + ": it mirrors to nobody else until they are delivered (policy BLOCK)");
        }
        if (same && volume.onLinkLoss() == Volume.LinkLoss.BLOCK) {
            throw new HostException("volume " + volume.name() + " went on alone since " + record.since() + ", and "
                    + target.host() + " offers the export of before: close that target, then open it anew");
        }
        begin(exec, side, record.of(volume).under(claim), target, equal, consent, call);
    }

    private static void begin(
            Exec exec, Side side, MirrorRecord record, Target target, boolean equal, Mirror.Consent consent, Call call)
            throws HostException {
        Volume volume = record.volume();
        boolean wait = volume.onLinkLoss() == Volume.LinkLoss.BLOCK;
        side.stopResync(call);
        side.jobs.endJobs(call);
        side.core.connectRemote(target, wait, call);
        Secondary.boundSilence(side);
        if (!equal) {
            askFor(consent, side, call);
        }
        String session = Secondary.session(target);
        Optional<String> base = Secondary.base(target);
        boolean delta = !equal && base.isPresent() && side.core.bitmaps(call).containsKey(Side.bitmap(base.get()));
        for (String bitmap : side.core.bitmaps(call).keySet()) {
            boolean needed = delta && bitmap.equals(Side.bitmap(base.orElseThrow()));
            if (!needed) {
                side.core.dropBitmap(bitmap, call);
            }
        }
        side.core.addBitmap(Side.bitmap(session), call);
        MirrorRecord next = record.linked(session, base.orElse(""), Optional.of(target));
        if (next.sync() != Sync.SYNCING) {
            next = next.as(Role.PRIMARY, Sync.SYNCING, next.sync() == Sync.SOLO ? next.since() : side.lastAlive(next));
        }
        side.save(next);
        if (delta) {
            Resync resync = new Resync(exec, side, next, base.orElseThrow());
            side.resync(resync);
            resync.start();
        } else {
            side.jobs.startMirror(!equal, volume.mode(), call);
            side.examine(call);
        }
    }

    private static void askFor(Mirror.Consent consent, Side side, Call call) throws HostException {
        try {
            consent.ask();
        } catch (HostException e) {
            side.core.dropRemote(call);
            throw e;
        }
    }

    static void disconnect(Side side, Call call) throws HostException {
        side.examine(call);
        MirrorRecord record = side.needRecord();
        if (record.role() != Role.PRIMARY || !side.coreDaemon.running()) {
            return;
        }
        if (record.sync() == Sync.BLOCKED) {
            throw new HostException("writes to volume " + side.name + " wait for "
                    + record.target().map(Target::host).orElse("its secondary")
                    + " and cannot be delivered: mend the link first, or accept their loss");
        }
        boolean inOrder = record.sync() == Sync.REPLICATING;
        side.stopResync(call);
        if (inOrder && !side.core.bitmaps(call).containsKey(Side.ORDERLY)) {
            side.core.addBitmap(Side.ORDERLY, call);
        }
        side.save(record.in(Sync.SOLO, QemuMirror.now()));
        if (inOrder) {
            side.jobs.endMirror(call);
        }
        side.jobs.endJobs(call);
        side.core.dropRemote(call);
    }
}
