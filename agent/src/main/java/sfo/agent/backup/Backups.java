package sfo.agent.backup;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.pattern.StatusReply;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sfo.agent.rules.BackupRules.Kept;
import sfo.config.load.Settings;
import sfo.protocol.control.Views.BackupView;
import sfo.protocol.model.BackupHeader;
import sfo.protocol.model.BackupRef;
import sfo.protocol.model.Inventory;
import sfo.protocol.model.Reason;
import sfo.protocol.peer.BackupMessage;

/**
 * Makes a config backup on every change of the inventory and from time to time, sees that each peer has it, keeps the
 * peers', and checks all of them again and again. What fails is answered as {@code StatusReply.error} with the reason.
 */
public final class Backups extends AbstractBehavior<Backups.Command> {
    private final Settings settings;
    private final Pace pace;
    private final Clock clock;
    private final SerialVault vault;
    private final Map<String, ActorRef<PeerLink.Command>> links = new HashMap<>();
    private final Map<String, PeerLink.State> peers = new HashMap<>();
    private final Map<String, NewestGood> newest = new HashMap<>();
    private final List<ActorRef<NewestGood>> watchers = new ArrayList<>();
    private final List<ActorRef<BackupRound.Command>> rounds = new ArrayList<>();
    private Optional<Inventory> inventory = Optional.empty();
    private Optional<BackupRef> atPeers = Optional.empty();
    private String fault = "";

    public sealed interface Command {}

    /** What this appliance has now. Told at the start and after each change; the first one starts the timer's. */
    public record InventoryChanged(Inventory inventory) implements Command {}

    /** Makes one now; answered when each peer has it, refuses it or can't be reached. */
    public record BackupNow(ActorRef<StatusReply<Sent>> replyTo) implements Command {}

    /** All that is known: kept here, and of this appliance's own at its peers. */
    public record ListAll(ActorRef<StatusReply<List<BackupView>>> replyTo) implements Command {}

    public record Show(String appliance, long sequence, ActorRef<StatusReply<Inventory>> replyTo) implements Command {}

    /** What differs, a line each; no lines if nothing does. */
    public record Diff(String appliance, long before, long after, ActorRef<StatusReply<List<String>>> replyTo)
            implements Command {}

    /** Reads and checks every kept backup again, now. */
    public record VerifyNow(ActorRef<StatusReply<Verified>> replyTo) implements Command {}

    /** Which backup of {@code appliance} to fail {@code group} over from. */
    public record NewestFor(String appliance, String group, ActorRef<StatusReply<Found>> replyTo) implements Command {}

    /** An open saga refers to this backup: it is kept until {@link Release}, also over restarts. */
    public record Hold(String saga, BackupRef ref, ActorRef<StatusReply<BackupRef>> replyTo) implements Command {}

    /** The saga has ended. Unknown ones are no error. */
    public record Release(String saga) implements Command {}

    /** From now on {@code watcher} is told of each appliance's newest good backup: at once, and when it changes. */
    public record Watch(ActorRef<NewestGood> watcher) implements Command {}

    public record Sent(BackupRef ref, List<Outcome> outcomes) {}

    public enum Fate {
        STORED,
        REFUSED,
        UNREACHABLE
    }

    public record Outcome(String peer, Fate fate, String detail) {}

    /** @param bad those that were good before and no longer are, with the reason */
    public record Verified(int checked, List<String> bad) {}

    /**
     * @param ref empty if there is no backup to fail over from; then {@code reasons} says why
     * @param reasons what to know of it: too old, from a former lineage, a newer one is bad
     */
    public record Found(
            Optional<BackupRef> ref, Optional<Duration> age, Optional<Inventory> inventory, List<Reason> reasons) {}

    /** @param newest empty if none of that appliance's is good any more */
    public record NewestGood(String appliance, Optional<Kept> newest) {}

    /**
     * @param hello how often peers are greeted
     * @param silent after which time without a word a peer counts as unreachable; also how often an offer is repeated
     * @param answer how long {@link BackupNow} waits for a sign of life of a peer
     * @param round how long it waits for a peer that lives
     */
    public record Pace(Duration hello, Duration silent, Duration answer, Duration round) {
        public static final Pace USUAL =
                new Pace(Duration.ofSeconds(15), Duration.ofSeconds(46), Duration.ofSeconds(3), Duration.ofSeconds(60));
    }

    private record Start() implements Command {}

    private record TimeToMake() implements Command {}

    private record TimeToVerify() implements Command {}

    private record Made(Optional<BackupHeader> header, Optional<ActorRef<StatusReply<Sent>>> replyTo)
            implements Command {}

    private record NotMade(String reason, Optional<ActorRef<StatusReply<Sent>>> replyTo) implements Command {}

    private record Changed(NewestGood newest) implements Command {}

    private record PeerState(PeerLink.State state) implements Command {}

    private record SetBack(BackupRef atPeer) implements Command {}

    private record Unwatched(ActorRef<NewestGood> watcher) implements Command {}

    private record RoundOver(ActorRef<BackupRound.Command> round) implements Command {}

    /** A task for the log: it went well ({@code text} is empty), or not. */
    private record Logged(String text) implements Command {}

    /** Under the same path on every appliance: links find one another by it. */
    public static Behavior<Command> create(Settings settings) {
        return create(settings, Pace.USUAL, Clock.systemUTC());
    }

    static Behavior<Command> create(Settings settings, Pace pace, Clock clock) {
        return Behaviors.setup(
                context -> Behaviors.withTimers(timers -> new Backups(context, timers, settings, pace, clock)));
    }

    private Backups(
            ActorContext<Command> context, TimerScheduler<Command> timers, Settings settings, Pace pace, Clock clock) {
        super(context);
        context.setLoggerName(Backups.class);
        this.settings = settings;
        this.pace = pace;
        this.clock = clock;
        ActorRef<Command> self = context.getSelf();
        this.vault = new SerialVault(
                context.getSystem().dispatchers().lookup(DispatcherSelector.blocking()),
                () -> new BackupVault(settings, clock, n -> self.tell(new Changed(n))));
        ActorRef<PeerLink.State> states = context.messageAdapter(PeerLink.State.class, PeerState::new);
        for (Settings.Peer peer : settings.witness() ? List.<Settings.Peer>of() : settings.servers()) {
            Behavior<PeerLink.Command> link = PeerLink.create(settings.appliance(), peer, vault, pace, states);
            links.put(peer.appliance(), context.spawn(link, PeerLink.name(peer.appliance())));
        }
        timers.startTimerWithFixedDelay(new TimeToMake(), settings.backups().every());
        timers.startTimerWithFixedDelay(new TimeToVerify(), settings.backups().verifyEvery());
        self.tell(new Start());
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Start.class, m -> onStart())
                .onMessage(InventoryChanged.class, this::onInventoryChanged)
                .onMessage(BackupNow.class, m -> make(true, Optional.of(m.replyTo())))
                .onMessage(TimeToMake.class, m -> make(true, Optional.empty()))
                .onMessage(Made.class, this::onMade)
                .onMessage(NotMade.class, this::onNotMade)
                .onMessage(PeerState.class, m -> onPeerState(m.state()))
                .onMessage(SetBack.class, this::onSetBack)
                .onMessage(RoundOver.class, m -> onRoundOver(m.round()))
                .onMessage(Changed.class, m -> onChanged(m.newest()))
                .onMessage(Watch.class, this::onWatch)
                .onMessage(Unwatched.class, this::onUnwatched)
                .onMessage(TimeToVerify.class, m -> onTimeToVerify())
                .onMessage(ListAll.class, this::onListAll)
                .onMessage(Show.class, m -> answer(m.replyTo(), v -> v.show(m.appliance(), m.sequence())))
                .onMessage(Diff.class, m -> answer(m.replyTo(), v -> v.diff(m.appliance(), m.before(), m.after())))
                .onMessage(VerifyNow.class, m -> answer(m.replyTo(), BackupVault::verify))
                .onMessage(NewestFor.class, m -> answer(m.replyTo(), v -> v.choose(m.appliance(), m.group())))
                .onMessage(Hold.class, m -> answer(m.replyTo(), v -> v.hold(m.saga(), m.ref())))
                .onMessage(Release.class, m -> log(v -> v.release(m.saga())))
                .onMessage(Logged.class, this::onLogged)
                .build();
    }

    /** What is on disk is offered to the peers before anything changes. */
    private Behavior<Command> onStart() {
        getContext()
                .pipeToSelf(
                        vault.ask(BackupVault::newestOwn),
                        (header, failed) -> failed == null
                                ? new Made(header, Optional.empty())
                                : new NotMade(SerialVault.reason(failed), Optional.empty()));
        return this;
    }

    private Behavior<Command> onInventoryChanged(InventoryChanged message) {
        inventory = Optional.of(message.inventory());
        return make(false, Optional.empty());
    }

    private Behavior<Command> make(boolean always, Optional<ActorRef<StatusReply<Sent>>> replyTo) {
        if (inventory.isEmpty()) {
            replyTo.ifPresent(
                    r -> r.tell(
                            StatusReply.error(
                                    settings.appliance()
                                            + " has not read its own configuration yet, so there is nothing to back up: try again in a moment")));
            return this;
        }
        Inventory now = inventory.get();
        Optional<BackupRef> above = atPeers;
        getContext()
                .pipeToSelf(
                        vault.ask(v -> v.make(now, always, above)),
                        (header, failed) -> failed == null
                                ? new Made(header, replyTo)
                                : new NotMade(SerialVault.reason(failed), replyTo));
        return this;
    }

    private Behavior<Command> onMade(Made made) {
        fault = "";
        made.header().ifPresent(header -> {
            links.values().forEach(link -> link.tell(new PeerLink.Want(header)));
            made.replyTo().ifPresent(replyTo -> {
                ActorRef<BackupRound.Command> round = getContext()
                        .spawnAnonymous(
                                BackupRound.create(header.ref(), Map.copyOf(peers), links.keySet(), pace, replyTo));
                getContext().watchWith(round, new RoundOver(round));
                rounds.add(round);
                links.values().forEach(link -> link.tell(new PeerLink.Probe()));
            });
        });
        return this;
    }

    private Behavior<Command> onNotMade(NotMade not) {
        fault = not.reason();
        getContext().getLog().error("no config backup could be made: {}", not.reason());
        not.replyTo()
                .ifPresent(r -> r.tell(StatusReply.error("no config backup could be made: " + not.reason()
                        + "; what was kept before is still there: sfo backup list")));
        return this;
    }

    private Behavior<Command> onPeerState(PeerLink.State state) {
        peers.put(state.peer(), state);
        rounds.forEach(r -> r.tell(new BackupRound.PeerIs(state)));
        if (state.holds().isPresent()) {
            BackupMessage.Copy copy = state.holds().get();
            BackupRef ref = new BackupRef(settings.appliance(), copy.epoch(), copy.sequence());
            getContext()
                    .pipeToSelf(
                            vault.ask(v -> v.wasSetBack(ref, copy.sha256())),
                            (setBack, failed) -> failed == null && setBack ? new SetBack(ref) : new Logged(""));
        }
        return this;
    }

    /** A peer keeps a later one than this appliance has: its disk was lost or set back. It begins a lineage above. */
    private Behavior<Command> onSetBack(SetBack message) {
        if (atPeers.isEmpty() || atPeers.get().compareTo(message.atPeer()) < 0) {
            atPeers = Optional.of(message.atPeer());
            getContext()
                    .getLog()
                    .warn(
                            "a peer keeps config backup {}, which is not known here: a new lineage begins",
                            message.atPeer());
            return make(true, Optional.empty());
        }
        return this;
    }

    private Behavior<Command> onRoundOver(ActorRef<BackupRound.Command> round) {
        rounds.remove(round);
        return this;
    }

    private Behavior<Command> onChanged(NewestGood now) {
        NewestGood before = newest.put(now.appliance(), now);
        if (!now.equals(before)) {
            watchers.forEach(w -> w.tell(now));
        }
        return this;
    }

    private Behavior<Command> onWatch(Watch message) {
        watchers.add(message.watcher());
        getContext().watchWith(message.watcher(), new Unwatched(message.watcher()));
        newest.values().forEach(message.watcher()::tell);
        return this;
    }

    private Behavior<Command> onUnwatched(Unwatched message) {
        watchers.remove(message.watcher());
        return this;
    }

    private Behavior<Command> onTimeToVerify() {
        return log(BackupVault::verify);
    }

    private Behavior<Command> onListAll(ListAll message) {
        List<PeerLink.State> states = List.copyOf(peers.values());
        String lastFault = fault;
        return answer(
                message.replyTo(),
                v -> BackupList.of(settings.appliance(), v.all(), states, lastFault, clock.instant()));
    }

    private Behavior<Command> onLogged(Logged logged) {
        if (!logged.text().isEmpty()) {
            getContext().getLog().error("config backups: {}", logged.text());
        }
        return this;
    }

    private <T> Behavior<Command> answer(ActorRef<StatusReply<T>> replyTo, SerialVault.Work<T> work) {
        getContext().pipeToSelf(vault.ask(work), (done, failed) -> {
            replyTo.tell(failed == null ? StatusReply.success(done) : StatusReply.error(SerialVault.reason(failed)));
            return new Logged("");
        });
        return this;
    }

    private Behavior<Command> log(SerialVault.Work<?> work) {
        getContext()
                .pipeToSelf(
                        vault.ask(work),
                        (done, failed) -> new Logged(failed == null ? "" : SerialVault.reason(failed)));
        return this;
    }
}
