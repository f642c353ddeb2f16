package sfo.agent.membership;

import akka.actor.AddressFromURIString;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.cluster.ClusterEvent.ClusterDomainEvent;
import akka.cluster.ClusterEvent.MemberEvent;
import akka.cluster.ClusterEvent.ReachabilityEvent;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import akka.cluster.typed.Subscribe;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import sfo.config.load.Settings;
import sfo.protocol.peer.Hello;

/**
 * Joins the cluster that a peer is in, or forms one if nobody answers in time; so either appliance can start first and
 * alone. A member of a cluster goes on listening: clusters that were formed apart are merged when they meet, and one that
 * was left behind (downed while it was frozen or cut off) comes back. Both by a restart of the actor system, and never
 * while a saga is open here. It downs nobody.
 */
public final class GroupJoiner extends AbstractBehavior<GroupJoiner.Command> {
    public sealed interface Command {}

    private record Heard(HelloWatch.Sighting sighting) implements Command {}

    private enum Tick implements Command {
        INSTANCE
    }

    private enum ViewChanged implements Command {
        INSTANCE
    }

    /** How a joiner sees, and is seen by, the agent around it. All of it may be called from any thread. */
    public interface Surroundings {
        Settings settings();

        HelloWatch hellos();

        /** What this agent answers to a hello now. */
        Hello self();

        /** From now on the hello names this cluster. */
        void inCluster(Hello.Cluster cluster);

        /** From now on the hello names none. */
        void inNoCluster();

        /** Ends this actor system and starts another one. */
        void restart(String why);
    }

    /** A peer that is there answers a hello within milliseconds; one that is not costs a start this much. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    /** How long those with higher names wait for the one that is to form the cluster. */
    private static final Duration PATIENCE_WITH_THE_FIRST = Duration.ofSeconds(5);
    /** What gossip (each 3 s) and a hello need to make a new member known; after that one who is not listed was left behind. */
    private static final Duration PATIENCE_WITH_GOSSIP = Duration.ofSeconds(6);

    private static final Duration LOOKING = Duration.ofMillis(100);
    private static final Duration MEMBER = Duration.ofSeconds(1);

    private final TimerScheduler<Command> timers;
    private final Surroundings agent;
    private final Consumer<HelloWatch.Sighting> listener;
    private final Cluster cluster;
    private final Map<String, HelloWatch.Sighting> heard = new HashMap<>();
    private final Map<String, Long> leftBehindSince = new HashMap<>();
    private long lookingSince = System.nanoTime();
    private @Nullable Hello joining;
    private boolean member;
    private boolean restarting;
    private String waitsToRestart = "";

    public static Behavior<Command> create(Surroundings agent) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> new GroupJoiner(context, timers, agent)));
    }

    private GroupJoiner(ActorContext<Command> context, TimerScheduler<Command> timers, Surroundings agent) {
        super(context);
        context.setLoggerName(GroupJoiner.class);
        this.timers = timers;
        this.agent = agent;
        cluster = Cluster.get(context.getSystem());
        var self = context.getSelf();
        listener = sighting -> self.tell(new Heard(sighting));
        agent.hellos().add(listener);
        agent.hellos().pace(HelloWatch.Pace.LOOKING);
        timers.startTimerWithFixedDelay(Tick.INSTANCE, LOOKING);
        ActorRef<ClusterDomainEvent> changes =
                context.messageAdapter(ClusterDomainEvent.class, change -> ViewChanged.INSTANCE);
        cluster.subscriptions().tell(Subscribe.create(changes.narrow(), MemberEvent.class));
        cluster.subscriptions().tell(Subscribe.create(changes.narrow(), ReachabilityEvent.class));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Heard.class, this::heard)
                .onMessage(Tick.class, tick -> this.consider())
                .onMessage(ViewChanged.class, change -> this.consider())
                .onSignal(PostStop.class, signal -> this.stopped())
                .build();
    }

    private Behavior<Command> stopped() {
        agent.hellos().remove(listener);
        return this;
    }

    private Behavior<Command> heard(Heard message) {
        heard.put(message.sighting().appliance(), message.sighting());
        return consider();
    }

    private Behavior<Command> consider() {
        if (restarting) {
            return this;
        }
        Hello self = agent.self();
        if (cluster.isTerminated()) {
            agent.inNoCluster();
            restart(self, "this appliance was taken out of its cluster");
        } else if (member || self.lists(self.uid())) {
            if (!member) {
                becameMember();
            }
            Hello now = agent.self();
            listen(now);
            pace(together(now));
        } else {
            look(self);
        }
        return this;
    }

    private void becameMember() {
        member = true;
        timers.cancel(Tick.INSTANCE);
        if (joining != null) {
            agent.inCluster(joining.cluster().orElseThrow());
        }
    }

    private void look(Hello self) {
        List<Hello> present = hellos();
        Optional<Hello> target = Islands.toJoin(present);
        if (target.isPresent()) {
            lookingSince = System.nanoTime();
            join(target.get());
        } else if (self.cluster().isEmpty() && mayForm(self, present)) {
            form();
        }
    }

    private boolean mayForm(Hello self, List<Hello> present) {
        Duration waited = Duration.ofNanos(System.nanoTime() - lookingSince);
        boolean allKnown = agent.settings().peers().stream()
                .map(peer -> heard.get(peer.appliance()))
                .allMatch(s -> s != null && (s.refused() || s.hello().isPresent()));
        if (Islands.formsFirst(self.appliance(), present)) {
            return allKnown || waited.compareTo(PATIENCE) >= 0;
        }
        return waited.compareTo(PATIENCE_WITH_THE_FIRST) >= 0;
    }

    private void form() {
        Hello.Cluster formed =
                new Hello.Cluster(UUID.randomUUID().toString(), Instant.now().truncatedTo(ChronoUnit.MILLIS));
        getContext().getLog().info("no cluster answers: forms one");
        joining = null;
        // first, so that a peer that starts now joins instead of forming its own
        agent.inCluster(formed);
        cluster.manager().tell(Join.create(cluster.selfMember().address()));
    }

    private void join(Hello peer) {
        if (joining != null && joining.uid() == peer.uid()) {
            joining = peer;
            return;
        }
        joining = peer;
        Settings.Peer at = agent.settings().peers().stream()
                .filter(p -> p.appliance().equals(peer.appliance()))
                .findFirst()
                .orElseThrow();
        getContext().getLog().info("joins the cluster of {}", peer.appliance());
        cluster.manager().tell(Join.create(AddressFromURIString.parse(PeerLink.address(at.host(), at.port()))));
    }

    private void listen(Hello self) {
        for (Hello peer : hellos()) {
            if (isOneCluster(self, peer)) {
                adoptOlderName(self, peer);
            }
            if (Islands.judge(self, peer) == Islands.Verdict.STAY) {
                leftBehindSince.remove(peer.appliance());
            } else if (!self.cluster()
                    .map(Hello.Cluster::id)
                    .equals(peer.cluster().map(Hello.Cluster::id))) {
                restart(self, "the cluster of " + peer.appliance() + " is older than this one");
            } else if (waited(peer.appliance()).compareTo(PATIENCE_WITH_GOSSIP) >= 0) {
                restart(self, "this appliance was left behind: " + peer.appliance() + " goes on without it");
            }
        }
    }

    /** While all are together, it is told of what changes. */
    private void pace(boolean together) {
        agent.hellos().pace(together ? HelloWatch.Pace.TOGETHER : HelloWatch.Pace.LISTENING);
        if (together) {
            timers.cancel(Tick.INSTANCE);
        } else if (!timers.isTimerActive(Tick.INSTANCE)) {
            timers.startTimerWithFixedDelay(Tick.INSTANCE, MEMBER);
        }
    }

    /** One view, as far as this appliance can tell. */
    private boolean together(Hello self) {
        return cluster.state().getUnreachable().isEmpty()
                && agent.settings().peers().stream()
                        .map(peer ->
                                Optional.ofNullable(heard.get(peer.appliance())).flatMap(HelloWatch.Sighting::hello))
                        .allMatch(hello ->
                                hello.filter(peer -> isOneCluster(self, peer)).isPresent());
    }

    private static boolean isOneCluster(Hello self, Hello peer) {
        return self.lists(peer.uid()) && peer.lists(self.uid());
    }

    /** Two members of one cluster may name it differently, if one joined while the other was about to merge. */
    private void adoptOlderName(Hello self, Hello peer) {
        if (self.cluster().isPresent()
                && peer.cluster().isPresent()
                && peer.cluster().get().compareTo(self.cluster().get()) < 0) {
            agent.inCluster(peer.cluster().get());
        }
    }

    private Duration waited(String appliance) {
        long now = System.nanoTime();
        return Duration.ofNanos(now - leftBehindSince.computeIfAbsent(appliance, a -> now));
    }

    private void restart(Hello self, String why) {
        if (self.openSaga()) {
            if (!why.equals(waitsToRestart)) {
                waitsToRestart = why;
                getContext().getLog().warn("{}: joins when the operation that is under way here has ended", why);
            }
        } else if (!restarting) {
            restarting = true;
            agent.restart(why);
        }
    }

    /** What peers said last, if they said something at all. */
    private List<Hello> hellos() {
        return heard.values().stream()
                .map(HelloWatch.Sighting::hello)
                .flatMap(Optional::stream)
                .toList();
    }
}
