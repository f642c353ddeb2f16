package sfo.it.harness;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.fusesource.leveldbjni.JniDBFactory;
import org.iq80.leveldb.DB;
import org.iq80.leveldb.DBIterator;
import org.iq80.leveldb.Options;
import sfo.agent.demo.Capture;
import sfo.agent.demo.Lab;

/** Who spoke for a failover address on the switch, by address or by MAC, and when. */
public final class Speakers {
    /** Of what comes from the appliances, all but what the client and their own addresses say. */
    public static final String FILTER = "inbound and (arp or icmp6 or not (src net 10.78.0.0/24 or src host 10.77.0.50"
            + " or src host 10.77.0.11 or src host 10.77.0.12 or src host 10.77.0.254))";

    private final Capture capture;
    private final Pattern speaks;

    public Speakers(Capture capture, String address, String mac) {
        this.capture = capture;
        String ip = Pattern.quote(address);
        // not who only asks for it
        this.speaks =
                Pattern.compile("ifindex \\d+ " + mac + " |: " + ip + "[. ]|tell " + ip + "\\b|Reply " + ip + "\\b");
    }

    /** When frames came from an appliance, as the switch's kernel took them in. */
    public List<Instant> times(String appliance) {
        return capture.from(appliance).stream()
                .filter(line -> speaks.matcher(line).find())
                .map(line -> {
                    String[] time = line.substring(0, line.indexOf(' ')).split("\\.");
                    return Instant.ofEpochSecond(Long.parseLong(time[0]), Long.parseLong(time[1]) * 1000);
                })
                .toList();
    }

    /** Who spoke, one after the other, however long: {@code a b a} is one that was followed by another and came back. */
    public List<String> turns() {
        NavigableMap<Instant, String> all = new TreeMap<>();
        for (String appliance : Lab.APPLIANCES) {
            times(appliance).forEach(at -> all.put(at, appliance));
        }
        List<String> turns = new ArrayList<>();
        for (String speaker : all.values()) {
            if (turns.isEmpty() || !turns.get(turns.size() - 1).equals(speaker)) {
                turns.add(speaker);
            }
        }
        return turns;
    }

    /** When the agent of an appliance last had the intent of such a step on disk, before the step acted. */
    public static Instant intended(Path lab, String appliance, String step) throws IOException {
        Path journal = lab.resolve(appliance).resolve("data/journal");
        Path copy = Files.createDirectories(lab.resolve("journal-of-" + appliance));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(journal)) {
            for (Path file : files) {
                Files.copy(file, copy.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Pattern intent =
                Pattern.compile("\"step-intended\".*?\"step\":\"" + Pattern.quote(step) + ".*?\"at\":\"([^\"]+)\"");
        List<Instant> times = new ArrayList<>();
        try (DB db = JniDBFactory.factory.open(copy.toFile(), new Options());
                DBIterator entries = db.iterator()) {
            for (entries.seekToFirst(); entries.hasNext(); ) {
                String event = new String(entries.next().getValue(), StandardCharsets.ISO_8859_1);
                Matcher found = intent.matcher(event);
                if (found.find()) {
                    times.add(Instant.parse(found.group(1)));
                }
            }
        }
        return Collections.max(times);
    }
}
