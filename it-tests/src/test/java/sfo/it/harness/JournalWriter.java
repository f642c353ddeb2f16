package sfo.it.harness;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.fusesource.leveldbjni.JniDBFactory;
import org.iq80.leveldb.DB;
import org.iq80.leveldb.Options;
import org.iq80.leveldb.WriteOptions;
import sfo.agent.boot.Journal;

/** Checks the journal in a folder as an agent does, then writes to it, synced as Akka does, until it is killed. */
public final class JournalWriter {
    private JournalWriter() {}

    public static void main(String[] words) throws Exception {
        Path data = Path.of(words[0]);
        int round = Integer.parseInt(words[1]);
        System.out.println(Journal.check(data, "a", false).isPresent() ? "damaged" : "good");
        try (DB db = JniDBFactory.factory.open(data.resolve("journal").toFile(), new Options())) {
            byte[] event = new byte[300 + 37 * round];
            for (int i = 0; ; i++) {
                byte[] key = String.format("%03d-%08d", round, i).getBytes(StandardCharsets.UTF_8);
                db.put(key, event, new WriteOptions().sync(true));
                System.out.println(i);
            }
        }
    }
}
