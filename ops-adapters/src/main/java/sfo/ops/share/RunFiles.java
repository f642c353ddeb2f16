package sfo.ops.share;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import sfo.ops.api.HostException;

/** The files of a running server: replaced whole or not at all, removed with it. */
public final class RunFiles {
    private RunFiles() {}

    static void write(Path file, String text) throws HostException {
        try {
            Files.createDirectories(file.getParent());
            Path fresh = file.resolveSibling(file.getFileName() + ".new");
            Files.writeString(fresh, text);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new HostException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    /** Its text; empty if there is no such file. */
    static String read(Path file) throws HostException {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            return "";
        } catch (IOException e) {
            throw new HostException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** The last lines of a log, for a message. */
    public static String tail(Path file) throws HostException {
        List<String> lines = read(file).lines().toList();
        return String.join("; ", lines.subList(Math.max(0, lines.size() - 4), lines.size()));
    }

    static void folder(Path folder, String mode) throws HostException {
        try {
            Files.createDirectories(folder);
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(mode));
        } catch (IOException e) {
            throw new HostException("cannot make " + folder + ": " + e.getMessage(), e);
        }
    }

    static void delete(Path folder) throws HostException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new HostException("cannot remove " + folder + ": " + e.getMessage(), e);
        }
    }

    /** A few milliseconds between two looks. */
    public static void pause() throws HostException {
        pause(Duration.ofMillis(4));
    }

    static void pause(Duration time) throws HostException {
        try {
            TimeUnit.NANOSECONDS.sleep(time.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HostException("interrupted while waiting for a server", e);
        }
    }
}
