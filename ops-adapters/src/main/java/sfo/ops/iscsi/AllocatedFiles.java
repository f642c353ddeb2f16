package sfo.ops.iscsi;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.function.BiFunction;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.LunFiles;
import sfo.ops.exec.Durable;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Lun;

/** Files of LUNs on mounted volumes: there whole or not at all, since what is made has another name until it is on disk. */
public final class AllocatedFiles implements LunFiles {
    private final Exec exec;
    private final BiFunction<String, String, Path> mountPoints;

    /** @param mountPoints by group and volume, where it is mounted */
    public AllocatedFiles(Exec exec, BiFunction<String, String, Path> mountPoints) {
        this.exec = exec;
        this.mountPoints = mountPoints;
    }

    @Override
    public boolean make(String group, Lun lun, Call call) throws HostException {
        Path mount = mountPoints.apply(group, lun.volume());
        Path file = mount.resolve(lun.path());
        Path folder = Objects.requireNonNullElse(file.getParent(), mount);
        Path fresh = folder.resolve("." + file.getFileName() + ".new");
        try {
            if (!isMounted(mount)) {
                throw new HostException("nothing is mounted at " + mount + ": type: sfo cdp show " + group);
            }
            if (Files.exists(file)) {
                need(file, lun);
                return false;
            }
            Files.createDirectories(folder);
            Files.deleteIfExists(fresh);
            exec.need(call, "fallocate", "--length", Long.toString(lun.bytes()), fresh.toString());
            try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
            Durable.sync(folder);
            Durable.sync(mount);
            return true;
        } catch (IOException e) {
            throw new HostException("cannot make " + file + ": " + e, e);
        } finally {
            delete(fresh);
        }
    }

    @Override
    public void remove(String group, Lun lun, Call call) throws HostException {
        delete(mountPoints.apply(group, lun.volume()).resolve(lun.path()));
    }

    private static void delete(Path file) throws HostException {
        try {
            Durable.delete(file);
        } catch (IOException e) {
            throw new HostException("cannot remove " + file + ": " + e, e);
        }
    }

    private static boolean isMounted(Path folder) throws IOException {
        return Files.isDirectory(folder)
                && !Files.getAttribute(folder, "unix:dev").equals(Files.getAttribute(folder.resolve(".."), "unix:dev"));
    }

    /** @throws HostException unless the file is there and has the LUN's size */
    static void need(Path file, Lun lun) throws HostException {
        long bytes = bytes(file);
        if (bytes < 0) {
            throw new HostException("LUN " + lun.number() + ": " + file
                    + " is not there; if it was moved, put it back: no empty disk is served in its place");
        }
        if (bytes != lun.bytes()) {
            throw new HostException("LUN " + lun.number() + ": " + file + " has " + bytes + " bytes: expected "
                    + lun.bytes() + "; move it away, or name that size");
        }
    }

    /** Its size; less than 0 if there is no such file. */
    static long bytes(Path file) throws HostException {
        try {
            return Files.isRegularFile(file) ? Files.size(file) : -1;
        } catch (IOException e) {
            throw new HostException("cannot read " + file + ": " + e, e);
        }
    }
}
