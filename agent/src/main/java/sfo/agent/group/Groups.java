package sfo.agent.group;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.persistence.typed.PersistenceId;
import akka.persistence.typed.RecoveryCompleted;
import akka.persistence.typed.javadsl.CommandHandler;
import akka.persistence.typed.javadsl.Effect;
import akka.persistence.typed.javadsl.EventHandler;
import akka.persistence.typed.javadsl.EventSourcedBehavior;
import akka.persistence.typed.javadsl.SignalHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import sfo.agent.failover.Retry;
import sfo.config.load.Settings;
import sfo.ops.api.Call;
import sfo.protocol.control.Views.SurveyView;
import sfo.protocol.events.RegistryEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Inventory;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.MirrorMessage;
import sfo.protocol.peer.SurveyMessage;

/**
 * Remembers which groups this appliance knows, and is the parent of a {@link GroupMember} for each and of the
 * {@link Mirrors}. Takes what peers send about groups, mirrors and surveys, hence any kind of message.
 */
public final class Groups extends EventSourcedBehavior<Object, RegistryEvent, Groups.Known> {
    /** Its name below {@code /user/agent}. */
    public static final String NAME = "groups";

    private static final Duration LOOK = Duration.ofSeconds(5);

    /** Group names, in the order in which they were first heard of. */
    public record Known(long ordinal, List<String> groups) {
        Known apply(RegistryEvent event) {
            List<String> more = new ArrayList<>(groups);
            more.add(((RegistryEvent.GroupKnown) event).group());
            return new Known(event.ordinal(), List.copyOf(more));
        }
    }

    /** For the member of {@code group}, which is made if it is not there. */
    public record ToMember(String group, GroupMember.Command command) {}

    /** The names of all groups. */
    public record Names(Consumer<List<String>> reply) {}

    /** Asks a peer, or this appliance itself, what it offers. A peer may never answer. */
    public record Survey(String appliance, CompletableFuture<SurveyView> reply) {}

    /** Asks a peer for the backing of a replica; the answer is why it refuses, or empty. A peer may never answer. */
    record AskReplica(String appliance, String group, Volume volume, CompletableFuture<Optional<String>> reply) {}

    /** What a member holds now; empty if nothing. */
    record Holding(String group, Optional<GroupDefinition> definition, Claim claim) {}

    private final Map<String, Holding> holdings = new TreeMap<>();
    private final Surroundings around;
    private final ActorContext<Object> context;
    private final ActorRef<Mirrors.Command> mirrors;
    private final Map<String, ActorRef<GroupMember.Command>> members = new HashMap<>();
    private final Map<String, CompletableFuture<Optional<String>>> replicas = new HashMap<>();
    private final Map<String, CompletableFuture<SurveyView>> surveys = new HashMap<>();

    public static Behavior<Object> create(Surroundings around) {
        return Behaviors.setup(context -> new Groups(context, around));
    }

    private Groups(ActorContext<Object> context, Surroundings around) {
        super(PersistenceId.ofUniqueId(NAME), Retry.ofJournal());
        this.context = context;
        this.around = around;
        // who only votes has none
        this.mirrors = around.settings().witness()
                ? context.getSystem().ignoreRef()
                : context.spawn(Mirrors.create(around), "mirrors");
    }

    @Override
    public Known emptyState() {
        return new Known(0, List.of());
    }

    @Override
    public EventHandler<Known, RegistryEvent> eventHandler() {
        return Known::apply;
    }

    @Override
    public SignalHandler<Known> signalHandler() {
        return newSignalHandlerBuilder()
                .onSignal(RecoveryCompleted.instance(), known -> known.groups().forEach(this::member))
                .build();
    }

    @Override
    public CommandHandler<Object, RegistryEvent, Known> commandHandler() {
        return newCommandHandlerBuilder()
                .forAnyState()
                .onCommand(ToMember.class, (known, c) -> pass(known, c.group(), true, c.command()))
                .onCommand(GroupMessage.class, this::groupMessage)
                .onCommand(AskReplica.class, (known, c) -> Effect().none().thenRun(s -> askReplica(c)))
                .onCommand(
                        MirrorMessage.ReplicaCreated.class,
                        (known, m) -> Effect().none().thenRun(s -> replicaCreated(m)))
                .onCommand(
                        MirrorMessage.class,
                        (known, m) -> Effect().none().thenRun(s -> mirrors.tell(new Mirrors.PeerSays(m))))
                .onCommand(
                        SurveyMessage.AskSurvey.class,
                        (known, m) -> Effect()
                                .none()
                                .thenRun(s -> surveyed(survey -> around.peers()
                                        .tell(m.from(), new SurveyMessage.Survey(around.self(), m.id(), survey)))))
                .onCommand(SurveyMessage.Survey.class, this::surveyAnswered)
                .onCommand(Survey.class, this::survey)
                .onCommand(Holding.class, (known, c) -> Effect().none().thenRun(s -> holding(c)))
                .onCommand(
                        Names.class,
                        (known, c) -> Effect().none().thenRun(s -> c.reply().accept(s.groups())))
                .build();
    }

    private Effect<RegistryEvent, Known> groupMessage(Known known, GroupMessage message) {
        boolean introduces = message instanceof GroupMessage.Definition || message instanceof GroupMessage.Beat;
        return pass(known, message.group(), introduces, new GroupMember.PeerSays(message));
    }

    private Effect<RegistryEvent, Known> pass(Known known, String group, boolean make, GroupMember.Command command) {
        if (known.groups().contains(group)) {
            return Effect().none().thenRun(s -> member(group).tell(command));
        }
        if (!make) {
            return Effect().none();
        }
        return Effect()
                .persist((RegistryEvent) new RegistryEvent.GroupKnown(known.ordinal() + 1, group))
                .thenRun((Known s) -> member(group).tell(command));
    }

    /** Every change of what this appliance holds makes a new config backup. */
    private void holding(Holding c) {
        if (c.equals(holdings.put(c.group(), c))) {
            return;
        }
        Map<String, Claim> claims = new TreeMap<>();
        List<GroupDefinition> held = new ArrayList<>();
        for (Holding h : holdings.values()) {
            h.definition().ifPresent(d -> {
                held.add(d);
                claims.put(h.group(), h.claim());
            });
        }
        around.backups().changed(new Inventory(around.self(), held, claims, Map.of()));
    }

    private ActorRef<GroupMember.Command> member(String group) {
        return members.computeIfAbsent(
                group,
                name -> context.spawn(GroupMember.create(name, around, mirrors, context.getSelf()), "group-" + name));
    }

    private Effect<RegistryEvent, Known> survey(Known known, Survey c) {
        return Effect().none().thenRun(s -> {
            if (c.appliance().equals(around.self())) {
                surveyed(survey -> c.reply().complete(survey));
            } else {
                String id = UUID.randomUUID().toString();
                surveys.put(id, c.reply());
                around.peers().tell(c.appliance(), new SurveyMessage.AskSurvey(around.self(), id));
            }
        });
    }

    private Effect<RegistryEvent, Known> surveyAnswered(Known known, SurveyMessage.Survey m) {
        return Effect().none().thenRun(s -> {
            CompletableFuture<SurveyView> asked = surveys.remove(m.id());
            if (asked != null) {
                asked.complete(m.survey());
            }
        });
    }

    private void askReplica(AskReplica c) {
        replicas.put(c.appliance() + " " + c.group() + " " + c.volume().name(), c.reply());
        around.peers().tell(c.appliance(), new MirrorMessage.CreateReplica(around.self(), c.group(), c.volume()));
    }

    private void replicaCreated(MirrorMessage.ReplicaCreated m) {
        CompletableFuture<Optional<String>> asked = replicas.remove(m.from() + " " + m.group() + " " + m.volume());
        if (asked != null) {
            asked.complete(m.refused());
        }
    }

    private void surveyed(Consumer<SurveyView> then) {
        around.runner()
                .blocking(() -> new SurveyView(
                        around.self(),
                        around.host().nics(Call.within(LOOK)),
                        around.host().plugins(),
                        around.settings().witness(),
                        around.settings().peers().stream()
                                .map(Settings.Peer::appliance)
                                .toList()))
                .whenComplete((survey, error) -> {
                    if (error == null) {
                        then.accept(survey);
                    } else {
                        context.getSystem().log().warn("survey of this host", error);
                    }
                });
    }
}
