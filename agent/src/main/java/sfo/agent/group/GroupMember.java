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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import sfo.agent.failover.FailoverSaga.Told;
import sfo.agent.failover.Retry;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.GroupViews;
import sfo.agent.rules.SagaViews;
import sfo.agent.rules.member.Act;
import sfo.agent.rules.member.Decision;
import sfo.agent.rules.member.Input;
import sfo.agent.rules.member.Member;
import sfo.agent.rules.member.MemberRules;
import sfo.agent.rules.member.Memory;
import sfo.agent.rules.member.Moment;
import sfo.agent.rules.member.Wish;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Views;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.GroupMessage;

/**
 * One appliance's part in one group: its definition, the claims, the heartbeats; it stands by or holds. {@link MemberRules}
 * decides; this actor stores what was decided, then has {@link MemberActs} carry it out.
 */
public final class GroupMember extends EventSourcedBehavior<GroupMember.Command, GroupEvent, GroupState> {
    private static final Duration TICK = Duration.ofSeconds(1);

    public sealed interface Command {}

    public record PeerSays(GroupMessage message) implements Command {}

    public record Show(CompletableFuture<GroupViews.Known> reply) implements Command {}

    /** Mirrors a volume, or no longer; the answer is an error, or empty. */
    record MirrorWanted(Volume volume, boolean wanted, CompletableFuture<String> reply) implements Command {}

    record ShowSaga(String saga, CompletableFuture<Views.SagaView> reply) implements Command {}

    record ShowCheckpoint(String saga, CompletableFuture<Answer> reply) implements Command {}

    /** Something an operator wants. */
    public record Wanted(Wish wish, CompletableFuture<Answer> reply, Consumer<Progress> progress) implements Command {}

    /** What was asked for, or has happened. */
    record In(Input input) implements Command {}

    private record MirrorsAre(List<MirrorState> states) implements Command {}

    private record SagaTold(Told news) implements Command {}

    private final Surroundings around;
    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private final ActorRef<Mirrors.Command> mirrorKeeper;
    private final ActorRef<Object> registry;
    private final ActorRef<List<MirrorState>> mirrorStates;
    private final Member me;
    private final Sagas sagas;
    private final Operators operators = new Operators();
    private final MemberActs acts;
    private volatile Memory memory;

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
        this.around = around;
        this.mirrorKeeper = mirrorKeeper;
        this.registry = registry;
        this.context = context;
        this.timers = timers;
        context.setLoggerName(GroupMember.class);
        @SuppressWarnings("unchecked")
        Class<List<MirrorState>> states = (Class<List<MirrorState>>) (Class<?>) List.class;
        this.mirrorStates = context.messageAdapter(states, MirrorsAre::new);
        this.me = new Member(
                group,
                around.self(),
                around.boot(),
                around.repaired(),
                UUID.randomUUID() + ":",
                (of, volume) -> around.host().mountPoint(of, volume).toString());
        this.memory = Memory.fresh(System.nanoTime());
        this.sagas = new Sagas(context, around, context.messageAdapter(Told.class, SagaTold::new));
        this.acts = new MemberActs(
                me,
                around,
                mirrorKeeper,
                sagas,
                operators,
                () -> memory,
                input -> context.getSelf().tell(new In(input)));
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
                .onSignal(PostStop.instance(), state -> carryOut(state, decide(state, new Input.Stopped())))
                .build();
    }

    @Override
    public CommandHandler<Command, GroupEvent, GroupState> commandHandler() {
        return newCommandHandlerBuilder()
                .forAnyState()
                .onCommand(PeerSays.class, (state, c) -> on(state, new Input.Heard(c.message())))
                .onCommand(In.class, (state, c) -> on(state, c.input()))
                .onCommand(MirrorsAre.class, (state, c) -> on(state, new Input.Mirrors(c.states())))
                .onCommand(
                        Wanted.class,
                        (state, c) -> on(state, new Input.Wanted(operators.asks(c.reply(), c.progress()), c.wish())))
                .onCommand(
                        MirrorWanted.class,
                        (state, c) ->
                                on(state, new Input.MirrorWanted(operators.asks(c.reply()), c.volume(), c.wanted())))
                .onCommand(SagaTold.class, (state, c) -> sagaTold(state, c.news()))
                .onCommand(
                        ShowSaga.class,
                        (state, c) -> Effect()
                                .none()
                                .thenRun(s ->
                                        sagas.show(c.saga(), saga -> c.reply().complete(SagaViews.view(saga)))))
                .onCommand(
                        ShowCheckpoint.class,
                        (state, c) -> Effect()
                                .none()
                                .thenRun(s ->
                                        sagas.show(c.saga(), saga -> c.reply().complete(SagaViews.checkpoint(saga)))))
                .onCommand(
                        Show.class,
                        (state, c) -> Effect().none().thenRun(s -> c.reply().complete(known(s))))
                .build();
    }

    private Effect<GroupEvent, GroupState> on(GroupState state, Input input) {
        Decision decision = decide(state, input);
        return decision.events().isEmpty()
                ? Effect().none().thenRun(s -> carryOut(s, decision))
                : Effect().persist(decision.events()).thenRun((GroupState s) -> carryOut(s, decision));
    }

    private Decision decide(GroupState state, Input input) {
        Decision decision;
        try {
            decision = MemberRules.on(me, state, memory, now(state), input);
        } catch (RuntimeException e) {
            // neither this actor nor the patience of an operator ends with it
            context.getLog().error("group {}: {}", me.group(), input, e);
            if (input instanceof Input.Wanted wanted) {
                operators.answer(wanted.wish(), Answer.of(ExitCode.ROLLED_BACK, "nothing was touched: " + e));
            }
            decision = new Decision(memory, List.of(), List.of());
        }
        memory = decision.memory();
        return decision;
    }

    private void carryOut(GroupState state, Decision decision) {
        for (Act act : decision.acts()) {
            try {
                if (act instanceof Act.TellStanding) {
                    tellStanding(state);
                } else if (act instanceof Act.ExpectWord a) {
                    Command none = new In(new Input.NoWord(a.appliance()));
                    timers.startSingleTimer("word of " + a.appliance(), none, Duration.ofMillis(a.millis()));
                } else {
                    acts.carryOut(act);
                }
            } catch (RuntimeException e) {
                context.getLog().error("group {}: {}", me.group(), act, e);
                context.getSelf().tell(new In(new Input.Broke(e.toString())));
            }
        }
    }

    private Moment now(GroupState state) {
        Map<String, Instant> seen = new HashMap<>();
        state.definition().stream()
                .flatMap(d -> d.voters().stream())
                .forEach(member -> around.peers().lastSeen(member).ifPresent(at -> seen.put(member, at)));
        return new Moment(
                Instant.now(),
                System.nanoTime(),
                UUID.randomUUID().toString(),
                seen,
                around.storable().getAsBoolean());
    }

    /** After a start, and again after the journal failed. */
    private void recovered(GroupState state) {
        timers.startTimerWithFixedDelay(new In(new Input.Tick()), TICK);
        carryOut(state, decide(state, new Input.JournalRead()));
    }

    private GroupViews.Known known(GroupState state) {
        Optional<String> shown = state.openOperation().or(state::servingSaga);
        return new GroupViews.Known(
                state,
                standing(state),
                memory.mirrors(),
                List.copyOf(memory.beats().keySet()),
                memory.broken(),
                shown.flatMap(sagas::last),
                MemberRules.waitsFor(me, state, memory, System.nanoTime()));
    }

    private Standing standing(GroupState state) {
        return GroupRules.standing(state, me.self(), me.boot());
    }

    private void tellStanding(GroupState state) {
        boolean serves = standing(state) == Standing.HOLDS;
        around.known()
                .accept(
                        new sfo.protocol.peer.Hello.GroupClaim(me.group(), state.version(), state.claim(), serves),
                        state.openOperation().isPresent());
        Optional<GroupDefinition> held = serves && !state.destroyed() ? state.definition() : Optional.empty();
        registry.tell(new Groups.Holding(me.group(), held, state.claim()));
        state.definition()
                .filter(d -> d.members().contains(me.self()))
                .ifPresent(d -> mirrorKeeper.tell(new Mirrors.Standing(
                        d,
                        state.claim(),
                        // not while an undo or a release takes the mirrors down in order
                        serves && state.openOperation().isEmpty(),
                        state.unmirrored(),
                        state.destroyed(),
                        mirrorStates)));
    }

    private Effect<GroupEvent, GroupState> sagaTold(GroupState state, Told news) {
        sagas.heard(news);
        String saga = news.saga();
        if (news instanceof Told.Moved moved) {
            memory.operation()
                    .filter(o -> o.saga().equals(Optional.of(saga)))
                    .ifPresent(o -> operators.moved(o.wish(), saga, moved.state()));
            return Effect().none();
        } else if (news instanceof Told.WantsHandOver wants) {
            return on(state, new Input.SagaWantsHandOver(saga, wants.state()));
        } else if (news instanceof Told.PermitStored stored) {
            return on(state, new Input.PermitStored(stored.permit()));
        } else if (news instanceof Told.Adjusted adjusted) {
            return on(state, new Input.SagaAdjusted(saga, adjusted.id(), adjusted.error()));
        } else if (news instanceof Told.Looked looked) {
            return on(state, new Input.SagaLooked(saga, looked.broken()));
        } else if (news instanceof Told.Ended ended) {
            return on(state, new Input.SagaEnded(saga, ended.state()));
        }
        return on(state, new Input.SagaNeverOpened(saga));
    }
}
