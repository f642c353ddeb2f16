package sfo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.fusesource.leveldbjni.JniDBFactory;
import org.iq80.leveldb.DB;
import org.iq80.leveldb.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sfo.agent.boot.Journal;
import sfo.it.harness.JournalWriter;

@Timeout(240)
class JournalKillIT {
    private static final int ROUNDS = 12;

    /** A kill is no damage: else every killed agent would ask for attention. And what was acknowledged is there. */
    @Test
    void aKilledWriterLeavesAGoodJournalWithEveryAcknowledgedEvent(@TempDir Path data) throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        TreeMap<Integer, Integer> acknowledged = new TreeMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            acknowledged.put(round, writeAndKill(data, round, 1 + random.nextInt(400)));
        }
        assertThat(Journal.check(data, "a", false)).as("seed %d", seed).isEmpty();
        try (DB db = JniDBFactory.factory.open(data.resolve("journal").toFile(), new Options())) {
            acknowledged.forEach((round, last) -> {
                for (int i = 0; i <= last; i++) {
                    byte[] key = String.format("%03d-%08d", round, i).getBytes(StandardCharsets.UTF_8);
                    assertThat(db.get(key))
                            .as("seed %d, event %d of round %d", seed, i, round)
                            .isNotNull();
                }
            });
        }
    }

    private static int writeAndKill(Path data, int round, int events) throws Exception {
        List<String> words = List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path", ""),
                JournalWriter.class.getName(),
                data.toString(),
                String.valueOf(round));
        Process writer = new ProcessBuilder(words)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(writer.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(out.readLine()).as("round %d", round).isEqualTo("good");
            int last = -1;
            while (last < events) {
                last = Integer.parseInt(out.readLine());
            }
            return last;
        } finally {
            writer.destroyForcibly();
            assertThat(writer.waitFor(20, TimeUnit.SECONDS)).isTrue();
        }
    }
}
