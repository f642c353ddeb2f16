package sfo.agent.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** When each good I/O of a client ended, on {@link System#nanoTime()}'s clock, in order; and its latest error. */
public final class IoLog {
    private final List<Long> good = new ArrayList<>();
    private Optional<String> error = Optional.empty();

    synchronized void good(long nanos) {
        good.add(nanos);
        notifyAll();
    }

    synchronized void failed(String why) {
        error = Optional.of(why);
    }

    public synchronized int count() {
        return good.size();
    }

    public synchronized Optional<String> lastError() {
        return error;
    }

    /** The end of the first good I/O after {@code nanos}; empty if there was none yet. */
    public synchronized OptionalLong firstAfter(long nanos) {
        return good.stream()
                .mapToLong(Long::longValue)
                .filter(t -> t - nanos > 0)
                .findFirst();
    }

    /** Waits for one. @return whether there is one */
    public synchronized boolean awaitAfter(long nanos, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (good.isEmpty() || good.get(good.size() - 1) - nanos <= 0) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            wait(Math.max(1, left / 1_000_000));
        }
        return true;
    }

    /** The longest time between two good I/Os that follow one another, the second of which ended after {@code from}. */
    public synchronized Duration longestGap(long from) {
        long longest = 0;
        for (int i = 1; i < good.size(); i++) {
            if (good.get(i) - from > 0) {
                longest = Math.max(longest, good.get(i) - good.get(i - 1));
            }
        }
        return Duration.ofNanos(longest);
    }
}
