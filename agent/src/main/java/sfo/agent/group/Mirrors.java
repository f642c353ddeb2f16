package sfo.agent.group;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.volume.Mirror;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.MirrorMessage;

/**
 * Keeps the mirrors of all groups going: on the holder it brings each replica up to date and keeps it so; elsewhere it
 * opens the export that the holder asks for. Told of changes by the mirror itself; tries again each second what failed.
 */
public final class Mirrors extends AbstractBehavior<Mirrors.Command> {
    private static final Duration TICK = Duration.ofSeconds(1);
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration BEGIN = Duration.ofSeconds(5);

    public sealed interface Command {}

    /**
     * How this appliance stands to a group; told on every change, and {@code states} whenever the mirrors' change.
     *
     * @param holds whether it serves the group under {@code claim}
     * @param unmirrored volumes that an operator wants no mirror of
     */
    public record Standing(
            GroupDefinition group,
            Claim claim,
            boolean holds,
            Set<String> unmirrored,
            boolean gone,
            ActorRef<List<MirrorState>> states)
            implements Command {}

    /** The other side's view, from its heartbeat. */
    public record PeerStates(String group, List<MirrorState> states) implements Command {}

    public record PeerSays(MirrorMessage message) implements Command {}

    /** Whether an operator gave up what the replicas of this group alone have. */
    public record AcceptLoss(String group, boolean accepted) implements Command {}

    /** Ends a volume's mirror, or begins it, after {@link Standing} said so. */
    record Wanted(String group, Volume volume, boolean wanted, CompletableFuture<String> reply) implements Command {}

    private record Changed(String group) implements Command {}

    private record Read(String group, List<MirrorState> states) implements Command {}

    private record Done(String what, String group, String volume, String error) implements Command {}

    private record Unread(String group, String error) implements Command {}

    private record Opened(MirrorMessage.OpenTarget request, Optional<Target> target, String error) implements Command {}

    private enum Tick implements Command {
        INSTANCE
    }

    private final Surroundings around;
    private final TimerScheduler<Command> timers;
    private final Map<String, Standing> groups = new HashMap<>();
    private final Map<String, List<MirrorState>> states = new HashMap<>();
    private final Map<String, List<MirrorState>> others = new HashMap<>();
    /** By the target that a copy is to go to, what its side says to that. */
    private final Map<Target, CompletableFuture<Optional<String>>> begun = new ConcurrentHashMap<>();

    private final Set<String> underWay = new HashSet<>();
    private final Set<String> accepted = new HashSet<>();
    /** Why a volume's replica takes no writes now, by group and volume: said by its appliance, or by this one. */
    private final Map<String, String> obstacles = new HashMap<>();

    public static Behavior<Command> create(Surroundings around) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> new Mirrors(context, timers, around)));
    }

    private Mirrors(ActorContext<Command> context, TimerScheduler<Command> timers, Surroundings around) {
        super(context);
        context.setLoggerName(Mirrors.class);
        this.around = around;
        this.timers = timers;
        ActorRef<Command> self = context.getSelf();
        mirror().watch((group, volume) -> self.tell(new Changed(group)));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Standing.class, this::standing)
                .onMessage(PeerStates.class, this::peerStates)
                .onMessage(PeerSays.class, this::peerSays)
                .onMessage(AcceptLoss.class, this::acceptLoss)
                .onMessage(Wanted.class, this::wanted)
                .onMessage(Changed.class, c -> read(c.group()))
                .onMessage(Read.class, this::onRead)
                .onMessage(Opened.class, this::opened)
                .onMessage(Unread.class, this::unread)
                .onMessage(Done.class, this::done)
                .onMessageEquals(Tick.INSTANCE, this::tick)
                .build();
    }

    private Behavior<Command> standing(Standing c) {
        if (c.gone()) {
            groups.remove(c.group().name());
            return paced();
        }
        Standing before = groups.put(c.group().name(), c);
        if (!c.holds() || (before != null && !before.claim().equals(c.claim()))) {
            // it was for one undo
            accepted.remove(c.group().name());
        }
        if (c.holds()) {
            String group = c.group().name();
            c.group()
                    .volumes()
                    .forEach(volume -> work("serves", group, volume.name(), () -> {
                        mirror().serves(group, volume, call());
                        return "";
                    }));
        }
        read(c.group().name());
        return paced();
    }

    private Behavior<Command> acceptLoss(AcceptLoss c) {
        if (c.accepted()) {
            accepted.add(c.group());
        } else {
            accepted.remove(c.group());
        }
        return this;
    }

    private Behavior<Command> wanted(Wanted c) {
        if (c.wanted()) {
            c.reply().complete("");
            return read(c.group());
        }
        ActorRef<Command> self = getContext().getSelf();
        around.runner()
                .blocking(() -> {
                    mirror().disconnect(c.group(), c.volume(), call());
                    return "";
                })
                .whenComplete((done, e) -> {
                    self.tell(new Changed(c.group()));
                    c.reply().complete(e == null ? "" : message(e));
                });
        return this;
    }

    private Behavior<Command> peerStates(PeerStates c) {
        others.put(c.group(), c.states());
        return paced();
    }

    /** It works for what is not as it should be; of anything else it is told. */
    private Behavior<Command> paced() {
        boolean works = groups.values().stream()
                .filter(Standing::holds)
                .flatMap(standing -> statesOf(standing).stream())
                .anyMatch(state -> state.sync() != Sync.REPLICATING || !otherReplicates(state));
        if (!works) {
            timers.cancel(Tick.INSTANCE);
        } else if (!timers.isTimerActive(Tick.INSTANCE)) {
            timers.startTimerWithFixedDelay(Tick.INSTANCE, TICK);
        }
        return this;
    }

    private List<MirrorState> statesOf(Standing standing) {
        return states.getOrDefault(standing.group().name(), List.of());
    }

    private Behavior<Command> tick() {
        for (Standing standing : groups.values()) {
            boolean settled = statesOf(standing).stream().allMatch(s -> s.sync() == Sync.REPLICATING);
            if (standing.holds() && !settled) {
                read(standing.group().name());
            } else {
                keep(standing);
            }
        }
        return this;
    }

    private Behavior<Command> read(String group) {
        Standing standing = groups.get(group);
        if (standing != null && underWay.add("read " + group)) {
            getContext()
                    .pipeToSelf(
                            around.runner().blocking(() -> {
                                List<MirrorState> all = new ArrayList<>();
                                for (Volume volume : standing.group().volumes()) {
                                    all.add(mirror().state(group, volume, call()));
                                }
                                return all;
                            }),
                            (all, e) -> e == null ? new Read(group, all) : new Unread(group, message(e)));
        }
        return this;
    }

    private Behavior<Command> unread(Unread c) {
        underWay.remove("read " + c.group());
        getContext().getLog().warn("mirrors of {} cannot be read: {}", c.group(), c.error());
        return this;
    }

    private Behavior<Command> onRead(Read c) {
        underWay.remove("read " + c.group());
        List<MirrorState> now = c.states().stream().map(this::withObstacle).toList();
        List<MirrorState> before = states.put(c.group(), now);
        Standing standing = groups.get(c.group());
        if (now.stream().allMatch(s -> s.sync() == Sync.REPLICATING)) {
            accepted.remove(c.group()); // what was given up is gone; the next loss is another question
        }
        if (standing != null) {
            if (!now.equals(before)) {
                standing.states().tell(now);
                tellSolo(standing, before == null ? List.of() : before, now);
            }
            keep(standing);
        }
        return paced();
    }

    /** People read why a mirror does not come about where they read that it does not. */
    private MirrorState withObstacle(MirrorState state) {
        String key = state.group() + " " + state.volume();
        if (state.role() != Role.PRIMARY || state.sync() != Sync.SOLO) {
            obstacles.remove(key);
        }
        String why = isUnmirrored(state)
                ? "an operator ended its mirror; to begin it again: sfo cdp enable " + state.group() + "/"
                        + state.volume()
                : obstacles.getOrDefault(key, "");
        return why.isEmpty() ? state : state.explained(state.detail() + "; " + why);
    }

    private boolean isUnmirrored(MirrorState state) {
        Standing standing = groups.get(state.group());
        return state.sync() == Sync.SOLO
                && standing != null
                && standing.unmirrored().contains(state.volume());
    }

    private void obstacle(String group, String volume, String why) {
        if (!why.equals(obstacles.put(group + " " + volume, why))) {
            getContext().getLog().warn("mirror of {}/{}: {}", group, volume, why);
        }
    }

    private void tellSolo(Standing standing, List<MirrorState> before, List<MirrorState> now) {
        for (MirrorState state : now) {
            boolean news =
                    before.stream().anyMatch(b -> b.volume().equals(state.volume()) && b.sync() == Sync.REPLICATING);
            if (news && state.role() == Role.PRIMARY && state.sync() == Sync.SOLO) {
                standing.group()
                        .volume(state.volume())
                        .ifPresent(v -> tellOther(
                                standing,
                                v,
                                new MirrorMessage.WentSolo(
                                        around.self(), standing.group().name(), v, standing.claim(), state.link())));
            }
        }
    }

    /** On the holder: asks for an export where a volume is alone; confirms where the other side does not know yet. */
    private void keep(Standing standing) {
        if (!standing.holds()) {
            return;
        }
        String group = standing.group().name();
        for (MirrorState state : statesOf(standing)) {
            Optional<Volume> volume = standing.group().volume(state.volume());
            if (volume.isEmpty() || state.role() != Role.PRIMARY) {
                continue;
            }
            String key = group + " " + state.volume();
            if (state.sync() == Sync.SOLO
                    && !underWay.contains("connect " + key)
                    && !standing.unmirrored().contains(state.volume())) {
                tellOther(
                        standing,
                        volume.get(),
                        new MirrorMessage.OpenTarget(
                                around.self(), group, volume.get(), standing.claim(), accepted.contains(group)));
            } else if (state.sync() == Sync.REPLICATING && !otherReplicates(state)) {
                tellOther(
                        standing,
                        volume.get(),
                        new MirrorMessage.Synced(around.self(), group, volume.get(), standing.claim(), state.link()));
            }
        }
    }

    private boolean otherReplicates(MirrorState mine) {
        return others.getOrDefault(mine.group(), List.of()).stream()
                .anyMatch(s -> s.volume().equals(mine.volume())
                        && s.link().equals(mine.link())
                        && s.role() == Role.SECONDARY
                        && s.sync() == Sync.REPLICATING);
    }

    private void tellOther(Standing standing, Volume volume, MirrorMessage message) {
        standing.group().members().stream()
                .filter(m -> !m.equals(around.self()) && volume.backing().containsKey(m))
                .forEach(m -> around.peers().tell(m, message));
    }

    private Behavior<Command> peerSays(PeerSays c) {
        MirrorMessage message = c.message();
        Standing standing = groups.get(message.group());
        if (message instanceof MirrorMessage.OpenTarget m) {
            openTarget(m, standing);
        } else if (message instanceof MirrorMessage.TargetOpened m && standing != null && standing.holds()) {
            connect(m, standing);
        } else if (message instanceof MirrorMessage.TargetRefused m) {
            obstacle(m.group(), m.volume(), m.from() + " refuses: " + m.why());
        } else if (message instanceof MirrorMessage.Begins m && isFrom(standing, m.claim())) {
            begins(m);
        } else if (message instanceof MirrorMessage.Begun m) {
            Optional.ofNullable(begun.get(m.target())).ifPresent(answer -> answer.complete(m.refused()));
        } else if (message instanceof MirrorMessage.Synced m && isFrom(standing, m.claim())) {
            work("synced", m.group(), m.volume().name(), () -> {
                mirror().targetSynced(m.group(), m.volume(), m.claim(), m.link(), call());
                return "";
            });
        } else if (message instanceof MirrorMessage.WentSolo m && isFrom(standing, m.claim())) {
            work("close", m.group(), m.volume().name(), () -> {
                if (mirror().state(m.group(), m.volume(), call()).link().equals(m.link())) {
                    mirror().closeTarget(m.group(), m.volume(), false, call());
                }
                return "";
            });
        } else if (message instanceof MirrorMessage.CreateReplica m) {
            createReplica(m);
        } else if (message instanceof MirrorMessage.DestroyReplica m && (standing == null || !standing.holds())) {
            work("destroy", m.group(), m.volume().name(), () -> {
                mirror().destroy(m.group(), m.volume(), call());
                return "";
            });
        }
        return this;
    }

    /** Only the appliance that holds the group by the claim that is known here writes to a replica here. */
    private static boolean isFrom(@Nullable Standing standing, Claim claim) {
        return standing != null && !standing.holds() && standing.claim().equals(claim);
    }

    private void openTarget(MirrorMessage.OpenTarget m, @Nullable Standing standing) {
        if (!isFrom(standing, m.claim())) {
            String why = standing == null
                    ? "group " + m.group() + " is not known yet on " + around.self()
                    : "the claim known on " + around.self() + " is "
                            + standing.claim().tag() + (standing.holds() ? ", and it serves" : "");
            refuse(m, why);
            return;
        }
        String key = "open " + m.group() + " " + m.volume().name();
        if (underWay.add(key)) {
            getContext()
                    .pipeToSelf(
                            around.runner().blocking(() -> {
                                MirrorState state = mirror().state(m.group(), m.volume(), call());
                                if (state.sync() == Sync.SOLO && !m.acceptLoss()) {
                                    return new Opened(
                                            m,
                                            Optional.empty(),
                                            "it has writes since "
                                                    + state.since().orElseThrow() + " that " + m.from()
                                                    + " never received; to give them up: sfo undo " + m.group()
                                                    + " --accept-loss");
                                }
                                return new Opened(
                                        m,
                                        Optional.of(
                                                mirror().openTarget(m.group(), m.volume(), m.claim(), false, call())),
                                        "");
                            }),
                            (opened, e) -> e == null ? opened : new Opened(m, Optional.empty(), message(e)));
        }
    }

    private Behavior<Command> opened(Opened c) {
        MirrorMessage.OpenTarget m = c.request();
        underWay.remove("open " + m.group() + " " + m.volume().name());
        if (c.target().isPresent()) {
            around.peers()
                    .tell(
                            m.from(),
                            new MirrorMessage.TargetOpened(
                                    around.self(),
                                    m.group(),
                                    m.claim(),
                                    c.target().get()));
        } else {
            refuse(m, c.error());
        }
        return read(m.group());
    }

    private void refuse(MirrorMessage.OpenTarget m, String why) {
        around.peers()
                .tell(
                        m.from(),
                        new MirrorMessage.TargetRefused(
                                around.self(), m.group(), m.volume().name(), m.claim(), why));
    }

    private void connect(MirrorMessage.TargetOpened m, Standing standing) {
        Optional<Volume> volume = standing.group().volume(m.target().volume());
        boolean alone = states.getOrDefault(m.group(), List.of()).stream()
                .anyMatch(s -> s.volume().equals(m.target().volume()) && s.sync() == Sync.SOLO);
        if (volume.isPresent() && alone && standing.claim().equals(m.claim())) {
            work("connect", m.group(), volume.get().name(), () -> {
                mirror().connect(
                                m.group(),
                                volume.get(),
                                m.claim(),
                                m.target(),
                                false,
                                () -> askToBegin(m, volume.get()),
                                call());
                return "";
            });
        }
    }

    /** Waits for the other side's word. On a thread for blocking work. */
    private void askToBegin(MirrorMessage.TargetOpened m, Volume volume) throws HostException {
        CompletableFuture<Optional<String>> answer = new CompletableFuture<>();
        begun.put(m.target(), answer);
        try {
            around.peers()
                    .tell(m.from(), new MirrorMessage.Begins(around.self(), m.group(), volume, m.claim(), m.target()));
            Optional<String> refused = answer.get(BEGIN.toMillis(), TimeUnit.MILLISECONDS);
            if (refused.isPresent()) {
                throw new HostException(m.from() + " refuses: " + refused.get());
            }
        } catch (TimeoutException | ExecutionException e) {
            throw new HostException(m.from() + " does not say that its replica may be written over", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HostException("the agent is ending", e);
        } finally {
            begun.remove(m.target());
        }
    }

    private void begins(MirrorMessage.Begins m) {
        work("begin", m.group(), m.volume().name(), () -> {
            Optional<String> refused = Optional.empty();
            try {
                mirror().targetBegins(m.group(), m.volume(), m.claim(), m.target(), call());
            } catch (HostException e) {
                refused = Optional.of(message(e));
            }
            around.peers().tell(m.from(), new MirrorMessage.Begun(around.self(), m.group(), m.target(), refused));
            return "";
        });
    }

    private void createReplica(MirrorMessage.CreateReplica m) {
        getContext()
                .pipeToSelf(
                        around.runner().blocking(() -> {
                            mirror().create(m.group(), m.volume(), call());
                            return "";
                        }),
                        (nothing, e) -> {
                            around.peers()
                                    .tell(
                                            m.from(),
                                            new MirrorMessage.ReplicaCreated(
                                                    around.self(),
                                                    m.group(),
                                                    m.volume().name(),
                                                    e == null ? Optional.empty() : Optional.of(message(e))));
                            return new Done("create", m.group(), m.volume().name(), e == null ? "" : message(e));
                        });
    }

    private void work(String what, String group, String volume, Callable<String> work) {
        String key = what + " " + group + " " + volume;
        if (underWay.add(key)) {
            getContext()
                    .pipeToSelf(
                            around.runner().blocking(work),
                            (nothing, e) -> new Done(what, group, volume, e == null ? "" : message(e)));
        }
    }

    private Behavior<Command> done(Done c) {
        underWay.remove(c.what() + " " + c.group() + " " + c.volume());
        if (!c.error().isEmpty()) {
            obstacle(c.group(), c.volume(), c.what() + ": " + c.error());
        }
        return read(c.group());
    }

    private Mirror mirror() {
        return around.host().mirror();
    }

    private static Call call() {
        return Call.within(LIMIT);
    }

    private static String message(Throwable e) {
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }
}
