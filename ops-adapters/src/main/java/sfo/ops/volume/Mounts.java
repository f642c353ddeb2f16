package sfo.ops.volume;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Volume;

/** Loop mounts of a volume's file: what is mounted where, made and undone. */
final class Mounts {
    private static final Duration BUSY_RETRY = Duration.ofSeconds(3);

    /** One mount; {@code file} is what the loop device below it reads, if there is one. */
    record Mount(Path point, String type, String source, Optional<String> file, boolean readOnly) {}

    private Mounts() {}

    static List<Mount> all() throws HostException {
        List<Mount> mounts = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"), StandardCharsets.UTF_8)) {
                String[] halves = line.split(" - ", 2);
                String[] left = halves[0].split(" ", -1);
                String[] right = halves[1].split(" ", -1);
                String source = plain(right[1]);
                mounts.add(
                        new Mount(Path.of(plain(left[4])), right[0], source, loopFile(source), isReadOnly(right[2])));
            }
        } catch (IOException e) {
            throw new HostException("cannot read /proc/self/mountinfo: " + e.getMessage(), e);
        }
        return mounts;
    }

    /** By the file system's own options: it may have made itself read-only after an error. */
    private static boolean isReadOnly(String options) {
        return List.of(options.split(",", -1)).contains("ro");
    }

    /** The topmost mount at {@code point}. */
    static Optional<Mount> at(Path point) throws HostException {
        return all().stream().filter(m -> m.point().equals(point)).reduce((a, b) -> b);
    }

    static List<Mount> of(Path disk) throws HostException {
        return all().stream()
                .filter(m -> m.file().equals(Optional.of(disk.toString())))
                .toList();
    }

    /** Mounts the file; never with direct I/O on the loop device, which broke ext4 over FUSE. */
    static void mount(Exec exec, Path disk, Volume.FileSystem type, Path point, Call call) throws HostException {
        exec.need(
                call,
                "mount",
                "-t",
                type.name().toLowerCase(Locale.ROOT),
                "-o",
                "loop,noatime",
                disk.toString(),
                point.toString());
    }

    /** A FUSE file whose daemon died stays as a dead mount until it is taken away. */
    static void clearDead(Exec exec, Path disk, Call call) throws HostException {
        while (at(disk).isPresent()) {
            exec.need(call, "umount", "--lazy", disk.toString());
        }
    }

    /** Unmounts everything at {@code point}, and waits until the loop devices below are free. */
    static void unmount(Exec exec, Path point, Call call) throws HostException {
        long patience = System.nanoTime() + BUSY_RETRY.toNanos();
        for (Optional<Mount> mount = at(point); mount.isPresent(); mount = at(point)) {
            Exec.Output output = exec.run(call, "umount", point.toString());
            if (output.ok()) {
                freed(exec, mount.get(), call);
            } else if (System.nanoTime() > patience || call.left().isZero()) {
                throw new HostException(
                        "cannot unmount " + point + ": " + output.err().strip() + holders(point));
            } else {
                LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
            }
        }
    }

    private static void freed(Exec exec, Mount gone, Call call) throws HostException {
        String source = gone.source();
        if (gone.file().isEmpty() || !usedNowhere(source)) {
            return;
        }
        long begun = System.nanoTime();
        boolean asked = false;
        while (loopFile(source).equals(gone.file())) {
            long waited = System.nanoTime() - begun;
            if (!asked && waited > BUSY_RETRY.toNanos() / 2) {
                exec.run(call, "losetup", "--detach", source);
                asked = true;
            }
            if (waited > BUSY_RETRY.toNanos()) {
                throw new HostException(
                        "loop device " + source + " stays in use after its unmount" + mountedElsewhere(source));
            }
            LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
        }
    }

    /** Waits until no loop device reads {@code disk} that is mounted nowhere here. */
    static void awaitFree(Exec exec, Path disk, Call call) throws HostException {
        try (DirectoryStream<Path> loops = Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
            for (Path loop : loops) {
                String source = "/dev/" + loop.getFileName();
                Optional<String> file = loopFile(source);
                if (file.equals(Optional.of(disk.toString()))) {
                    freed(exec, new Mount(disk, "", source, file, false), call);
                }
            }
        } catch (IOException e) {
            throw new HostException("cannot list the loop devices in /sys/block: " + e.getMessage(), e);
        }
    }

    private static boolean usedNowhere(String source) throws HostException {
        return all().stream().noneMatch(m -> m.source().equals(source));
    }

    /** Who keeps a file system busy, for people: processes by name and number, mounts below it. */
    static String holders(Path point) throws HostException {
        TreeSet<String> found = new TreeSet<>();
        for (Mount mount : all()) {
            if (mount.point().startsWith(point) && !mount.point().equals(point)) {
                found.add("mount " + mount.point());
            }
        }
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (holds(process, point)) {
                    String name = Files.readString(process.resolve("comm")).strip();
                    found.add(name + " (process " + process.getFileName() + ")");
                }
            }
        } catch (IOException e) {
            found.add("(not all processes could be looked at: " + e.getMessage() + ")");
        }
        return found.isEmpty()
                ? "; no process of this host holds it: another mount namespace may"
                : "; held by " + String.join(", ", found) + ": end them, then try again";
    }

    /** A process with a mount namespace of its own keeps its copy of a mount, where mounts are not shared with it. */
    private static String mountedElsewhere(String source) throws HostException {
        Map<Path, String> found = new LinkedHashMap<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (mounts(process).contains(" " + source + " ")) {
                    found.putIfAbsent(
                            target(process.resolve("ns/mnt")),
                            Files.readString(process.resolve("comm")).strip() + " (process " + process.getFileName()
                                    + ")");
                }
            }
        } catch (IOException e) {
            return "; not all processes could be looked at: " + e.getMessage();
        }
        return found.isEmpty()
                ? "; see: losetup -l"
                : ": still mounted in the mount namespace of " + String.join(", ", found.values())
                        + "; end it, then try again";
    }

    private static String mounts(Path process) {
        try {
            return Files.readString(process.resolve("mountinfo"));
        } catch (IOException gone) {
            return "";
        }
    }

    private static boolean holds(Path process, Path point) {
        List<Path> links =
                new ArrayList<>(List.of(process.resolve("cwd"), process.resolve("root"), process.resolve("exe")));
        try (DirectoryStream<Path> fds = Files.newDirectoryStream(process.resolve("fd"))) {
            fds.forEach(links::add);
        } catch (IOException gone) {
            return false;
        }
        return links.stream().anyMatch(link -> target(link).startsWith(point));
    }

    private static Path target(Path link) {
        try {
            return Files.readSymbolicLink(link);
        } catch (IOException closedMeanwhile) {
            return link;
        }
    }

    private static Optional<String> loopFile(String source) {
        if (!source.startsWith("/dev/loop")) {
            return Optional.empty();
        }
        Path file = Path.of("/sys/block", source.substring("/dev/".length()), "loop/backing_file");
        try {
            return Optional.of(Files.readString(file).strip());
        } catch (IOException detached) {
            return Optional.empty();
        }
    }

    /** Undoes the octal escapes of mountinfo. */
    private static String plain(String text) {
        return text.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
