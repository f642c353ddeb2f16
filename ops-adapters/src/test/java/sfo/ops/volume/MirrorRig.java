package sfo.ops.volume;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Library;
import com.sun.jna.Native;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import sfo.ops.ThisRun;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/** Two appliances in network namespaces on a switch, each with its own mirror; and the acts that tests are made of. */
final class MirrorRig {
    static final String GROUP = "g1";
    static final int PORT = 10810;
    /** XFS takes no less than 300 MiB. */
    static final long BYTES = 320L << 20;
    /** Of everything that tests of mirrors make on this machine. */
    static final String RUN = "mq";

    private static final AtomicInteger MADE = new AtomicInteger();

    /** The part of libc that puts a thread into a namespace. */
    interface C extends Library {
        int open(String path, int flags);

        int setns(int fd, int type);

        int close(int fd);
    }

    private static final int CLONE_NEWNET = 0x40000000;
    private static final C LIBC = Native.load("c", C.class);

    final Exec exec = new Exec();
    private final int number = MADE.incrementAndGet();
    private final String networkSwitch = namespace("sw");
    final Path folder;
    final Appliance a;
    final Appliance b;
    /** A broken link is noticed sooner than by agents at work, who look each second. */
    private Duration tick = Duration.ofMillis(100);

    private boolean isCut;
    private final List<Callable<?>> last = new ArrayList<>();

    MirrorRig() throws Exception {
        this(Map.of());
    }

    /** @param backing per appliance, what its volumes lie on */
    MirrorRig(Map<String, String> backing) throws Exception {
        for (Lack lack : Tools.lacks(
                Map.of("qemu-storage-daemon", "qemu-system-common", "nft", "nftables", "mkfs.xfs", "xfsprogs"), true)) {
            assumeTrue(false, "skipped: this host lacks " + lack.what() + " (" + lack.mend() + ")");
        }
        ThisRun.clearDead(RUN);
        folder = ThisRun.folder(RUN);
        network();
        a = new Appliance("a", "10.79.0.1", backing);
        b = new Appliance("b", "10.79.0.2", backing);
    }

    static Call call() {
        return Call.within(Duration.ofSeconds(30));
    }

    static Claim claim(long generation, String appliance) {
        return new Claim(
                generation,
                appliance,
                UUID.nameUUIDFromBytes((generation + appliance).getBytes(StandardCharsets.UTF_8))
                        .toString());
    }

    private void network() throws HostException {
        networkGone();
        for (String name : List.of(networkSwitch, namespace("a"), namespace("b"))) {
            ip("netns", "add", name);
            ip("-n", name, "link", "set", "lo", "up");
        }
        ip("-n", networkSwitch, "link", "add", "br0", "type", "bridge");
        ip("-n", networkSwitch, "link", "set", "br0", "up");
        for (String side : List.of("a", "b")) {
            ip(
                    "-n",
                    networkSwitch,
                    "link",
                    "add",
                    "p" + side,
                    "type",
                    "veth",
                    "peer",
                    "name",
                    "eth0",
                    "netns",
                    namespace(side));
            ip("-n", networkSwitch, "link", "set", "p" + side, "master", "br0", "up");
            ip("-n", namespace(side), "addr", "add", side.equals("a") ? "10.79.0.1/24" : "10.79.0.2/24", "dev", "eth0");
            ip("-n", namespace(side), "link", "set", "eth0", "up");
        }
    }

    private void networkGone() throws HostException {
        for (String name : List.of(networkSwitch, namespace("a"), namespace("b"))) {
            ThisRun.removeNamespace(name);
        }
    }

    /** Several at once leave one another alone. */
    private String namespace(String appliance) {
        return ThisRun.name(RUN, number + appliance);
    }

    private void ip(String... words) throws HostException {
        List<String> argv = new ArrayList<>(List.of("ip"));
        argv.addAll(List.of(words));
        exec.need(call(), argv, "");
    }

    /** From now on the agents look as often as they do at work. */
    void lookAsAtWork() throws Exception {
        tick = QemuMirror.TICK;
        a.restartAgent();
        b.restartAgent();
    }

    /** Where the contents of the two sides differ first; -1 if they are equal. */
    long mismatch() throws IOException {
        try (FileChannel one = FileChannel.open(image("a"));
                FileChannel other = FileChannel.open(image("b"))) {
            return one.map(FileChannel.MapMode.READ_ONLY, 0, one.size())
                    .mismatch(other.map(FileChannel.MapMode.READ_ONLY, 0, other.size()));
        }
    }

    Path image(String appliance) {
        return folder.resolve(appliance).resolve("data/volumes").resolve(GROUP).resolve("v1.img");
    }

    /** Packets between the two vanish on the switch, silently. */
    void cut() throws HostException {
        isCut = true;
        exec.need(
                call(),
                List.of("ip", "netns", "exec", networkSwitch, "nft", "-f", "-"),
                "table bridge cut { chain f { type filter hook forward priority 0; drop; }; }");
    }

    void heal() throws HostException {
        isCut = false;
        exec.need(call(), List.of("ip", "netns", "exec", networkSwitch, "nft", "delete", "table", "bridge", "cut"), "");
    }

    void end() throws Exception {
        if (isCut) {
            heal();
        }
        for (Callable<?> each : last) {
            each.call();
        }
        a.end();
        b.end();
        networkGone();
        exec.need(call(), "rm", "-rf", folder.toString());
    }

    /** To be done before everything is taken down. */
    void atEnd(Callable<?> each) {
        last.add(0, each);
    }

    /** One of the two: what an agent there would do. */
    final class Appliance {
        final String name;
        final String address;
        final Path data;
        final Path run;
        private final ExecutorService inside;
        private final Map<String, String> backing;
        QemuMirror mirror;
        FileSystemMount mount;

        Appliance(String name, String address, Map<String, String> backing) throws Exception {
            this.name = name;
            this.address = address;
            this.data = folder.resolve(name).resolve("data");
            this.run = folder.resolve(name).resolve("run");
            this.backing = backing;
            this.inside = Executors.newSingleThreadExecutor();
            in(() -> {
                int fd = LIBC.open("/run/netns/" + namespace(name), 0);
                if (fd < 0 || LIBC.setns(fd, CLONE_NEWNET) != 0) {
                    throw new IOException("cannot enter the namespace of " + name);
                }
                return LIBC.close(fd);
            });
            mirror = in(() -> new QemuMirror(name, data, run, address, exec, tick));
            mount = new FileSystemMount(exec, (group, volume) -> mirror.disk(group, volume));
        }

        <T> T in(Callable<T> work) throws Exception {
            try {
                return inside.submit(work).get(60, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof HostException host) {
                    throw host;
                }
                throw e;
            } catch (TimeoutException e) {
                throw new IllegalStateException(name + " hangs", e);
            }
        }

        /** A new agent, after the old one was killed. */
        void restartAgent() throws Exception {
            mirror.close();
            mirror = in(() -> new QemuMirror(name, data, run, address, exec, tick));
        }

        Volume volume(Volume.FileSystem type) {
            return volume(type, Volume.Mode.SYNCHRONOUS, Volume.LinkLoss.SOLO);
        }

        Volume volume(Volume.FileSystem type, Volume.Mode mode, Volume.LinkLoss loss) {
            return MirrorRig.volume(type, mode, loss, backing);
        }

        void promote(Volume volume, Claim claim) throws Exception {
            in(() -> {
                mirror.primary().apply(new Resource.PrimaryVolume(GROUP, volume, name, claim), call());
                return 0;
            });
        }

        void demote(Volume volume, Claim claim) throws Exception {
            in(() -> {
                mirror.primary()
                        .revert(
                                new Resource.PrimaryVolume(GROUP, volume, name, claim),
                                Facts.of("role", "replica"),
                                call());
                return 0;
            });
        }

        Path point() {
            return folder.resolve(name).resolve("mnt");
        }

        Resource.MountedVolume mounted(Volume volume, Claim claim) {
            return new Resource.MountedVolume(GROUP, volume, point().toString(), claim);
        }

        void mount(Volume volume, Claim claim) throws HostException {
            mount.apply(mounted(volume, claim), call());
        }

        void unmount(Volume volume, Claim claim) throws HostException {
            mount.revert(mounted(volume, claim), Facts.of("mounted", "no", "folder", folder.toString()), call());
        }

        MirrorState state(Volume volume) {
            try {
                return in(() -> mirror.state(GROUP, volume, call()));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        void await(Volume volume, MirrorState.Sync sync) {
            Awaitility.await(name + " " + sync)
                    .pollInterval(Duration.ofMillis(20))
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> state(volume).sync() == sync);
        }

        /** SIGKILL of both daemons of the volume: what is in their memory is gone. */
        void kill(Volume volume) throws IOException {
            for (StorageDaemon daemon : mirror.side(GROUP, volume.name()).daemons()) {
                daemon.pid().ifPresent(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
            }
            Awaitility.await()
                    .pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofSeconds(10))
                    .until(() ->
                            mirror.side(GROUP, volume.name()).daemons().stream().noneMatch(StorageDaemon::running));
        }

        private void end() throws Exception {
            Mounts.unmount(exec, point(), call());
            for (Path volume : List.of(run.resolve("mirror").resolve(GROUP + ".v1"))) {
                for (String daemon : List.of("front", "core")) {
                    new StorageDaemon(exec, volume, daemon, e -> {}).end(call());
                }
                Mounts.clearDead(exec, volume.resolve("disk"), call());
            }
            mirror.close();
            inside.shutdownNow();
        }
    }

    static Volume volume(Volume.FileSystem type, Volume.Mode mode, Volume.LinkLoss loss, Map<String, String> backing) {
        return new Volume("v1", BYTES, type, mode, loss, PORT, backing);
    }

    /** {@code from} mirrors to {@code to}, until the secondary has been told that it has everything. */
    void mirror(Appliance from, Appliance to, Volume volume, Claim claim) throws Exception {
        begin(from, to, volume, claim);
        from.await(volume, MirrorState.Sync.REPLICATING);
        to.in(() -> {
            to.mirror.targetSynced(GROUP, volume, claim, from.state(volume).link(), call());
            return 0;
        });
    }

    void begin(Appliance from, Appliance to, Volume volume, Claim claim) throws Exception {
        Target target = to.in(() -> to.mirror.openTarget(GROUP, volume, claim, false, call()));
        from.in(() -> {
            from.mirror.connect(GROUP, volume, claim, target, false, consent(to, volume, claim, target), call());
            return 0;
        });
    }

    static Mirror.Consent consent(Appliance to, Volume volume, Claim claim, Target target) {
        return () -> {
            try {
                to.in(() -> {
                    to.mirror.targetBegins(GROUP, volume, claim, target, call());
                    return 0;
                });
            } catch (HostException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        };
    }

    /** Both have the volume; {@code a} is its primary, formatted, mounted, and mirrors to {@code b}. */
    void serving(Volume volume, Claim claim) throws Exception {
        for (Appliance each : List.of(a, b)) {
            each.mirror.create(GROUP, volume, call());
        }
        a.promote(volume, claim);
        a.mirror.format(GROUP, volume, call());
        a.mount(volume, claim);
        mirror(a, b, volume, claim);
    }
}
