package sfo.ops.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Volume.LinkLoss;

/**
 * The volumes of one appliance: what is recorded of each on disk, what runs of each since the boot, and the way of a
 * write. Everything here is called under the world's lock, but for what only reads.
 */
final class Volumes {
    /** @param volume its name within the group */
    record VolumeId(String group, String volume) {
        @Override
        public String toString() {
            return "volume " + volume + " of group " + group;
        }
    }

    /** What a replica was before it was promoted. */
    record Before(Role side, Sync sync, Optional<Instant> since) {}

    /**
     * Outlives a power cut.
     *
     * @param side PRIMARY or SECONDARY, which it was last; IDLE if never either
     * @param claim the highest that it was ever opened under
     * @param written whether a client wrote to it since it became primary
     * @param kept where its former content is kept; empty if none is
     */
    record Entry(
            Role side,
            Claim claim,
            Sync sync,
            Optional<Instant> since,
            boolean written,
            Optional<Before> before,
            LinkLoss onLinkLoss,
            String kept) {
        Entry with(Sync changed) {
            return with(changed, Optional.of(Instant.now()));
        }

        Entry with(Sync changed, Optional<Instant> changedSince) {
            return new Entry(side, claim, changed, changedSince, written, before, onLinkLoss, kept);
        }

        Entry writtenTo() {
            return new Entry(side, claim, sync, since, true, before, onLinkLoss, kept);
        }

        Entry withoutBefore() {
            return new Entry(side, claim, sync, since, written, Optional.empty(), onLinkLoss, kept);
        }
    }

    /**
     * Gone at a power cut.
     *
     * @param export the secondary's, by name; of a primary the one that it is connected to; empty for none
     * @param peer who is connected, with its boot; empty and 0 for nobody
     * @param ended when the primary ended the mirror in order
     */
    record Running(Role role, Claim claim, String export, String peer, long peerBoot, Optional<Instant> ended) {
        static final Running NOTHING = new Running(Role.IDLE, Claim.NONE, "", "", 0, Optional.empty());

        Running disconnected() {
            return new Running(role, claim, role == Role.PRIMARY ? "" : export, "", 0, ended);
        }
    }

    private final World world;
    private final String appliance;

    Volumes(World world, String appliance) {
        this.world = world;
        this.appliance = appliance;
    }

    Path folder(VolumeId id) {
        return world.appliance(appliance).resolve("volumes").resolve(id.group()).resolve(id.volume());
    }

    Path data(VolumeId id) {
        return folder(id).resolve("data");
    }

    Optional<Entry> entry(VolumeId id) throws IOException {
        return Disk.read(folder(id).resolve("record.json"), Entry.class);
    }

    Entry need(VolumeId id) throws IOException {
        return entry(id)
                .orElseThrow(() -> new IOException(
                        id + " was never made on " + appliance + ": sfo cdp create makes it on every member"));
    }

    void record(VolumeId id, Entry entry) throws IOException {
        Disk.write(folder(id).resolve("record.json"), entry);
    }

    Running running(VolumeId id) throws IOException {
        return Disk.read(runFile(id), Running.class).orElse(Running.NOTHING);
    }

    void runs(VolumeId id, Running running) throws IOException {
        if (running.equals(Running.NOTHING)) {
            Files.deleteIfExists(runFile(id));
        } else {
            Disk.write(runFile(id), running);
        }
    }

    private Path runFile(VolumeId id) {
        return world.run(appliance).resolve("mirrors").resolve(id.group()).resolve(id.volume());
    }

    List<VolumeId> all() throws IOException {
        List<VolumeId> ids = new ArrayList<>();
        Path root = world.appliance(appliance).resolve("volumes");
        for (String group : Disk.names(root)) {
            for (String volume : Disk.names(root.resolve(group))) {
                ids.add(new VolumeId(group, volume));
            }
        }
        return ids;
    }

    /** Whether the mirror that {@code running} tells of is connected at both ends, over a cable that is whole. */
    boolean connected(VolumeId id, Running running) throws IOException {
        if (running.peer().isEmpty() || !world.linked(appliance, running.peer())) {
            return false;
        }
        Running other = new Volumes(world, running.peer()).running(id);
        return world.power(running.peer()).boot() == running.peerBoot()
                && other.peer().equals(appliance)
                && other.peerBoot() == world.power(appliance).boot()
                && other.export().equals(running.export());
    }

    /** Records what became of the mirror since one last looked: that the link broke, that the appliance had no power. */
    Entry settle(VolumeId id) throws IOException {
        Entry seen = need(id);
        if (!stale(id, seen)) {
            return seen;
        }
        return world.locked(() -> {
            Entry entry = need(id);
            if (!stale(id, entry)) {
                return entry;
            }
            Running running = running(id);
            Entry settled = settled(entry, running);
            record(id, settled);
            runs(id, running.disconnected());
            return settled;
        });
    }

    private boolean stale(VolumeId id, Entry entry) throws IOException {
        Running running = running(id);
        boolean depends = running.role() == Role.PRIMARY
                ? entry.sync() == Sync.REPLICATING || entry.sync() == Sync.SYNCING
                : entry.side() == Role.SECONDARY && entry.sync() == Sync.REPLICATING;
        return depends && !connected(id, running);
    }

    private static Entry settled(Entry entry, Running running) {
        if (running.role() == Role.PRIMARY) {
            Sync alone = entry.onLinkLoss() == LinkLoss.BLOCK ? Sync.BLOCKED : Sync.SOLO;
            return entry.sync() == Sync.SYNCING ? entry.with(alone, entry.since()) : entry.with(alone);
        }
        // Without a connection in this boot nobody knows when the link broke: as early as it can have been.
        Optional<Instant> broke = running.role() == Role.IDLE ? entry.since() : Optional.of(Instant.now());
        return entry.with(Sync.LOST, running.ended().isPresent() ? running.ended() : broke);
    }

    /**
     * A write to the file system on a primary: on disk here, and there while the mirror is replicating, when it returns.
     * {@code byClient}: not the agent's own.
     */
    void write(VolumeId id, String file, long offset, byte[] bytes, boolean byClient) throws IOException {
        world.locked(() -> {
            Entry entry = settle(id);
            if (running(id).role() != Role.PRIMARY) {
                throw new IOException(id + " is not primary on " + appliance + ": input/output error");
            }
            if (entry.sync() == Sync.BLOCKED) {
                throw new IOException(
                        id + " blocks on " + appliance + " until its mirror is back: its policy is not solo");
            }
            if (byClient && !entry.written()) {
                record(id, entry.writtenTo());
            }
            Disk.writeAt(inside(data(id), file), offset, bytes);
            if (entry.sync() == Sync.REPLICATING) {
                Path replica = new Volumes(world, running(id).peer()).data(id);
                Disk.writeAt(inside(replica, file), offset, bytes);
            }
            return true;
        });
    }

    /** @throws IOException if {@code file} would lie outside of {@code root} */
    static Path inside(Path root, String file) throws IOException {
        Path path = root.resolve(file).normalize();
        if (!path.startsWith(root)) {
            throw new IOException("path \"" + file + "\": expected one below the volume's root");
        }
        return path;
    }
}
