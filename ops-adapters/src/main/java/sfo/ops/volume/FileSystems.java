package sfo.ops.volume;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Durable;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Volume;

/** Makes a file system with the folders that every volume has. */
final class FileSystems {
    /** What blkid says when it finds nothing. */
    private static final int NOTHING_FOUND = 2;

    private FileSystems() {}

    /** @param point where it is mounted for a moment; made and removed */
    static void make(Exec exec, Path disk, Volume.FileSystem type, Path point, Call call) throws HostException {
        Mounts.unmount(exec, point, call); // of a format that was cut off
        Exec.Output probe = exec.run(call, "blkid", "--probe", disk.toString());
        if (probe.exit() != NOTHING_FOUND) {
            throw new HostException(disk + " is not empty: " + (probe.out() + probe.err()).strip()
                    + "; expected a volume that was never formatted");
        }
        List<String> argv = new ArrayList<>(
                switch (type) {
                    case EXT4 -> List.of("mkfs.ext4", "-q", "-E", "nodiscard");
                    case XFS -> List.of("mkfs.xfs", "-q", "-K");
                    case BTRFS -> List.of("mkfs.btrfs", "-q", "-K");
                });
        argv.add(disk.toString());
        exec.need(call, argv, "");
        try {
            Files.createDirectories(point);
            Mounts.mount(exec, disk, type, point, call);
            try {
                Files.createDirectories(point.resolve("data"));
                Files.setPosixFilePermissions(point.resolve("data"), PosixFilePermissions.fromString("rwxrwxrwx"));
                Files.createDirectories(point.resolve(".sfo"));
                Files.setPosixFilePermissions(point.resolve(".sfo"), PosixFilePermissions.fromString("rwx------"));
                Durable.sync(point);
            } finally {
                Mounts.unmount(exec, point, call);
            }
            Files.delete(point);
        } catch (IOException e) {
            throw new HostException("cannot make the folders of " + disk + ": " + e.getMessage(), e);
        }
    }
}
