package sfo.agent.boot;

import akka.persistence.serialization.MessageFormats.PersistentMessage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.fusesource.leveldbjni.JniDBFactory;
import org.iq80.leveldb.DB;
import org.iq80.leveldb.DBException;
import org.iq80.leveldb.DBIterator;
import org.iq80.leveldb.Options;
import org.iq80.leveldb.ReadOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.protocol.events.StoredEvent;
import sfo.protocol.json.Json;

/**
 * The journal's check before the actor system starts: Akka hangs on a journal that it can't open, and reads over a
 * flipped bit in silence. What is damaged is copied aside and repaired, and that is remembered; what is not ours, or is in
 * use, is left alone.
 */
public final class Journal {
    private static final Logger log = LoggerFactory.getLogger(Journal.class);
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS", Locale.ROOT).withZone(ZoneOffset.UTC);

    private static final int KEY_BYTES = 20;
    /** After the owner's name. */
    private static final String ONLY_VOTES = " only votes";

    private final Path data;
    private final Path folder;
    private final String appliance;
    private final boolean witness;
    /** Types of events that were looked up. */
    private final Set<String> known = new HashSet<>();

    private Journal(Path data, String appliance, boolean witness) {
        this.data = data;
        this.appliance = appliance;
        this.witness = witness;
        folder = data.resolve("journal");
    }

    /**
     * @param witness whether this agent only votes: of what an appliance that may serve has under way it can end nothing
     * @return what was repaired, now or at an earlier start, if no operator acknowledged it since
     * @throws StartRefused if the journal is another appliance's, is in use, was written by a newer version, or can't be
     *     read even after a repair; nothing in it is lost
     */
    public static Optional<JournalRepair> check(Path data, String appliance, boolean witness) {
        Journal journal = new Journal(data, appliance, witness);
        try {
            NativeLibraries.journal(data);
            journal.owned();
            journal.openAndRead();
            return journal.repaired();
        } catch (IOException e) {
            throw new StartRefused("can't use the journal in " + journal.folder + ": " + e, e);
        }
    }

    /** An operator has seen to what a repair may have lost. */
    public static void acknowledgeRepair(Path data) throws IOException {
        Files.deleteIfExists(data.resolve("journal.repaired"));
    }

    private void owned() throws IOException {
        Path owner = folder.resolve("OWNER");
        if (Files.exists(owner)) {
            String text = Files.readString(owner).strip();
            boolean voted = text.endsWith(ONLY_VOTES);
            String name = voted ? text.substring(0, text.length() - ONLY_VOTES.length()) : text;
            if (!name.equals(appliance)) {
                throw new StartRefused(folder + " is the journal of the appliance \"" + name + "\", and this one is \""
                        + appliance + "\": correct sfo.appliance or sfo.data, or move that folder away");
            } else if (witness && !voted) {
                throw new StartRefused(
                        folder + " is the journal of an appliance that may serve groups, and this agent is"
                                + " to vote only: take witness = true away, or give it a folder of its own by sfo.data");
            } else if (voted && !witness) {
                durable(owner, owner());
            }
            return;
        }
        Files.createDirectories(folder);
        try (DirectoryStream<Path> content = Files.newDirectoryStream(folder, p -> !p.endsWith("OWNER.new"))) {
            if (content.iterator().hasNext()) {
                throw new StartRefused(folder + " holds files, and no OWNER says whose journal it is: if it is this"
                        + " appliance's, then: echo " + owner().strip() + " > " + owner
                        + "; else move that folder away");
            }
        }
        durable(owner, owner());
    }

    private String owner() {
        return appliance + (witness ? ONLY_VOTES : "") + "\n";
    }

    private void openAndRead() throws IOException {
        try {
            read();
        } catch (IOException | DBException e) {
            if (!damaged(e)) {
                throw inUse(e);
            }
            repair(e);
        }
    }

    /** LevelDB names what it finds by a prefix of its message. */
    private static boolean damaged(Exception e) {
        String message = String.valueOf(e.getMessage());
        return message.contains("Corruption") || message.contains("No such file");
    }

    private StartRefused inUse(Exception e) {
        String message = String.valueOf(e.getMessage());
        if (message.contains("lock")) {
            return new StartRefused(
                    "the journal in " + folder + " is in use by another process (" + message
                            + "); find it with: fuser -v " + folder.resolve("LOCK"),
                    e);
        }
        return new StartRefused("can't open the journal in " + folder + ": " + message, e);
    }

    /** Every block, with its checksum: opening alone reads the log, not the tables. */
    private void read() throws IOException {
        try (DB db = JniDBFactory.factory.open(
                folder.toFile(), new Options().createIfMissing(true).paranoidChecks(true))) {
            ReadOptions verified = new ReadOptions().verifyChecksums(true).fillCache(false);
            try (DBIterator all = db.iterator(verified)) {
                for (all.seekToFirst(); all.hasNext(); ) {
                    Map.Entry<byte[], byte[]> entry = all.next();
                    known(entry.getKey(), entry.getValue());
                }
            }
        } catch (RuntimeException e) {
            // the iterator's own way to tell of a block that is damaged
            if (e.getCause() instanceof IOException found) {
                throw found;
            }
            throw e;
        }
    }

    /** Of an event: an entity's number, the event's own, and 0; anything else is Akka's own. */
    private void known(byte[] key, byte[] value) throws IOException {
        ByteBuffer numbers = ByteBuffer.wrap(key);
        if (key.length != KEY_BYTES || numbers.getLong(4) == 0 || numbers.getInt(12) != 0) {
            return;
        }
        PersistentMessage event = PersistentMessage.parseFrom(value);
        String type = event.getPayload().getPayloadManifest().toStringUtf8();
        if (!known.contains(type) && !isKnown(type)) {
            throw new StartRefused("the journal in " + folder
                    + " holds an event that this version of the agent does not"
                    + " know, \"" + type + "\" (number " + event.getSequenceNr() + " of " + event.getPersistenceId()
                    + "): a newer one wrote it. Nothing was changed, and what is served goes on: install that version"
                    + " again, or a newer one, and start it");
        }
        known.add(type);
    }

    private static boolean isKnown(String type) {
        try {
            // a version may follow the name
            return StoredEvent.class.isAssignableFrom(
                    Class.forName(type.split("#", 2)[0], false, Journal.class.getClassLoader()));
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    private void repair(Exception found) throws IOException {
        Instant now = Instant.now();
        Path copy = data.resolve("journal.damaged-" + STAMP.format(now));
        log.error(
                "the journal in {} is damaged ({}); it is copied to {} and repaired", folder, found.getMessage(), copy);
        try {
            copyFolder(folder, copy);
        } catch (IOException e) {
            remove(copy);
            throw new StartRefused(
                    "the journal in " + folder + " is damaged (" + found.getMessage()
                            + "), and is not repaired before a copy of it is kept, which failed: " + e.getMessage()
                            + ". Make room on the disk of " + data + ", then start again",
                    e);
        }
        // before the repair: a crash between the two must not make the damage look as if it had never been
        durable(
                data.resolve("journal.repaired"),
                Json.text(new JournalRepair(now, copy, String.valueOf(found.getMessage()))));
        try {
            try (DirectoryStream<Path> logs = Files.newDirectoryStream(folder, "*.log")) {
                for (Path written : logs) {
                    JournalLog.keepWhatIsGood(written);
                }
            }
            JniDBFactory.factory.repair(folder.toFile(), new Options().createIfMissing(true));
            read();
        } catch (IOException | DBException e) {
            throw new StartRefused(
                    "the journal in " + folder + " is damaged, and could not be repaired: " + e.getMessage()
                            + ". It is kept in " + copy + ". To start with an empty one, move " + folder
                            + " away: open operations are forgotten, and this appliance learns its groups from its peers",
                    e);
        }
    }

    private Optional<JournalRepair> repaired() throws IOException {
        Path marker = data.resolve("journal.repaired");
        return Files.exists(marker)
                ? Optional.of(Json.read(Files.readString(marker), JournalRepair.class))
                : Optional.empty();
    }

    private static void copyFolder(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(from)) {
            for (Path file : files) {
                Path copied = to.resolve(file.getFileName().toString());
                Files.copy(file, copied, StandardCopyOption.COPY_ATTRIBUTES);
                sync(copied);
            }
        }
        sync(to);
    }

    /** What was copied so far: half a copy would be taken for a whole one. */
    private static void remove(Path copy) throws IOException {
        if (Files.isDirectory(copy)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(copy)) {
                for (Path file : files) {
                    Files.delete(file);
                }
            }
            Files.delete(copy);
        }
    }

    private static void durable(Path file, String text) throws IOException {
        Path whole = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(whole, text);
        sync(whole);
        Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
        sync(file.resolveSibling("."));
    }

    private static void sync(Path fileOrFolder) throws IOException {
        try (FileChannel channel = FileChannel.open(fileOrFolder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
