package sfo.ops.volume;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;

/** This appliance's sides of all mirrors. Each is looked at now and then, and when one of its daemons says something. */
final class Sides implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sides.class);
    private static final Duration LOOK = Duration.ofSeconds(3);

    private final Exec exec;
    private final Path data;
    private final Path run;
    private final Map<String, Side> sides = new ConcurrentHashMap<>();
    private final List<BiConsumer<String, String>> listeners = new CopyOnWriteArrayList<>();
    private final ScheduledThreadPoolExecutor watcher;
    private final ScheduledFuture<?> ticking;

    /**
     * Adopts those that are recorded, with what runs of them.
     *
     * @param data folder of durable records
     * @param run folder of sockets and pid files
     * @param tick how often each is looked at
     */
    Sides(Exec exec, Path data, Path run, Duration tick) {
        this.exec = exec;
        this.data = data.resolve("mirror");
        this.run = run.resolve("mirror");
        this.watcher = new ScheduledThreadPoolExecutor(1, work -> {
            Thread thread = new Thread(work, "mirror-watch");
            thread.setDaemon(true);
            return thread;
        });
        adopt();
        ticking = watcher.scheduleWithFixedDelay(this::tick, 0, tick.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void adopt() {
        if (!Files.isDirectory(data)) {
            return;
        }
        try (DirectoryStream<Path> groups = Files.newDirectoryStream(data)) {
            for (Path group : groups) {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(group, "*.json")) {
                    for (Path file : files) {
                        String name = String.valueOf(file.getFileName());
                        of(String.valueOf(group.getFileName()), name.substring(0, name.length() - ".json".length()));
                    }
                }
            }
        } catch (IOException e) {
            LOG.warn("cannot list the mirrors recorded in {}: {}", data, e.getMessage());
        }
    }

    Side of(String group, String volume) {
        return sides.computeIfAbsent(group + "/" + volume, key -> {
            Path folder = run.resolve(group + "." + volume);
            return new Side(exec, group, volume, data.resolve(group), folder, this::look, this::tell);
        });
    }

    interface Work {
        void on(Side side) throws HostException;
    }

    /** Works on one volume alone. */
    void with(String group, String volume, Work work) throws HostException {
        Side side = of(group, volume);
        side.lock.lock();
        try {
            work.on(side);
        } finally {
            side.lock.unlock();
        }
    }

    /** {@code listener} is told group and volume of each side whose record changes. */
    void watch(BiConsumer<String, String> listener) {
        listeners.add(listener);
    }

    private void tick() {
        sides.values().forEach(this::examine);
    }

    /** Called on a daemon's own thread. */
    private void look(Side side) {
        try {
            watcher.execute(() -> examine(side));
        } catch (RejectedExecutionException closed) {
            LOG.debug("{}/{} changed after this was closed", side.group, side.name);
        }
    }

    private void examine(Side side) {
        try {
            if (!side.lock.tryLock(100, TimeUnit.MILLISECONDS)) {
                return; // something is being done to it, and will leave it as it should be
            }
            try {
                side.look(Call.within(LOOK));
                side.detail("");
            } finally {
                side.lock.unlock();
            }
        } catch (HostException | RuntimeException e) {
            side.detail(String.valueOf(e.getMessage()));
            LOG.debug("{}/{} cannot be examined: {}", side.group, side.name, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(Side side) {
        for (BiConsumer<String, String> listener : listeners) {
            listener.accept(side.group, side.name);
        }
    }

    /** Lets go of everything; the daemons go on. */
    @Override
    public void close() {
        ticking.cancel(false);
        watcher.shutdown(); // not by interrupt: a record that is being written is written
        try {
            if (!watcher.awaitTermination(LOOK.toSeconds() + 1, TimeUnit.SECONDS)) {
                LOG.warn("the mirror's watch does not end; a storage daemon may hang");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        sides.values().forEach(Side::release);
    }
}
