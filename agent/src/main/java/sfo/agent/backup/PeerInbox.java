package sfo.agent.backup;

import akka.actor.ActorSelection;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorRefResolver;
import akka.actor.typed.Behavior;
import akka.actor.typed.delivery.ConsumerController;
import akka.actor.typed.delivery.ProducerController;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import java.util.List;
import java.util.Optional;
import sfo.agent.rules.BackupRules.Kept;
import sfo.protocol.peer.BackupMessage;

/** Takes one peer's backups. A delivery is confirmed when what it brought is verified and on disk, or is refused. */
final class PeerInbox extends AbstractBehavior<PeerInbox.Command> {
    private final String peer;
    private final ActorSelection wire;
    private final SerialVault vault;
    private Optional<ActorRef<ConsumerController.Command<BackupMessage>>> consumer = Optional.empty();

    sealed interface Command {}

    /**
     * The peer's link is there and wants to know what is held.
     *
     * @param producer where its deliveries come from
     * @param fresh whether it is another one than before, or was silent: what is unconfirmed is asked for again
     */
    record Hello(String producer, boolean fresh) implements Command {}

    private record Delivered(ConsumerController.Delivery<BackupMessage> delivery) implements Command {}

    private record Done(List<BackupMessage> answers, Optional<ActorRef<ConsumerController.Confirmed>> confirmTo)
            implements Command {}

    private record Failed(String reason) implements Command {}

    /** {@code wire} is where the peer's link takes small messages. */
    static Behavior<Command> create(String peer, ActorSelection wire, SerialVault vault) {
        return Behaviors.setup(context -> new PeerInbox(context, peer, wire, vault));
    }

    private PeerInbox(ActorContext<Command> context, String peer, ActorSelection wire, SerialVault vault) {
        super(context);
        context.setLoggerName(PeerInbox.class);
        this.peer = peer;
        this.wire = wire;
        this.vault = vault;
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Hello.class, this::onHello)
                .onMessage(Delivered.class, this::onDelivered)
                .onMessage(Done.class, this::onDone)
                .onMessage(Failed.class, this::onFailed)
                .build();
    }

    private Behavior<Command> onHello(Hello hello) {
        if (hello.fresh()) {
            consumer.ifPresent(getContext()::stop);
            consumer = Optional.of(startConsumer(hello.producer()));
        }
        getContext()
                .pipeToSelf(
                        vault.ask(this::holds),
                        (holds, failed) -> failed == null
                                ? new Done(List.of(holds), Optional.empty())
                                : new Failed(SerialVault.reason(failed)));
        return this;
    }

    private Behavior<Command> onDelivered(Delivered message) {
        ActorRef<ConsumerController.Confirmed> confirmTo = message.delivery().confirmTo();
        BackupMessage received = message.delivery().message();
        if (received instanceof BackupMessage.Offer offer) {
            handle(
                    offer.epoch(),
                    offer.sequence(),
                    confirmTo,
                    v -> v.lacking(peer, offer.header())
                            .<BackupMessage>map(parts -> new BackupMessage.Need(offer.epoch(), offer.sequence(), parts))
                            .orElseGet(() -> holds(v)));
        } else if (received instanceof BackupMessage.Parts parts) {
            handle(parts.epoch(), parts.sequence(), confirmTo, v -> {
                v.receive(peer, parts);
                return holds(v);
            });
        } else {
            getContext().getLog().warn("{} sent a {} as a delivery; ignored", peer, received.getClass());
            confirmTo.tell(ConsumerController.confirmed());
        }
        return this;
    }

    /** What fails is a refusal, followed by what is held instead. */
    private void handle(
            long epoch,
            long sequence,
            ActorRef<ConsumerController.Confirmed> confirmTo,
            SerialVault.Work<BackupMessage> work) {
        getContext().pipeToSelf(vault.ask(work), (answer, failed) -> {
            if (failed == null) {
                return new Done(List.of(answer), Optional.of(confirmTo));
            }
            BackupMessage refused = new BackupMessage.Refused(epoch, sequence, SerialVault.reason(failed));
            return new Done(List.of(refused), Optional.of(confirmTo));
        });
    }

    private Behavior<Command> onDone(Done done) {
        done.answers().forEach(a -> wire.tell(a, akka.actor.ActorRef.noSender()));
        done.confirmTo().ifPresent(c -> c.tell(ConsumerController.confirmed()));
        return this;
    }

    private Behavior<Command> onFailed(Failed failed) {
        getContext().getLog().error("config backups can't be kept here: {}", failed.reason());
        return this;
    }

    private BackupMessage holds(BackupVault open) {
        Optional<Kept> newest = open.newest(peer);
        return new BackupMessage.Holds(
                newest.map(k -> new BackupMessage.Copy(k.ref().epoch(), k.ref().sequence(), k.sha256())));
    }

    private ActorRef<ConsumerController.Command<BackupMessage>> startConsumer(String producer) {
        ActorRef<ConsumerController.Command<BackupMessage>> started =
                getContext().spawnAnonymous(ConsumerController.<BackupMessage>create());
        Class<ConsumerController.Delivery<BackupMessage>> type = ConsumerController.deliveryClass();
        started.tell(new ConsumerController.Start<>(getContext().messageAdapter(type, Delivered::new)));
        ActorRef<ProducerController.Command<BackupMessage>> theirs =
                ActorRefResolver.get(getContext().getSystem()).resolveActorRef(producer);
        started.tell(new ConsumerController.RegisterToProducerController<>(theirs));
        return started;
    }
}
