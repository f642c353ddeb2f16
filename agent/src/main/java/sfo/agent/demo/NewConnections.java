package sfo.agent.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import sfo.ops.exec.Exec;

/**
 * Clients that come anew: each second a stock client connects, puts a record under a new name and gets it back. One that
 * does not succeed within 2 s gives up; meanwhile the next ones try: as few as leave a small machine the time to answer them.
 */
final class NewConnections implements Workload {
    private static final long PACE_MILLIS = 1000;
    private static final Duration LIMIT = Duration.ofSeconds(2);
    private static final int AT_ONCE = 3;

    /** The words of a client. */
    private interface Words {
        /** Puts the local file, then prints what is there under that name. */
        List<List<String>> putAndGet(Path local, String name);

        /** Gets all of them into the local folder, under the same names. */
        List<List<String>> getAll(List<String> names, Path into);
    }

    private final String name;
    private final Sandbox client;
    private final Path files;
    private final Words words;
    private final long seed = System.nanoTime();
    private final IoLog log = new IoLog();
    private final AtomicLong next = new AtomicLong();
    private final ConcurrentSkipListSet<Long> acknowledged = new ConcurrentSkipListSet<>();
    private final ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor(NewConnections::daemon);
    private final ThreadPoolExecutor attempts =
            (ThreadPoolExecutor) Executors.newFixedThreadPool(AT_ONCE, NewConnections::daemon);

    private NewConnections(String name, Sandbox client, Path files, Words words) {
        this.name = name;
        this.client = client;
        this.files = files;
        this.words = words;
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "new-connections");
        thread.setDaemon(true);
        return thread;
    }

    static NewConnections smb(Sandbox client, String share, Path files) {
        return new NewConnections("SMB, new connections", client, files, new Words() {
            @Override
            public List<List<String>> putAndGet(Path local, String name) {
                return List.of(smbclient("put " + local + " " + name + "; get " + name + " -"));
            }

            @Override
            public List<List<String>> getAll(List<String> names, Path into) {
                return List.of(smbclient(names.stream()
                        .map(name -> "get " + name + " " + into.resolve(name))
                        .collect(Collectors.joining("; "))));
            }

            private List<String> smbclient(String command) {
                return List.of("smbclient", "-s", "/dev/null", "-E", "-N", share, "-c", command);
            }
        });
    }

    static NewConnections nfs(Sandbox client, String export, Path files) {
        return new NewConnections("NFS, new connections", client, files, new Words() {
            @Override
            public List<List<String>> putAndGet(Path local, String name) {
                String url = export + "/" + name;
                return List.of(List.of("nfs-cp", local.toString(), url), List.of("nfs-cat", url));
            }

            @Override
            public List<List<String>> getAll(List<String> names, Path into) {
                return names.stream()
                        .map(name -> List.of(
                                "nfs-cp",
                                export + "/" + name,
                                into.resolve(name).toString()))
                        .toList();
            }
        });
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public IoLog log() {
        return log;
    }

    @Override
    public void start() throws IOException {
        long begin = System.nanoTime();
        var unused = pace.scheduleAtFixedRate(
                () -> {
                    if (attempts.getActiveCount() < AT_ONCE) {
                        attempts.execute(() -> attempt(next.getAndIncrement()));
                    }
                },
                0,
                PACE_MILLIS,
                TimeUnit.MILLISECONDS);
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

    private String file(long number) {
        return name.substring(0, 3).toLowerCase(java.util.Locale.ROOT) + "-" + number;
    }

    private void attempt(long number) {
        byte[] record = Records.of(seed, number);
        Path local = files.resolve(file(number));
        try {
            Files.write(local, record);
            String back = "";
            for (List<String> argv : words.putAndGet(local, file(number))) {
                Exec.Output output = client.run(LIMIT, argv, "");
                if (!output.ok()) {
                    throw new IOException(argv.get(0) + " ended with " + output.exit() + ": "
                            + (output.err() + output.out()).strip());
                }
                back = output.out();
            }
            if (!back.contains(new String(record, java.nio.charset.StandardCharsets.US_ASCII))) {
                throw new IOException("record " + number + " reads back as another one: " + back);
            }
            acknowledged.add(number);
            log.good(System.nanoTime());
        } catch (IOException e) {
            log.failed(String.valueOf(e.getMessage()));
        } finally {
            delete(local);
        }
    }

    private void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            log.failed("cannot remove " + file + ": " + e);
        }
    }

    @Override
    public void stop() {
        pace.shutdownNow();
        attempts.shutdown();
        awaitAttempts();
    }

    private void awaitAttempts() {
        try {
            if (!attempts.awaitTermination(10, TimeUnit.SECONDS)) {
                attempts.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            attempts.shutdownNow();
        }
    }

    @Override
    public Verdict verify() throws IOException {
        List<String> lost = new ArrayList<>();
        List<Long> numbers = List.copyOf(acknowledged);
        Path copies = Files.createDirectories(files.resolve("copies"));
        String errors = "";
        for (List<String> argv : words.getAll(numbers.stream().map(this::file).toList(), copies)) {
            Exec.Output output = client.run(Duration.ofSeconds(30), argv, "");
            errors = output.ok() ? errors : (output.err() + output.out()).strip();
        }
        for (long number : numbers) {
            if (!Arrays.equals(read(copies.resolve(file(number))), Records.of(seed, number))) {
                lost.add(name + ": " + file(number) + " is not there as written; last error: " + errors);
            }
        }
        return new Verdict(numbers.size(), lost);
    }

    private static byte[] read(Path file) throws IOException {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException none) {
            return new byte[0];
        }
    }

    @Override
    public void close() {
        pace.shutdownNow();
        attempts.shutdownNow();
        awaitAttempts();
    }
}
