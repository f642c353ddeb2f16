package sfo.agent.boot;

import akka.actor.PoisonPill;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.AskPattern;
import akka.cluster.typed.Cluster;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.agent.membership.GroupJoiner;
import sfo.agent.membership.HelloClient;
import sfo.agent.membership.HelloServer;
import sfo.agent.membership.HelloWatch;
import sfo.agent.membership.Membership;
import sfo.agent.membership.PeerLink;
import sfo.config.load.Settings;
import sfo.protocol.control.Views;
import sfo.protocol.peer.Hello;

/**
 * An agent, for as long as its JVM lives: the hello endpoint, the parts, and one actor system after another. The end of an
 * actor system, asked for or not, is followed by a new one, with a new uid, until the agent is closed.
 */
public final class Agent implements AgentContext, GroupJoiner.Surroundings, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Agent.class);
    private static final Duration END = Duration.ofMillis(2500);
    private static final long RETRY_MILLIS = 1000;
    /** In order, an actor system ends within two seconds. */
    private static final long STUCK_MILLIS = 3000;

    private final Settings settings;
    private final List<Part> parts;
    private final String bootIdentity = BootIdentity.read();
    private final DataFolder data;
    private final Optional<JournalRepair> journalRepair;
    private final HelloClient helloClient;
    private final HelloWatch hellos;
    private final HelloServer helloServer;
    private final PeerLink peers;
    private final CountDownLatch ended = new CountDownLatch(1);
    /** Starts and ends actor systems, one at a time. */
    private final ScheduledExecutorService lifecycle = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "lifecycle");
        thread.setDaemon(true);
        return thread;
    });

    private volatile @Nullable ActorSystem<Void> system;
    private volatile @Nullable ActorRef<Membership.Command> membership;
    private volatile long uid;
    private volatile Optional<Hello.Cluster> cluster = Optional.empty();
    private volatile List<Hello.Member> members = List.of();
    private volatile boolean closing;
    private volatile boolean asked;

    /**
     * Checks what has to hold, and starts.
     *
     * @param parts opened and started in this order
     * @throws StartRefused if a check fails; nothing is left running
     */
    public static Agent start(Settings settings, List<Part> parts) {
        Tls.check(settings.tls(), settings.appliance());
        DataFolder data = DataFolder.open(settings.data());
        try {
            Optional<JournalRepair> repair = Journal.check(settings.data(), settings.appliance());
            Agent agent = new Agent(settings, parts, data, repair);
            agent.open();
            return agent;
        } catch (StartRefused e) {
            data.close();
            throw e;
        }
    }

    private Agent(Settings settings, List<Part> parts, DataFolder data, Optional<JournalRepair> journalRepair) {
        this.settings = settings;
        this.parts = List.copyOf(parts);
        this.data = data;
        this.journalRepair = journalRepair;
        peers = new PeerLink(settings.peers(), this::system);
        SSLContext tls = Tls.context(settings.tls());
        Settings.Endpoint at = settings.endpoint();
        try {
            helloServer = HelloServer.start(at.host(), at.helloPort(), tls, this::self);
        } catch (IOException e) {
            throw cannotListen(at.host(), at.helloPort(), e);
        }
        helloClient = new HelloClient(tls);
        hellos = new HelloWatch(settings.peers(), helloClient);
    }

    private void open() {
        journalRepair.ifPresent(repair -> log.error(
                "the journal was repaired at {}, events may be missing ({}); a copy is in {}",
                repair.at(),
                repair.found(),
                repair.copy()));
        hellos.start();
        try {
            parts.forEach(part -> part.open(this));
            startSystem();
        } catch (RuntimeException e) {
            close();
            throw e instanceof StartRefused
                    ? e
                    : cannotListen(
                            settings.endpoint().host(), settings.endpoint().port(), e);
        }
    }

    private static StartRefused cannotListen(String host, int port, Exception e) {
        return new StartRefused(
                "can't listen on " + host + ":" + port + " (sfo.endpoint): " + e.getMessage()
                        + ": is the address on this host, and is the port free? See: ss -ltnp sport = :" + port,
                e);
    }

    private void startSystem() {
        cluster = Optional.empty();
        members = List.of();
        asked = false;
        ActorSystem<Void> started = ActorSystem.create(
                Guardian.create(
                        this,
                        parts,
                        Membership.create(settings, hellos, now -> members = now),
                        actor -> membership = actor),
                "sfo",
                AkkaSettings.of(settings));
        uid = Cluster.get(started).selfMember().uniqueAddress().longUid();
        system = started;
        started.getWhenTerminated().whenComplete((done, error) -> onLifecycle(this::systemEnded, 0));
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
            startSystem();
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

    @Override
    public void restart(String why) {
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

    @Override
    public Hello self() {
        return new Hello(
                settings.appliance(),
                version(),
                bootIdentity,
                uid,
                cluster,
                members,
                parts.stream().anyMatch(Part::openSaga),
                parts.stream().flatMap(part -> part.groups().stream()).toList());
    }

    @Override
    public void inCluster(Hello.Cluster joined) {
        cluster = Optional.of(joined);
    }

    @Override
    public void inNoCluster() {
        cluster = Optional.empty();
    }

    /** Ends in order, within 3 s: actors, parts, hello endpoint, lock. What is served goes on. */
    @Override
    public void close() {
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
        List<Part> reversed = new ArrayList<>(parts);
        Collections.reverse(reversed);
        reversed.forEach(Agent::closed);
        hellos.close();
        helloServer.close();
        lifecycle.shutdownNow();
        data.close();
    }

    private static void closed(Part part) {
        try {
            part.close();
        } catch (RuntimeException e) {
            log.error("could not end {} in order", part.getClass().getSimpleName(), e);
        }
    }

    @Override
    public Settings settings() {
        return settings;
    }

    @Override
    public String version() {
        String version = Agent.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }

    @Override
    public String bootIdentity() {
        return bootIdentity;
    }

    @Override
    public Optional<JournalRepair> journalRepair() {
        return journalRepair;
    }

    @Override
    public HelloWatch hellos() {
        return hellos;
    }

    @Override
    public HelloClient helloClient() {
        return helloClient;
    }

    @Override
    public PeerLink peers() {
        return peers;
    }

    @Override
    public Optional<ActorSystem<Void>> system() {
        return Optional.ofNullable(system);
    }

    @Override
    public ActorRef<Membership.Command> membership() {
        ActorRef<Membership.Command> now = membership;
        if (now == null) {
            throw new IllegalStateException("no actor system has started yet");
        }
        return now;
    }

    @Override
    public CompletionStage<List<Views.MemberView>> members() {
        return system().map(
                        now -> AskPattern.ask(membership(), Membership.Get::new, Duration.ofSeconds(2), now.scheduler())
                                .toCompletableFuture()
                                // an actor system that ends takes its clock along, and the ask's own limit with it
                                .orTimeout(3, TimeUnit.SECONDS))
                .orElseGet(
                        () -> CompletableFuture.failedFuture(new IllegalStateException("the actor system restarts")));
    }
}
