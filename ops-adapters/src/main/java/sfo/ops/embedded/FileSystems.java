package sfo.ops.embedded;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.embedded.Volumes.VolumeId;
import sfo.protocol.json.Json;
import sfo.protocol.model.Claim;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/** Mounts: where a volume's file system is in this appliance's view. Facts: {@code mounted} at, and the {@code claim} on it. */
final class FileSystems implements Adapter<Resource.MountedVolume> {
    /** There on a volume that has a file system; says which. Its folder is the product's own, hidden from clients' listings. */
    static final String MARK = ".sfo/filesystem";

    private static final String CLAIM = ".sfo/claim";

    record Mount(String mountPoint, String group, String volume) {}

    private final EmbeddedHost host;
    private final Volumes volumes;

    FileSystems(EmbeddedHost host, Volumes volumes) {
        this.host = host;
        this.volumes = volumes;
    }

    private static Path folder(World world, String appliance) {
        return world.run(appliance).resolve("mounts");
    }

    private Path file(VolumeId id) {
        return folder(host.world(), host.appliance()).resolve(id.group() + "." + id.volume());
    }

    boolean isMounted(VolumeId id) throws IOException {
        return Files.exists(file(id));
    }

    /** The volume that an appliance has mounted at {@code mountPoint}. */
    static Optional<VolumeId> at(World world, String appliance, String mountPoint) throws IOException {
        Path folder = folder(world, appliance);
        for (String name : Disk.names(folder)) {
            Optional<Mount> mount = Disk.read(folder.resolve(name), Mount.class);
            if (mount.isPresent() && mount.get().mountPoint().equals(mountPoint)) {
                return Optional.of(new VolumeId(mount.get().group(), mount.get().volume()));
            }
        }
        return Optional.empty();
    }

    private Claim claimOn(VolumeId id) throws IOException {
        try {
            return Json.read(Files.readString(volumes.data(id).resolve(CLAIM)), Claim.class);
        } catch (NoSuchFileException none) {
            return Claim.NONE;
        }
    }

    @Override
    public Class<Resource.MountedVolume> kind() {
        return Resource.MountedVolume.class;
    }

    @Override
    public List<Lack> lacks() {
        return List.of();
    }

    @Override
    public Facts inspect(Resource.MountedVolume resource, Call call) throws HostException {
        VolumeId id = new VolumeId(resource.group(), resource.volume().name());
        return host.act(() -> {
            Optional<Mount> mount = Disk.read(file(id), Mount.class);
            return mount.isEmpty()
                    ? Facts.NOTHING
                    : Facts.of("mounted", mount.get().mountPoint(), "claim", Json.text(claimOn(id)));
        });
    }

    @Override
    public boolean holds(Resource.MountedVolume resource, Facts facts) {
        return facts.get("mounted").equals(resource.mountPoint())
                && facts.get("claim").equals(Json.text(resource.claim()));
    }

    @Override
    public void apply(Resource.MountedVolume resource, Call call) throws HostException {
        VolumeId id = new VolumeId(resource.group(), resource.volume().name());
        host.change(() -> {
            if (volumes.running(id).role() != sfo.protocol.model.MirrorState.Role.PRIMARY) {
                throw new IOException(id + " is not primary on " + host.appliance() + ": it can't be mounted");
            }
            if (!Files.exists(volumes.data(id).resolve(MARK))) {
                throw new IOException(id + " has no file system on " + host.appliance());
            }
            Claim found = claimOn(id);
            if (found.compareTo(resource.claim()) > 0) {
                throw new IOException(id + " carries claim " + found.tag() + ", higher than "
                        + resource.claim().tag() + ": " + found.appliance() + " had it mounted since");
            }
            Disk.write(file(id), new Mount(resource.mountPoint(), id.group(), id.volume()));
            if (!found.equals(resource.claim())) {
                // padded: a shorter claim leaves no rest of a longer one behind
                String text = String.format("%-256s", Json.text(resource.claim()));
                volumes.write(id, CLAIM, 0, text.getBytes(StandardCharsets.UTF_8), false);
            }
        });
    }

    @Override
    public void revert(Resource.MountedVolume resource, Facts before, Call call) throws HostException {
        VolumeId id = new VolumeId(resource.group(), resource.volume().name());
        host.change(() -> {
            if (before.isNothing()) {
                Files.deleteIfExists(file(id));
            } else {
                Disk.write(file(id), new Mount(before.get("mounted"), id.group(), id.volume()));
            }
        });
    }
}
