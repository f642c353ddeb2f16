package sfo.agent.failover;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
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
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import sfo.agent.failover.StepRunner.Outcome;
import sfo.agent.rules.SagaRules;
import sfo.agent.rules.SagaRules.Act;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.SagaState.Mark;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.Target;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Step;

/**
 * Carries one plan out, forward or back. {@link SagaRules} decides; this actor stores each decision before it acts, and
 * hands the acts to the {@link StepRunner}. Restarted, it goes on in the direction it had, and asks the host what is true.
 */
public final class FailoverSaga extends EventSourcedBehavior<FailoverSaga.Command, SagaEvent, SagaState> {
    /** An inverse that failed is tried again after this, times the number of its failures. */
    private static final Duration RETRY = Duration.ofMillis(300);

    public sealed interface Command {}

    /** Begin. {@code mayOpen} is asked before the interface opens, where {@code kind} is a hand-over. */
    public record Open(
            SagaEvent.Kind kind,
            Plan plan,
            Claim claim,
            String user,
            String reason,
            Optional<DossierView> dossier,
            BooleanSupplier mayOpen)
            implements Command {}

    /** Replay the inverses, then hand over to {@code to}. */
    public record Undo(String to, String user, String reason) implements Command {}

    /** Replay the inverses: another appliance holds the group. */
    public record Release(String why) implements Command {}

    /** Store that the permit will be given; {@link Told.PermitStored} says when it is. */
    public record StorePermit(Claim claim, List<Target> targets, long validMillis) implements Command {}

    public record HandedOver(boolean opened, String why) implements Command {}

    /** Change what is served to another plan of the same claim; {@link Told.Adjusted} says how it ended. */
    public record Adjust(Plan plan) implements Command {}

    /** From a parent that was restarted: say again how it ended, if it has, or that it never began. */
    public record Report() implements Command {}

    public record Show(java.util.function.Consumer<SagaState> reply) implements Command {}

    private record Drive() implements Command {}

    private record CheckpointTaken(Map<String, Facts> before, String error) implements Command {}

    private record Applied(Step step, Outcome outcome) implements Command {}

    private record Reverted(Step step, Outcome outcome) implements Command {}

    private record CheckDone(List<Step> left) implements Command {}

    private record Settle() implements Command {}

    private record NoLongerHolds(String title) implements Command {}

    private record RevertNow(Step step) implements Command {}

    private record AdjustPrepared(Plan plan, Map<String, Facts> before, String error) implements Command {}

    private record AdjustOver(String error) implements Command {}

    /** What its parent is told. */
    public sealed interface Told {
        String saga();

        record Moved(String saga, SagaState state) implements Told {}

        /** Everything is released; {@code permitted} if the permit was stored before a restart. */
        record WantsHandOver(String saga, SagaState state) implements Told {}

        record PermitStored(String saga, SagaEvent.Permitted permit) implements Told {}

        record Adjusted(String saga, String error, SagaState state) implements Told {}

        record Ended(String saga, SagaState state) implements Told {}

        /** The agent ended before this saga was stored: nothing was touched. */
        record NeverOpened(String saga) implements Told {}
    }

    private final String saga;
    private final String boot;
    private final StepRunner runner;
    private final ActorRef<Told> parent;
    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private volatile BooleanSupplier mayOpen = () -> false;
    /** Another appliance holds the group: whatever is still queued, the interface does not open any more. */
    private volatile boolean released;

    /** Whether this actor has read its journal already: it does so again only because the journal failed. */
    private boolean readBefore;

    private Optional<Release> afterAdjusting = Optional.empty();

    public static Behavior<Command> create(String saga, String boot, StepRunner runner, ActorRef<Told> parent) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> new FailoverSaga(saga, boot, runner, parent, context, timers)));
    }

    private FailoverSaga(
            String saga,
            String boot,
            StepRunner runner,
            ActorRef<Told> parent,
            ActorContext<Command> context,
            TimerScheduler<Command> timers) {
        super(PersistenceId.ofUniqueId("saga-" + saga), Retry.ofJournal());
        this.saga = saga;
        this.boot = boot;
        this.runner = runner;
        this.parent = parent;
        this.context = context;
        this.timers = timers;
    }

    @Override
    public SagaState emptyState() {
        return SagaState.EMPTY;
    }

    @Override
    public EventHandler<SagaState, SagaEvent> eventHandler() {
        return SagaState::apply;
    }

    @Override
    public SignalHandler<SagaState> signalHandler() {
        return newSignalHandlerBuilder()
                .onSignal(RecoveryCompleted.instance(), this::recovered)
                .build();
    }

    @Override
    public CommandHandler<Command, SagaEvent, SagaState> commandHandler() {
        return newCommandHandlerBuilder()
                .forAnyState()
                .onCommand(Open.class, this::open)
                .onCommand(Drive.class, (state, c) -> advance(state, List.of()))
                .onCommand(CheckpointTaken.class, this::checkpointTaken)
                .onCommand(Applied.class, this::applied)
                .onCommand(Reverted.class, this::reverted)
                .onCommand(RevertNow.class, (state, c) -> Effect().none().thenRun(s -> startRevert(s, c.step())))
                .onCommand(NoLongerHolds.class, this::noLongerHolds)
                .onCommand(CheckDone.class, (state, c) -> Effect().none().thenRun(s -> checkDone(c.left())))
                .onCommand(Settle.class, (state, c) -> Effect().none().thenRun(s -> settle(s)))
                .onCommand(Undo.class, this::undo)
                .onCommand(Release.class, this::release)
                .onCommand(StorePermit.class, this::storePermit)
                .onCommand(HandedOver.class, this::handedOver)
                .onCommand(Report.class, (state, c) -> Effect().none().thenRun(this::report))
                .onCommand(Adjust.class, (state, c) -> Effect().none().thenRun(s -> prepareAdjust(s, c.plan())))
                .onCommand(AdjustPrepared.class, this::adjustPrepared)
                .onCommand(AdjustOver.class, this::adjustOver)
                .onCommand(
                        Show.class,
                        (state, c) -> Effect().none().thenRun(s -> c.reply().accept(s)))
                .build();
    }

    private Effect<SagaEvent, SagaState> open(SagaState state, Open c) {
        if (state.opened().isPresent()) {
            return Effect().none();
        }
        mayOpen = c.mayOpen();
        return advance(
                state,
                List.of(new SagaEvent.Opened(
                        1, saga, c.kind(), c.plan(), c.claim(), boot, c.user(), c.reason(), c.dossier(), now())));
    }

    private Effect<SagaEvent, SagaState> checkpointTaken(SagaState state, CheckpointTaken c) {
        if (state.before().isPresent()) {
            return Effect().none();
        }
        long n = state.ordinal() + 1;
        return advance(
                state,
                List.of(
                        c.error().isEmpty()
                                ? new SagaEvent.Checkpointed(n, c.before(), now())
                                : new SagaEvent.TurnedBack(n, "checkpoint: " + c.error(), now())));
    }

    private Effect<SagaEvent, SagaState> applied(SagaState state, Applied c) {
        if (state.mark(c.step()) != Mark.INTENDED) {
            return Effect().none();
        }
        String step = c.step().id();
        long n = state.ordinal() + 1;
        long took = c.outcome().millis();
        CrashPoint.AFTER_SUCCESS.pass(step, false);
        return advance(
                state,
                List.of(
                        c.outcome().ok()
                                ? new SagaEvent.StepDone(n, step, took, now())
                                : new SagaEvent.StepFailed(n, step, c.outcome().error(), took, now())));
    }

    private Effect<SagaEvent, SagaState> reverted(SagaState state, Reverted c) {
        String step = c.step().id();
        if (state.mark(c.step()) != Mark.UNDOING) {
            return Effect().none();
        }
        long n = state.ordinal() + 1;
        int failures = state.attempts().getOrDefault(step, 0) + 1;
        CrashPoint.AFTER_SUCCESS.pass(step, true);
        return advance(
                state,
                List.of(
                        c.outcome().ok()
                                ? new SagaEvent.StepUndone(n, step, c.outcome().millis(), now())
                                : new SagaEvent.InverseFailed(
                                        n, step, c.outcome().error(), failures, now())));
    }

    private Effect<SagaEvent, SagaState> noLongerHolds(SagaState state, NoLongerHolds c) {
        cutOff(state);
        if (state.back() || state.ended().isPresent()) {
            return Effect().none();
        }
        String why = c.title() + " no longer holds after a restart of the agent";
        return advance(state, List.of(new SagaEvent.TurnedBack(state.ordinal() + 1, why, now())));
    }

    private Effect<SagaEvent, SagaState> undo(SagaState state, Undo c) {
        if (state.back() || state.opened().isEmpty()) {
            return advance(state, List.of());
        }
        long n = state.ordinal();
        return advance(
                state,
                List.of(
                        new SagaEvent.UndoRequested(n + 1, c.to(), c.user(), c.reason(), now()),
                        new SagaEvent.TurnedBack(n + 2, "undo", now())));
    }

    private Effect<SagaEvent, SagaState> release(SagaState state, Release c) {
        released = true;
        if (state.adjusting().isPresent()) {
            afterAdjusting = Optional.of(c); // its steps and the inverses would run into one another
            return Effect().none();
        }
        if (state.opened().isEmpty() || (state.back() && state.ended().isPresent())) {
            return Effect().none().thenRun(this::report);
        }
        return advance(
                state,
                state.back() ? List.of() : List.of(new SagaEvent.TurnedBack(state.ordinal() + 1, c.why(), now())));
    }

    /** Whoever waits for what the journal did not take waits no longer. */
    private void sayWhatIsStored(SagaState state) {
        report(state);
        if (state.ended().isPresent() && state.adjusting().isEmpty()) {
            parent.tell(new Told.Adjusted(saga, "the journal could not be written", state));
        }
    }

    private void report(SagaState state) {
        if (state.opened().isEmpty()) {
            parent.tell(new Told.NeverOpened(saga));
        } else if (state.ended().isPresent()) {
            parent.tell(new Told.Ended(saga, state));
        }
    }

    private Effect<SagaEvent, SagaState> storePermit(SagaState state, StorePermit c) {
        SagaEvent.Permitted permit =
                new SagaEvent.Permitted(state.ordinal() + 1, c.claim(), c.targets(), c.validMillis(), now());
        return Effect()
                .persist((SagaEvent) permit)
                .thenRun((SagaState s) -> parent.tell(new Told.PermitStored(saga, permit)));
    }

    private Effect<SagaEvent, SagaState> handedOver(SagaState state, HandedOver c) {
        if (state.handOver().isPresent() || state.undo().isEmpty()) {
            return Effect().none();
        }
        return advance(state, List.of(new SagaEvent.HandOverEnded(state.ordinal() + 1, c.opened(), c.why(), now())));
    }

    private Effect<SagaEvent, SagaState> adjustPrepared(SagaState state, AdjustPrepared c) {
        boolean serves = state.ended().isPresent() && !state.back() && !released;
        String error = serves ? c.error() : "it is no longer served here";
        if (!error.isEmpty()) {
            return Effect().none().thenRun(s -> parent.tell(new Told.Adjusted(saga, error, s)));
        }
        SagaEvent intent = new SagaEvent.AdjustIntended(state.ordinal() + 1, c.plan(), c.before(), now());
        return Effect().persist(intent).thenRun((SagaState s) -> adjust(s));
    }

    private Effect<SagaEvent, SagaState> adjustOver(SagaState state, AdjustOver c) {
        if (state.adjusting().isEmpty()) {
            return Effect().none();
        }
        boolean done = c.error().isEmpty();
        SagaEvent over = new SagaEvent.AdjustEnded(state.ordinal() + 1, done, c.error(), now());
        return Effect().persist(over).thenRun((SagaState s) -> {
            parent.tell(new Told.Adjusted(saga, c.error(), s));
            afterAdjusting.ifPresent(context.getSelf()::tell);
            afterAdjusting = Optional.empty();
        });
    }

    /** Stores {@code events} and every decision that follows from them at once, then acts. */
    private Effect<SagaEvent, SagaState> advance(SagaState state, List<? extends SagaEvent> events) {
        List<SagaEvent> all = new ArrayList<>(events);
        List<Runnable> effects = new ArrayList<>();
        SagaState next = state;
        for (SagaEvent event : events) {
            next = next.apply(event);
        }
        boolean moved = true;
        while (moved) {
            moved = false;
            for (Act act : SagaRules.next(next, mayOpen.getAsBoolean())) {
                Optional<SagaEvent> decided = decide(next, act);
                if (decided.isPresent()) {
                    all.add(decided.get());
                    next = next.apply(decided.get());
                    moved = true;
                }
                SagaState at = next;
                effects.add(() -> start(at, act));
            }
        }
        all.stream()
                .filter(SagaEvent.TurnedBack.class::isInstance)
                .map(SagaEvent.TurnedBack.class::cast)
                .forEach(back -> context.getLog().info("{} goes back: {}", saga, back.why()));
        SagaState last = next;
        if (all.isEmpty()) {
            return Effect().none().thenRun(s -> effects.forEach(Runnable::run));
        }
        return Effect().persist(all).thenRun((SagaState s) -> {
            parent.tell(new Told.Moved(saga, last));
            effects.forEach(Runnable::run);
        });
    }

    /** The event that stores a decision; none for those that store only their outcome. */
    private static Optional<SagaEvent> decide(SagaState state, Act act) {
        long n = state.ordinal() + 1;
        if (act instanceof Act.Do a) {
            CrashPoint.BEFORE_INTENT.pass(a.step().id(), false);
            return Optional.of(new SagaEvent.StepIntended(n, a.step().id(), state.before(a.step()), now()));
        } else if (act instanceof Act.Fail a) {
            return Optional.of(new SagaEvent.StepFailed(n, a.step().id(), a.why(), 0, now()));
        } else if (act instanceof Act.Undo a) {
            CrashPoint.BEFORE_INTENT.pass(a.step().id(), true);
            return Optional.of(new SagaEvent.InverseIntended(n, a.step().id(), now()));
        } else if (act instanceof Act.TurnBack a) {
            return Optional.of(new SagaEvent.TurnedBack(n, a.why(), now()));
        } else if (act instanceof Act.End a) {
            return Optional.of(new SagaEvent.Ended(n, a.outcome(), a.openItems(), now()));
        }
        return Optional.empty();
    }

    private void start(SagaState state, Act act) {
        if (act instanceof Act.Checkpoint) {
            takeCheckpoint(state);
        } else if (act instanceof Act.Do a) {
            context.pipeToSelf(
                    runner.apply(saga, a.step(), unless(state, a.step())),
                    (outcome, e) -> new Applied(a.step(), or(outcome, e)));
        } else if (act instanceof Act.Undo a) {
            int failures = state.attempts().getOrDefault(a.step().id(), 0);
            if (failures == 0) {
                startRevert(state, a.step());
            } else {
                timers.startSingleTimer(a.step().id(), new RevertNow(a.step()), RETRY.multipliedBy(failures));
            }
        } else if (act instanceof Act.HandOver) {
            parent.tell(new Told.WantsHandOver(saga, state));
        } else if (act instanceof Act.End) {
            parent.tell(new Told.Ended(saga, state));
        }
    }

    /** Why a step must not act any more; asked right before it does, since fsync and queues take their time. */
    private Supplier<String> unless(SagaState state, Step step) {
        boolean permitted = state.opened().orElseThrow().kind() == SagaEvent.Kind.HAND_OVER;
        return () -> {
            if (step.phase() != Phase.OPEN) {
                return "";
            }
            return released
                    ? "another appliance holds the group"
                    : permitted && !mayOpen.getAsBoolean() ? "the permit ran out before it could open" : "";
        };
    }

    private void startRevert(SagaState state, Step step) {
        context.pipeToSelf(
                runner.revert(saga, step, state.before(step)), (outcome, e) -> new Reverted(step, or(outcome, e)));
    }

    private void takeCheckpoint(SagaState state) {
        inspectAll(state.plan().steps(), (before, error) -> new CheckpointTaken(before, error));
    }

    private interface Inspected {
        Command message(Map<String, Facts> before, String error);
    }

    private void inspectAll(List<Step> steps, Inspected then) {
        Map<String, CompletableFuture<Facts>> facts = new HashMap<>();
        for (Step step : steps) {
            if (step.resource().isProof()) {
                continue;
            }
            Duration limit = Duration.ofMillis(step.limitMillis());
            facts.put(step.id(), runner.inspect(step.resource(), limit).toCompletableFuture());
        }
        context.pipeToSelf(CompletableFuture.allOf(facts.values().toArray(CompletableFuture[]::new)), (nothing, e) -> {
            if (e != null) {
                return then.message(Map.of(), cause(e));
            }
            Map<String, Facts> before = new HashMap<>();
            facts.forEach((step, fact) -> before.put(step, fact.join()));
            return then.message(before, "");
        });
    }

    private void prepareAdjust(SagaState state, Plan plan) {
        List<Step> added = plan.steps().stream()
                .filter(s -> state.plan().step(s.id()).isEmpty())
                .toList();
        inspectAll(added, (before, error) -> new AdjustPrepared(plan, before, error));
    }

    private void adjust(SagaState state) {
        SagaEvent.AdjustIntended intent = state.adjusting().orElseThrow();
        context.pipeToSelf(
                Adjusting.run(runner, saga, state, intent), (error, e) -> new AdjustOver(e == null ? error : cause(e)));
    }

    private void recovered(SagaState state) {
        if (readBefore) {
            sayWhatIsStored(state);
        }
        readBefore = true;
        if (state.opened().isEmpty()) {
            return;
        }
        boolean sameBoot = state.opened().get().boot().equals(boot);
        if (state.adjusting().isPresent() && sameBoot) {
            context.pipeToSelf(
                    Adjusting.back(runner, saga, state, state.adjusting().get(), "the agent was restarted"),
                    (error, e) -> new AdjustOver(e == null ? error : cause(e)));
        } else if (state.adjusting().isPresent()) {
            // the host forgot all of it; to make the former plan hold would be to serve without being confirmed
            context.getSelf().tell(new AdjustOver("this appliance booted again"));
        }
        parent.tell(new Told.Moved(saga, state));
        if (state.ended().isPresent()) {
            return;
        }
        if (state.back() || !sameBoot) {
            if (!state.back()) {
                context.getSelf().tell(new Release("this appliance booted again while it was under way"));
            }
            cutOff(state);
            state.marked(Mark.UNDOING).forEach(step -> startRevert(state, step));
            context.getSelf().tell(new Drive());
        } else {
            checkDone(state.marked(Mark.DONE).stream()
                    .filter(step -> !step.resource().isProof())
                    .toList());
        }
    }

    /** What an agent that is gone was doing: on the way back nobody waits for it, the inverse ends what is left of it. */
    private void cutOff(SagaState state) {
        state.marked(Mark.INTENDED)
                .forEach(step -> context.getSelf()
                        .tell(new Applied(step, new Outcome("cut off as the agent was restarted", 0))));
    }

    /** Nothing goes forward before it is known that everything that was done still holds. */
    private void checkDone(List<Step> done) {
        if (done.isEmpty()) {
            context.getSelf().tell(new Settle());
            return;
        }
        Step step = done.get(0);
        context.pipeToSelf(
                runner.stillHolds(saga, step),
                (holds, e) -> Boolean.TRUE.equals(holds)
                        ? new CheckDone(done.subList(1, done.size()))
                        : new NoLongerHolds(step.resource().title()));
    }

    /** What was under way when the agent ended: the host tells. */
    private void settle(SagaState state) {
        if (state.back()) {
            cutOff(state);
            return;
        }
        for (Step step : state.marked(Mark.INTENDED)) {
            context.pipeToSelf(
                    runner.settle(saga, step, unless(state, step)), (outcome, e) -> new Applied(step, or(outcome, e)));
        }
        context.getSelf().tell(new Drive());
    }

    private static Outcome or(Outcome outcome, Throwable error) {
        return error == null ? outcome : new Outcome(cause(error), 0);
    }

    private static String cause(Throwable error) {
        Throwable e = error.getCause() == null ? error : error.getCause();
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }

    private static Instant now() {
        return Instant.now();
    }
}
