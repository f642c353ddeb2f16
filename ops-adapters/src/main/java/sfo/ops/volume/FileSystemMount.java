package sfo.ops.volume;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.exec.Durable;
import sfo.ops.exec.Exec;
import sfo.protocol.json.Json;
import sfo.protocol.model.Claim;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.MountedVolume;

/** Mounts a primary volume, and keeps the claim on it: a volume that has met a higher claim is never served. */
public final class FileSystemMount implements Adapter<MountedVolume> {
    private static final String CLAIM = ".sfo/claim";

    private final Exec exec;
    private final BiFunction<String, String, Path> disks;

    /** @param disks the file or device of a primary volume, by group and volume */
    public FileSystemMount(Exec exec, BiFunction<String, String, Path> disks) {
        this.exec = exec;
        this.disks = disks;
    }

    @Override
    public Class<MountedVolume> kind() {
        return MountedVolume.class;
    }

    @Override
    public List<Lack> lacks() {
        return Tools.lacks(
                Map.of(
                        "mount", "mount",
                        "umount", "mount",
                        "losetup", "mount",
                        "blkid", "util-linux",
                        "fsfreeze", "util-linux",
                        "mkfs.ext4", "e2fsprogs",
                        "mkfs.xfs", "xfsprogs",
                        "mkfs.btrfs", "btrfs-progs"),
                false);
    }

    @Override
    public Facts inspect(MountedVolume resource, Call call) throws HostException {
        Path point = Path.of(resource.mountPoint());
        Optional<Mounts.Mount> mount = Mounts.at(point);
        if (mount.isEmpty()) {
            return Facts.of("mounted", "no", "folder", nearest(point).toString());
        }
        boolean ours = mount.get().file().equals(Optional.of(disk(resource).toString()));
        return Facts.of(
                "mounted",
                ours
                        ? "yes"
                        : "another: " + mount.get().file().orElse(mount.get().source()),
                "claim",
                ours ? claim(point).map(Json::text).orElse("") : "",
                "folder",
                point.toString());
    }

    @Override
    public boolean holds(MountedVolume resource, Facts facts) {
        return facts.get("mounted").equals("yes") && facts.get("claim").equals(Json.text(resource.claim()));
    }

    @Override
    public void apply(MountedVolume resource, Call call) throws HostException {
        Path point = Path.of(resource.mountPoint());
        Path disk = disk(resource);
        Optional<Mounts.Mount> mount = Mounts.at(point);
        if (mount.isPresent() && (isDeadOf(mount.get(), disk) || isBroken(mount.get(), disk))) {
            Mounts.unmount(exec, point, call); // what is left of a front daemon that died, or of an error below it
            mount = Optional.empty();
        }
        if (mount.isPresent() && !mount.get().file().equals(Optional.of(disk.toString()))) {
            throw new HostException(point + " is taken: " + mount.get().source() + " is mounted there; expected volume "
                    + resource.volume().name() + " or nothing: umount " + point);
        }
        if (mount.isEmpty()) {
            try {
                Files.createDirectories(point);
            } catch (IOException e) {
                throw new HostException("cannot make " + point + ": " + e.getMessage(), e);
            }
            Mounts.mount(exec, disk, resource.volume().fileSystem(), point, call);
        }
        try {
            stamp(resource, point);
        } catch (HostException e) {
            if (mount.isEmpty()) {
                Mounts.unmount(exec, point, call);
            }
            throw e;
        }
    }

    private static void stamp(MountedVolume resource, Path point) throws HostException {
        Claim found = claim(point).orElse(Claim.NONE);
        Claims.refuseStale(
                "the file system of volume " + resource.volume().name(), resource.group(), found, resource.claim());
        if (found.equals(resource.claim())) {
            return;
        }
        try {
            Durable.write(point.resolve(CLAIM), Json.bytes(resource.claim()));
        } catch (IOException e) {
            throw new HostException("cannot write the claim onto " + point + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void revert(MountedVolume resource, Facts before, Call call) throws HostException {
        if (before.get("mounted").equals("yes")) {
            return; // it was mounted before, and whoever had it goes on with it
        }
        Path point = Path.of(resource.mountPoint());
        Path disk = disk(resource);
        for (Optional<Mounts.Mount> mount = Mounts.at(point);
                mount.isPresent()
                        && (isDeadOf(mount.get(), disk) || mount.get().file().equals(Optional.of(disk.toString())));
                mount = Mounts.at(point)) {
            Mounts.unmount(exec, point, call);
        }
        Mounts.awaitFree(exec, disk, call); // also when an earlier revert unmounted it, and then failed
        removeMade(point, before.get("folder"));
    }

    /** Removes the folders that apply made: those below the nearest one that was there. */
    private static void removeMade(Path point, String wasThere) throws HostException {
        if (wasThere.isEmpty()) {
            return;
        }
        Path stop = Path.of(wasThere);
        try {
            for (Path folder = point;
                    folder != null && folder.startsWith(stop) && !folder.equals(stop);
                    folder = folder.getParent()) {
                Files.deleteIfExists(folder);
            }
        } catch (DirectoryNotEmptyException inUseByAnother) {
            return;
        } catch (IOException e) {
            throw new HostException("cannot remove " + point + ": " + e.getMessage(), e);
        }
    }

    /** A loop device over the file of a front daemon that is gone: the kernel cannot name that file any more. */
    private static boolean isDeadOf(Mounts.Mount mount, Path disk) {
        String file = mount.file().orElse("");
        return mount.source().startsWith("/dev/loop")
                && !file.equals(disk.toString())
                && (file.isEmpty() || file.equals("/") || file.startsWith(disk.toString()));
    }

    private static boolean isBroken(Mounts.Mount mount, Path disk) {
        return mount.readOnly() && mount.file().equals(Optional.of(disk.toString()));
    }

    private static Path nearest(Path point) {
        Path folder = point;
        while (!Files.exists(folder) && folder.getParent() != null) {
            folder = folder.getParent();
        }
        return folder;
    }

    private static Optional<Claim> claim(Path point) throws HostException {
        Path file = point.resolve(CLAIM);
        try {
            return Files.exists(file) ? Optional.of(Json.read(Files.readString(file), Claim.class)) : Optional.empty();
        } catch (IOException | UncheckedIOException e) {
            throw new HostException(
                    file + " cannot be read, so who served this volume last is not known: " + e.getMessage()
                            + "; look at it, and remove it if it is damaged",
                    e);
        }
    }

    private Path disk(MountedVolume resource) {
        return disks.apply(resource.group(), resource.volume().name());
    }
}
