package sfo.ops.volume;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Durable;
import sfo.ops.exec.Exec;

/**
 * What a side wrote while it was alone, kept as {@code VOLUME.kept-CLAIM} before another primary overwrites it, until
 * someone removes it: a clone where the file system makes those, otherwise a sparse copy, made by a thread while callers
 * come and ask.
 */
final class Kept {
    private static final int PIECE = 4 << 20;
    /** The agent's journal may lie on the same file system. */
    private static final long ROOM_LEFT = 128L << 20;

    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final String UNFINISHED = ".unfinished";

    private final Backing backing;
    private final Path folder;
    private final Path file;
    private final MirrorRecord of;
    private final Thread thread;
    private volatile long copied;
    private volatile boolean stopped;
    private volatile String failure = "";

    private Kept(Backing backing, Path folder, MirrorRecord of) {
        this.backing = backing;
        this.folder = folder;
        this.file = folder.resolve(prefix(of.volume().name()) + of.claim().tag());
        this.of = of;
        this.thread =
                new Thread(this::run, "keep " + of.group() + "/" + of.volume().name());
        thread.setDaemon(true);
    }

    /** @param folder for the copy */
    static Kept begin(Exec exec, Backing backing, Path folder, MirrorRecord of, Call call) throws HostException {
        Kept kept = new Kept(backing, folder, of);
        try {
            Files.createDirectories(folder);
            if (!kept.cloned(exec, call)) {
                kept.needRoom(exec, call);
                kept.thread.start();
            }
        } catch (IOException e) {
            throw new HostException("cannot keep " + backing.path() + " in " + folder + ": " + e.getMessage(), e);
        }
        return kept;
    }

    /** Copies of a volume, finished ones, oldest claim first. */
    static List<Path> in(Path folder, String volume) throws HostException {
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, prefix(volume) + "*")) {
                for (Path each : files) {
                    if (!each.toString().endsWith(UNFINISHED)) {
                        found.add(each);
                    }
                }
            } catch (IOException e) {
                throw new HostException("cannot list " + folder + ": " + e.getMessage(), e);
            }
        }
        found.sort(null);
        return found;
    }

    private static String prefix(String volume) {
        return volume + ".kept-";
    }

    /** Whether it is a copy of what that record tells of: a later one may tell of later writes. */
    boolean isOf(MirrorRecord record) {
        return of.equals(record);
    }

    /** @throws HostException unless the copy is there, and durable: that it still goes on, or why it can't be made */
    void need(Call call) throws HostException {
        try {
            thread.join(Math.min(PATIENCE.toMillis(), call.left().toMillis() + 1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Optional<String> progress = progress();
        if (progress.isPresent()) {
            throw new HostException(progress.get());
        } else if (!failure.isEmpty()) {
            throw new HostException(
                    "what volume " + of.volume().name() + " has alone cannot be kept in " + file + ": " + failure);
        }
    }

    /** While the copy is made, how far it is, for people: it changes as it grows. */
    Optional<String> progress() {
        return thread.isAlive()
                ? Optional.of("what volume " + of.volume().name() + " has alone is copied to " + file + " first: "
                        + (copied >> 20) + " of " + (of.volume().bytes() >> 20) + " MiB")
                : Optional.empty();
    }

    boolean failed() {
        return !thread.isAlive() && !failure.isEmpty();
    }

    void stop() {
        stopped = true;
        try {
            thread.join(TimeUnit.SECONDS.toMillis(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Path unfinished() {
        return folder.resolve(file.getFileName() + UNFINISHED);
    }

    private boolean cloned(Exec exec, Call call) throws HostException, IOException {
        if (backing.isDevice()) {
            return false;
        }
        Files.deleteIfExists(unfinished());
        Exec.Output output = exec.run(
                call,
                "cp",
                "--reflink=always",
                "--",
                backing.path().toString(),
                unfinished().toString());
        if (output.ok()) {
            finish();
        }
        return output.ok();
    }

    private void needRoom(Exec exec, Call call) throws HostException, IOException {
        long needed = backing.isDevice() ? of.volume().bytes() : allocated(exec, call);
        Files.deleteIfExists(unfinished());
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free < needed + ROOM_LEFT) {
            throw new HostException("what volume " + of.volume().name() + " has alone cannot be kept in " + file + ": "
                    + (free >> 20) + " MiB are free there, and " + ((needed + ROOM_LEFT) >> 20)
                    + " MiB are needed; make room in " + folder);
        }
    }

    private long allocated(Exec exec, Call call) throws HostException {
        String blocks = exec.need(call, "stat", "-L", "-c", "%b", backing.path().toString());
        return 512 * Long.parseLong(blocks.strip());
    }

    private void run() {
        try {
            copy();
            if (stopped) {
                throw new IOException("it was stopped");
            }
            finish();
        } catch (IOException e) {
            String why = String.valueOf(e.getMessage());
            try {
                Files.deleteIfExists(unfinished());
            } catch (IOException left) {
                why = why + "; remove " + unfinished();
            }
            failure = why;
        }
    }

    private void copy() throws IOException {
        byte[] zeros = new byte[PIECE];
        byte[] bytes = new byte[PIECE];
        try (FileChannel from = FileChannel.open(backing.path(), StandardOpenOption.READ);
                FileChannel to = FileChannel.open(
                        unfinished(),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            long size = of.volume().bytes();
            int length;
            for (long at = 0; at < size && !stopped; at += length) {
                length = (int) Math.min(PIECE, size - at);
                readFully(from, ByteBuffer.wrap(bytes, 0, length), at);
                // the last piece gives the copy its size
                if (!Arrays.equals(bytes, 0, length, zeros, 0, length) || at + length == size) {
                    writeFully(to, ByteBuffer.wrap(bytes, 0, length), at);
                }
                copied = at + length;
            }
        }
    }

    private static void readFully(FileChannel from, ByteBuffer into, long position) throws IOException {
        long at = position;
        while (into.hasRemaining()) {
            int read = from.read(into, at);
            if (read < 0) {
                throw new IOException("it ends at " + at + " bytes");
            }
            at += read;
        }
    }

    private static void writeFully(FileChannel to, ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            at += to.write(bytes, at);
        }
    }

    private void finish() throws IOException {
        try (FileChannel made = FileChannel.open(unfinished(), StandardOpenOption.WRITE)) {
            made.force(true);
        }
        Files.move(unfinished(), file, StandardCopyOption.ATOMIC_MOVE);
        Durable.sync(folder);
    }
}
