package sfo.agent.group;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.persistence.typed.PersistenceId;
import akka.persistence.typed.RecoveryCompleted;
import akka.persistence.typed.javadsl.CommandHandler;
import akka.persistence.typed.javadsl.Effect;
import akka.persistence.typed.javadsl.EventHandler;
import akka.persistence.typed.javadsl.EventSourcedBehavior;
import akka.persistence.typed.javadsl.SignalHandler;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import sfo.agent.failover.FailoverSaga;
import sfo.agent.failover.FailoverSaga.Told;
import sfo.agent.failover.Retry;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupRules.Conclusion;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.GroupViews;
import sfo.agent.rules.Planner;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.SagaViews;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.GroupMessage.Beat;
import sfo.protocol.peer.Hello;
import sfo.protocol.plan.Plan;

/**
 * One appliance's part in one group: its definition, the claims, the heartbeats; it stands by or holds. {@link GroupRules}
 * decides what follows from a heartbeat; operators' wishes are in {@link Wishes}, an undo's far and near side in
 * {@link HandOver}.
 */
public final class GroupMember extends EventSourcedBehavior<GroupMember.Command, GroupEvent, GroupState> {
    static final Duration BEAT = Duration.ofSeconds(1);
    /** What a peer says confirms a claim only if it heard from this appliance, as it is now, within this long. */
    private static final Duration FRESH = Duration.ofSeconds(5);

    /** Without a heartbeat for this long a member counts as silent. */
    static final Duration SILENT = Duration.ofSeconds(3);

    public sealed interface Command {}

    public record PeerSays(GroupMessage message) implements Command {}

    /** A definition that this appliance is to keep, from its operator or from a peer. */
    public record Keep(GroupDefinition definition, Claim claim, Consumer<Optional<String>> reply) implements Command {}

    public record Show(CompletableFuture<GroupViews.Known> reply) implements Command {}

    /** Mirrors a volume, or no longer; the answer is an error, or empty. */
    record MirrorWanted(Volume volume, boolean wanted, CompletableFuture<String> reply) implements Command {}

    record ShowSaga(String saga, CompletableFuture<Views.SagaView> reply) implements Command {}

    record ShowCheckpoint(String saga, CompletableFuture<Answer> reply) implements Command {}

    /** Something an operator wants; see {@link Wishes}. */
    public record Wish(Wishes.Kind kind, CompletableFuture<Answer> reply, Consumer<Progress> progress)
            implements Command {}

    private record Tick() implements Command {}

    private record MirrorsAre(List<MirrorState> states) implements Command {}

    private record SagaTold(Told news) implements Command {}

    /** Runs within the actor, with the state as it is then; the events are stored, then {@code after} runs. */
    record Turn(Function<GroupState, Step> turn) implements Command {}

    /** What a turn decides. */
    record Step(List<GroupEvent> events, Consumer<GroupState> after) {
        static final Step NOTHING = new Step(List.of(), s -> {});

        static Step then(Runnable after) {
            return new Step(List.of(), s -> after.run());
        }
    }

    final String group;
    final Surroundings around;
    final ActorContext<Command> context;
    final Map<String, Beat> beats = new HashMap<>();
    final Map<String, Instant> lastSigns = new HashMap<>();
    /** By appliance, the clients' connections when it served last: kept when it falls silent, to be reset at open. */
    private final Map<String, List<String>> clients = new HashMap<>();
    /** By appliance, what it said of its mirrors when it served last: one that went on alone says so while it can. */
    private final Map<String, List<MirrorState>> said = new HashMap<>();

    final HandOver handOver;
    final Wishes wishes;
    final ActorRef<Mirrors.Command> mirrorKeeper;
    private final ActorRef<Object> registry;
    private final ActorRef<List<MirrorState>> mirrorStates;
    private final Map<String, ActorRef<FailoverSaga.Command>> sagas = new HashMap<>();
    private final Map<String, SagaState> sagaStates = new HashMap<>();
    private final String incarnation = UUID.randomUUID() + ":";
    private final TimerScheduler<Command> timers;
    List<MirrorState> mirrors = List.of();

    public static Behavior<Command> create(
            String group, Surroundings around, ActorRef<Mirrors.Command> mirrorKeeper, ActorRef<Object> registry) {
        return Behaviors.setup(context -> Behaviors.withTimers(
                timers -> new GroupMember(group, around, mirrorKeeper, registry, context, timers)));
    }

    private GroupMember(
            String group,
            Surroundings around,
            ActorRef<Mirrors.Command> mirrorKeeper,
            ActorRef<Object> registry,
            ActorContext<Command> context,
            TimerScheduler<Command> timers) {
        super(PersistenceId.ofUniqueId("group-" + group), Retry.ofJournal());
        this.group = group;
        this.around = around;
        this.mirrorKeeper = mirrorKeeper;
        this.registry = registry;
        this.context = context;
        context.setLoggerName(GroupMember.class);
        this.handOver = new HandOver(this);
        this.wishes = new Wishes(this);
        @SuppressWarnings("unchecked")
        Class<List<MirrorState>> states = (Class<List<MirrorState>>) (Class<?>) List.class;
        this.mirrorStates = context.messageAdapter(states, MirrorsAre::new);
        this.timers = timers;
    }

    @Override
    public GroupState emptyState() {
        return GroupState.EMPTY;
    }

    @Override
    public EventHandler<GroupState, GroupEvent> eventHandler() {
        return GroupState::apply;
    }

    @Override
    public SignalHandler<GroupState> signalHandler() {
        return newSignalHandlerBuilder()
                .onSignal(RecoveryCompleted.instance(), this::recovered)
                .onSignal(PostStop.instance(), state -> wishes.stopped())
                .build();
    }

    @Override
    public CommandHandler<Command, GroupEvent, GroupState> commandHandler() {
        return newCommandHandlerBuilder()
                .forAnyState()
                .onCommand(PeerSays.class, (state, c) -> run(state, peerSays(state, c.message())))
                .onCommand(Keep.class, (state, c) -> run(state, keep(state, c)))
                .onCommand(
                        ShowSaga.class,
                        (state, c) -> run(
                                state,
                                Step.then(() -> saga(c.saga())
                                        .tell(new FailoverSaga.Show(
                                                s -> c.reply().complete(SagaViews.view(s)))))))
                .onCommand(
                        ShowCheckpoint.class,
                        (state, c) -> run(
                                state,
                                Step.then(() -> saga(c.saga())
                                        .tell(new FailoverSaga.Show(
                                                s -> c.reply().complete(SagaViews.checkpoint(s)))))))
                .onCommand(MirrorWanted.class, (state, c) -> run(state, mirrorWanted(state, c)))
                .onCommand(Wish.class, (state, c) -> run(state, decide(() -> wishes.begin(state, c))))
                .onCommand(
                        Turn.class,
                        (state, c) -> run(state, decide(() -> c.turn().apply(state))))
                .onCommand(SagaTold.class, (state, c) -> run(state, sagaTold(state, c.news())))
                .onCommand(Tick.class, (state, c) -> run(state, tick(state)))
                .onCommand(MirrorsAre.class, (state, c) -> run(state, mirrorsAre(state, c.states())))
                .onCommand(
                        Show.class,
                        (state, c) -> run(state, Step.then(() -> c.reply().complete(snapshot(state)))))
                .build();
    }

    private Effect<GroupEvent, GroupState> run(GroupState state, Step step) {
        if (step.events().isEmpty()) {
            return Effect().none().thenRun(s -> follow(state, step));
        }
        return Effect().persist(step.events()).thenRun((GroupState s) -> {
            tellStanding(s);
            turnBackIfSuperseded(s);
            beatAll(s);
            follow(s, step);
        });
    }

    /** An effect that fails must end neither this actor nor the patience of the operator who waits for an answer. */
    private void follow(GroupState state, Step step) {
        try {
            step.after().accept(state);
        } catch (RuntimeException e) {
            context.getLog().error("group " + group, e);
            wishes.failed(e);
        }
    }

    private Step decide(Supplier<Step> turn) {
        try {
            return turn.get();
        } catch (RuntimeException e) {
            return Step.then(() -> {
                throw e;
            });
        }
    }

    /** What is under way to serve the group goes back as soon as another appliance is known to hold it. */
    private void turnBackIfSuperseded(GroupState state) {
        boolean named = state.claim().appliance().equals(around.self());
        if (!named && !state.claim().isNone()) {
            state.openOperation()
                    .ifPresent(id -> saga(id).tell(new FailoverSaga.Release(
                            "group " + group + " is held by " + state.claim().tag())));
        }
    }

    /** Calls {@code turn} within this actor, later. From any thread. */
    void turn(Function<GroupState, Step> turn) {
        context.getSelf().tell(new Turn(turn));
    }

    /** After a start, and again after the journal failed. */
    private void recovered(GroupState state) {
        timers.startTimerWithFixedDelay(new Tick(), BEAT);
        wishes.journalFailed(state);
        if (state.definition().isEmpty() || state.destroyed()) {
            return;
        }
        lastSigns.putAll(state.lastSigns());
        tellStanding(state);
        // what it was changing as its agent ended is changed back
        state.servingSaga().ifPresent(this::saga);
        state.openOperation().ifPresent(id -> saga(id).tell(new FailoverSaga.Report()));
        beatAll(state);
    }

    Standing standing(GroupState state) {
        return GroupRules.standing(state, around.self(), around.boot());
    }

    private GroupViews.Known snapshot(GroupState state) {
        Optional<String> shown = state.openOperation().or(state::servingSaga);
        return new GroupViews.Known(
                state,
                standing(state),
                mirrors,
                List.copyOf(beats.keySet()),
                shown.flatMap(id -> Optional.ofNullable(sagaStates.get(id))),
                waiting(state));
    }

    private String waiting(GroupState state) {
        if (state.conflict().isPresent()) {
            return "two claims of generation " + state.claim().generation() + " ("
                    + state.claim().tag() + " and " + state.conflict().get().tag() + "); to choose: sfo resolve "
                    + group;
        }
        return standing(state) == Standing.UNCONFIRMED
                ? "for another member to confirm that " + around.self()
                        + " still holds it; if none is alive: sfo resume " + group
                : handOver.waiting();
    }

    // --- peers

    private Step peerSays(GroupState state, GroupMessage message) {
        if (message.from().equals(around.self())) {
            return Step.NOTHING;
        }
        lastSigns.put(message.from(), Instant.now());
        if (message instanceof Beat beat) {
            return onBeat(state, beat);
        } else if (message instanceof GroupMessage.AskDefinition m) {
            return Step.then(() -> sendDefinition(state, m.from()));
        } else if (message instanceof GroupMessage.Definition m) {
            return definition(state, m);
        } else if (message instanceof GroupMessage.DefinitionKept m) {
            return Step.then(() -> wishes.definitionKept(m));
        } else if (message instanceof GroupMessage.Destroyed m) {
            return destroyed(state, m.from());
        } else if (message instanceof GroupMessage.Propose m) {
            return propose(state, m);
        } else if (message instanceof GroupMessage.Acknowledge m) {
            return Step.then(() -> wishes.acknowledged(m));
        }
        return handOver.peerSays(state, message);
    }

    private Step onBeat(GroupState state, Beat beat) {
        boolean first = beats.put(beat.from(), beat) == null;
        if (beat.serving()) {
            clients.put(beat.from(), beat.connections());
            said.put(beat.from(), beat.mirrors());
        }
        if (state.definition().isEmpty() || state.destroyed()) {
            return Step.NOTHING;
        }
        mirrorKeeper.tell(new Mirrors.PeerStates(group, beat.mirrors()));
        List<GroupEvent> events = new ArrayList<>();
        List<Runnable> effects = new ArrayList<>();
        if (first) {
            effects.add(() -> beat(state, beat.from()));
        }
        long n = state.ordinal();
        Claim highest = beat.claim().compareTo(state.claim()) > 0 ? beat.claim() : state.claim();
        long agreed = 1
                + beats.values().stream()
                        .filter(b -> b.claim().equals(highest) && b.standingBy() && isFresh(b))
                        .count();
        for (Conclusion c : GroupRules.onBeat(state, around.self(), around.boot(), handOver.permit(), beat, agreed)) {
            if (c instanceof Conclusion.Adopt a) {
                events.add(new GroupEvent.ClaimKnown(++n, a.claim(), "heard from " + beat.from(), Instant.now()));
            } else if (c instanceof Conclusion.Conflict x && !state.conflict().equals(Optional.of(x.other()))) {
                events.add(new GroupEvent.ConflictFound(++n, x.other(), Instant.now()));
            } else if (c instanceof Conclusion.Release r) {
                effects.add(() ->
                        release("group " + group + " is held by " + r.claim().tag()));
            } else if (c instanceof Conclusion.Confirmed) {
                effects.add(() -> wishes.resume(beat.from() + " confirms the claim"));
            } else if (c instanceof Conclusion.AskDefinition) {
                effects.add(() -> tell(beat.from(), new GroupMessage.AskDefinition(around.self(), group)));
            } else if (c instanceof Conclusion.SendDefinition) {
                effects.add(() -> sendDefinition(state, beat.from()));
            } else if (c instanceof Conclusion.PermitUsed) {
                effects.add(() -> handOver.over(true, beat.from() + " serves"));
            } else if (c instanceof Conclusion.PermitUnused) {
                effects.add(() -> handOver.over(false, beat.from() + " did not open"));
            }
        }
        return new Step(events, s -> effects.forEach(Runnable::run));
    }

    /** Whether its sender had heard from this appliance, as it is now, a moment before. */
    private boolean isFresh(Beat beat) {
        Optional<Long> sent = Optional.ofNullable(beat.heard().get(around.self()))
                .filter(mark -> mark.startsWith(incarnation))
                .map(mark -> Long.parseLong(mark.substring(incarnation.length())));
        return sent.filter(at -> System.nanoTime() - at < FRESH.toNanos()).isPresent();
    }

    private Step definition(GroupState state, GroupMessage.Definition m) {
        Consumer<Optional<String>> reply = refused -> tell(
                m.from(),
                new GroupMessage.DefinitionKept(
                        around.self(), group, m.definition().version(), refused));
        return keep(state, new Keep(m.definition(), m.claim(), reply));
    }

    private Step keep(GroupState state, Keep c) {
        List<GroupEvent> events = new ArrayList<>();
        long n = state.ordinal();
        if (!c.definition().members().contains(around.self())) {
            c.reply().accept(Optional.of(around.self() + " is no member of it"));
            return Step.NOTHING;
        }
        boolean again = state.destroyed() && c.definition().version() == 1;
        if (c.definition().version() > state.version() || again) {
            events.add(new GroupEvent.Defined(++n, c.definition(), Instant.now()));
        }
        if (c.claim().outranks(state.claim()) && !GroupRules.isOwnOffer(state, c.claim())) {
            events.add(new GroupEvent.ClaimKnown(++n, c.claim(), "with the definition", Instant.now()));
        }
        return new Step(events, s -> c.reply().accept(Optional.empty()));
    }

    private Step destroyed(GroupState state, String by) {
        boolean mayDestroy = state.definition().isPresent()
                && (state.claim().isNone() || state.claim().appliance().equals(by))
                && state.servingSaga().isEmpty();
        return state.destroyed() || !mayDestroy
                ? Step.NOTHING
                : new Step(List.of(new GroupEvent.Destroyed(state.ordinal() + 1, Instant.now())), s -> {});
    }

    /** An appliance that serves, or is about to, acknowledges no other claim: it lives. */
    private Step propose(GroupState state, GroupMessage.Propose m) {
        boolean free = state.servingSaga().isEmpty() && state.openOperation().isEmpty() && wishes.yieldsTo(m.claim());
        List<GroupEvent> events = free && m.claim().outranks(state.claim())
                ? List.of(new GroupEvent.ClaimKnown(
                        state.ordinal() + 1, m.claim(), "proposed by " + m.from(), Instant.now()))
                : List.of();
        return new Step(
                events, s -> tell(m.from(), new GroupMessage.Acknowledge(around.self(), group, m.claim(), s.claim())));
    }

    // --- heartbeats

    private Step tick(GroupState state) {
        if (state.definition().isEmpty() || state.destroyed()) {
            return Step.then(() -> wishes.tick(state));
        }
        List<GroupEvent> events = new ArrayList<>();
        long n = state.ordinal();
        Instant quiet = Instant.now().minus(SILENT);
        for (Map.Entry<String, Instant> sign : lastSigns.entrySet()) {
            boolean stored = sign.getValue().equals(state.lastSigns().get(sign.getKey()));
            if (sign.getValue().isBefore(quiet) && !stored) {
                events.add(new GroupEvent.FellSilent(++n, sign.getKey(), sign.getValue()));
                beats.remove(sign.getKey());
            }
        }
        boolean superseded =
                standing(state) == Standing.SUPERSEDED && state.openOperation().isEmpty();
        return new Step(events, s -> {
            if (events.isEmpty()) {
                beatAll(s);
            }
            lookWhoIsConnected(s);
            if (superseded) {
                release("group " + group + " is held by " + s.claim().tag());
            }
            handOver.tick(s);
            wishes.tick(s);
        });
    }

    private void beatAll(GroupState state) {
        state.definition()
                .ifPresent(d -> d.members().stream()
                        .filter(m -> !m.equals(around.self()))
                        .forEach(m -> beat(state, m)));
    }

    private void beat(GroupState state, String to) {
        if (state.destroyed()) {
            tell(to, new GroupMessage.Destroyed(around.self(), group));
            return;
        }
        Map<String, String> marks = new HashMap<>();
        beats.forEach((member, heard) -> marks.put(member, heard.mark()));
        boolean serving = standing(state) == Standing.HOLDS;
        boolean standingBy =
                state.servingSaga().isEmpty() && state.openOperation().isEmpty();
        tell(
                to,
                new Beat(
                        around.self(),
                        group,
                        around.boot(),
                        state.version(),
                        state.claim(),
                        serving,
                        standingBy,
                        mirrors,
                        serving ? clients.getOrDefault(around.self(), List.of()) : List.of(),
                        incarnation + System.nanoTime(),
                        marks));
    }

    /** Looks who is connected, as long as nothing is being taken down; the last look is told even then. */
    private void lookWhoIsConnected(GroupState state) {
        if (standing(state) != Standing.HOLDS || state.openOperation().isPresent()) {
            return;
        }
        around.runner()
                .blocking(() -> around.host().connections(group))
                .whenComplete((found, e) -> turn(now -> Step.then(() -> {
                    if (e != null) {
                        context.getLog().warn("connections of {}: {}", group, e.getMessage());
                    } else if (now.openOperation().isEmpty()) {
                        clients.put(around.self(), found);
                    }
                })));
    }

    private void sendDefinition(GroupState state, String to) {
        state.definition()
                .ifPresent(d -> tell(to, new GroupMessage.Definition(around.self(), group, d, state.claim())));
    }

    /** What {@code appliance} said of its mirrors when it served last. */
    List<MirrorState> said(String appliance) {
        return said.getOrDefault(appliance, List.of());
    }

    void tell(String appliance, GroupMessage message) {
        try {
            around.peers().tell(appliance, message);
        } catch (IllegalArgumentException noPeer) {
            context.getLog().warn("group {}: {}", group, noPeer.getMessage());
        }
    }

    /** Stored first: the keeper of the mirrors forgets it with its agent. */
    private Step mirrorWanted(GroupState state, MirrorWanted c) {
        String volume = c.volume().name();
        boolean news = state.unmirrored().contains(volume) == c.wanted();
        return new Step(
                news
                        ? List.of(new GroupEvent.MirrorWanted(state.ordinal() + 1, volume, c.wanted(), Instant.now()))
                        : List.of(),
                s -> mirrorKeeper.tell(new Mirrors.Wanted(group, c.volume(), c.wanted(), c.reply())));
    }

    private Step mirrorsAre(GroupState state, List<MirrorState> states) {
        mirrors = states;
        return Step.then(() -> {
            beatAll(state);
            wishes.tick(state);
        });
    }

    private void tellStanding(GroupState state) {
        boolean serves = standing(state) == Standing.HOLDS;
        around.known()
                .accept(
                        new Hello.GroupClaim(group, state.version(), state.claim(), serves),
                        state.openOperation().isPresent());
        registry.tell(new Groups.Holding(
                group, serves && !state.destroyed() ? state.definition() : Optional.empty(), state.claim()));
        state.definition()
                .ifPresent(d -> mirrorKeeper.tell(new Mirrors.Standing(
                        d,
                        state.claim(),
                        // not while an undo or a release takes the mirrors down in order
                        serves && state.openOperation().isEmpty(),
                        state.unmirrored(),
                        state.destroyed(),
                        mirrorStates)));
    }

    // --- sagas

    ActorRef<FailoverSaga.Command> saga(String id) {
        return sagas.computeIfAbsent(
                id,
                name -> context.spawn(
                        FailoverSaga.create(
                                name,
                                around.boot(),
                                around.runner(),
                                context.messageAdapter(Told.class, SagaTold::new)),
                        "saga-" + name));
    }

    /** Opens a saga for a plan; events and what to do once they are stored. */
    Step open(
            GroupState state,
            List<GroupEvent> first,
            SagaEvent.Kind kind,
            Plan plan,
            Claim claim,
            Requests.Operator by,
            Optional<DossierView> dossier,
            BooleanSupplier mayOpen,
            Consumer<String> opened) {
        List<GroupEvent> events = new ArrayList<>(first);
        String id = state.nextSaga(group, claim.generation());
        boolean claims = kind == SagaEvent.Kind.FAILOVER || kind == SagaEvent.Kind.HAND_OVER;
        Optional<String> from = claims ? Optional.of(plan.from()) : Optional.empty();
        events.add(new GroupEvent.OperationOpened(state.ordinal() + first.size() + 1, id, from, Instant.now()));
        return new Step(events, s -> {
            opened.accept(id);
            saga(id).tell(new FailoverSaga.Open(kind, plan, claim, by.user(), by.reason(), dossier, mayOpen));
        });
    }

    Plan plan(GroupDefinition definition, String from, Claim claim, List<Target> targets, Optional<Mac> mac) {
        Map<String, String> mounts = new HashMap<>();
        for (Volume volume : definition.volumes()) {
            mounts.put(
                    volume.name(),
                    around.host().mountPoint(group, volume.name()).toString());
        }
        List<String> connections = clients.getOrDefault(from, List.of());
        return Planner.plan(
                new Planner.Input(definition, around.self(), from, claim, mounts, targets, connections, mac));
    }

    Claim nextClaim(GroupState state, String appliance) {
        return new Claim(
                state.claim().generation() + 1, appliance, UUID.randomUUID().toString());
    }

    private void release(String why) {
        turn(state -> {
            Optional<String> serving = state.servingSaga();
            if (serving.isEmpty() || state.openOperation().isPresent()) {
                return Step.NOTHING;
            }
            GroupEvent reopened =
                    new GroupEvent.OperationReopened(state.ordinal() + 1, serving.get(), why, Instant.now());
            return new Step(List.of(reopened), s -> saga(serving.get()).tell(new FailoverSaga.Release(why)));
        });
    }

    private Step sagaTold(GroupState state, Told news) {
        if (news instanceof Told.Moved moved) {
            sagaStates.put(moved.saga(), moved.state());
            return Step.then(() -> wishes.moved(moved));
        } else if (news instanceof Told.WantsHandOver wants) {
            return Step.then(() -> handOver.begin(state, wants));
        } else if (news instanceof Told.PermitStored stored) {
            return Step.then(() -> handOver.permitStored(state, stored));
        } else if (news instanceof Told.Adjusted adjusted) {
            sagaStates.put(adjusted.saga(), adjusted.state());
            return wishes.adjusted(state, adjusted);
        } else if (news instanceof Told.Ended ended) {
            sagaStates.put(ended.saga(), ended.state());
            return sagaEnded(state, ended);
        } else if (news instanceof Told.NeverOpened never) {
            return neverOpened(state, never.saga());
        }
        return Step.NOTHING;
    }

    private Step sagaEnded(GroupState state, Told.Ended ended) {
        if (!state.openOperation().equals(Optional.of(ended.saga()))) {
            return Step.NOTHING;
        }
        List<GroupEvent> events = new ArrayList<>();
        long n = state.ordinal();
        Instant now = Instant.now();
        SagaState saga = ended.state();
        SagaEvent.Outcome outcome = saga.ended().orElseThrow().outcome();
        boolean undone = outcome == SagaEvent.Outcome.UNDONE;
        if (outcome == SagaEvent.Outcome.DONE) {
            // of the boot that it was made in: told again after a reboot, it holds no more
            String boot = saga.opened().orElseThrow().boot();
            events.add(new GroupEvent.Serving(++n, ended.saga(), boot, now));
        } else if (undone && state.servingSaga().isPresent()) {
            events.add(new GroupEvent.Released(++n, saga.why(), now));
        }
        boolean superseded = !state.claim().appliance().equals(around.self());
        if (undone && state.returnsTo().isPresent() && !superseded) {
            String to = state.returnsTo().get();
            events.add(new GroupEvent.ClaimKnown(++n, nextClaim(state, to), "rollback: " + saga.why(), now));
        }
        if (undone && saga.handOver().isPresent()) {
            boolean opened = saga.handOver().get().opened();
            Claim offer = saga.permitted().map(SagaEvent.Permitted::claim).orElse(nextClaim(state, around.self()));
            Claim claim = opened
                    ? offer
                    : GroupRules.takenBack(
                            state, offer, around.self(), UUID.randomUUID().toString());
            if (claim.outranks(state.claim())) {
                events.add(new GroupEvent.ClaimKnown(++n, claim, opened ? "handed over" : "taken back", now));
            }
        }
        if (outcome != SagaEvent.Outcome.NEEDS_ATTENTION) {
            events.add(new GroupEvent.OperationEnded(++n, ended.saga(), outcome.name(), now));
        }
        boolean start = saga.opened().orElseThrow().kind() == SagaEvent.Kind.START;
        if (undone && start && state.servingSaga().isEmpty()) {
            // a group that never served is none: nobody is to confirm it
            events.add(new GroupEvent.Destroyed(++n, now));
        }
        return new Step(events, s -> {
            handOver.sagaEnded(s, saga);
            wishes.sagaEnded(s, ended.saga(), saga);
        });
    }

    /** Its agent ended between the two journals: nothing was touched, and the claim goes back. */
    private Step neverOpened(GroupState state, String saga) {
        if (!state.openOperation().equals(Optional.of(saga))) {
            return Step.NOTHING;
        }
        List<GroupEvent> events = new ArrayList<>();
        long n = state.ordinal();
        Instant now = Instant.now();
        if (state.returnsTo().isPresent() && state.claim().appliance().equals(around.self())) {
            Claim back = nextClaim(state, state.returnsTo().get());
            events.add(new GroupEvent.ClaimKnown(++n, back, "rollback: it never began", now));
        }
        events.add(new GroupEvent.OperationEnded(++n, saga, "never began", now));
        return new Step(events, s -> wishes.neverBegan(saga));
    }
}
