package sfo.ops.volume;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.protocol.json.Json;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.PrimaryVolume;

/** Makes a volume primary: writers cut, the record written, the volume there as a file. */
final class PrimaryAdapter implements Adapter<PrimaryVolume> {
    /** How long the front waits for a core daemon that is started anew, before writes fail. */
    private static final int RECONNECT_SECONDS = 30;

    private final QemuMirror mirror;

    PrimaryAdapter(QemuMirror mirror) {
        this.mirror = mirror;
    }

    @Override
    public Class<PrimaryVolume> kind() {
        return PrimaryVolume.class;
    }

    @Override
    public List<Lack> lacks() {
        return Tools.lacks(Map.of("qemu-storage-daemon", "qemu-system-common", "setsid", "util-linux"), true);
    }

    @Override
    public Facts inspect(PrimaryVolume resource, Call call) throws HostException {
        Facts[] found = {Facts.NOTHING};
        mirror.with(resource.group(), resource.volume().name(), side -> {
            Optional<MirrorRecord> record = side.record();
            if (record.isPresent() && record.get().role() == Role.PRIMARY) {
                found[0] = Facts.of(
                        "role",
                        "primary",
                        "claim",
                        Json.text(record.get().claim()),
                        "serving",
                        serves(side, call) ? "yes" : "no");
            } else if (record.isPresent()) {
                found[0] = Facts.of(
                        "role",
                        "replica",
                        "content",
                        content(record.get().sync()),
                        "daemon",
                        side.coreDaemon.running() ? "yes" : "no");
            }
        });
        return found[0];
    }

    /** Coarser than the state: a replica that loses its primary between two looks is still the same replica. */
    private static String content(Sync sync) {
        return switch (sync) {
            case REPLICATING, LOST, CLEAN -> "fit";
            default -> sync.name().toLowerCase(Locale.ROOT);
        };
    }

    @Override
    public boolean holds(PrimaryVolume resource, Facts facts) {
        return facts.get("role").equals("primary")
                && facts.get("serving").equals("yes")
                && facts.get("claim").equals(Json.text(resource.claim()));
    }

    @Override
    public void apply(PrimaryVolume resource, Call call) throws HostException {
        mirror.with(resource.group(), resource.volume().name(), side -> {
            side.examine(call);
            MirrorRecord record = side.needRecord();
            Claims.refuseStale(record, resource.claim());
            if (record.role() != Role.PRIMARY && record.sync() == Sync.INCONSISTENT) {
                throw new HostException("volume " + side.name
                        + " is inconsistent: a resynchronisation was under way and is " + "not complete since "
                        + record.since() + "; never to be promoted. Bring its primary back first");
            }
            side.save(record.role() == Role.PRIMARY ? again(side, record, resource) : promoted(side, record, resource));
            serve(side, resource, call);
        });
    }

    private static MirrorRecord promoted(Side side, MirrorRecord record, PrimaryVolume resource) {
        Sync was = record.sync() == Sync.REPLICATING ? Sync.LOST : record.sync();
        Instant since = record.sync() == Sync.REPLICATING ? side.lastAlive(record) : record.since();
        return record.of(resource.volume())
                .after(Optional.of(new MirrorRecord.Prior(record.role(), record.claim(), was, since)))
                .under(resource.claim())
                .linked("", "", Optional.empty())
                .as(Role.PRIMARY, Sync.SOLO, was == Sync.LOST ? since : QemuMirror.now());
    }

    private static MirrorRecord again(Side side, MirrorRecord record, PrimaryVolume resource) {
        MirrorRecord next = record.of(resource.volume()).under(resource.claim());
        if (!side.coreDaemon.running() && record.sync() != Sync.SOLO) {
            Instant since = record.sync() == Sync.SYNCING ? record.since() : side.lastAlive(record);
            next = next.as(Role.PRIMARY, Sync.SOLO, since);
        }
        return next;
    }

    private void serve(Side side, PrimaryVolume resource, Call call) throws HostException {
        mirror.startCore(side, resource.volume(), call);
        if (!side.core.servesFront(call)) {
            side.core.stopExport(call); // cuts whoever wrote until now
            try {
                Files.deleteIfExists(side.socket());
            } catch (IOException e) {
                throw new HostException("cannot remove " + side.socket() + ": " + e.getMessage(), e);
            }
            side.core.exportUnix(side.socket(), call);
        }
        if (side.frontDaemon.running()) {
            side.frontDaemon.monitor(call);
            return;
        }
        Mounts.clearDead(mirror.exec(), side.disk(), call);
        try {
            if (!Files.exists(side.disk())) {
                Files.createFile(side.disk());
            }
        } catch (IOException e) {
            throw new HostException("cannot make " + side.disk() + ": " + e.getMessage(), e);
        }
        side.frontDaemon.start(front(side), call);
    }

    private static List<String> front(Side side) {
        Map<String, Object> client = Map.of(
                "driver",
                "nbd",
                "node-name",
                "volume",
                "server",
                Map.of("type", "unix", "path", side.socket().toString()),
                "export",
                Core.NODE,
                "reconnect-delay",
                RECONNECT_SECONDS);
        return List.of(
                "--blockdev",
                Json.text(client),
                "--export",
                "type=fuse,id=file,node-name=volume,writable=on,growable=off,mountpoint="
                        + StorageDaemon.escaped(side.disk()));
    }

    @Override
    public void revert(PrimaryVolume resource, Facts before, Call call) throws HostException {
        mirror.with(resource.group(), resource.volume().name(), side -> {
            Optional<MirrorRecord> record = side.record();
            if (record.isEmpty()) {
                return;
            }
            side.examine(call);
            if (before.get("role").equals("primary")) {
                restorePrimary(side, before, call);
            } else {
                demote(side, before.get("daemon").equals("yes"), call);
            }
        });
    }

    private void restorePrimary(Side side, Facts before, Call call) throws HostException {
        MirrorRecord record = side.needRecord();
        if (record.role() == Role.PRIMARY) {
            side.save(record.under(Json.read(before.get("claim"), Claim.class)));
            if (before.get("serving").equals("no")) {
                end(side, call);
            }
        }
    }

    /** @param ran whether the replica had a daemon; one of its own has nothing left of what the primary knew */
    private void demote(Side side, boolean ran, Call call) throws HostException {
        if (side.needRecord().role() == Role.PRIMARY) {
            if (!Mounts.of(side.disk()).isEmpty()) {
                side.takeDown(mirror.exec(), call); // says where it is mounted
            }
            if (side.coreDaemon.running() && side.needRecord().sync() == Sync.REPLICATING) {
                Primary.disconnect(side, call);
            }
            side.save(demoted(side, call));
        }
        if (side.frontDaemon.running() || !side.coreDaemon.running() || side.core.servesFront(call)) {
            end(side, call);
            if (ran) {
                mirror.startCore(side, side.needRecord().volume(), call);
            }
        }
    }

    private static MirrorRecord demoted(Side side, Call call) throws HostException {
        MirrorRecord record = side.needRecord();
        boolean equal = side.coreDaemon.running() && side.core.bitmaps(call).getOrDefault(Side.ORDERLY, 1L) == 0;
        MirrorRecord next = record.linked("", "", Optional.empty()).after(Optional.empty());
        if (equal) {
            return next.as(Role.IDLE, Sync.CLEAN, QemuMirror.now());
        }
        Optional<MirrorRecord.Prior> prior = record.prior();
        return prior.isPresent()
                ? next.under(prior.get().claim())
                        .as(prior.get().role(), prior.get().sync(), prior.get().since())
                : side.ended(next);
    }

    private void end(Side side, Call call) throws HostException {
        side.takeDown(mirror.exec(), call);
        side.coreDaemon.end(call);
        try {
            Files.deleteIfExists(side.disk());
            Files.deleteIfExists(side.socket());
        } catch (IOException e) {
            throw new HostException("cannot clear " + side.folder() + ": " + e.getMessage(), e);
        }
    }

    private static boolean serves(Side side, Call call) throws HostException {
        return side.coreDaemon.running() && side.frontDaemon.running() && side.core.servesFront(call);
    }
}
