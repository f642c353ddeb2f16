package sfo.agent.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A lab's folder, named uniquely. It records who owns it and which processes belong to it, each with the time when it
 * started, so that what a killed lab left behind is found and removed, and nothing else ever is.
 */
final class LabFolder implements AutoCloseable {
    private static final String PREFIX = "sfo-lab-";
    private static final String OWNER = "owner";
    private static final String PROCESSES = "processes";

    private final Path path;
    private final boolean keep;

    private LabFolder(Path path, boolean keep) {
        this.path = path;
        this.keep = keep;
    }

    /** Removes what dead labs left, and makes a new folder; {@code keep} leaves it there when the lab is closed. */
    static LabFolder make(boolean keep) throws IOException {
        Path parent = Path.of(System.getProperty("java.io.tmpdir", "/tmp")).toRealPath();
        removeStale(parent);
        LabFolder folder = new LabFolder(Files.createTempDirectory(parent, PREFIX), keep);
        Files.writeString(folder.path.resolve(OWNER), identity(ProcessHandle.current()) + "\n");
        return folder;
    }

    Path path() {
        return path;
    }

    Path resolve(String name) {
        return path.resolve(name);
    }

    /** From now on this process is ended with the lab. */
    void owns(ProcessHandle process) throws IOException {
        Files.writeString(
                path.resolve(PROCESSES),
                identity(process) + "\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    private static String identity(ProcessHandle process) {
        long start = process.info()
                .startInstant()
                .map(java.time.Instant::toEpochMilli)
                .orElse(0L);
        return process.pid() + " " + start;
    }

    /** The process that a line of ours names, if it still is that one. */
    private static Optional<ProcessHandle> alive(String line) {
        String pid = line.strip().split(" ", 2)[0];
        if (!pid.matches("\\d{1,18}")) {
            return Optional.empty();
        }
        return ProcessHandle.of(Long.parseLong(pid))
                .filter(ProcessHandle::isAlive)
                .filter(p -> identity(p).equals(line.strip()));
    }

    private static void removeStale(Path parent) throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, PREFIX + "*")) {
            for (Path folder : folders) {
                Optional<String> owner = read(folder.resolve(OWNER));
                // without an owner it is just being made, or not ours
                if (owner.isPresent() && alive(owner.get()).isEmpty()) {
                    System.err.println("removing what a lab that was killed left in " + folder);
                    new LabFolder(folder, false).close();
                }
            }
        }
    }

    private static Optional<String> read(Path file) throws IOException {
        try {
            return Optional.of(Files.readString(file));
        } catch (NoSuchFileException | java.nio.file.AccessDeniedException notOurs) {
            return Optional.empty();
        }
    }

    /** Ends the processes that belong to it, and removes it. */
    @Override
    public void close() {
        try {
            for (String line : read(path.resolve(PROCESSES)).orElse("").lines().toList()) {
                alive(line).ifPresent(LabFolder::end);
            }
            if (keep) {
                // without an owner it is nobody's to remove
                Files.deleteIfExists(path.resolve(OWNER));
            } else {
                remove();
            }
        } catch (IOException | UncheckedIOException e) {
            System.err.println("cannot remove " + path + ": " + e + "; remove it by hand");
        }
    }

    private void remove() throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> walk = Files.walk(path)) {
            // the owner last: a removal that is cut off is taken up by the next lab
            all = walk.sorted(Comparator.reverseOrder())
                    .filter(p -> !p.equals(path) && !p.equals(path.resolve(OWNER)))
                    .toList();
        }
        for (Path one : all) {
            Files.deleteIfExists(one);
        }
        Files.deleteIfExists(path.resolve(OWNER));
        Files.deleteIfExists(path);
    }

    private static void end(ProcessHandle process) {
        process.destroyForcibly();
        try {
            var unused = process.onExit().get(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            System.err.println("process " + process.pid() + " of a lab can't be ended: " + e);
        }
    }
}
