package sfo.ops.volume;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;

/**
 * A block device with a volatile write cache, as disks have: what was not flushed is gone when its power is cut, because
 * it was only in the memory of a process (nbdkit's write-back cache) that was killed.
 */
final class ForgetfulDisk {
    private static final Call CALL = Call.within(Duration.ofMinutes(5));

    private final Exec exec;
    /** What survives the cut. */
    final Path platter;

    private final Path socket;
    private final Path file;
    final String device;

    ForgetfulDisk(Exec exec, Path folder, long bytes) throws Exception {
        this.exec = exec;
        Files.createDirectories(folder);
        this.platter = folder.resolve("platter");
        this.socket = folder.resolve("nbd");
        this.file = folder.resolve("file");
        try (RandomAccessFile made = new RandomAccessFile(platter.toFile(), "rw")) {
            made.setLength(bytes);
        }
        Files.createFile(file);
        exec.daemon(
                List.of(
                        "nbdkit",
                        "-f",
                        "-U",
                        socket.toString(),
                        "--filter=cache",
                        "file",
                        platter.toString(),
                        "cache=writeback"),
                Map.of(),
                folder.resolve("nbdkit.log"));
        Awaitility.await().until(() -> Files.exists(socket));
        exec.daemon(
                List.of("nbdfuse", file.toString(), "nbd+unix:///?socket=" + socket),
                Map.of(),
                folder.resolve("nbdfuse.log"));
        Awaitility.await().until(() -> Files.size(file) == bytes);
        device = exec.need(CALL, "losetup", "--find", "--show", file.toString()).strip();
    }

    /** SIGKILL of the cache, and whatever the kernel still holds for the device is thrown away with it. */
    void cutPower() throws HostException {
        for (String tool : List.of("nbdkit", "nbdfuse")) {
            try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
                all.filter(p -> isOurs(p, tool)).forEach(ProcessHandle::destroyForcibly);
            }
        }
        Awaitility.await().until(() -> {
            try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
                return all.noneMatch(p -> isOurs(p, "nbdkit") || isOurs(p, "nbdfuse"));
            }
        });
        exec.run(CALL, "losetup", "--detach", device);
        exec.run(CALL, "umount", "--lazy", file.toString());
    }

    private boolean isOurs(ProcessHandle process, String tool) {
        try {
            String line = Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
            return line.startsWith(tool + "\0") && line.contains(socket.toString());
        } catch (java.io.IOException gone) {
            return false;
        }
    }
}
