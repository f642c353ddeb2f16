package sfo.ops.volume;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;

/**
 * Sends the secondary only what was written since a session with it broke, while clients go on; the last bit with the
 * file system frozen for a moment. That nothing slipped through is verified by the bitmap, not assumed from the freeze;
 * where it cannot be, everything is copied.
 */
final class Resync {
    private static final Logger LOG = LoggerFactory.getLogger(Resync.class);
    private static final Duration LIMIT = Duration.ofHours(12);
    private static final Duration FROZEN = Duration.ofSeconds(4);

    private final Exec exec;
    private final Side side;
    private final MirrorRecord begun;
    private final String base;
    private final Thread thread;
    private volatile boolean stopped;

    /** The record {@code begun} is as it was when this began; the bitmap of session {@code base} tells what to send. */
    Resync(Exec exec, Side side, MirrorRecord begun, String base) {
        this.exec = exec;
        this.side = side;
        this.begun = begun;
        this.base = base;
        this.thread = new Thread(this::run, "resync " + side.group + "/" + side.name);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    boolean underWay() {
        return thread.isAlive();
    }

    void stop(Call call) throws HostException {
        stopped = true;
        while (thread.isAlive() && thread != Thread.currentThread()) {
            side.jobs.endJobs(call);
            call.check("ending the resynchronisation of " + side.name);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    private void run() {
        Call call = Call.within(LIMIT);
        try {
            boolean equal = copy(call);
            locked(() -> {
                if (equal) {
                    side.core.dropBitmap(Side.bitmap(base), call);
                    side.save(side.needRecord().as(Role.PRIMARY, Sync.REPLICATING, Instant.now()));
                } else {
                    side.jobs.endJobs(call);
                    side.jobs.startMirror(true, begun.volume().mode(), call);
                }
            });
        } catch (HostException e) {
            fail(e);
        }
    }

    private boolean copy(Call call) throws HostException {
        String bitmap = Side.bitmap(base);
        for (int round = 0; round < 2 && !stopped; round++) {
            side.jobs.copyDirty(bitmap, call);
        }
        List<Path> frozen = new ArrayList<>();
        try {
            Optional<Mounts.Mount> mount =
                    Mounts.of(side.disk()).stream().findFirst(); // any other is a bind mount of it
            if (mount.isPresent()) {
                freeze(mount.get().point(), call);
                frozen.add(mount.get().point());
            }
            side.jobs.copyDirty(bitmap, call);
            side.jobs.startMirror(false, begun.volume().mode(), call);
            while (side.jobs.mirror(call) == Jobs.Mirroring.COPYING && !stopped) {
                call.check("starting the mirror of " + side.name);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
            }
            if (side.jobs.mirror(call) != Jobs.Mirroring.READY) {
                throw new HostException("the mirror broke off as it began");
            }
            Map<String, Long> left = side.core.bitmaps(call);
            return left.getOrDefault(bitmap, 1L) == 0;
        } finally {
            for (Path point : frozen) {
                exec.run(Call.within(Duration.ofSeconds(10)), "fsfreeze", "--unfreeze", point.toString());
            }
        }
    }

    /** Should the agent die now, another process thaws it: clients wait seconds, never for ever. */
    private void freeze(Path point, Call call) throws HostException {
        exec.daemon(
                List.of(
                        "find",
                        point.toString(),
                        "-maxdepth",
                        "0",
                        "-exec",
                        "sleep",
                        String.valueOf(FROZEN.toSeconds()),
                        ";",
                        "-exec",
                        "fsfreeze",
                        "--unfreeze",
                        "{}",
                        ";"),
                Map.of(),
                side.folder().resolve("thaw.log"));
        exec.need(call, "fsfreeze", "--freeze", point.toString());
    }

    private void fail(HostException why) {
        LOG.warn("resynchronisation of {}/{}: {}", side.group, side.name, why.getMessage());
        Call call = Call.within(Duration.ofSeconds(10));
        try {
            locked(() -> {
                side.detail(String.valueOf(why.getMessage()));
                side.save(side.needRecord().in(Sync.SOLO, begun.since()));
                side.jobs.endJobs(call);
                side.core.dropRemote(call);
                // the secondary keeps its base, and this side the bitmap since then: the next try sends only that
                side.core.dropBitmap(Side.bitmap(begun.session()), call);
            });
        } catch (HostException e) {
            LOG.warn("{}/{} after a resynchronisation that broke off: {}", side.group, side.name, e.getMessage());
        }
    }

    private interface Work {
        void run() throws HostException;
    }

    /** Whoever stops this holds the lock and waits: then the work is his. */
    private void locked(Work work) throws HostException {
        try {
            while (!stopped) {
                if (side.lock.tryLock(20, TimeUnit.MILLISECONDS)) {
                    try {
                        work.run();
                    } finally {
                        side.lock.unlock();
                    }
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
