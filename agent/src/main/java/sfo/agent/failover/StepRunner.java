package sfo.agent.failover;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.Host;
import sfo.ops.api.HostException;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/**
 * Runs adapters on a bounded pool of threads for blocking work, one at a time for each resource. Outlives the actor
 * system: a step of an actor system that ended keeps its resource until it is over.
 */
public final class StepRunner implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(StepRunner.class);
    private static final int THREADS = 16;
    private static final Duration IDLE = Duration.ofSeconds(5);

    private final Host host;
    private final Map<Class<?>, Adapter<?>> adapters = new LinkedHashMap<>();
    private final Map<String, CompletableFuture<?>> lastAsked = new ConcurrentHashMap<>();
    private final ExecutorService pool;

    /** How an act ended. {@code error} is empty if it is as it should be. */
    public record Outcome(String error, long millis) {
        public boolean ok() {
            return error.isEmpty();
        }
    }

    public StepRunner(Host host) {
        this.host = host;
        host.adapters().forEach(adapter -> adapters.put(adapter.kind(), adapter));
        // the thread that idled last takes what comes, and a standby's end: each is 80 KiB. What blocks is not replaced
        pool = new ForkJoinPool(
                THREADS,
                StepRunner::thread,
                null,
                true,
                0,
                THREADS,
                0,
                full -> true,
                IDLE.toSeconds(),
                TimeUnit.SECONDS);
    }

    private static ForkJoinWorkerThread thread(ForkJoinPool pool) {
        ForkJoinWorkerThread thread = ForkJoinPool.defaultForkJoinWorkerThreadFactory.newThread(pool);
        thread.setName("step");
        return thread;
    }

    public Host host() {
        return host;
    }

    /** Runs any blocking work on the same threads. */
    public <T> CompletionStage<T> blocking(Callable<T> work) {
        CompletableFuture<T> future = new CompletableFuture<>();
        start(work, future);
        return future;
    }

    private <T> void start(Callable<T> work, CompletableFuture<T> future) {
        try {
            pool.execute(() -> {
                try {
                    future.complete(work.call());
                } catch (Throwable e) {
                    future.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException closed) {
            future.completeExceptionally(closed);
        }
    }

    public CompletionStage<Facts> inspect(Resource resource, Duration limit) {
        return blocking(() -> adapter(resource).inspect(resource, Call.within(limit)));
    }

    /** Applies. If the adapter fails or its time runs out, what is true on the host decides. */
    public CompletionStage<Outcome> apply(String saga, Step step) {
        return apply(saga, step, () -> "");
    }

    /** @param unless asked right before it acts: why it must not, or empty */
    public CompletionStage<Outcome> apply(String saga, Step step, Supplier<String> unless) {
        return exclusively(step.resource(), () -> {
            CrashPoint.AFTER_INTENT.pass(step.id(), false);
            Outcome outcome = timed(step, () -> actUnless(saga, step, unless));
            CrashPoint.AFTER_ACT.pass(step.id(), false);
            return outcome;
        });
    }

    /** After a restart: ends what is left of the step's commands, asks the host, and applies again if it does not hold. */
    public CompletionStage<Outcome> settle(String saga, Step step, Supplier<String> unless) {
        return exclusively(
                step.resource(),
                () -> timed(step, () -> {
                    host.endOrphans(tag(saga, step), call(saga, step));
                    if (!holds(saga, step)) {
                        actUnless(saga, step, unless);
                    }
                    return null;
                }));
    }

    public CompletionStage<Boolean> stillHolds(String saga, Step step) {
        return exclusively(step.resource(), () -> holds(saga, step));
    }

    /** Reverts to {@code before}; first ends what is left of the step's commands. */
    public CompletionStage<Outcome> revert(String saga, Step step, Facts before) {
        return exclusively(step.resource(), () -> {
            CrashPoint.AFTER_INTENT.pass(step.id(), true);
            Outcome outcome = timed(step, () -> {
                host.endOrphans(tag(saga, step), call(saga, step));
                adapter(step.resource()).revert(step.resource(), before, call(saga, step));
                return null;
            });
            CrashPoint.AFTER_ACT.pass(step.id(), true);
            return outcome;
        });
    }

    private Void actUnless(String saga, Step step, Supplier<String> unless) throws HostException {
        String why = unless.get();
        if (!why.isEmpty()) {
            throw new HostException(why);
        }
        return act(saga, step);
    }

    private Void act(String saga, Step step) throws HostException {
        try {
            adapter(step.resource()).apply(step.resource(), call(saga, step));
        } catch (HostException | RuntimeException e) {
            boolean holdsAfterAll;
            try {
                holdsAfterAll = holds(saga, step);
            } catch (HostException | RuntimeException unknown) {
                e.addSuppressed(unknown);
                throw e;
            }
            if (!holdsAfterAll) {
                throw e;
            }
            log.info("{} {} failed ({}), but holds", saga, step.id(), e.getMessage());
        }
        return null;
    }

    private boolean holds(String saga, Step step) throws HostException {
        Adapter<Resource> adapter = adapter(step.resource());
        return adapter.holds(step.resource(), adapter.inspect(step.resource(), call(saga, step)));
    }

    private static Outcome timed(Step step, Callable<Void> act) {
        long start = System.nanoTime();
        String error = "";
        try {
            act.call();
        } catch (Exception e) {
            error = e.getMessage() == null ? e.toString() : e.getMessage();
            log.warn("{}: {}", step.id(), error, e instanceof HostException ? null : e);
        }
        return new Outcome(error, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
    }

    /** After what was asked of the resource before; who waits takes no thread. */
    private <T> CompletionStage<T> exclusively(Resource resource, Callable<T> work) {
        String key = resource.getClass().getSimpleName() + " " + resource.group() + " " + resource.title();
        CompletableFuture<T> mine = new CompletableFuture<>();
        CompletableFuture<?> before = lastAsked.put(key, mine);
        if (before == null) {
            start(work, mine);
        } else {
            var unused = before.whenComplete((done, error) -> start(work, mine));
        }
        return mine.whenComplete((done, error) -> lastAsked.remove(key, mine));
    }

    @SuppressWarnings("unchecked") // keyed by its own kind
    private Adapter<Resource> adapter(Resource resource) {
        Adapter<?> adapter = adapters.get(resource.getClass());
        if (adapter == null) {
            throw new IllegalStateException(
                    "no adapter for " + resource.getClass().getSimpleName());
        }
        return (Adapter<Resource>) adapter;
    }

    private static Call call(String saga, Step step) {
        return Call.of(tag(saga, step), Duration.ofMillis(step.limitMillis()));
    }

    private static String tag(String saga, Step step) {
        return saga + "/" + step.id();
    }

    @Override
    public void close() {
        pool.shutdownNow();
    }
}
