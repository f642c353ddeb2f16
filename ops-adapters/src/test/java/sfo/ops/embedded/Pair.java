package sfo.ops.embedded;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.Claim;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Share;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/** Two appliances, a volume, a share and a client in one world; and the acts of an agent, by hand. */
final class Pair implements AutoCloseable {
    static final String GROUP = "web";
    static final String ADDRESS = "10.77.0.100";
    static final String MAC = "02:77:00:00:01:00";
    static final Claim A1 = new Claim(1, "a", "one");
    static final Claim B2 = new Claim(2, "b", "two");
    static final Claim A3 = new Claim(3, "a", "three");

    final Path root;
    final World world;
    final AtomicInteger deaths = new AtomicInteger();
    private final List<EmbeddedHost> opened = new ArrayList<>();
    EmbeddedHost a;
    EmbeddedHost b;

    Pair(Path root) throws Exception {
        this.root = root;
        this.world = World.at(root);
        this.a = open("a");
        this.b = open("b");
    }

    EmbeddedHost open(String name) throws HostException {
        String address = name.equals("a") ? "10.78.0.11" : "10.78.0.12";
        EmbeddedHost host = EmbeddedHost.open(root, name, address, List.of("10.77.0.254"), deaths::incrementAndGet);
        opened.add(host);
        return host;
    }

    @Override
    public void close() {
        opened.forEach(EmbeddedHost::close);
    }

    static Call call() {
        return Call.within(Duration.ofSeconds(10));
    }

    static Volume volume(Volume.LinkLoss policy) {
        return new Volume("tank", 64L << 20, Volume.FileSystem.EXT4, Volume.Mode.SYNCHRONOUS, policy, 10809, Map.of());
    }

    static Volume volume() {
        return volume(Volume.LinkLoss.SOLO);
    }

    static FailoverInterface definition() {
        return new FailoverInterface(
                "fo0",
                List.of(Cidr.parse(ADDRESS + "/24")),
                new MacChoice(MacChoice.Kind.GIVEN, Optional.of(new Mac(MAC))),
                List.of(),
                List.of(),
                Map.of("a", new Nic("eth0", Nic.Use.SHARED), "b", new Nic("eth0", Nic.Use.SHARED)));
    }

    static Share share() {
        return new Share("s", Share.Protocol.NFS, "tank", "", false, true, List.of(), 1, Map.of());
    }

    static Lun lun() {
        return new Lun(1, "tank", "luns/vm-1", 16L << 20, "5f0c3b2a19d84e77");
    }

    static IscsiTarget target() {
        return new IscsiTarget("vm", IscsiTarget.iqn(GROUP, "vm"), 1, List.of(lun()), List.of(), List.of());
    }

    /** What makes a host serve, in order. */
    static List<Resource> plan(EmbeddedHost host, Claim claim) {
        String mount = host.mountPoint(GROUP, "tank").toString();
        Map<String, String> mounts = Map.of("tank", mount);
        String name = host.appliance();
        return List.of(
                new Resource.PrimaryVolume(GROUP, volume(), name, claim),
                new Resource.MountedVolume(GROUP, volume(), mount, claim),
                new Resource.GroupHost(GROUP),
                new Resource.ClosedInterface(GROUP, definition(), name),
                new Resource.FreeAddress(GROUP, definition(), name),
                new Resource.NfsServer(GROUP, List.of(share()), mounts, mount + "/.sfo/nfs"),
                new Resource.SmbServer(GROUP, List.of(), mounts, mount + "/.sfo/smb"),
                new Resource.AnsweringShares(GROUP, List.of(share()), ADDRESS),
                new Resource.IscsiServer(GROUP, List.of(target()), mounts),
                new Resource.AnsweringTargets(GROUP, List.of(target()), ADDRESS),
                new Resource.OpenInterface(GROUP, definition(), name, List.of()));
    }

    @SuppressWarnings("unchecked")
    static <R extends Resource> Adapter<R> adapter(EmbeddedHost host, R resource) {
        return (Adapter<R>) host.adapters().stream()
                .filter(a -> a.kind().isInstance(resource))
                .findFirst()
                .orElseThrow();
    }

    static void apply(EmbeddedHost host, Resource resource) throws HostException {
        adapter(host, resource).apply(resource, call());
    }

    static Facts inspect(EmbeddedHost host, Resource resource) throws HostException {
        return adapter(host, resource).inspect(resource, call());
    }

    static void revert(EmbeddedHost host, Resource resource, Facts before) throws HostException {
        adapter(host, resource).revert(resource, before, call());
    }

    static void serve(EmbeddedHost host, Claim claim) throws HostException {
        for (Resource resource : plan(host, claim)) {
            apply(host, resource);
        }
    }

    /** Made on both, formatted on a, which serves it; mirrored. */
    void startOnA() throws HostException {
        a.mirror().create(GROUP, volume(), call());
        b.mirror().create(GROUP, volume(), call());
        apply(a, plan(a, A1).get(0));
        a.mirror().format(GROUP, volume(), call());
        apply(a, plan(a, A1).get(1));
        a.lunFiles().make(GROUP, lun(), call());
        serve(a, A1);
        mirror(a, b, A1);
    }

    void mirror(EmbeddedHost from, EmbeddedHost to, Claim claim) throws HostException {
        Target target = to.mirror().openTarget(GROUP, volume(), claim, false, call());
        connect(from, to, claim, target);
        await().atMost(Duration.ofSeconds(10)).until(() -> sync(from) == Sync.REPLICATING);
        to.mirror().targetSynced(GROUP, volume(), claim, state(from).link(), call());
    }

    static void connect(EmbeddedHost from, EmbeddedHost to, Claim claim, Target target) throws HostException {
        from.mirror()
                .connect(
                        GROUP,
                        volume(),
                        claim,
                        target,
                        false,
                        () -> to.mirror().targetBegins(GROUP, volume(), claim, target, call()),
                        call());
    }

    static MirrorState state(EmbeddedHost host) throws HostException {
        return host.mirror().state(GROUP, volume(), call());
    }

    static Sync sync(EmbeddedHost host) throws HostException {
        return state(host).sync();
    }

    EmbeddedClient.Handle handle() {
        return new EmbeddedClient(world).open(ADDRESS, Share.Protocol.NFS, "s", "file");
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    String read(int length) throws IOException {
        return new String(handle().read(0, length), StandardCharsets.UTF_8);
    }

    void fault(String appliance, String kind, String what) throws IOException {
        Path file = world.appliance(appliance).resolve("faults").resolve(kind);
        Files.createDirectories(file.getParent());
        Files.writeString(file, what);
    }
}
