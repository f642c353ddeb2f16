package sfo.ops.volume;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Durable;
import sfo.ops.exec.Exec;
import sfo.ops.exec.Native;
import sfo.protocol.json.Json;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Volume;

/**
 * One volume on this appliance: its record, its two daemons, and what their truth means for the record. Everything
 * here is called with {@link #lock} held, save {@link #lock} itself.
 */
final class Side {
    /** A primary that was promised a target of equal content has this long to connect before the link counts as lost. */
    private static final Duration FIRST_LINK = Duration.ofSeconds(10);
    /** Of so many looks at a mirror that is well one asks everything. */
    private static final int LOOKS_A_QUESTION = 5;

    /** A peer that vanishes silently stalls writes no longer than this, also when no agent runs. */
    static final Duration SILENCE = Duration.ofSeconds(4);

    final ReentrantLock lock = new ReentrantLock();
    final String group;
    final String name;
    final StorageDaemon coreDaemon;
    final StorageDaemon frontDaemon;
    final Core core;
    final Jobs jobs;
    /** The bitmap of a primary whose mirror ended in order: empty for as long as both sides stay equal. */
    static final String ORDERLY = "since-orderly-end";

    private final Path recordFile;
    private final Path seenFile;
    private final Path folder;
    private final Consumer<Side> changed;
    private @Nullable MirrorRecord record;
    private @Nullable Resync resync;
    private @Nullable Kept kept;
    private boolean linked;
    private boolean connected;
    private @Nullable Link link;
    /** Whether the core daemon had something to say that no look has answered yet. */
    private volatile boolean told = true;

    private int looks;
    private volatile String detail = "";
    private String broke = "";

    /**
     * @param records folder of the durable records of the group
     * @param folder of sockets and pid files
     * @param event told that a daemon had something to say, on its thread
     * @param changed told that the record changed
     */
    Side(
            Exec exec,
            String group,
            String name,
            Path records,
            Path folder,
            Consumer<Side> event,
            Consumer<Side> changed) {
        this.group = group;
        this.name = name;
        this.folder = folder;
        this.changed = changed;
        this.recordFile = records.resolve(name + ".json");
        this.seenFile = records.resolve(name + ".seen");
        this.coreDaemon = new StorageDaemon(exec, folder, "core", e -> {
            if (isNews(e)) {
                told = true;
                event.accept(this);
            }
        });
        this.frontDaemon = new StorageDaemon(exec, folder, "front", e -> {
            if (e.isMissingNode()) {
                event.accept(this);
            }
        });
        this.core = new Core(coreDaemon);
        this.jobs = new Jobs(coreDaemon);
    }

    /** The mirror's connection: a socket of the core daemon. */
    private record Link(long pid, int fd) {}

    private static boolean isNews(JsonNode event) {
        return event.isMissingNode() || event.path("event").asText().startsWith("BLOCK_JOB_");
    }

    /** The Unix socket between the two daemons. */
    Path socket() {
        return folder.resolve("nbd");
    }

    /** The file that is the volume, while it is primary. */
    Path disk() {
        return folder.resolve("disk");
    }

    Path folder() {
        return folder;
    }

    Optional<MirrorRecord> record() throws HostException {
        if (record == null && Files.exists(recordFile)) {
            try {
                record = Json.read(Files.readString(recordFile), MirrorRecord.class);
            } catch (IOException | UncheckedIOException e) {
                throw new HostException(
                        "the record of volume " + name + ", " + recordFile + ", cannot be read: " + e.getMessage()
                                + "; move it away and resynchronise the volume from its other side",
                        e);
            }
        }
        return Optional.ofNullable(record);
    }

    MirrorRecord needRecord() throws HostException {
        return record().orElseThrow(() -> new HostException("volume " + name + " of group " + group
                + " was never created on this appliance; run: sfo cdp create " + group + " " + name));
    }

    /** Durable when this returns; only then may what it says be brought about. */
    void save(MirrorRecord next) throws HostException {
        if (next.equals(record)) {
            return;
        }
        try {
            Durable.write(recordFile, Json.bytes(next));
        } catch (IOException e) {
            throw new HostException("cannot write " + recordFile + ": " + e.getMessage(), e);
        }
        boolean shows = record == null || record.sync() != next.sync() || record.role() != next.role();
        if (!next.session().equals(record == null ? "" : record.session())) {
            linked = false;
        }
        record = next;
        if (shows) {
            changed.accept(this);
        }
    }

    void forget() throws HostException {
        try {
            Durable.delete(recordFile);
            Files.deleteIfExists(seenFile);
        } catch (IOException e) {
            throw new HostException("cannot remove " + recordFile + ": " + e.getMessage(), e);
        }
        record = null;
    }

    /**
     * As {@link #examine}, at less cost for a mirror that is well: its daemon tells what becomes of its jobs, and of its
     * own end, and the connection is where it was. All that is asked now and then.
     */
    void look(Call call) throws HostException {
        boolean well = record().filter(now -> now.sync() == Sync.REPLICATING).isPresent();
        if (well && !told && coreDaemon.isMonitored() && ++looks % LOOKS_A_QUESTION != 0 && stillConnected()) {
            return;
        }
        told = false;
        try {
            examine(call);
        } catch (HostException | RuntimeException e) {
            told = true;
            throw e;
        }
    }

    /** By the connection that was found last; the daemon is taken to live. */
    private boolean stillConnected() throws HostException {
        if (link == null) {
            return false;
        }
        try {
            Optional<Duration> silence =
                    Native.boundSilence(link.pid(), link.fd(), SILENCE).flatMap(Native.Tcp::silence);
            if (silence.isPresent()) {
                alive(Instant.now().minus(silence.get()));
            }
            return silence.isPresent();
        } catch (IOException e) {
            return false; // examined, it says why
        }
    }

    /** Brings the record up to what the daemons and their connections say now. */
    void examine(Call call) throws HostException {
        MirrorRecord now = record().orElse(null);
        if (now == null) {
            return;
        }
        Optional<Duration> silence = silence();
        connected = silence.isPresent();
        if (silence.isPresent()) {
            alive(Instant.now().minus(silence.get()));
        }
        if (now.role() == Role.SECONDARY) {
            examineSecondary(now, silence.isPresent(), call);
        } else if (now.role() == Role.PRIMARY && coreDaemon.running()) {
            examinePrimary(now, silence.isPresent(), call);
        }
    }

    private void examineSecondary(MirrorRecord now, boolean connected, Call call) throws HostException {
        boolean block = now.volume().onLinkLoss() == Volume.LinkLoss.BLOCK;
        if (connected && now.sync() == Sync.LOST && block && !now.session().isEmpty()) {
            save(now.in(Sync.REPLICATING, Instant.now())); // it came back by itself, and acknowledged nothing alone
        } else if (!connected && now.sync() == Sync.REPLICATING && !mayStillCome(now)) {
            save(now.in(Sync.LOST, lastAlive(now)));
            if (!block && coreDaemon.running()) {
                core.stopExport(call); // a new link needs a new export: nothing may arrive by the old one
            }
        }
    }

    private boolean mayStillCome(MirrorRecord now) {
        return !linked
                && coreDaemon.running()
                && now.ofThisBoot()
                && Instant.now().isBefore(now.since().plus(FIRST_LINK));
    }

    private void examinePrimary(MirrorRecord now, boolean connected, Call call) throws HostException {
        if (resync != null && resync.underWay()) {
            return;
        }
        Jobs.Mirroring job = jobs.mirror(call);
        boolean mirrors = now.sync() == Sync.REPLICATING || now.sync() == Sync.BLOCKED;
        boolean block = now.volume().onLinkLoss() == Volume.LinkLoss.BLOCK;
        // the job itself notices a lost link only when it has something to write
        boolean ended = job == Jobs.Mirroring.NONE || (job == Jobs.Mirroring.READY && !connected && !block);
        if (ended && (mirrors || now.sync() == Sync.SYNCING)) {
            // before anything else: from here on this side has writes that the other one lacks
            save(now.in(Sync.SOLO, mirrors ? lastAlive(now) : now.since()));
            jobs.endJobs(call).ifPresent(why -> broke = why);
            core.dropRemote(call);
        } else if (job == Jobs.Mirroring.READY && block && !connected) {
            save(now.in(Sync.BLOCKED, lastAlive(now)));
        } else if (job == Jobs.Mirroring.READY && (mirrors || now.sync() == Sync.SYNCING)) {
            save(now.in(Sync.REPLICATING, Instant.now()));
        }
    }

    /** How long the mirror's connection has been silent, while it is established; bounds its silence as well. */
    private Optional<Duration> silence() throws HostException {
        link = null;
        OptionalLong pid = coreDaemon.pid();
        if (pid.isEmpty()) {
            return Optional.empty();
        }
        try {
            Duration least = null;
            for (Native.Tcp socket : Native.boundSilence(pid.getAsLong(), SILENCE)) {
                Duration silence = socket.silence().orElse(null);
                if (silence != null && (least == null || silence.compareTo(least) < 0)) {
                    least = silence;
                    link = new Link(pid.getAsLong(), socket.fd());
                }
            }
            return Optional.ofNullable(least);
        } catch (IOException e) {
            if (coreDaemon.running()) {
                throw new HostException(
                        "cannot look at the connections of process " + pid.getAsLong() + ": " + e.getMessage(), e);
            }
            return Optional.empty();
        }
    }

    /** Whether the last look found the link alive. */
    boolean connected() {
        return connected;
    }

    /** Not fsynced: after a power cut it may be older than the truth, which only makes the replica look worse. */
    void alive(Instant when) throws HostException {
        linked = true;
        try {
            if (!Files.exists(seenFile)) {
                Files.createFile(seenFile);
            }
            Files.setLastModifiedTime(seenFile, FileTime.from(when));
        } catch (IOException e) {
            throw new HostException("cannot touch " + seenFile + ": " + e.getMessage(), e);
        }
    }

    /** When the link was last known to live: since then, the sides may differ. */
    Instant lastAlive(MirrorRecord now) {
        try {
            Instant seen = Files.getLastModifiedTime(seenFile).toInstant();
            return seen.isAfter(now.since()) ? seen : now.since();
        } catch (IOException neverLinked) {
            return now.since();
        }
    }

    /** What a primary's content is once its daemons ended: as good as its replica's, unless it was alone. */
    MirrorRecord ended(MirrorRecord primary) {
        boolean alone = primary.sync() == Sync.SOLO || primary.sync() == Sync.SYNCING;
        return alone
                ? primary.as(Role.IDLE, Sync.SOLO, primary.since())
                : primary.as(Role.IDLE, Sync.LOST, lastAlive(primary));
    }

    void resync(@Nullable Resync next) {
        resync = next;
    }

    /** Ends a resync that is under way; the secondary stays inconsistent. */
    void stopResync(Call call) throws HostException {
        Resync current = resync;
        if (current != null) {
            current.stop(call);
            resync = null;
        }
    }

    boolean resyncing() {
        return resync != null && resync.underWay();
    }

    /** The copy that is being made of what it has alone. */
    @Nullable
    Kept kept() {
        return kept;
    }

    void kept(@Nullable Kept next) {
        if (kept != null) {
            kept.stop();
        }
        kept = next;
    }

    /** What last went wrong with it, for people. */
    String detail() {
        return detail.isEmpty() ? broke : detail;
    }

    void detail(String text) {
        detail = text;
    }

    /** Bytes that the other side may lack; 0 if that is not known. */
    long behind(Call call) throws HostException {
        Map<String, Long> bitmaps = core.bitmaps(call);
        Long orderly = bitmaps.get(ORDERLY);
        return orderly != null
                ? orderly
                : bitmaps.values().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    /** Ends the daemons' front, and clears what a dead one left: the volume is no file any more. */
    void takeDown(Exec exec, Call call) throws HostException {
        List<Mounts.Mount> mounts = Mounts.of(disk());
        if (!mounts.isEmpty()) {
            throw new HostException(
                    "volume " + name + " is still mounted at " + mounts.get(0).point() + "; unmount it first: umount "
                            + mounts.get(0).point());
        }
        frontDaemon.end(call);
        Mounts.clearDead(exec, disk(), call);
    }

    /** Removes sockets, logs and pid files. */
    void clear() throws IOException {
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    /** What was written since {@code session} began, as the core daemon remembers it. */
    static String bitmap(String session) {
        return "since-" + session;
    }

    /** Lets go of the daemons' monitors; they go on. */
    void release() {
        kept(null);
        coreDaemon.disconnect();
        frontDaemon.disconnect();
    }

    List<StorageDaemon> daemons() {
        return List.of(frontDaemon, coreDaemon);
    }
}
