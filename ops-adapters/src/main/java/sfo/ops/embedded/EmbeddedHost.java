package sfo.ops.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import sfo.config.load.Settings;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.Host;
import sfo.ops.api.HostException;
import sfo.ops.api.LifeProbe;
import sfo.ops.api.LunFiles;
import sfo.ops.faults.Faults;
import sfo.ops.volume.Mirror;
import sfo.protocol.control.Views;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.plan.Resource;

/**
 * A host that is a folder of a {@link World}. To open it is to switch it on, if it has no power; else what it served goes
 * on, as after a restart of an agent. When its power is cut, or it was switched on again since, every call fails.
 */
public final class EmbeddedHost implements Host, AutoCloseable {
    static final String FRONT_NIC = "eth0";
    static final String STORAGE_NIC = "eth1";

    private final World world;
    private final String appliance;
    private final long boot;
    private final Faults faults;
    private final Volumes volumes;
    private final FileSystems mounts;
    private final EmbeddedMirror mirror;
    private final LifeProbe probe;

    private final Map<String, Long> until = new ConcurrentHashMap<>();

    private EmbeddedHost(World world, String appliance, List<String> witnesses, Runnable death) throws IOException {
        this.world = world;
        this.appliance = appliance;
        this.boot = world.switchOn(appliance);
        this.faults = new Faults(world.appliance(appliance).resolve("faults"), death);
        this.volumes = new Volumes(world, appliance);
        this.mounts = new FileSystems(this, volumes);
        this.mirror = new EmbeddedMirror(this, volumes);
        this.probe = new EmbeddedProbe(this, witnesses);
    }

    /** @throws HostException if the world's folder can't be made or read; IllegalArgumentException if none is set */
    public static EmbeddedHost open(Settings settings) throws HostException {
        Path root = settings.adapters()
                .embedded()
                .orElseThrow(() -> new IllegalArgumentException("sfo.adapters.embedded is not set"));
        return open(
                root,
                settings.appliance(),
                settings.mirrorAddress(),
                settings.witnesses(),
                () -> Runtime.getRuntime().halt(137));
    }

    /** @param death what an injected {@code die} does */
    static EmbeddedHost open(Path root, String appliance, String mirrorAddress, List<String> witnesses, Runnable death)
            throws HostException {
        try {
            World world = World.at(root);
            Disk.replace(
                    world.appliance(appliance).resolve("storage-address"),
                    mirrorAddress.getBytes(StandardCharsets.UTF_8));
            return new EmbeddedHost(world, appliance, witnesses, death);
        } catch (IOException e) {
            throw new HostException("embedded host " + appliance + " in " + root + ": " + e.getMessage(), e);
        }
    }

    /** Differs after each power cut, and only then; stands for kernel boot id and start of pid 1. */
    @Override
    public Optional<String> bootIdentity() {
        return Optional.of("embedded-" + appliance + "-" + boot);
    }

    World world() {
        return world;
    }

    String appliance() {
        return appliance;
    }

    Faults faults() {
        return faults;
    }

    Volumes volumes() {
        return volumes;
    }

    FileSystems mounts() {
        return mounts;
    }

    boolean hasPower() {
        try {
            return world.power(appliance).equals(new World.Power(true, boot));
        } catch (IOException e) {
            return false;
        }
    }

    /** Work that returns something; on an appliance with power. */
    <T> T act(World.Work<T> work) throws HostException {
        if (!hasPower()) {
            throw new HostException("appliance " + appliance + " has no power, or was switched on again since, in "
                    + world.root() + "/power/" + appliance);
        }
        try {
            return work.run();
        } catch (IOException | UncheckedIOException e) {
            throw new HostException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Changes files. */
    @FunctionalInterface
    interface Change {
        void run() throws IOException;
    }

    void change(Change change) throws HostException {
        act(() -> world.locked(() -> {
            change.run();
            return true;
        }));
    }

    @Override
    public List<Adapter<? extends Resource>> adapters() {
        List<Adapter<? extends Resource>> all = new ArrayList<>();
        all.add(mirror.primary());
        all.add(mirror.mirrored());
        all.add(faults.around(mounts));
        all.addAll(new NetworkAdapters(this).all());
        all.addAll(new ServerAdapters(this).all());
        all.addAll(new TargetAdapters(this).all());
        return all;
    }

    @Override
    public Mirror mirror() {
        return mirror;
    }

    @Override
    public LunFiles lunFiles() {
        return new EmbeddedLuns(this);
    }

    @Override
    public LifeProbe probe() {
        return probe;
    }

    /** A name, not a folder: what is mounted there lies in the world. */
    @Override
    public Path mountPoint(String group, String volume) {
        return Path.of("/sfo", group, volume);
    }

    @Override
    public List<Views.NicView> nics(Call call) throws HostException {
        return act(() -> nics(appliance));
    }

    List<Views.NicView> nics(String of) throws IOException {
        Optional<String> address = storageAddress(of);
        boolean carrier = world.carrier(of);
        return List.of(
                new Views.NicView(FRONT_NIC, mac(of, FRONT_NIC), carrier, List.of(), "free"),
                new Views.NicView(
                        STORAGE_NIC,
                        mac(of, STORAGE_NIC),
                        carrier,
                        address.map(a -> List.of(a + "/24")).orElse(List.of()),
                        "carries the mirrors"));
    }

    private Optional<String> storageAddress(String of) throws IOException {
        try {
            return Optional.of(Files.readString(world.appliance(of).resolve("storage-address"))
                    .strip());
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
    }

    String nicMac(String device) throws IOException {
        if (!device.equals(FRONT_NIC) && !device.equals(STORAGE_NIC)) {
            throw new IOException(
                    "no NIC \"" + device + "\" on " + appliance + ": it has " + FRONT_NIC + " and " + STORAGE_NIC);
        }
        return mac(appliance, device);
    }

    /** Locally administered, and the same each time. */
    String mac(String of, String device) {
        int hash = (of + "/" + device).hashCode();
        return String.format(
                "02:5f:%02x:%02x:%02x:%02x", hash >>> 24, hash >>> 16 & 0xff, hash >>> 8 & 0xff, hash & 0xff);
    }

    @Override
    public List<Views.PluginView> plugins() {
        return adapters().stream()
                .map(a -> new Views.PluginView(a.kind().getSimpleName(), "embedded", "files", true, List.of()))
                .toList();
    }

    /** None: a client here asks anew, by name, at each read and write. */
    @Override
    public List<String> connections(String group) {
        return List.of();
    }

    @Override
    public void passUntil(GroupDefinition group, long nanos, Call call) throws HostException {
        until.put(group.name(), nanos);
        change(() -> Leases.renew(world, appliance, group.name(), nanos));
    }

    /** Until when frames of a group may pass; past if that was never said. */
    long passesUntil(String group) {
        return until.getOrDefault(group, System.nanoTime());
    }

    /** Reads {@code APPLIANCE/started-at-boot}, if it is there. */
    @Override
    public List<String> startedAtBoot(List<String> volumesAndAddresses) throws HostException {
        Path file = world.appliance(appliance).resolve("started-at-boot");
        return act(() -> {
            if (!Files.exists(file)) {
                return List.of();
            }
            List<String> lines = Files.readAllLines(file);
            return Stream.iterate(0, i -> i < lines.size(), i -> i + 1)
                    .filter(i -> volumesAndAddresses.stream().anyMatch(lines.get(i)::contains))
                    .map(i -> file + ":" + (i + 1) + ": " + lines.get(i))
                    .toList();
        });
    }

    /** Servers here are files: they do not end by themselves. */
    @Override
    public void whenServerEnds(Consumer<String> listener) {}

    /** Steps here start no commands. */
    @Override
    public int endOrphans(String tag, Call call) {
        return 0;
    }

    /** Its agent ends: nothing is written after this; what is served stays. */
    @Override
    public void close() {
        mirror.close();
    }
}
