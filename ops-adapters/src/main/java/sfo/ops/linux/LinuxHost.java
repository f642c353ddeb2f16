package sfo.ops.linux;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import sfo.config.load.Settings;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.Host;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.api.LifeProbe;
import sfo.ops.api.LunFiles;
import sfo.ops.exec.Exec;
import sfo.ops.faults.Faults;
import sfo.ops.iscsi.AllocatedFiles;
import sfo.ops.iscsi.AnsweringTargetsAdapter;
import sfo.ops.iscsi.IscsiServerAdapter;
import sfo.ops.network.Namespace;
import sfo.ops.network.Network;
import sfo.ops.share.AnsweringSharesAdapter;
import sfo.ops.share.GroupServers;
import sfo.ops.share.NfsServerAdapter;
import sfo.ops.share.SmbServerAdapter;
import sfo.ops.share.StartedAtBoot;
import sfo.ops.volume.FileSystemMount;
import sfo.ops.volume.Mirror;
import sfo.ops.volume.QemuMirror;
import sfo.protocol.control.Views.NicView;
import sfo.protocol.control.Views.PluginView;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.plan.Resource;

/** A Linux appliance. */
public final class LinuxHost implements Host, AutoCloseable {
    /** Below it, a folder per group with a folder per volume. */
    private static final Path MOUNTS = Path.of("/srv/sfo");

    private final Exec exec = new Exec();
    private final Network network = new Network(exec, Namespace.OWN);
    private final Optional<Faults> faults = Faults.wanted();
    private final QemuMirror mirror;
    private final GroupServers servers;
    private final LunFiles lunFiles;
    private final Map<String, List<Adapter<? extends Resource>>> families = new TreeMap<>();

    public LinuxHost(Settings settings) {
        mirror = new QemuMirror(
                settings.appliance(),
                settings.data().resolve("mirror"),
                settings.run().resolve("mirror"),
                settings.mirrorAddress(),
                exec);
        servers = new GroupServers(exec, settings.run());
        families.put("volume", List.of(mirror.primary(), mirror.mirrored(), new FileSystemMount(exec, mirror::disk)));
        families.put("network", network.adapters());
        families.put(
                "share",
                List.of(
                        new SmbServerAdapter(exec, servers),
                        new NfsServerAdapter(exec, servers),
                        new AnsweringSharesAdapter(exec)));
        families.put("target", List.of(new IscsiServerAdapter(servers), new AnsweringTargetsAdapter()));
        lunFiles = new AllocatedFiles(exec, this::mountPoint);
    }

    @Override
    public List<Adapter<? extends Resource>> adapters() {
        return families.values().stream()
                .flatMap(List::stream)
                .<Adapter<? extends Resource>>map(
                        adapter -> faults.isPresent() ? faults.get().around(adapter) : adapter)
                .toList();
    }

    @Override
    public Mirror mirror() {
        return mirror;
    }

    @Override
    public LunFiles lunFiles() {
        return lunFiles;
    }

    @Override
    public LifeProbe probe() {
        return network.probe();
    }

    @Override
    public Path mountPoint(String group, String volume) {
        return MOUNTS.resolve(group).resolve(volume);
    }

    @Override
    public List<NicView> nics(Call call) throws HostException {
        return network.nics(call);
    }

    @Override
    public List<PluginView> plugins() {
        List<PluginView> all = new ArrayList<>();
        families.forEach((family, adapters) -> {
            for (Adapter<? extends Resource> adapter : adapters) {
                List<String> lacks =
                        adapter.lacks().stream().map(LinuxHost::words).toList();
                all.add(new PluginView(adapter.kind().getSimpleName(), family, "linux", lacks.isEmpty(), lacks));
            }
        });
        return all;
    }

    private static String words(Lack lack) {
        return lack.what() + ": " + lack.mend();
    }

    @Override
    public List<String> connections(String group) throws HostException {
        return network.connections(group);
    }

    @Override
    public void passUntil(GroupDefinition group, long nanos, Call call) throws HostException {
        network.passUntil(group, nanos, call);
    }

    @Override
    public List<String> startedAtBoot(List<String> volumesAndAddresses) throws HostException {
        return new StartedAtBoot(Path.of("/")).lines(volumesAndAddresses);
    }

    @Override
    public void whenServerEnds(Consumer<String> listener) {
        servers.whenEnded(listener);
    }

    @Override
    public int endOrphans(String tag, Call call) throws HostException {
        return exec.endOrphans(tag, call);
    }

    @Override
    public void close() {
        network.close();
        mirror.close();
    }
}
