package sfo.ops;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;

/**
 * What tests make on the machine bears the number of their process: runs at the same time leave one another alone, and
 * what a killed run left is known by a number that is no process any more.
 */
public final class ThisRun {
    private static final Exec EXEC = new Exec();
    private static final Path NAMESPACES = Path.of("/run/netns");
    private static final Path TEMPORARY = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));

    private ThisRun() {}

    /**
     * A name of this run, and of no other.
     *
     * @param kind a few letters, of what is made and cleared together
     */
    public static String name(String kind, String of) {
        return kind + ProcessHandle.current().pid() + "-" + of;
    }

    /** Below the folder for temporary files. */
    public static Path folder(String kind) throws IOException {
        return Files.createTempDirectory(TEMPORARY, name(kind, ""));
    }

    /** Ends the processes of the namespace, and takes its name away, if it is there. */
    public static void removeNamespace(String name) throws HostException {
        if (!Files.exists(NAMESPACES.resolve(name))) {
            return;
        }
        EXEC.need(call(), "ip", "netns", "pids", name)
                .lines()
                .forEach(
                        pid -> ProcessHandle.of(Long.parseLong(pid.strip())).ifPresent(ProcessHandle::destroyForcibly));
        EXEC.need(call(), "ip", "netns", "del", name);
    }

    /** Removes the namespaces, group hosts, and folders with all that lives on them, of runs that were killed. */
    public static void clearDead(String kind) throws HostException {
        for (String namespace : ofDeadRuns(NAMESPACES, kind)) {
            removeNamespace(namespace);
        }
        for (String folder : ofDeadRuns(TEMPORARY, kind)) {
            removeFolder(TEMPORARY.resolve(folder));
        }
    }

    private static List<String> ofDeadRuns(Path folder, String kind) throws HostException {
        Pattern named = Pattern.compile("(?:sfo-)?" + kind + "(\\d{1,18})-.*");
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> String.valueOf(path.getFileName()))
                    .filter(name -> {
                        Matcher run = named.matcher(name);
                        return run.matches()
                                && ProcessHandle.of(Long.parseLong(run.group(1)))
                                        .isEmpty();
                    })
                    .toList();
        } catch (IOException e) {
            throw new HostException("cannot list " + folder + ": " + e.getMessage(), e);
        }
    }

    private static void removeFolder(Path folder) throws HostException {
        String below = folder + "/";
        Awaitility.await().atMost(10, TimeUnit.SECONDS).until(() -> {
            try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
                List<ProcessHandle> left =
                        all.filter(process -> names(process, below)).toList();
                left.forEach(ProcessHandle::destroyForcibly);
                return left.isEmpty();
            }
        });
        for (String mount : mountsBelow(below)) {
            EXEC.need(call(), "umount", "--lazy", mount);
        }
        for (String loop : EXEC.need(call(), "losetup", "--list", "--noheadings", "--raw", "--output", "NAME,BACK-FILE")
                .lines()
                .filter(line -> line.contains(" " + below))
                .toList()) {
            EXEC.run(call(), "losetup", "--detach", loop.split(" ", 2)[0]);
        }
        EXEC.need(call(), "rm", "-rf", folder.toString());
    }

    private static boolean names(ProcessHandle process, String path) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"))
                    .contains(path);
        } catch (IOException gone) {
            return false;
        }
    }

    /** The innermost first. */
    private static List<String> mountsBelow(String folder) throws HostException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/mountinfo"))) {
            return lines.map(line -> line.split(" ", 6)[4])
                    .filter(point -> point.startsWith(folder))
                    .sorted(Comparator.reverseOrder())
                    .toList();
        } catch (IOException e) {
            throw new HostException("cannot read /proc/self/mountinfo: " + e.getMessage(), e);
        }
    }

    private static Call call() {
        return Call.within(Duration.ofSeconds(20));
    }
}
