package sfo.agent.membership;

import akka.actor.Address;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.cluster.ClusterEvent;
import akka.cluster.Member;
import akka.cluster.MemberStatus;
import akka.cluster.UniqueAddress;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Down;
import akka.cluster.typed.Subscribe;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import sfo.config.load.Settings;
import sfo.protocol.control.Views;
import sfo.protocol.peer.Hello;

/** The cluster's events as a view that can be read and watched. The view authorises nothing. */
public final class Membership extends AbstractBehavior<Membership.Command> {
    public sealed interface Command {}

    /** Every member and every peer of the settings, this appliance first. */
    public record Get(ActorRef<List<Views.MemberView>> replyTo) implements Command {}

    /** The view now, and after every change of a member. */
    public record Watch(ActorRef<List<Views.MemberView>> watcher) implements Command {}

    /**
     * Takes an appliance out of the cluster, whether or not it is reachable: part of a failover, and of nothing else.
     * It stays out until its actor system is restarted, which it does when it hears of it.
     */
    public record DownAppliance(String appliance) implements Command {}

    private record Changed(ClusterEvent.ClusterDomainEvent event) implements Command {}

    private record WatcherGone(ActorRef<List<Views.MemberView>> watcher) implements Command {}

    private final Settings settings;
    private final HelloWatch hellos;
    private final Consumer<List<Hello.Member>> publish;
    private final Cluster cluster;
    private final Map<String, String> names = new LinkedHashMap<>();
    private final Set<String> witnesses;
    private final Map<UniqueAddress, Member> members = new LinkedHashMap<>();
    private final Set<UniqueAddress> unreachable = new HashSet<>();
    private final Set<ActorRef<List<Views.MemberView>>> watchers = new HashSet<>();
    private @Nullable Address leader;

    /** @param publish told the members, for the hello, on every change */
    public static Behavior<Command> create(Settings settings, HelloWatch hellos, Consumer<List<Hello.Member>> publish) {
        return Behaviors.setup(context -> new Membership(context, settings, hellos, publish));
    }

    private Membership(
            ActorContext<Command> context, Settings settings, HelloWatch hellos, Consumer<List<Hello.Member>> publish) {
        super(context);
        context.setLoggerName(Membership.class);
        this.settings = settings;
        this.hellos = hellos;
        this.publish = publish;
        cluster = Cluster.get(context.getSystem());
        names.put(
                PeerLink.address(settings.endpoint().host(), settings.endpoint().port()), settings.appliance());
        witnesses = Stream.concat(
                        Stream.of(settings.appliance()).filter(self -> settings.witness()),
                        settings.peers().stream().filter(Settings.Peer::witness).map(Settings.Peer::appliance))
                .collect(Collectors.toSet());
        settings.peers().forEach(peer -> names.put(PeerLink.address(peer.host(), peer.port()), peer.appliance()));
        cluster.subscriptions()
                .tell(Subscribe.create(
                        context.messageAdapter(ClusterEvent.ClusterDomainEvent.class, Changed::new),
                        ClusterEvent.ClusterDomainEvent.class));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Get.class, this::get)
                .onMessage(Watch.class, this::watch)
                .onMessage(WatcherGone.class, this::watcherGone)
                .onMessage(DownAppliance.class, this::down)
                .onMessage(Changed.class, this::changed)
                .build();
    }

    private Behavior<Command> get(Get get) {
        get.replyTo().tell(view());
        return this;
    }

    private Behavior<Command> watch(Watch watch) {
        if (watchers.add(watch.watcher())) {
            getContext().watchWith(watch.watcher(), new WatcherGone(watch.watcher()));
        }
        watch.watcher().tell(view());
        return this;
    }

    private Behavior<Command> watcherGone(WatcherGone gone) {
        watchers.remove(gone.watcher());
        return this;
    }

    private Behavior<Command> down(DownAppliance down) {
        if (down.appliance().equals(settings.appliance())) {
            getContext().getLog().error("an appliance never downs itself: ignored");
            return this;
        }
        for (Member member : members.values()) {
            if (name(member.address()).equals(down.appliance())) {
                getContext().getLog().warn("{} at {} is taken out of the cluster", down.appliance(), member.address());
                cluster.manager().tell(new Down(member.address()));
            }
        }
        return this;
    }

    private Behavior<Command> changed(Changed changed) {
        if (changed.event() instanceof ClusterEvent.MemberRemoved removed) {
            members.remove(removed.member().uniqueAddress());
            unreachable.remove(removed.member().uniqueAddress());
            told(removed.member(), "removed");
        } else if (changed.event() instanceof ClusterEvent.MemberEvent event) {
            members.put(event.member().uniqueAddress(), event.member());
            told(event.member(), state(event.member()));
        } else if (changed.event() instanceof ClusterEvent.UnreachableMember event) {
            unreachable.add(event.member().uniqueAddress());
            told(event.member(), "unreachable");
        } else if (changed.event() instanceof ClusterEvent.ReachableMember event) {
            unreachable.remove(event.member().uniqueAddress());
            told(event.member(), "reachable");
        } else if (changed.event() instanceof ClusterEvent.LeaderChanged event) {
            leader = event.getLeader();
        } else {
            return this;
        }
        publish.accept(members.values().stream()
                .map(member -> new Hello.Member(
                        name(member.address()),
                        member.address().toString(),
                        member.uniqueAddress().longUid(),
                        state(member)))
                .toList());
        List<Views.MemberView> view = view();
        watchers.forEach(watcher -> watcher.tell(view));
        return this;
    }

    private void told(Member member, String what) {
        getContext().getLog().info("member {} at {}: {}", name(member.address()), member.address(), what);
    }

    private List<Views.MemberView> view() {
        List<Views.MemberView> view = new ArrayList<>();
        names.forEach((address, name) -> {
            Member member = members.values().stream()
                    .filter(m -> m.address().toString().equals(address))
                    .findFirst()
                    .orElse(null);
            view.add(shown(name, address, member));
        });
        members.values().stream()
                .filter(member -> !names.containsKey(member.address().toString()))
                .forEach(member ->
                        view.add(shown(name(member.address()), member.address().toString(), member)));
        return List.copyOf(view);
    }

    private Views.MemberView shown(String name, String address, @Nullable Member member) {
        return new Views.MemberView(
                name,
                address,
                looksForUs(name, member) ? "joining" : member == null ? "absent" : state(member),
                name.equals(settings.appliance()),
                member != null && member.address().equals(leader),
                hellos.lastSeen(name),
                witnesses.contains(name));
    }

    /** It is there, as a new incarnation, and its cluster can't take it in yet, for instance as another one is dead. */
    private boolean looksForUs(String name, @Nullable Member member) {
        return hellos.latest(name)
                .flatMap(HelloWatch.Sighting::hello)
                .filter(hello -> hello.cluster().isEmpty())
                .filter(hello -> member == null || member.uniqueAddress().longUid() != hello.uid())
                .isPresent();
    }

    private String state(Member member) {
        if (unreachable.contains(member.uniqueAddress())) {
            return member.status().equals(MemberStatus.down()) ? "down" : "unreachable";
        }
        String status = member.status().toString().toLowerCase(Locale.ROOT);
        return status.equals("weaklyup") ? "joining" : status;
    }

    /** A member that the settings don't know is named by its address. */
    private String name(Address address) {
        return names.getOrDefault(address.toString(), address.toString());
    }
}
