package sfo.ops.embedded;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.embedded.Volumes.Before;
import sfo.ops.embedded.Volumes.Entry;
import sfo.ops.embedded.Volumes.Running;
import sfo.ops.embedded.Volumes.VolumeId;
import sfo.ops.faults.Faults;
import sfo.ops.volume.Mirror;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.plan.Resource;

/** The mirror between two folders. A target's host is the appliance's name. Asynchronous volumes are mirrored at once, too. */
final class EmbeddedMirror implements Mirror {
    private final EmbeddedHost host;
    private final Volumes volumes;
    private final MirrorWatch watch;
    private final Secondary secondary;

    EmbeddedMirror(EmbeddedHost host, Volumes volumes) {
        this.host = host;
        this.volumes = volumes;
        this.watch = new MirrorWatch(host, volumes);
        this.secondary = new Secondary(host, volumes);
    }

    @Override
    public Adapter<Resource.PrimaryVolume> primary() {
        return host.faults().around(new PrimaryAdapter(host, volumes));
    }

    @Override
    public Adapter<Resource.MirroredVolume> mirrored() {
        return host.faults().around(new MirroredAdapter(host, volumes, this));
    }

    @Override
    public MirrorState state(String group, Volume volume, Call call) throws HostException {
        VolumeId id = new VolumeId(group, volume.name());
        return host.act(() -> {
            if (volumes.entry(id).isEmpty()) {
                return new MirrorState(
                        group,
                        volume.name(),
                        Role.IDLE,
                        Claim.NONE,
                        Sync.NEW,
                        Optional.empty(),
                        0,
                        "",
                        "not made on " + host.appliance());
            }
            Entry entry = volumes.settle(id);
            Running running = volumes.running(id);
            String link = running.peer().isEmpty() ? running.export() : running.export() + " with " + running.peer();
            String kept = entry.kept().isEmpty() ? "" : " former content kept in " + entry.kept();
            return new MirrorState(
                    group,
                    volume.name(),
                    running.role(),
                    entry.claim(),
                    entry.sync(),
                    entry.since(),
                    0,
                    running.export(),
                    (link + kept).strip());
        });
    }

    @Override
    public void create(String group, Volume volume, Call call) throws HostException {
        VolumeId id = new VolumeId(group, volume.name());
        host.change(() -> {
            Files.createDirectories(volumes.data(id));
            if (volumes.entry(id).isEmpty()) {
                volumes.record(
                        id,
                        new Entry(
                                Role.IDLE,
                                Claim.NONE,
                                Sync.NEW,
                                Optional.empty(),
                                false,
                                Optional.empty(),
                                volume.onLinkLoss(),
                                ""));
            }
        });
    }

    @Override
    public void format(String group, Volume volume, Call call) throws HostException {
        VolumeId id = new VolumeId(group, volume.name());
        host.change(() -> {
            List<String> there = Disk.names(volumes.data(id));
            Path mark = volumes.data(id).resolve(FileSystems.MARK);
            if (!there.isEmpty()) {
                throw new IOException(id + " has something on it: " + String.join(", ", there)
                        + "; destroy it and create it again if that may go");
            }
            if (!Files.exists(mark)) {
                byte[] kind = volume.fileSystem().name().getBytes(StandardCharsets.UTF_8);
                volumes.write(id, FileSystems.MARK, 0, kind, false);
            }
        });
    }

    @Override
    public void destroy(String group, Volume volume, Call call) throws HostException {
        VolumeId id = new VolumeId(group, volume.name());
        host.change(() -> {
            if (volumes.running(id).role() == Role.PRIMARY) {
                throw new IOException(id + " is primary on " + host.appliance() + ": release it first");
            }
            volumes.runs(id, Running.NOTHING);
            Disk.deleteTree(volumes.folder(id));
        });
    }

    @Override
    public Target openTarget(String group, Volume volume, Claim claim, boolean equal, Call call) throws HostException {
        VolumeId id = new VolumeId(group, volume.name());
        Target target = new Target(
                volume.name(), host.appliance(), volume.port(), group + "/" + volume.name() + "/" + claim.tag());
        return host.faults().around("open-target", Faults.APPLY, call, () -> {
            host.change(() -> secondary.open(id, claim, equal, target));
            return target;
        });
    }

    @Override
    public void targetBegins(String group, Volume volume, Claim claim, Target target, Call call) throws HostException {
        VolumeId id = new VolumeId(group, volume.name());
        host.faults().around("target-begins", Faults.APPLY, call, () -> {
            host.change(() -> secondary.begins(id, claim, target));
            return true;
        });
    }

    @Override
    public void targetSynced(String group, Volume volume, Claim claim, String link, Call call) throws HostException {
        VolumeId id = new VolumeId(group, volume.name());
        host.faults().around("target-synced", Faults.APPLY, call, () -> {
            host.change(() -> secondary.synced(id, claim, link));
            return true;
        });
    }

    @Override
    public void closeTarget(String group, Volume volume, boolean inOrder, Call call) throws HostException {
        VolumeId id = new VolumeId(group, volume.name());
        host.faults().around("close-target", Faults.APPLY, call, () -> {
            host.change(() -> secondary.close(id, inOrder));
            return true;
        });
    }

    @Override
    public void connect(
            String group, Volume volume, Claim claim, Target target, boolean equal, Consent consent, Call call)
            throws HostException {
        VolumeId id = new VolumeId(group, volume.name());
        host.faults().around("connect", Faults.APPLY, call, () -> {
            boolean reached = host.act(() -> host.world().locked(() -> reaches(id, claim, target)));
            if (!reached) {
                return true; // it is connected already
            }
            if (!equal) {
                consent.ask();
            }
            host.change(() -> connect(id, claim, target, equal));
            watch.resume();
            return true;
        });
    }

    /** False if there is nothing to do: it is connected. */
    private boolean reaches(VolumeId id, Claim claim, Target target) throws IOException {
        Entry entry = volumes.settle(id);
        Running running = volumes.running(id);
        if (running.role() != Role.PRIMARY || !entry.claim().equals(claim)) {
            throw new IOException(id + " is not primary on " + host.appliance() + " under claim " + claim.tag()
                    + " (it is " + running.role() + ", claim " + entry.claim().tag() + ")");
        }
        if (running.export().equals(target.export()) && volumes.connected(id, running)) {
            return false;
        }
        World world = host.world();
        if (!world.linked(host.appliance(), target.host())) {
            throw new IOException("no way from " + host.appliance() + " to the export of " + id + " on " + target.host()
                    + ": no power there, or a cable is cut");
        }
        Volumes theirs = new Volumes(world, target.host());
        Running there = theirs.running(id);
        if (there.role() != Role.SECONDARY
                || !there.export().equals(target.export())
                || !there.claim().equals(claim)) {
            throw new IOException(target.host() + " has no export \"" + target.export() + "\" (it has \""
                    + there.export() + "\"): another claim was made since, or the export was closed");
        }
        return true;
    }

    private void connect(VolumeId id, Claim claim, Target target, boolean equal) throws IOException {
        if (!reaches(id, claim, target)) {
            return;
        }
        World world = host.world();
        Volumes theirs = new Volumes(world, target.host());
        if (!equal && theirs.need(id).sync() != Sync.INCONSISTENT) {
            throw new IOException(target.host() + " has not recorded that " + id + " is about to be copied over");
        }
        Entry entry = volumes.need(id);
        // recorded first: cut off anywhere below, it is a mirror without a connection, and settles as SOLO
        volumes.record(
                id, equal ? entry.with(Sync.REPLICATING) : entry.withoutBefore().with(Sync.SYNCING));
        long boot = world.power(host.appliance()).boot();
        theirs.runs(id, new Running(Role.SECONDARY, claim, target.export(), host.appliance(), boot, Optional.empty()));
        long peerBoot = world.power(target.host()).boot();
        volumes.runs(id, new Running(Role.PRIMARY, claim, target.export(), target.host(), peerBoot, Optional.empty()));
    }

    @Override
    public void disconnect(String group, Volume volume, Call call) throws HostException {
        VolumeId id = new VolumeId(group, volume.name());
        host.faults().around("disconnect", Faults.APPLY, call, () -> {
            host.change(() -> endInOrder(id, host, volumes));
            return true;
        });
    }

    /** The primary's last write is there; says so to the secondary. The volume goes on SOLO. */
    static void endInOrder(VolumeId id, EmbeddedHost host, Volumes volumes) throws IOException {
        Entry entry = volumes.settle(id);
        Running running = volumes.running(id);
        if (running.role() != Role.PRIMARY || running.peer().isEmpty()) {
            return;
        }
        if (entry.sync() == Sync.REPLICATING) {
            Volumes theirs = new Volumes(host.world(), running.peer());
            Running there = theirs.running(id);
            theirs.runs(
                    id, new Running(there.role(), there.claim(), there.export(), "", 0, Optional.of(Instant.now())));
        }
        volumes.record(id, entry.with(Sync.SOLO));
        volumes.runs(id, running.disconnected());
    }

    /** What a volume was before it was promoted, kept over a second promotion that found it primary already. */
    static Optional<Before> before(Entry entry) {
        return entry.side() == Role.PRIMARY
                ? entry.before()
                : Optional.of(new Before(entry.side(), entry.sync(), entry.since()));
    }

    @Override
    public void watch(BiConsumer<String, String> listener) {
        watch.add(listener);
    }

    void close() {
        watch.close();
    }
}
