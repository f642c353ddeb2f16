package sfo.it.harness;

import java.io.IOException;
import java.util.List;
import java.util.NavigableSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import sfo.ops.embedded.World;

/** Looks every two milliseconds who answers for a pair's failover address. */
public final class WireWatch implements AutoCloseable {
    private final World world;
    private final NavigableSet<String> held = new ConcurrentSkipListSet<>();
    private final AtomicLong worst = new AtomicLong();
    private final AtomicLong gaps = new AtomicLong();
    private final AtomicLong looks = new AtomicLong();
    private final Thread thread = new Thread(this::watch, "wire watch");
    private volatile boolean closed;

    private WireWatch(World world) {
        this.world = world;
    }

    public static WireWatch of(Pair pair) {
        WireWatch watch = new WireWatch(pair.world);
        watch.thread.setDaemon(true);
        watch.thread.start();
        return watch;
    }

    private void watch() {
        while (!closed) {
            try {
                List<World.Wire> holders = world.holders(Pair.ADDRESS);
                if (holders.size() > 1) {
                    // read one after the other: only what holds still counts as two at once
                    holders = world.holders(Pair.ADDRESS);
                }
                holders.forEach(wire -> held.add(wire.appliance()));
                worst.accumulateAndGet(holders.size(), Math::max);
                gaps.addAndGet(holders.isEmpty() ? 1 : 0);
                looks.incrementAndGet();
            } catch (IOException e) {
                // a file was replaced while it was read: the next look sees it
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
        }
    }

    /** Everyone who ever answered. */
    public NavigableSet<String> everHeld() {
        return held;
    }

    /** How many answered at once, at worst. */
    public long worst() {
        return looks.get() == 0 ? -1 : worst.get();
    }

    /** How often nobody answered. */
    public long gaps() {
        return looks.get() == 0 ? -1 : gaps.get();
    }

    @Override
    public void close() {
        closed = true;
    }
}
