package sfo.agent.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.persistence.serialization.MessageFormats.PersistentMessage;
import akka.persistence.serialization.MessageFormats.PersistentPayload;
import akka.protobufv3.internal.ByteString;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fusesource.leveldbjni.JniDBFactory;
import org.iq80.leveldb.DB;
import org.iq80.leveldb.DBIterator;
import org.iq80.leveldb.Options;
import org.iq80.leveldb.WriteOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.protocol.events.GroupEvent;

class JournalTest {
    private static final int EVENTS = 20;

    @TempDir
    Path data = Path.of("set by JUnit");

    private Path journal = Path.of("set below");

    @BeforeEach
    void folder() {
        journal = data.resolve("journal");
    }

    @Test
    void aNewOneIsMadeAndMarkedAsOurs() {
        assertThat(Journal.check(data, "a", false)).isEmpty();
        assertThat(journal.resolve("OWNER")).hasContent("a");
        assertThat(data.resolve("native/libleveldbjni.so")).exists();
        assertThat(Journal.check(data, "a", false)).isEmpty();
    }

    @Test
    void aFlippedBitIsFoundCopiedAsideRepairedAndRememberedUntilAcknowledged() throws IOException {
        Path log = damagedLog();
        byte[] damaged = Files.readAllBytes(log);

        JournalRepair repair = Journal.check(data, "a", false).orElseThrow();

        assertThat(repair.found()).contains("Corruption");
        assertThat(repair.copy().resolve(log.getFileName())).hasBinaryContent(damaged);
        assertThat(Journal.check(data, "a", false)).contains(repair);
        assertThat(read(0)).contains("event 0");
        Journal.acknowledgeRepair(data);
        assertThat(Journal.check(data, "a", false)).isEmpty();
    }

    /** As Akka stores it: an entity's number, the event's own, and 0. */
    private void store(long number, String type) throws IOException {
        ByteBuffer key = ByteBuffer.allocate(20).putInt(11).putLong(number).putInt(0);
        PersistentMessage event = PersistentMessage.newBuilder()
                .setPersistenceId("group-web")
                .setSequenceNr(number)
                .setPayload(PersistentPayload.newBuilder()
                        .setSerializerId(31)
                        .setPayload(ByteString.copyFromUtf8("{}"))
                        .setPayloadManifest(ByteString.copyFromUtf8(type)))
                .build();
        try (DB db = JniDBFactory.factory.open(journal.toFile(), new Options())) {
            db.put(key.array(), event.toByteArray(), new WriteOptions().sync(true));
        }
    }

    @Test
    void anEventThatOnlyANewerVersionKnowsIsNamedAndLeftAlone() throws IOException {
        Journal.check(data, "a", false);
        store(7, GroupEvent.Released.class.getName());
        assertThat(Journal.check(data, "a", false)).isEmpty();
        store(8, GroupEvent.class.getName() + "$Moved#2");
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> Journal.check(data, "a", false))
                    .isInstanceOf(StartRefused.class)
                    .hasMessageContaining("\"sfo.protocol.events.GroupEvent$Moved#2\" (number 8 of group-web)")
                    .hasMessageContaining("install that version again");
        }
        assertThat(data.resolve("journal.repaired")).doesNotExist();
        try (DB db = JniDBFactory.factory.open(journal.toFile(), new Options())) {
            assertThat(db.get(ByteBuffer.allocate(20)
                            .putInt(11)
                            .putLong(8)
                            .putInt(0)
                            .array()))
                    .isNotNull();
        }
    }

    private Path damagedLog() throws IOException {
        Journal.check(data, "a", false);
        write(200);
        Path log = newest(".log");
        flip(log, Files.size(log) / 2);
        return log;
    }

    /** A power cut in the middle of a write leaves part of it, or all of its length with zeros from somewhere on. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void tornAtAnyByteOfItsLastRecordAllEarlierEventsAreThere(boolean zeros) throws IOException {
        Journal.check(data, "a", false);
        write(EVENTS);
        Path log = newest(".log");
        byte[] whole = Files.readAllBytes(log);
        int end = lastByte(whole) + 1;
        int begin = end - recordBytes(EVENTS - 1);
        Map<Path, byte[]> before = files();
        for (int at = begin; at <= end; at++) {
            restore(before);
            Files.write(log, Arrays.copyOf(Arrays.copyOf(whole, at), zeros ? whole.length : at));
            Optional<JournalRepair> repaired = Journal.check(data, "a", false);
            List<String> events = readAll();
            assertThat(events)
                    .as("torn at byte %d of %d", at - begin, end - begin)
                    .startsWith(all(EVENTS - 1));
            assertThat(all(EVENTS))
                    .as("torn at byte %d of %d", at - begin, end - begin)
                    .containsAll(events);
            if (at == end) {
                assertThat(events).hasSize(EVENTS);
                assertThat(repaired).isEmpty();
            }
        }
    }

    @Test
    void aByteFlippedInTheMiddleIsNeverSkippedInSilenceNorTakenForGood() throws IOException {
        Journal.check(data, "a", false);
        write(EVENTS);
        Path log = newest(".log");
        byte[] whole = Files.readAllBytes(log);
        int end = lastByte(whole) + 1;
        Map<Path, byte[]> before = files();
        for (int at = end - 3 * recordBytes(EVENTS - 1); at < end - recordBytes(EVENTS - 1); at++) {
            restore(before);
            byte[] flipped = whole.clone();
            flipped[at] ^= (byte) (1 << (at % 8));
            Files.write(log, flipped);
            Optional<JournalRepair> repaired = Journal.check(data, "a", false);
            Set<String> events = Set.copyOf(readAll());
            assertThat(repaired).as("byte %d of %d", at, end).isPresent();
            assertThat(all(EVENTS)).as("byte %d of %d", at, end).containsAll(events);
        }
    }

    /** Larger than a block of the log, which has them in fragments. */
    @Test
    void whatIsKeptOfADamagedLogIsWholeHoweverLarge() throws IOException {
        Journal.check(data, "a", false);
        byte[] large = new byte[100_000];
        new Random(7).nextBytes(large);
        try (DB db = JniDBFactory.factory.open(journal.toFile(), new Options())) {
            for (int i = 0; i < 9; i++) {
                db.put(key(i), large, new WriteOptions().sync(true));
            }
        }
        Path log = newest(".log");
        for (int i : List.of(2, 5)) {
            flip(log, i * 100_000L + 50_000);
        }
        assertThat(Journal.check(data, "a", false)).isPresent();
        try (DB db = JniDBFactory.factory.open(journal.toFile(), new Options())) {
            for (int i = 0; i < 9; i++) {
                if (i == 2 || i == 5) {
                    assertThat(db.get(key(i))).as("%d", i).isNull();
                } else {
                    assertThat(db.get(key(i))).as("%d", i).isEqualTo(large);
                }
            }
        }
    }

    private static String[] all(int events) {
        return IntStream.range(0, events).mapToObj(i -> "event " + i).toArray(String[]::new);
    }

    private List<String> readAll() throws IOException {
        List<String> events = new ArrayList<>();
        try (DB db = JniDBFactory.factory.open(journal.toFile(), new Options());
                DBIterator all = db.iterator()) {
            for (all.seekToFirst(); all.hasNext(); ) {
                events.add(new String(all.next().getValue(), StandardCharsets.UTF_8));
            }
        }
        return events;
    }

    /** LevelDB's: checksum, length and type; sequence and count; type, key and value with their lengths. */
    private static int recordBytes(int event) {
        return 7 + 12 + 1 + 1 + key(event).length + 1 + ("event " + event).length();
    }

    private static int lastByte(byte[] bytes) {
        int at = bytes.length - 1;
        while (bytes[at] == 0) {
            at--;
        }
        return at;
    }

    private Map<Path, byte[]> files() throws IOException {
        Map<Path, byte[]> files = new TreeMap<>();
        try (Stream<Path> all = Files.list(journal)) {
            for (Path file : all.toList()) {
                files.put(file, Files.readAllBytes(file));
            }
        }
        return files;
    }

    /** To what it was, with no word of a repair. */
    private void restore(Map<Path, byte[]> files) throws IOException {
        Journal.acknowledgeRepair(data);
        try (Stream<Path> all = Files.walk(data)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                if (file.startsWith(journal) || file.toString().contains("damaged")) {
                    Files.delete(file);
                }
            }
        }
        for (Map.Entry<Path, byte[]> file : files.entrySet()) {
            Files.write(file.getKey(), file.getValue());
        }
    }

    @Test
    void aDamagedOneOfWhichNoCopyCanBeKeptIsLeftAsItIs() throws IOException {
        Path log = damagedLog();
        byte[] damaged = Files.readAllBytes(log);
        // stands for a full disk
        Files.createSymbolicLink(journal.resolve("nowhere"), data.resolve("is nothing"));

        assertThatThrownBy(() -> Journal.check(data, "a", false))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("is not repaired before a copy of it is kept")
                .hasMessageContaining("Make room on the disk of " + data);
        assertThat(log).hasBinaryContent(damaged);
        try (Stream<Path> all = Files.list(data)) {
            assertThat(all.map(f -> f.getFileName().toString())).noneMatch(name -> name.contains("damaged"));
        }
        Files.delete(journal.resolve("nowhere"));
        assertThat(Journal.check(data, "a", false)).isPresent();
    }

    @Test
    void aFlippedBitInATableStopsTheStartWithTheWayOut() throws IOException {
        Journal.check(data, "a", false);
        write(200);
        // opened again, the log becomes a table
        Journal.check(data, "a", false);
        Path table = newest(".sst");
        flip(table, 500);
        byte[] damaged = Files.readAllBytes(table);

        assertThatThrownBy(() -> Journal.check(data, "a", false))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("could not be repaired: Corruption")
                .hasMessageContaining("move " + journal + " away");
        try (Stream<Path> kept = Files.list(data)) {
            Path copy = kept.filter(f -> f.getFileName().toString().startsWith("journal.damaged-"))
                    .findFirst()
                    .orElseThrow();
            assertThat(copy.resolve(table.getFileName())).hasBinaryContent(damaged);
        }
    }

    @Test
    void aTableThatIsGoneIsDamageToo() throws IOException {
        Journal.check(data, "a", false);
        write(10);
        Files.delete(newest("MANIFEST-"));

        assertThat(Journal.check(data, "a", false)).isPresent();
        assertThat(read(9)).contains("event 9");
    }

    @Test
    void whatMayServeIsNoWitnessByTheSameJournalAndAWitnessMayComeToServe() {
        Journal.check(data, "w", true);
        assertThat(Journal.check(data, "w", true)).isEmpty();
        assertThat(Journal.check(data, "w", false)).isEmpty();
        assertThatThrownBy(() -> Journal.check(data, "w", true))
                .isInstanceOf(StartRefused.class)
                .hasMessageContainingAll("may serve groups", "witness = true", "sfo.data");
        assertThatThrownBy(() -> Journal.check(data, "a", true)).hasMessageContaining("appliance \"w\"");
    }

    @Test
    void anotherAppliancesIsLeftAlone() throws IOException {
        Journal.check(data, "b", false);
        write(1);
        assertThatThrownBy(() -> Journal.check(data, "a", false))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("is the journal of the appliance \"b\", and this one is \"a\"");
        assertThat(Journal.check(data, "b", false)).isEmpty();
        assertThat(read(0)).contains("event 0");
    }

    @Test
    void oneThatNobodyOwnsIsLeftAlone() throws IOException {
        Journal.check(data, "a", false);
        Files.delete(journal.resolve("OWNER"));
        assertThatThrownBy(() -> Journal.check(data, "a", false))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("echo a > " + journal.resolve("OWNER"));
    }

    @Test
    void oneThatIsInUseStopsTheStart() throws IOException {
        Journal.check(data, "a", false);
        try (DB used = JniDBFactory.factory.open(journal.toFile(), new Options())) {
            assertThat(used).isNotNull();
            assertThatThrownBy(() -> Journal.check(data, "a", false))
                    .isInstanceOf(StartRefused.class)
                    .hasMessageContaining("in use by another process")
                    .hasMessageContaining("fuser");
        }
        try (Stream<Path> files = Files.list(data)) {
            assertThat(files.map(f -> f.getFileName().toString())).noneMatch(name -> name.contains("damaged"));
        }
    }

    private void write(int events) throws IOException {
        try (DB db = JniDBFactory.factory.open(journal.toFile(), new Options())) {
            for (int i = 0; i < events; i++) {
                db.put(key(i), ("event " + i).getBytes(StandardCharsets.UTF_8), new WriteOptions().sync(true));
            }
        }
    }

    private Optional<String> read(int event) throws IOException {
        try (DB db = JniDBFactory.factory.open(journal.toFile(), new Options())) {
            return Optional.ofNullable(db.get(key(event))).map(v -> new String(v, StandardCharsets.UTF_8));
        }
    }

    private static byte[] key(int i) {
        return String.format("%06d", i).getBytes(StandardCharsets.UTF_8);
    }

    private Path newest(String part) throws IOException {
        try (Stream<Path> files = Files.list(journal)) {
            List<Path> found = files.filter(f -> f.getFileName().toString().contains(part))
                    .sorted()
                    .toList();
            return found.get(found.size() - 1);
        }
    }

    private static void flip(Path file, long at) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(at);
            int value = bytes.read();
            bytes.seek(at);
            bytes.write(value ^ 4);
        }
    }
}
