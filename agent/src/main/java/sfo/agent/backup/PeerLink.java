package sfo.agent.backup;

import akka.actor.ActorPath;
import akka.actor.ActorSelection;
import akka.actor.Address;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorRefResolver;
import akka.actor.typed.Behavior;
import akka.actor.typed.delivery.ProducerController;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import sfo.config.load.Settings;
import sfo.protocol.json.Json;
import sfo.protocol.model.BackupHeader;
import sfo.protocol.model.BackupRef;
import sfo.protocol.peer.BackupMessage;

/**
 * Sees to it that one peer has this appliance's newest backup (its {@link PeerInbox} takes the peer's). Needs neither the cluster's
 * membership nor its receptionist: the peer's link is found by its address, and both may restart at any time. What is
 * wanted is compared with what the peer says that it holds, again and again; so no lost message matters.
 */
final class PeerLink extends AbstractBehavior<PeerLink.Command> {
    private static final int CHUNK = 64 << 10;
    /** A delivery that is not confirmed for so long, by a peer that answers, is begun anew. */
    private static final Duration STALLED = Duration.ofMinutes(5);

    private final String self;
    private final Settings.Peer peer;
    private final SerialVault vault;
    private final Backups.Pace pace;
    private final ActorRef<State> owner;
    private final TimerScheduler<Command> timers;
    private final ActorSelection wire;
    private final ActorRef<PeerInbox.Command> inbox;
    private final ActorRef<Long> confirmations;

    private ActorRef<ProducerController.Command<BackupMessage>> producer;
    private String producerOfPeer = "";
    private Optional<ProducerController.RequestNext<BackupMessage>> next = Optional.empty();
    private boolean inFlight;
    private long sentAt = System.nanoTime();
    private Optional<BackupRef> offered = Optional.empty();
    private Optional<BackupMessage.Parts> supply = Optional.empty();
    private Optional<BackupHeader> wanted = Optional.empty();
    private Optional<Long> heardAt = Optional.empty();
    private State state;

    sealed interface Command {}

    /** This is the newest; see that the peer has it. */
    record Want(BackupHeader header) implements Command {}

    /** Find out now whether the peer answers; the state is told again when that is known. */
    record Probe() implements Command {}

    private record FromPeer(BackupMessage message) implements Command {}

    private record Next(ProducerController.RequestNext<BackupMessage> request) implements Command {}

    private record Confirmed(long number) implements Command {}

    private record Supplied(BackupRef ref, BackupMessage.Parts parts) implements Command {}

    private record NotSupplied(BackupRef ref, String reason) implements Command {}

    private record Tick() implements Command {}

    private record ProbeOver(long since) implements Command {}

    /**
     * What is known of the peer.
     *
     * @param holds the newest of ours that is verified and on its disk, as it said last
     * @param refused the last that it did not store, and why
     */
    record State(
            String peer,
            boolean reachable,
            Optional<BackupMessage.Copy> holds,
            Optional<BackupMessage.Refused> refused) {

        /** This one or a later one. */
        boolean has(BackupRef ref) {
            return holds.isPresent()
                    && new BackupRef(
                                            ref.appliance(),
                                            holds.get().epoch(),
                                            holds.get().sequence())
                                    .compareTo(ref)
                            >= 0;
        }

        boolean refuses(BackupRef ref) {
            return refused.isPresent()
                    && refused.get().epoch() == ref.epoch()
                    && refused.get().sequence() == ref.sequence();
        }
    }

    static String name(String peer) {
        return "link-" + peer;
    }

    /** @param owner told of each change of the peer's state, and after each probe */
    static Behavior<Command> create(
            String self, Settings.Peer peer, SerialVault vault, Backups.Pace pace, ActorRef<State> owner) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> new PeerLink(context, timers, self, peer, vault, pace, owner)));
    }

    private PeerLink(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            String self,
            Settings.Peer peer,
            SerialVault vault,
            Backups.Pace pace,
            ActorRef<State> owner) {
        super(context);
        this.self = self;
        this.peer = peer;
        this.vault = vault;
        this.pace = pace;
        this.owner = owner;
        this.timers = timers;
        this.state = new State(peer.appliance(), false, Optional.empty(), Optional.empty());
        ActorPath parent = context.getSelf().path().parent();
        Address address = new Address("akka", context.getSystem().name(), peer.host(), peer.port());
        this.wire = Adapter.toClassic(context.getSystem())
                .actorSelection(parent.toStringWithAddress(address) + "/" + name(self) + "/wire");
        this.inbox = context.spawn(PeerInbox.create(peer.appliance(), wire, vault), "inbox");
        ActorRef<Command> link = context.getSelf();
        context.spawn(
                Behaviors.<BackupMessage>receiveMessage(m -> {
                    link.tell(new FromPeer(m));
                    return Behaviors.same();
                }),
                "wire");
        this.confirmations = context.messageAdapter(Long.class, Confirmed::new);
        this.producer = startProducer();
        timers.startTimerWithFixedDelay(new Tick(), Duration.ZERO, pace.hello());
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Want.class, this::onWant)
                .onMessage(Probe.class, m -> onProbe())
                .onMessage(ProbeOver.class, this::onProbeOver)
                .onMessage(Tick.class, m -> onTick())
                .onMessage(FromPeer.class, m -> onPeer(m.message()))
                .onMessage(Next.class, this::onNext)
                .onMessage(Confirmed.class, m -> onConfirmed())
                .onMessage(Supplied.class, this::onSupplied)
                .onMessage(NotSupplied.class, this::onNotSupplied)
                .build();
    }

    private Behavior<Command> onWant(Want want) {
        wanted = Optional.of(want.header());
        supply = Optional.empty();
        return pump();
    }

    private Behavior<Command> onProbe() {
        say(hello());
        timers.startSingleTimer(new ProbeOver(System.nanoTime()), pace.answer());
        return this;
    }

    private Behavior<Command> onProbeOver(ProbeOver probe) {
        boolean heard = heardAt.isPresent() && heardAt.get() - probe.since() >= 0;
        state = new State(state.peer(), heard, state.holds(), state.refused());
        owner.tell(state);
        return this;
    }

    private Behavior<Command> onTick() {
        say(hello());
        boolean reachable = heardAt.isPresent() && since(heardAt.get()).compareTo(pace.silent()) < 0;
        become(new State(state.peer(), reachable, state.holds(), state.refused()));
        if (reachable && inFlight && since(sentAt).compareTo(STALLED) > 0) {
            getContext().getLog().warn("{} did not confirm a delivery for {}; it is begun anew", state.peer(), STALLED);
            getContext().stop(producer);
            producer = startProducer();
        }
        if (!inFlight && supply.isEmpty() && since(sentAt).compareTo(pace.silent()) > 0) {
            // its answer to our offer was lost
            offered = Optional.empty();
        }
        return pump();
    }

    private Behavior<Command> onPeer(BackupMessage message) {
        boolean back = !state.reachable();
        heardAt = Optional.of(System.nanoTime());
        become(new State(state.peer(), true, state.holds(), state.refused()));
        if (message instanceof BackupMessage.Hello hello) {
            onHello(hello, back);
        } else if (message instanceof BackupMessage.Holds holds) {
            become(new State(state.peer(), true, holds.newest(), state.refused()));
        } else if (message instanceof BackupMessage.Need need) {
            onNeed(need);
        } else if (message instanceof BackupMessage.Refused refused) {
            getContext()
                    .getLog()
                    .warn("{} did not keep config backup {}: {}", state.peer(), refused.sequence(), refused.reason());
            become(new State(state.peer(), true, state.holds(), Optional.of(refused)));
        }
        return pump();
    }

    private void onHello(BackupMessage.Hello hello, boolean back) {
        boolean restarted = !hello.producer().equals(producerOfPeer);
        inbox.tell(new PeerInbox.Hello(hello.producer(), restarted || back));
        if (restarted) {
            producerOfPeer = hello.producer();
            become(new State(state.peer(), true, state.holds(), Optional.empty()));
            say(hello());
        }
    }

    private void onNeed(BackupMessage.Need need) {
        BackupRef ref = new BackupRef(self, need.epoch(), need.sequence());
        if (wants(ref) && supply.isEmpty()) {
            getContext()
                    .pipeToSelf(
                            vault.ask(v -> v.supply(ref, need.parts())),
                            (parts, failed) -> failed == null
                                    ? new Supplied(ref, parts)
                                    : new NotSupplied(ref, SerialVault.reason(failed)));
        }
    }

    private Behavior<Command> onSupplied(Supplied supplied) {
        if (wants(supplied.ref())) {
            supply = Optional.of(supplied.parts());
        }
        return pump();
    }

    private Behavior<Command> onNotSupplied(NotSupplied not) {
        getContext().getLog().warn("config backup {} can't be sent to {}: {}", not.ref(), state.peer(), not.reason());
        become(new State(
                state.peer(),
                state.reachable(),
                state.holds(),
                Optional.of(
                        new BackupMessage.Refused(not.ref().epoch(), not.ref().sequence(), not.reason()))));
        return this;
    }

    private Behavior<Command> onNext(Next message) {
        next = Optional.of(message.request());
        return pump();
    }

    private Behavior<Command> onConfirmed() {
        inFlight = false;
        sentAt = System.nanoTime();
        return pump();
    }

    /** Sends what is due: one message at a time, so that a peer that was away gets the newest and not all since. */
    private Behavior<Command> pump() {
        if (wanted.isEmpty() || next.isEmpty() || inFlight) {
            return this;
        }
        BackupRef ref = wanted.get().ref();
        if (state.has(ref) || state.refuses(ref)) {
            return this;
        }
        if (supply.isPresent()) {
            send(supply.get());
            supply = Optional.empty();
        } else if (!offered.equals(Optional.of(ref))) {
            send(new BackupMessage.Offer(ref.epoch(), ref.sequence(), Json.text(wanted.get())));
            offered = Optional.of(ref);
        }
        return this;
    }

    private void send(BackupMessage message) {
        next.ifPresent(n -> n.askNextTo()
                .tell(new ProducerController.MessageWithConfirmation<>(message, confirmations.unsafeUpcast())));
        next = Optional.empty();
        inFlight = true;
        sentAt = System.nanoTime();
    }

    private ActorRef<ProducerController.Command<BackupMessage>> startProducer() {
        String name = "producer-" + UUID.randomUUID();
        ActorRef<ProducerController.Command<BackupMessage>> started = getContext()
                .spawn(
                        ProducerController.create(
                                BackupMessage.class,
                                self + "-" + peer.appliance() + "-" + name,
                                Optional.empty(),
                                ProducerController.Settings$.MODULE$
                                        .create(getContext().getSystem())
                                        .withChunkLargeMessagesBytes(CHUNK)),
                        name);
        Class<ProducerController.RequestNext<BackupMessage>> type = ProducerController.requestNextClass();
        started.tell(new ProducerController.Start<>(getContext().messageAdapter(type, Next::new)));
        next = Optional.empty();
        inFlight = false;
        offered = Optional.empty();
        return started;
    }

    private void become(State now) {
        if (!now.equals(state)) {
            state = now;
            owner.tell(now);
        }
    }

    private boolean wants(BackupRef ref) {
        return wanted.isPresent() && wanted.get().ref().equals(ref);
    }

    private BackupMessage hello() {
        return new BackupMessage.Hello(
                ActorRefResolver.get(getContext().getSystem()).toSerializationFormat(producer));
    }

    private void say(BackupMessage message) {
        wire.tell(message, akka.actor.ActorRef.noSender());
    }

    private static Duration since(long nanoTime) {
        return Duration.ofNanos(System.nanoTime() - nanoTime);
    }
}
