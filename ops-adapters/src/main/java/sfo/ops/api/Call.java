package sfo.ops.api;

import java.time.Duration;
import java.util.function.Consumer;

/**
 * The frame of one call of an adapter.
 *
 * @param tag put into the environment of every command that it starts ({@code SFO_STEP}), so that a restarted agent finds
 *     and ends what is left of it; {@code saga/step}
 * @param deadlineNanos on {@link System#nanoTime()}'s clock
 * @param progress told short lines for people while it works
 */
public record Call(String tag, long deadlineNanos, Consumer<String> progress) {
    public static Call within(Duration limit) {
        return new Call("", System.nanoTime() + limit.toNanos(), line -> {});
    }

    public static Call of(String tag, Duration limit) {
        return new Call(tag, System.nanoTime() + limit.toNanos(), line -> {});
    }

    /** What is left; never negative. */
    public Duration left() {
        return Duration.ofNanos(Math.max(0, deadlineNanos - System.nanoTime()));
    }

    /** @throws HostException if nothing is left */
    public void check(String doing) throws HostException {
        if (left().isZero()) {
            throw new HostException("time ran out while " + doing);
        }
    }
}
