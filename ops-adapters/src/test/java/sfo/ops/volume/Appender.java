package sfo.ops.volume;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/** A client that appends numbered records, each with fsync, and remembers which were acknowledged. */
final class Appender {
    private static final int RECORD = 512;

    private final Path file;
    private final Thread thread;
    private volatile boolean stop;
    private final AtomicInteger acknowledged = new AtomicInteger();
    private volatile long longestNanos;
    private volatile String end = "";

    Appender(Path file) {
        this.file = file;
        this.thread = new Thread(this::run, "appender");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (!stop) {
                long begun = System.nanoTime();
                channel.write(ByteBuffer.wrap(record(acknowledged.get()).getBytes(StandardCharsets.US_ASCII)));
                channel.force(false);
                acknowledged.incrementAndGet();
                longestNanos = Math.max(longestNanos, System.nanoTime() - begun);
            }
        } catch (IOException e) {
            end = String.valueOf(e.getMessage());
        }
    }

    private static String record(int number) {
        return String.format(Locale.ROOT, "%0" + (RECORD - 1) + "d\n", number);
    }

    int acknowledged() {
        return acknowledged.get();
    }

    Duration longest() {
        return Duration.ofNanos(longestNanos);
    }

    void forget() {
        longestNanos = 0;
    }

    String end() {
        return end;
    }

    /** How many records were acknowledged in all. */
    int finish() throws InterruptedException {
        stop = true;
        thread.join(40_000);
        if (thread.isAlive()) {
            throw new IllegalStateException("the appender hangs");
        }
        return acknowledged.get();
    }

    /** The numbers below {@code count} that are not in the file as they were written. */
    static List<Integer> missing(Path file, int count) throws IOException {
        byte[] bytes = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
        List<Integer> missing = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int from = i * RECORD;
            if (from + RECORD > bytes.length
                    || !new String(bytes, from, RECORD, StandardCharsets.US_ASCII).equals(record(i))) {
                missing.add(i);
            }
        }
        return missing;
    }
}
