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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import sfo.agent.failover.StepRunner.Outcome;
import sfo.agent.rules.LookRules;
import sfo.agent.rules.SagaAct;
import sfo.agent.rules.SagaDecision;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaRules;
import sfo.agent.rules.SagaState;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;
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

    /** Begin may come in a moment: look already at what the plan would change, {@code after} that time. */
    public record Prepare(Plan plan, Duration after) implements Command {}

    public record In(SagaInput input) implements Command {}

    /** Change what is served to another plan of the same claim; {@link Told.Adjusted} says how it ended. */
    public record Adjust(String id, Plan plan) implements Command {}

    public record Show(Consumer<SagaState> reply) implements Command {}

    /** Look whether what is served is as it was served; {@link Told.Looked} says so. */
    public record Look() implements Command {}

    private record LookedAt(Looking.Seen seen) implements Command {}

    private record Mended(List<String> broken) implements Command {}

    private record RevertNow(Step step) implements Command {}

    /** What its parent is told. */
    public sealed interface Told {
        String saga();

        record Moved(String saga, SagaState state) implements Told {}

        /** Everything is released; {@code permitted} if the permit was stored before a restart. */
        record WantsHandOver(String saga, SagaState state) implements Told {}

        record PermitStored(String saga, SagaEvent.Permitted permit) implements Told {}

        /** @param id of the {@link Adjust} that is over */
        record Adjusted(String saga, String id, String error, SagaState state) implements Told {}

        /** What is wrong with what is served, for people. */
        record Looked(String saga, List<String> broken) implements Told {}

        record Ended(String saga, SagaState state) implements Told {}

        /** The agent ended before this saga was stored: nothing was touched. */
        record NeverOpened(String saga) implements Told {}
    }

    private final String saga;
    private final String boot;
    private final Optional<Instant> repaired;
    private final StepRunner runner;
    private final ActorRef<Told> parent;
    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private volatile BooleanSupplier mayOpen = () -> false;
    /** Another appliance holds the group: whatever is still queued, the interface does not open any more. */
    private volatile boolean released;

    /** Nothing is made to hold again any more. */
    private volatile boolean goesBack;

    private boolean looking;
    private List<Step> missing = List.of();

    /** Whether this actor has read its journal already: it does so again only because the journal failed. */
    private boolean readBefore;
    /** Until it has decided what follows from what it read, all else waits. */
    private boolean ready;

    /** The {@link Adjust} that is to be answered; one from before a restart is not. */
    private Optional<String> asked = Optional.empty();

    private Ahead ahead = Ahead.NOTHING;

    /** @param repaired when this appliance's journal was repaired, if it may lack something since */
    public static Behavior<Command> create(
            String saga, String boot, Optional<Instant> repaired, StepRunner runner, ActorRef<Told> parent) {
        return Behaviors.setup(context -> Behaviors.withTimers(
                timers -> new FailoverSaga(saga, boot, repaired, runner, parent, context, timers)));
    }

    private FailoverSaga(
            String saga,
            String boot,
            Optional<Instant> repaired,
            StepRunner runner,
            ActorRef<Told> parent,
            ActorContext<Command> context,
            TimerScheduler<Command> timers) {
        super(PersistenceId.ofUniqueId("saga-" + saga), Retry.ofJournal());
        this.saga = saga;
        this.boot = boot;
        this.repaired = repaired;
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

    private void recovered(SagaState state) {
        ready = false;
        boolean sameBoot = state.opened().filter(o -> o.boot().equals(boot)).isPresent();
        tell(new SagaInput.JournalRead(readBefore, sameBoot, repaired));
        readBefore = true;
    }

    @Override
    public CommandHandler<Command, SagaEvent, SagaState> commandHandler() {
        return newCommandHandlerBuilder().forAnyState().onAnyCommand(this::command);
    }

    private Effect<SagaEvent, SagaState> command(SagaState state, Command command) {
        if (command instanceof In in && in.input() instanceof SagaInput.JournalRead) {
            return journalRead(state, in.input());
        } else if (!ready) {
            return Effect().stash();
        }
        if (command instanceof In in) {
            released |= in.input() instanceof SagaInput.Release;
            goesBack |= in.input() instanceof SagaInput.Undo || in.input() instanceof SagaInput.Release;
        }
        if (waits(state, command)) {
            return Effect().stash();
        } else if (command instanceof In in) {
            boolean nobodys = in.input() instanceof SagaInput.AdjustPrepared && asked.isEmpty();
            return nobodys ? Effect().none() : on(state, in.input());
        } else if (command instanceof Open open) {
            return open(state, open);
        } else if (command instanceof Prepare prepare) {
            if (state.opened().isEmpty()) {
                ahead = Ahead.look(runner, prepare.plan().steps(), prepare.after());
            }
        } else if (command instanceof Look) {
            look(state);
        } else if (command instanceof LookedAt at) {
            return lookedAt(at.seen());
        } else if (command instanceof Mended mended) {
            if (mended.broken().isEmpty()) {
                missing = List.of(); // one that ends again is looked at twice again
            }
            return looked(mended.broken());
        } else if (command instanceof Adjust adjust) {
            asked = Optional.of(adjust.id());
            prepareAdjust(state, adjust.plan());
        } else if (command instanceof RevertNow now) {
            revert(state, now.step());
        } else if (command instanceof Show show) {
            show.reply().accept(state);
        }
        return Effect().none();
    }

    /** A look, a change and a way back each wait for one that is under way: their steps would run into one another. */
    private boolean waits(SagaState state, Command command) {
        boolean changes = state.adjusting().isPresent();
        boolean back = command instanceof In in
                && (in.input() instanceof SagaInput.Undo || in.input() instanceof SagaInput.Release);
        return (command instanceof Look && looking)
                || (command instanceof Adjust && (looking || changes || asked.isPresent()))
                || (back && changes);
    }

    private Effect<SagaEvent, SagaState> journalRead(SagaState state, SagaInput input) {
        ready = true;
        SagaDecision decision = decide(state, input);
        return Effect()
                .persist(decision.events())
                .thenRun((SagaState s) -> carryOut(s, decision))
                .thenUnstashAll();
    }

    private void look(SagaState state) {
        boolean serves =
                state.ended().isPresent() && !state.back() && state.adjusting().isEmpty();
        if (!serves || looking || goesBack) {
            return;
        }
        looking = true;
        List<Step> done = state.marked(SagaState.Mark.DONE).stream()
                .filter(LookRules::isLookedAt)
                .toList();
        context.pipeToSelf(
                Looking.at(runner, saga, done),
                (seen, e) -> e == null ? new LookedAt(seen) : new Mended(List.of(cause(e))));
    }

    private Effect<SagaEvent, SagaState> lookedAt(Looking.Seen seen) {
        List<Step> mend = LookRules.toMend(seen.missing(), missing);
        missing = seen.missing();
        if (mend.isEmpty()) {
            return looked(seen.broken());
        }
        context.getLog().warn("{} starts again what ended: {}", saga, String.join("; ", seen.broken()));
        context.pipeToSelf(
                Looking.mend(runner, saga, mend, () -> goesBack ? "it is no longer served here" : ""),
                (broken, e) -> new Mended(e == null ? broken : List.of(cause(e))));
        return Effect().none();
    }

    private Effect<SagaEvent, SagaState> looked(List<String> broken) {
        looking = false;
        return Effect()
                .none()
                .thenRun((SagaState s) -> parent.tell(new Told.Looked(saga, broken)))
                .thenUnstashAll();
    }

    private Effect<SagaEvent, SagaState> open(SagaState state, Open c) {
        if (state.opened().isEmpty()) {
            mayOpen = c.mayOpen();
        }
        return on(
                state,
                new SagaInput.Open(new SagaEvent.Opened(
                        1,
                        saga,
                        c.kind(),
                        c.plan(),
                        c.claim(),
                        boot,
                        c.user(),
                        c.reason(),
                        c.dossier(),
                        Instant.now())));
    }

    private Effect<SagaEvent, SagaState> on(SagaState state, SagaInput input) {
        SagaDecision decision = decide(state, input);
        return Effect()
                .persist(decision.events())
                .thenRun((SagaState s) -> carryOut(s, decision))
                .thenUnstashAll();
    }

    private SagaDecision decide(SagaState state, SagaInput input) {
        SagaDecision decision = SagaRules.on(state, input, mayOpen.getAsBoolean(), released, Instant.now());
        if (input instanceof SagaInput.Applied a && !decision.events().isEmpty()) {
            CrashPoint.AFTER_SUCCESS.pass(a.step(), false);
        } else if (input instanceof SagaInput.Reverted r && !decision.events().isEmpty()) {
            CrashPoint.AFTER_SUCCESS.pass(r.step(), true);
        }
        for (SagaEvent event : decision.events()) {
            if (event instanceof SagaEvent.StepIntended e) {
                CrashPoint.BEFORE_INTENT.pass(e.step(), false);
            } else if (event instanceof SagaEvent.InverseIntended e) {
                CrashPoint.BEFORE_INTENT.pass(e.step(), true);
            } else if (event instanceof SagaEvent.TurnedBack e) {
                context.getLog().info("{} goes back: {}", saga, e.why());
            }
        }
        return decision;
    }

    private void carryOut(SagaState state, SagaDecision decision) {
        for (SagaAct act : decision.acts()) {
            carryOut(state, act);
        }
    }

    private void carryOut(SagaState state, SagaAct act) {
        if (act instanceof SagaAct.TakeCheckpoint) {
            inspectAll(state.plan().steps(), SagaInput.CheckpointTaken::new);
        } else if (act instanceof SagaAct.Apply a) {
            applied(a.step(), runner.apply(saga, a.step(), unless(state, a.step())));
        } else if (act instanceof SagaAct.Settle a) {
            applied(a.step(), runner.settle(saga, a.step(), unless(state, a.step())));
        } else if (act instanceof SagaAct.Revert a) {
            if (a.failures() == 0) {
                revert(state, a.step());
            } else {
                timers.startSingleTimer(a.step().id(), new RevertNow(a.step()), RETRY.multipliedBy(a.failures()));
            }
        } else if (act instanceof SagaAct.Check a) {
            check(a.done());
        } else if (act instanceof SagaAct.Adjust) {
            adjusted(Adjusting.run(runner, saga, state, state.adjusting().orElseThrow()));
        } else if (act instanceof SagaAct.AdjustBack a) {
            adjusted(Adjusting.back(runner, saga, state, state.adjusting().orElseThrow(), a.why()));
        } else if (act instanceof SagaAct.TellMoved) {
            parent.tell(new Told.Moved(saga, state));
        } else if (act instanceof SagaAct.TellReleased) {
            parent.tell(new Told.WantsHandOver(saga, state));
        } else if (act instanceof SagaAct.TellPermitStored a) {
            parent.tell(new Told.PermitStored(saga, a.permit()));
        } else if (act instanceof SagaAct.TellAdjusted a) {
            asked.ifPresent(id -> parent.tell(new Told.Adjusted(saga, id, a.error(), state)));
            asked = Optional.empty();
        } else if (act instanceof SagaAct.TellEnded) {
            parent.tell(new Told.Ended(saga, state));
        } else if (act instanceof SagaAct.TellNeverOpened) {
            parent.tell(new Told.NeverOpened(saga));
        }
    }

    private void applied(Step step, CompletionStage<Outcome> outcome) {
        context.pipeToSelf(
                outcome,
                (o, e) -> new In(
                        e == null
                                ? new SagaInput.Applied(step.id(), o.error(), o.millis())
                                : new SagaInput.Applied(step.id(), cause(e), 0)));
    }

    private void revert(SagaState state, Step step) {
        context.pipeToSelf(
                runner.revert(saga, step, state.before(step)),
                (o, e) -> new In(
                        e == null
                                ? new SagaInput.Reverted(step.id(), o.error(), o.millis())
                                : new SagaInput.Reverted(step.id(), cause(e), 0)));
    }

    private void adjusted(CompletionStage<String> over) {
        context.pipeToSelf(over, (error, e) -> new In(new SagaInput.AdjustOver(e == null ? error : cause(e))));
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

    private interface Inspected {
        SagaInput input(Map<String, Facts> before, String error);
    }

    private void inspectAll(List<Step> steps, Inspected then) {
        Map<String, CompletableFuture<Facts>> facts = new HashMap<>();
        for (Step step : steps) {
            if (step.resource().isProof()) {
                continue;
            }
            facts.put(
                    step.id(),
                    ahead.seen(step)
                            .map(seen -> seen.exceptionallyCompose(e -> inspect(runner, step)))
                            .orElseGet(() -> inspect(runner, step)));
        }
        ahead = Ahead.NOTHING;
        context.pipeToSelf(CompletableFuture.allOf(facts.values().toArray(CompletableFuture[]::new)), (nothing, e) -> {
            if (e != null) {
                return new In(then.input(Map.of(), cause(e)));
            }
            Map<String, Facts> before = new HashMap<>();
            facts.forEach((step, fact) -> before.put(step, fact.join()));
            return new In(then.input(before, ""));
        });
    }

    private static CompletableFuture<Facts> inspect(StepRunner runner, Step step) {
        return runner.inspect(step.resource(), Duration.ofMillis(step.limitMillis()))
                .toCompletableFuture();
    }

    /** What was seen a moment before it is asked for, by resource; what could not be looked at then is looked at again. */
    private record Ahead(Map<Resource, CompletableFuture<Facts>> seen, long at) {
        private static final Ahead NOTHING = new Ahead(Map.of(), 0);
        private static final Duration FRESH = Duration.ofSeconds(3);

        static Ahead look(StepRunner runner, List<Step> steps, Duration after) {
            Executor then = CompletableFuture.delayedExecutor(after.toMillis(), TimeUnit.MILLISECONDS);
            CompletableFuture<Void> begin = CompletableFuture.runAsync(() -> {}, then);
            Map<Resource, CompletableFuture<Facts>> seen = new HashMap<>();
            for (Step step : steps) {
                if (!step.resource().isProof()) {
                    seen.put(step.resource(), begin.thenCompose(now -> inspect(runner, step)));
                }
            }
            return new Ahead(seen, System.nanoTime());
        }

        Optional<CompletableFuture<Facts>> seen(Step step) {
            return Optional.ofNullable(seen.get(step.resource()))
                    .filter(facts -> System.nanoTime() - at < FRESH.toNanos());
        }
    }

    private void prepareAdjust(SagaState state, Plan plan) {
        List<Step> added = plan.steps().stream()
                .filter(s -> state.plan().step(s.id()).isEmpty())
                .toList();
        inspectAll(added, (before, error) -> new SagaInput.AdjustPrepared(plan, before, error));
    }

    /** The first that is missing says enough. */
    private void check(List<Step> done) {
        context.pipeToSelf(Looking.at(runner, saga, done), (seen, e) -> {
            String first = e != null
                    ? cause(e)
                    : seen.missing().stream()
                            .findFirst()
                            .map(step -> step.resource().title())
                            .orElse("");
            return new In(new SagaInput.Checked(first));
        });
    }

    private void tell(SagaInput input) {
        context.getSelf().tell(new In(input));
    }

    static String cause(Throwable error) {
        Throwable e = error.getCause() == null ? error : error.getCause();
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }
}
