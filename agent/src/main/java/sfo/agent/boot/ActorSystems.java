package sfo.agent.boot;

import akka.actor.PoisonPill;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Adapter;
import akka.cluster.typed.Cluster;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.config.load.Settings;
import sfo.ops.exec.Native;
import sfo.protocol.peer.Hello;

/**
 * One actor system after another: the end of one, asked for or not, is followed by a new one, with a new uid, until this
 * is closed. And what the one that runs now is part of; that ends with it.
 */
final class ActorSystems implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ActorSystems.class);
    private static final Duration END = Duration.ofMillis(2500);
    /** Of a peer's kernel, not of its agent; longer than what its cables may be out without a new connection. */
    private static final Duration SILENCE = Duration.ofSeconds(20);

    private static final long RETRY_MILLIS = 1000;
    /** In order, an actor system ends within two seconds. */
    private static final long STUCK_MILLIS = 3000;

    private final Settings settings;
    private final Supplier<Behavior<Void>> guardian;
    private final CountDownLatch ended = new CountDownLatch(1);
    /** Starts and ends actor systems, one at a time. */
    private final ScheduledExecutorService lifecycle = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "lifecycle");
        thread.setDaemon(true);
        return thread;
    });

    private volatile @Nullable ActorSystem<Void> system;
    private volatile long uid;
    private volatile Optional<Hello.Cluster> cluster = Optional.empty();
    private volatile List<Hello.Member> members = List.of();
    private volatile boolean closing;
    private volatile boolean asked;

    /** @param guardian of the next one */
    ActorSystems(Settings settings, Supplier<Behavior<Void>> guardian) {
        this.settings = settings;
        this.guardian = guardian;
    }

    /** The first one. @throws RuntimeException if it can't start; those that follow are tried again */
    void start() {
        cluster = Optional.empty();
        members = List.of();
        asked = false;
        ActorSystem<Void> started = ActorSystem.create(guardian.get(), "sfo", AkkaSettings.of(settings));
        uid = Cluster.get(started).selfMember().uniqueAddress().longUid();
        system = started;
        onLifecycle(ActorSystems::boundSilence, 0);
        started.getWhenTerminated().whenComplete((done, error) -> onLifecycle(this::systemEnded, 0));
    }

    /** Artery only reads from those that its peers opened: of one without power it would keep them for good. */
    private static void boundSilence() {
        try {
            Native.boundOwnSilence(SILENCE);
        } catch (IOException e) {
            log.warn("connections of peers that lost their power stay open: {}", e.getMessage());
        }
    }

    private void systemEnded() {
        system = null;
        cluster = Optional.empty();
        members = List.of();
        if (closing) {
            ended.countDown();
        } else if (asked) {
            startAgain();
        } else {
            log.error("the actor system ended by itself; starts another one");
            onLifecycle(this::startAgain, RETRY_MILLIS);
        }
    }

    private void startAgain() {
        try {
            start();
        } catch (RuntimeException e) {
            log.error("the actor system can't start; tries again", e);
            onLifecycle(this::startAgain, RETRY_MILLIS);
        }
    }

    private void onLifecycle(Runnable task, long afterMillis) {
        try {
            var unused = lifecycle.schedule(task, afterMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("the agent has ended", e);
        }
    }

    /** Ends the one that runs now; nothing happens if that is under way. */
    void restart(String why) {
        ActorSystem<Void> now = system;
        onLifecycle(
                () -> {
                    if (now != null && now == system && !closing && !asked) {
                        log.warn("restarts the actor system: {}", why);
                        asked = true;
                        cluster = Optional.empty();
                        now.terminate();
                        onLifecycle(() -> endStreams(now), STUCK_MILLIS);
                    }
                },
                0);
    }

    /**
     * Artery waits without a limit for its streams to end, and one to a peer that has quarantined this system may take
     * as long as TCP does: a quarter of an hour (akka-core#30326; Pekko bounded it in pekko#3317). Streams whose
     * supervisor ends, end.
     */
    private void endStreams(ActorSystem<Void> ending) {
        if (ending == system) {
            log.warn("the actor system still waits for its connections: cuts them");
            Adapter.toClassic(ending)
                    .actorSelection("/system/Materializers/StreamSupervisor-*")
                    .tell(PoisonPill.getInstance(), akka.actor.ActorRef.noSender());
            onLifecycle(() -> endStreams(ending), STUCK_MILLIS);
        }
    }

    /** Empty while there is none. */
    Optional<ActorSystem<Void>> now() {
        return Optional.ofNullable(system);
    }

    /** Of the newest one. */
    long uid() {
        return uid;
    }

    Optional<Hello.Cluster> cluster() {
        return cluster;
    }

    /** It is in this cluster now, or in none. */
    void joined(Optional<Hello.Cluster> now) {
        cluster = now;
    }

    List<Hello.Member> members() {
        return members;
    }

    /** It sees these now. */
    void sees(List<Hello.Member> now) {
        members = now;
    }

    /** No other one follows. Waits a moment for the end of the last one. */
    void end() {
        closing = true;
        ActorSystem<Void> now = system;
        if (now == null) {
            ended.countDown();
        } else {
            now.terminate();
        }
        try {
            if (!ended.await(END.toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("the actor system did not end within {}: goes on without", END);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        lifecycle.shutdownNow();
    }
}
