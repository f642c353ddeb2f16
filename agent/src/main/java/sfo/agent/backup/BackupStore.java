package sfo.agent.backup;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.protocol.model.BackupRef;

/**
 * Backups as plain files: {@code APPLIANCE/EPOCH-SEQUENCE.json}. A file is whole or not there: written aside, fsynced,
 * renamed, its folder fsynced. A bad one becomes {@code .bad}, with its reason beside it in {@code .why}.
 */
final class BackupStore {
    private static final Logger LOG = LoggerFactory.getLogger(BackupStore.class);
    private static final Pattern FILE = Pattern.compile("([0-9]{1,18})-([0-9]{1,18})\\.(json|bad|tmp)");
    private static final String PINS = ".in-use";

    private final Path folder;

    /** @param bad why it was set aside, if it was */
    record Entry(BackupRef ref, Optional<String> bad) {}

    /** @param folder made if missing */
    BackupStore(Path folder) throws IOException {
        this.folder = folder;
        makeFolder(folder.resolve(PINS));
    }

    /** All that is there. What a crash left half written is set aside first. */
    List<Entry> list() throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (Path appliance : children(folder)) {
            if (!Files.isDirectory(appliance) || appliance.endsWith(PINS)) {
                continue;
            }
            for (Path file : children(appliance)) {
                Optional<BackupRef> ref = ref(file);
                if (ref.isPresent()) {
                    entry(ref.get(), file).ifPresent(entries::add);
                }
            }
        }
        return entries;
    }

    byte[] read(BackupRef ref) throws IOException {
        return Files.readAllBytes(file(ref, "json"));
    }

    /** When this returns, it is on disk; when it throws, what was there before still is. */
    void write(BackupRef ref, byte[] text) throws IOException {
        Path target = file(ref, "json");
        makeFolder(parent(target));
        replace(target, file(ref, "tmp"), text);
    }

    void setAside(BackupRef ref, String why) throws IOException {
        setAside(ref, file(ref, "json"), why);
    }

    void delete(BackupRef ref) throws IOException {
        for (String suffix : List.of("json", "bad", "why")) {
            if (Files.deleteIfExists(file(ref, suffix))) {
                LOG.info("config backup {} ({}) is no longer kept", ref, suffix);
            }
        }
        sync(parent(file(ref, "json")));
    }

    /** From now on {@code ref} is not deleted, until {@link #release}. */
    void hold(String saga, BackupRef ref) throws IOException {
        Path pin = folder.resolve(PINS).resolve(saga);
        String text = ref.appliance() + " " + ref.epoch() + " " + ref.sequence() + "\n";
        replace(pin, pin.resolveSibling(saga + ".tmp"), text.getBytes(StandardCharsets.UTF_8));
    }

    void release(String saga) throws IOException {
        Files.deleteIfExists(folder.resolve(PINS).resolve(saga));
    }

    /** What open sagas refer to, by saga. */
    Map<String, BackupRef> held() throws IOException {
        Map<String, BackupRef> held = new HashMap<>();
        for (Path pin : children(folder.resolve(PINS))) {
            if (pin.toString().endsWith(".tmp")) {
                continue;
            }
            String[] words = Files.readString(pin).strip().split(" ", -1);
            if (words.length != 3) {
                LOG.warn("{}: expected an appliance, an epoch and a sequence; ignored", pin);
                continue;
            }
            held.put(
                    String.valueOf(pin.getFileName()),
                    new BackupRef(words[0], Long.parseLong(words[1]), Long.parseLong(words[2])));
        }
        return held;
    }

    private Optional<Entry> entry(BackupRef ref, Path file) throws IOException {
        String name = file.toString();
        boolean whole = Files.exists(file(ref, "json"));
        if (name.endsWith(".json")) {
            return Optional.of(new Entry(ref, Optional.empty()));
        }
        if (name.endsWith(".tmp")) {
            setAside(ref, file, "the agent or the host ended while it was written; it was never acknowledged");
        }
        if (whole) {
            return Optional.empty();
        }
        Path why = file(ref, "why");
        return Optional.of(new Entry(
                ref, Optional.of(Files.exists(why) ? Files.readString(why).strip() : "set aside")));
    }

    private void setAside(BackupRef ref, Path file, String why) throws IOException {
        LOG.warn("config backup {} is bad, set aside as {}: {}", ref, file(ref, "bad"), why);
        Files.move(file, file(ref, "bad"), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        sync(parent(file));
        try {
            Files.writeString(file(ref, "why"), why + "\n");
        } catch (IOException e) {
            LOG.warn("{} can't be written; the reason is the line above", file(ref, "why"), e);
        }
    }

    private static void replace(Path target, Path aside, byte[] bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(
                aside, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            channel.force(true);
        } catch (IOException e) {
            deleteHalf(aside, e);
            throw new IOException("can't write " + target + " (" + bytes.length + " bytes): " + e.getMessage(), e);
        }
        Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        sync(parent(target));
    }

    /** On a full disk the half file would take the room that the next attempt needs. */
    private static void deleteHalf(Path aside, IOException cause) {
        try {
            Files.deleteIfExists(aside);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private static void makeFolder(Path made) throws IOException {
        if (!Files.isDirectory(made)) {
            Files.createDirectories(made);
            sync(parent(made));
        }
    }

    /** A rename is on disk only when its folder is. */
    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static Path parent(Path file) {
        return Objects.requireNonNull(file.toAbsolutePath().getParent(), "a backup's file is in a folder");
    }

    private Path file(BackupRef ref, String suffix) {
        return folder.resolve(ref.appliance()).resolve(ref.epoch() + "-" + ref.sequence() + "." + suffix);
    }

    private static Optional<BackupRef> ref(Path file) {
        Matcher name = FILE.matcher(String.valueOf(file.getFileName()));
        return name.matches()
                ? Optional.of(new BackupRef(
                        String.valueOf(parent(file).getFileName()),
                        Long.parseLong(name.group(1)),
                        Long.parseLong(name.group(2))))
                : Optional.empty();
    }

    private static List<Path> children(Path directory) throws IOException {
        try (Stream<Path> paths = Files.list(directory)) {
            return paths.sorted().toList();
        }
    }
}
