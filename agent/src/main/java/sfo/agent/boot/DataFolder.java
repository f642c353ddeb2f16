package sfo.agent.boot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.ops.exec.Native;

/**
 * The agent's durable folder: usable, and this agent's alone for as long as it runs. Holds a reserve of disk space, and
 * of files, that is freed before the disk is full, so that a rollback can be written: the journal is mapped into memory, and a page of it
 * that finds no room on the disk ends the process.
 */
public final class DataFolder implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DataFolder.class);
    private static final String RESERVE = "reserve";
    private static final String FILES = "reserve.files";
    private static final int RESERVE_BYTES = 4 << 20;
    /** The journal grows by less between two looks, unless others fill the disk meanwhile: then the next start frees it. */
    private static final long LEAST_ROOM = 2 << 20;

    /** What LevelDB makes when it opens and when it goes on to its next log, twice, and a few to spare. */
    private static final int RESERVE_FILES = 16;

    private static final int LEAST_FILES = 8;
    /** With less of it LevelDB, which maps its files into memory, ends the process when it opens or goes on to its next file. */
    private static final long JOURNAL_ROOM = 512 << 10;

    private static final int JOURNAL_FILES = 4;
    private static final long LOOK_MILLIS = 1000;
    /** Of so many looks at the disk one writes to it: that wakes it. */
    private static final int LOOKS_A_WRITE = 5;

    /** The kernel drops a process's lock as soon as it closes any descriptor of the file: so look here first. */
    private static final Set<Path> HELD_BY_THIS_JVM = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final FileChannel channel;
    private final FileStore disk;
    private int looks;
    private Optional<String> unwritable = Optional.empty();
    private volatile Optional<String> fault = Optional.empty();
    private final ScheduledThreadPoolExecutor watch = new ScheduledThreadPoolExecutor(1, work -> {
        Thread thread = new Thread(work, "disk-watch");
        thread.setDaemon(true);
        return thread;
    });

    private DataFolder(Path folder, FileChannel channel, FileStore disk) {
        this.folder = folder;
        this.channel = channel;
        this.disk = disk;
        var unused = watch.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /**
     * Makes the folder (for its owner only) if it is missing, and locks it.
     *
     * @throws StartRefused if it can't be written, or another agent runs there
     */
    public static DataFolder open(Path folder) {
        Path lockFile = folder.resolve("agent.lock");
        try {
            make(folder);
            if (!HELD_BY_THIS_JVM.add(folder.toRealPath())) {
                throw another(folder, ProcessHandle.current().pid() + " (this one)");
            }
        } catch (IOException e) {
            throw unusable(folder, e);
        }
        return lock(folder, lockFile);
    }

    /** For its owner only; nothing happens if it is there. */
    static void make(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
    }

    private void look() {
        Optional<String> full = Optional.empty();
        try {
            freeIfFull(folder, disk);
            full = full(folder, disk);
        } catch (IOException e) {
            log.error("can't look for room in {}", folder, e);
        }
        if (looks++ % LOOKS_A_WRITE == 0) {
            unwritable = written();
        }
        Optional<String> now = unwritable.isPresent() ? unwritable : full;
        if (!now.equals(fault)) {
            now.ifPresentOrElse(log::error, () -> log.warn("{} can be written again", folder));
        }
        fault = now;
    }

    /** A disk that turns read-only says so only to who writes; the journal, mapped into memory, would end the process. */
    private Optional<String> written() {
        try {
            writePid(channel);
            return Optional.empty();
        } catch (ClosedChannelException ending) {
            return unwritable;
        } catch (IOException e) {
            return Optional.of("can't write in " + folder + " (sfo.data): " + e);
        }
    }

    /** Why nothing can be stored there any more; empty if it can, as it was a few seconds ago. */
    Optional<String> fault() {
        return fault;
    }

    /** Frees the reserve once; it is made again by the next start that finds room. */
    private static void freeIfFull(Path folder, FileStore disk) throws IOException {
        if (!hasRoom(folder, disk, LEAST_ROOM, LEAST_FILES) && free(folder)) {
            log.warn(
                    "the disk of {} is full: the reserve of {} MiB and {} files is freed; make room",
                    folder,
                    RESERVE_BYTES >> 20,
                    RESERVE_FILES);
        }
    }

    private static Optional<String> full(Path folder, FileStore disk) throws IOException {
        return hasRoom(folder, disk, JOURNAL_ROOM, JOURNAL_FILES)
                ? Optional.empty()
                : Optional.of("the disk of " + folder + " (sfo.data) is full: the journal needs " + (JOURNAL_ROOM >> 10)
                        + " KiB and " + JOURNAL_FILES + " files");
    }

    private static boolean hasRoom(Path folder, FileStore disk, long bytes, int files) throws IOException {
        return disk.getUsableSpace() >= bytes && Native.freeFiles(folder).orElse(files) >= files;
    }

    /** @return whether there was one */
    private static boolean free(Path folder) throws IOException {
        boolean freed = Files.deleteIfExists(folder.resolve(RESERVE));
        Path files = folder.resolve(FILES);
        if (Files.isDirectory(files)) {
            try (DirectoryStream<Path> all = Files.newDirectoryStream(files)) {
                for (Path file : all) {
                    freed |= Files.deleteIfExists(file);
                }
            }
        }
        return freed;
    }

    private static DataFolder lock(Path folder, Path lockFile) {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(
                    lockFile, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            if (lock == null) {
                ByteBuffer owner = ByteBuffer.allocate(32);
                channel.read(owner, 0);
                throw another(
                        folder, new String(owner.array(), 0, owner.position(), StandardCharsets.US_ASCII).strip());
            }
            FileStore disk = Files.getFileStore(folder);
            freeIfFull(folder, disk);
            Optional<String> full = full(folder, disk);
            if (full.isPresent()) {
                throw new StartRefused(full.get() + ": make room, and start it again; what is served goes on");
            }
            channel.truncate(0);
            writePid(channel);
            makeReserve(folder, disk);
            return new DataFolder(folder, channel, disk);
        } catch (IOException e) {
            release(folder, channel);
            throw unusable(folder, e);
        } catch (StartRefused e) {
            release(folder, channel);
            throw e;
        }
    }

    private static void makeReserve(Path folder, FileStore disk) throws IOException {
        Path reserve = folder.resolve(RESERVE);
        if (Files.exists(reserve) && Files.size(reserve) == RESERVE_BYTES) {
            return;
        }
        if (!hasRoom(folder, disk, RESERVE_BYTES + LEAST_ROOM, RESERVE_FILES + LEAST_FILES)) {
            // a full disk is just when an agent must start, to finish what is open
            free(folder);
            log.error(
                    "no room for a reserve of {} MiB and {} files in {}: make room",
                    RESERVE_BYTES >> 20,
                    RESERVE_FILES,
                    folder);
            return;
        }
        Path files = Files.createDirectories(folder.resolve(FILES));
        for (int i = 0; i < RESERVE_FILES; i++) {
            Files.write(files.resolve(String.valueOf(i)), new byte[0]);
        }
        try (FileChannel out = FileChannel.open(
                reserve, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            // bytes, not a hole: a hole reserves nothing
            ByteBuffer filled = ByteBuffer.allocate(1 << 16);
            for (int written = 0; written < RESERVE_BYTES; ) {
                written += out.write(filled.rewind());
            }
            out.force(true);
        }
    }

    private static void writePid(FileChannel channel) throws IOException {
        byte[] pid = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII);
        channel.write(ByteBuffer.wrap(pid), 0);
    }

    private static void release(Path folder, @Nullable FileChannel channel) {
        try {
            HELD_BY_THIS_JVM.remove(folder.toRealPath());
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            log.warn("closing the lock of {}", folder, e);
        }
    }

    private static StartRefused another(Path folder, String pid) {
        return new StartRefused("another agent runs in " + folder + " with pid " + pid
                + ": end that one first, or give this one another sfo.data");
    }

    static StartRefused unusable(Path folder, IOException e) {
        return new StartRefused(
                "can't write in " + folder + " (sfo.data): " + e
                        + ": make it writable for this user, make room, or name another folder",
                e);
    }

    @Override
    public void close() {
        watch.shutdownNow();
        release(folder, channel);
    }
}
