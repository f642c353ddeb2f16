package sfo.agent.membership;

import java.net.ConnectException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.config.load.Settings;
import sfo.protocol.peer.Hello;

/** Says hello to every peer, for as long as the JVM lives, and remembers what came back. */
public final class HelloWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HelloWatch.class);

    /** How long it waits between two rounds. */
    public enum Pace {
        /** in search of a cluster */
        LOOKING(200),
        LISTENING(1_000),
        /** every peer is a reachable member of one cluster: its heartbeats say more, and sooner */
        TOGETHER(20_000);

        private final long millis;

        Pace(long millis) {
            this.millis = millis;
        }
    }

    /**
     * What came of one hello.
     *
     * @param hello empty if there was no answer
     * @param refused the peer's host is there, and no agent listens
     * @param silence why there is no answer, for people; "" if there is one
     */
    public record Sighting(String appliance, Instant at, Optional<Hello> hello, boolean refused, String silence) {}

    private final List<Settings.Peer> peers;
    private final HelloClient client;
    private final Map<String, Sighting> latest = new ConcurrentHashMap<>();
    private final Map<String, Instant> lastSeen = new ConcurrentHashMap<>();
    private final Map<String, Boolean> underWay = new ConcurrentHashMap<>();
    private final List<Consumer<Sighting>> listeners = new CopyOnWriteArrayList<>();
    private final ScheduledThreadPoolExecutor clock;
    private volatile Pace pace = Pace.LOOKING;
    private @Nullable ScheduledFuture<?> next;

    public HelloWatch(List<Settings.Peer> peers, HelloClient client) {
        this.peers = peers;
        this.client = client;
        clock = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "hello-watch");
            thread.setDaemon(true);
            return thread;
        });
    }

    public void start() {
        try {
            clock.execute(this::round);
        } catch (RejectedExecutionException e) {
            log.debug("closed", e);
        }
    }

    /** From now on; a quicker one begins at once. */
    public void pace(Pace wanted) {
        Pace before = pace;
        pace = wanted;
        if (wanted.compareTo(before) < 0) {
            start();
        }
    }

    /** The newest result for a peer; empty before the first. */
    public Optional<Sighting> latest(String appliance) {
        return Optional.ofNullable(latest.get(appliance));
    }

    /** Every result from now on, until it is removed. Called on threads of the client; must not block. */
    public void add(Consumer<Sighting> listener) {
        listeners.add(listener);
    }

    public void remove(Consumer<Sighting> listener) {
        listeners.remove(listener);
    }

    /** An appliance's last sign of life on any channel that reports here. */
    public Optional<Instant> lastSeen(String appliance) {
        return Optional.ofNullable(lastSeen.get(appliance));
    }

    /** Notes a sign of life on another channel than hello. */
    public void seen(String appliance) {
        lastSeen.put(appliance, Instant.now());
    }

    /** On the clock's one thread. */
    private void round() {
        if (next != null) {
            next.cancel(false);
        }
        peers.forEach(this::ask);
        try {
            next = clock.schedule(this::round, pauseMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("closed", e);
        }
    }

    private long pauseMillis() {
        boolean allAnswer = peers.stream()
                .allMatch(peer ->
                        latest(peer.appliance()).flatMap(Sighting::hello).isPresent());
        return allAnswer ? pace.millis : Math.min(pace.millis, Pace.LISTENING.millis);
    }

    private void ask(Settings.Peer peer) {
        if (underWay.putIfAbsent(peer.appliance(), true) == null) {
            var unused = client.ask(peer).whenComplete((hello, error) -> {
                underWay.remove(peer.appliance());
                note(peer.appliance(), hello, error);
            });
        }
    }

    private void note(String appliance, @Nullable Hello hello, @Nullable Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        String silence = cause == null ? "" : describe(cause);
        Sighting sighting = new Sighting(
                appliance, Instant.now(), Optional.ofNullable(hello), cause instanceof ConnectException, silence);
        Sighting before = latest.put(appliance, sighting);
        if (hello != null) {
            seen(appliance);
        }
        if (before == null || !before.silence().equals(silence)) {
            log.info("hello {}: {}", appliance, silence.isEmpty() ? "answers" : "no answer: " + silence);
        }
        listeners.forEach(listener -> listener.accept(sighting));
    }

    private static String describe(Throwable cause) {
        String message = cause.getMessage();
        if (cause instanceof ConnectException) {
            return message == null ? "nothing listens" : message;
        }
        return message == null ? cause.getClass().getSimpleName() : message;
    }

    @Override
    public void close() {
        clock.shutdownNow();
        client.close();
    }
}
