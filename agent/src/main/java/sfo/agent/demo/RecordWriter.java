package sfo.agent.demo;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A client with one file open all the time: every 10 ms writes the next record, has it flushed, and reads it back. Only
 * then it counts as acknowledged: where a server dies between write and flush, NFSv3 has the client send the data again
 * (the write verifier has changed), and not every stock client library does.
 */
abstract class RecordWriter implements Workload {
    private static final long PACE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final String name;
    private final long seed = System.nanoTime();
    private final IoLog log = new IoLog();
    private final ConcurrentSkipListSet<Long> acknowledged = new ConcurrentSkipListSet<>();
    private final Thread thread;
    private volatile boolean stopping;

    RecordWriter(String name) {
        this.name = name;
        this.thread = new Thread(this::work, name);
        thread.setDaemon(true);
    }

    /** Before the first record. */
    abstract void open() throws IOException;

    /** Returns when the server said that it is on disk. */
    abstract void write(long offset, byte[] record) throws IOException;

    abstract byte[] read(long offset, int length) throws IOException;

    /** The whole file, by another client than this one. */
    abstract byte[] readAll() throws IOException;

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final IoLog log() {
        return log;
    }

    @Override
    public final void start() throws IOException {
        open();
        long begin = System.nanoTime();
        thread.start();
        try {
            if (!log.awaitAfter(begin, Duration.ofSeconds(30))) {
                throw new IOException(
                        name + ": no good I/O in 30 s: " + log.lastError().orElse("nothing came back"));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + name + " was starting", e);
        }
    }

    private void work() {
        long due = System.nanoTime();
        for (long number = 0; !stopping; number++) {
            byte[] record = Records.of(seed, number);
            long offset = number * Records.BYTES;
            try {
                write(offset, record);
                if (Arrays.equals(read(offset, Records.BYTES), record)) {
                    acknowledged.add(number);
                    log.good(System.nanoTime());
                } else {
                    log.failed("record " + number + " reads back as another one");
                }
            } catch (IOException e) {
                log.failed(String.valueOf(e.getMessage()));
            }
            due = Math.max(due + PACE_NANOS, System.nanoTime() - PACE_NANOS);
            LockSupport.parkNanos(due - System.nanoTime());
        }
    }

    @Override
    public final void stop() {
        stopping = true;
        try {
            thread.join(TimeUnit.SECONDS.toMillis(10));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public final Verdict verify() throws IOException {
        byte[] all = readAll();
        List<String> lost = new ArrayList<>();
        List<Long> numbers = List.copyOf(acknowledged);
        for (long number : numbers) {
            int from = Math.toIntExact(number * Records.BYTES);
            int to = from + Records.BYTES;
            byte[] there = to <= all.length ? Arrays.copyOfRange(all, from, to) : new byte[0];
            if (!Arrays.equals(there, Records.of(seed, number))) {
                lost.add(name + ": record " + number + (to <= all.length ? " is damaged" : " is not there"));
            }
        }
        return new Verdict(numbers.size(), lost);
    }
}
