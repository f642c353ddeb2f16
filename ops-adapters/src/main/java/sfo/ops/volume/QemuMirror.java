package sfo.ops.volume;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiConsumer;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.plan.Resource;

/**
 * The mirror on qemu-storage-daemon: no kernel module, no root file system, nothing in the agent. Per volume a core
 * daemon (backing, export, mirror job, memory of what changed) and, on the primary, a front daemon (the volume as a
 * file); two, because one QEMU cannot lend a node both to a writable FUSE export and to a mirror.
 */
public final class QemuMirror implements Mirror, AutoCloseable {
    static final Duration TICK = Duration.ofSeconds(1);
    /** A Unix socket's path has 108 bytes with its end. */
    private static final int LONGEST_SOCKET = 107;

    private final String appliance;
    private final Path data;
    private final String address;
    private final Exec exec;
    private final Sides sides;

    /**
     * Adopts what runs already, and watches it each second.
     *
     * @param appliance this appliance's name, for {@link Volume#backing()}
     * @param data folder of durable records, and of backing files of volumes that name none
     * @param run folder of sockets and pid files; the same after a restart of the agent
     * @param address this appliance's address for the exports
     */
    public QemuMirror(String appliance, Path data, Path run, String address, Exec exec) {
        this(appliance, data, run, address, exec, TICK);
    }

    /** @param tick how often it looks at what tells nothing by itself */
    QemuMirror(String appliance, Path data, Path run, String address, Exec exec, Duration tick) {
        this.appliance = appliance;
        this.data = data;
        this.address = address;
        this.exec = exec;
        this.sides = new Sides(exec, data, run, tick);
    }

    /** The file that is the volume while it is primary here. */
    public Path disk(String group, String volume) {
        return side(group, volume).disk();
    }

    @Override
    public Adapter<Resource.PrimaryVolume> primary() {
        return new PrimaryAdapter(this);
    }

    @Override
    public Adapter<Resource.MirroredVolume> mirrored() {
        return new MirroredAdapter(this);
    }

    @Override
    public MirrorState state(String group, Volume volume, Call call) throws HostException {
        Side side = side(group, volume.name());
        side.lock.lock();
        try {
            String trouble = "";
            try {
                side.examine(call);
            } catch (HostException e) {
                trouble = String.valueOf(e.getMessage());
            }
            return withKept(States.of(side, volume, trouble, call), side, volume);
        } finally {
            side.lock.unlock();
        }
    }

    private MirrorState withKept(MirrorState state, Side side, Volume volume) {
        Optional<String> progress = Optional.ofNullable(side.kept()).flatMap(Kept::progress);
        if (progress.isPresent()) {
            return state.explained(progress.get());
        }
        String found;
        try {
            List<Path> kept = Kept.in(keptFolder(state.group(), volume), volume.name());
            if (kept.isEmpty()) {
                return state;
            }
            found = "former content is kept in "
                    + String.join(", ", kept.stream().map(Path::toString).toList());
        } catch (HostException e) {
            found = String.valueOf(e.getMessage());
        }
        return state.explained(state.detail().isEmpty() ? found : state.detail() + "; " + found);
    }

    @Override
    public void create(String group, Volume volume, Call call) throws HostException {
        with(group, volume.name(), side -> {
            Backing backing = backing(group, volume);
            if (side.record().isEmpty()) {
                backing.check();
                side.save(MirrorRecord.fresh(group, volume));
            }
            backing.make();
        });
    }

    @Override
    public void format(String group, Volume volume, Call call) throws HostException {
        with(group, volume.name(), side -> {
            if (side.needRecord().role() != Role.PRIMARY || !side.frontDaemon.running()) {
                throw new HostException(
                        "volume " + volume.name() + " is not primary here: make it primary, then format it");
            }
            FileSystems.make(
                    exec, side.disk(), volume.fileSystem(), side.folder().resolve("format"), call);
        });
    }

    @Override
    public void destroy(String group, Volume volume, Call call) throws HostException {
        with(group, volume.name(), side -> {
            Optional<MirrorRecord> record = side.record();
            if (record.isEmpty()) {
                return;
            }
            if (record.get().role() == Role.PRIMARY && (side.coreDaemon.running() || side.frontDaemon.running())) {
                throw new HostException("volume " + volume.name() + " of group " + group
                        + " is primary here: release it first (sfo group destroy " + group + ")");
            }
            for (StorageDaemon daemon : side.daemons()) {
                daemon.end(call);
            }
            backing(group, volume).remove();
            side.forget();
            try {
                side.clear();
            } catch (IOException e) {
                throw new HostException("cannot remove " + side.folder() + ": " + e.getMessage(), e);
            }
        });
    }

    @Override
    public Target openTarget(String group, Volume volume, Claim claim, boolean equal, Call call) throws HostException {
        Target[] made = new Target[1];
        with(group, volume.name(), side -> made[0] = Secondary.open(this, side, volume, claim, equal, call));
        return made[0];
    }

    @Override
    public void targetBegins(String group, Volume volume, Claim claim, Target target, Call call) throws HostException {
        with(group, volume.name(), side -> Secondary.begins(side, claim, target, call));
    }

    @Override
    public void targetSynced(String group, Volume volume, Claim claim, String link, Call call) throws HostException {
        with(group, volume.name(), side -> Secondary.synced(side, claim, link, call));
    }

    @Override
    public void closeTarget(String group, Volume volume, boolean inOrder, Call call) throws HostException {
        with(group, volume.name(), side -> Secondary.close(side, inOrder, call));
    }

    @Override
    public void connect(
            String group, Volume volume, Claim claim, Target target, boolean equal, Consent consent, Call call)
            throws HostException {
        with(group, volume.name(), side -> Primary.connect(exec, side, volume, claim, target, equal, consent, call));
    }

    @Override
    public void serves(String group, Volume volume, Call call) throws HostException {
        with(group, volume.name(), side -> {
            MirrorRecord record = side.needRecord();
            if (record.role() == Role.PRIMARY && record.prior().isPresent()) {
                side.save(record.after(Optional.empty()));
            }
        });
    }

    @Override
    public void disconnect(String group, Volume volume, Call call) throws HostException {
        with(group, volume.name(), side -> Primary.disconnect(side, call));
    }

    @Override
    public void watch(BiConsumer<String, String> listener) {
        sides.watch(listener);
    }

    /** Lets go of everything; the daemons go on. */
    @Override
    public void close() {
        sides.close();
    }

    /** Works on one volume alone. */
    void with(String group, String volume, Sides.Work work) throws HostException {
        sides.with(group, volume, work);
    }

    Side side(String group, String volume) {
        return sides.of(group, volume);
    }

    /** Starts the core daemon, if it does not run. */
    void startCore(Side side, Volume volume, Call call) throws HostException {
        if (side.folder().resolve("front.qmp").toString().length() > LONGEST_SOCKET) {
            throw new HostException(
                    "the path of " + side.folder() + " is too long for a socket in it; expected at most "
                            + (LONGEST_SOCKET - 10) + " characters: choose a shorter run folder");
        }
        side.coreDaemon.start(backing(side.group, volume).arguments(), call);
    }

    String address() {
        return address;
    }

    Exec exec() {
        return exec;
    }

    static String newSession() {
        return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
    }

    Backing backing(String group, Volume volume) {
        String given = volume.backing().getOrDefault(appliance, "");
        Path path = given.isEmpty() ? images(group).resolve(volume.name() + ".img") : Path.of(given);
        return new Backing(path, volume);
    }

    private Path images(String group) {
        return data.resolve("volumes").resolve(group);
    }

    /** Where copies of a volume are kept: beside its file, where they may be clones. */
    Path keptFolder(String group, Volume volume) {
        Backing backing = backing(group, volume);
        Path folder = backing.path().toAbsolutePath().getParent();
        return backing.isDevice() || folder == null ? images(group) : folder;
    }

    static Instant now() {
        return Instant.now().truncatedTo(java.time.temporal.ChronoUnit.MILLIS);
    }
}
