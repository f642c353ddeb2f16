package sfo.ops.embedded;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.embedded.Volumes.Entry;
import sfo.ops.embedded.Volumes.Running;
import sfo.ops.embedded.Volumes.VolumeId;
import sfo.ops.faults.Faults;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;

/** Looks at the mirrors of an appliance every few milliseconds: records broken links, carries out resyncs, tells who asked. */
final class MirrorWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MirrorWatch.class);
    private static final long EVERY_MILLIS = 40;

    private record Seen(Entry entry, Running running) {}

    private final EmbeddedHost host;
    private final Volumes volumes;
    private final List<BiConsumer<String, String>> listeners = new CopyOnWriteArrayList<>();
    private final Map<VolumeId, Seen> seen = new HashMap<>();
    private Optional<ScheduledExecutorService> timer = Optional.empty();
    private boolean closed;

    MirrorWatch(EmbeddedHost host, Volumes volumes) {
        this.host = host;
        this.volumes = volumes;
    }

    void add(BiConsumer<String, String> listener) {
        listeners.add(listener);
        resume();
    }

    /** From now on, also without a listener: a resync has begun, perhaps by an agent that is no more. */
    synchronized void resume() {
        if (timer.isPresent() || closed) {
            return;
        }
        ScheduledExecutorService every = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "embedded-mirrors-" + host.appliance());
            thread.setDaemon(true);
            return thread;
        });
        timer = Optional.of(every);
        var unused = every.scheduleWithFixedDelay(
                () -> {
                    if (!host.hasPower()) {
                        every.shutdown();
                        return;
                    }
                    lookAtAll();
                },
                0,
                EVERY_MILLIS,
                TimeUnit.MILLISECONDS);
    }

    /** Nothing is written after this returns. */
    @Override
    public void close() {
        Optional<ScheduledExecutorService> running;
        synchronized (this) {
            closed = true;
            running = timer;
        }
        running.ifPresent(every -> {
            every.shutdown();
            try {
                if (!every.awaitTermination(10, TimeUnit.SECONDS)) {
                    LOG.warn("the watch of the mirrors of {} does not end", host.appliance());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private void lookAtAll() {
        try {
            for (VolumeId id : volumes.all()) {
                look(id);
            }
        } catch (IOException | HostException | RuntimeException e) {
            LOG.warn("mirrors of {}: {}", host.appliance(), e.getMessage(), e);
        }
    }

    private void look(VolumeId id) throws IOException, HostException {
        if (volumes.entry(id).isEmpty()) {
            return;
        }
        Entry entry = volumes.settle(id);
        tell(id, entry);
        if (entry.sync() == Sync.SYNCING && volumes.running(id).role() == Role.PRIMARY) {
            host.faults().around("mirror-copy", Faults.APPLY, Call.within(Duration.ofMinutes(1)), () -> {
                host.change(() -> copy(id));
                return true;
            });
            tell(id, volumes.need(id));
        }
    }

    private void copy(VolumeId id) throws IOException {
        Entry entry = volumes.settle(id);
        if (entry.sync() == Sync.SYNCING) {
            Volumes theirs = new Volumes(host.world(), volumes.running(id).peer());
            Disk.copyTree(volumes.data(id), theirs.data(id));
            volumes.record(id, entry.with(Sync.REPLICATING));
        }
    }

    private void tell(VolumeId id, Entry entry) throws IOException {
        Seen now = new Seen(entry, volumes.running(id));
        if (!now.equals(seen.put(id, now))) {
            listeners.forEach(listener -> listener.accept(id.group(), id.volume()));
        }
    }
}
