package sfo.agent.boot;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AskPattern;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.agent.membership.GroupJoiner;
import sfo.agent.membership.HelloClient;
import sfo.agent.membership.HelloServer;
import sfo.agent.membership.HelloWatch;
import sfo.agent.membership.Membership;
import sfo.agent.membership.PeerLink;
import sfo.config.load.Settings;
import sfo.protocol.control.Views;
import sfo.protocol.peer.Hello;

/**
 * An agent, for as long as its JVM lives: the hello endpoint, the parts, and one actor system after another.
 */
public final class Agent implements AgentContext, GroupJoiner.Surroundings, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Agent.class);

    private final Settings settings;
    private final List<Part> parts;
    private final String bootIdentity = BootIdentity.read();
    private final DataFolder data;
    private final Optional<JournalRepair> journalRepair;
    private final HelloClient helloClient;
    private final HelloWatch hellos;
    private final HelloServer helloServer;
    private final PeerLink peers;
    private final ActorSystems systems;
    private volatile @Nullable ActorRef<Membership.Command> membership;

    /**
     * Checks what has to hold, and starts.
     *
     * @param parts opened and started in this order
     * @throws StartRefused if a check fails; nothing is left running
     */
    public static Agent start(Settings settings, List<Part> parts) {
        Tls.check(settings.tls(), settings.appliance());
        DataFolder data = DataFolder.open(settings.data());
        try {
            Optional<JournalRepair> repair = Journal.check(settings.data(), settings.appliance(), settings.witness());
            Agent agent = new Agent(settings, parts, data, repair);
            agent.open();
            return agent;
        } catch (StartRefused e) {
            data.close();
            throw e;
        }
    }

    private Agent(Settings settings, List<Part> parts, DataFolder data, Optional<JournalRepair> journalRepair) {
        this.settings = settings;
        this.parts = List.copyOf(parts);
        this.data = data;
        this.journalRepair = journalRepair;
        systems = new ActorSystems(settings, this::guardian);
        peers = new PeerLink(settings.peers(), this::system);
        SSLContext tls = Tls.context(settings.tls());
        Settings.Endpoint at = settings.endpoint();
        try {
            helloServer = HelloServer.start(at.host(), at.helloPort(), tls, this::self);
        } catch (IOException e) {
            throw cannotListen(at.host(), at.helloPort(), e);
        }
        helloClient = new HelloClient(tls);
        hellos = new HelloWatch(settings.peers(), helloClient);
    }

    private void open() {
        journalRepair.ifPresent(repair -> log.error(
                "the journal was repaired at {}, events may be missing ({}); a copy is in {}",
                repair.at(),
                repair.found(),
                repair.copy()));
        hellos.start();
        try {
            parts.forEach(part -> part.open(this));
            systems.start();
        } catch (RuntimeException e) {
            close();
            throw e instanceof StartRefused
                    ? e
                    : cannotListen(
                            settings.endpoint().host(), settings.endpoint().port(), e);
        }
    }

    private static StartRefused cannotListen(String host, int port, Exception e) {
        return new StartRefused(
                "can't listen on " + host + ":" + port + " (sfo.endpoint): " + e.getMessage()
                        + ": is the address on this host, and is the port free? See: ss -ltnp sport = :" + port,
                e);
    }

    private Behavior<Void> guardian() {
        return Guardian.create(
                this, parts, Membership.create(settings, hellos, systems::sees), actor -> membership = actor);
    }

    @Override
    public void restart(String why) {
        systems.restart(why);
    }

    @Override
    public Hello self() {
        return new Hello(
                settings.appliance(),
                version(),
                bootIdentity,
                systems.uid(),
                systems.cluster(),
                systems.members(),
                parts.stream().anyMatch(Part::openSaga),
                parts.stream().flatMap(part -> part.groups().stream()).toList());
    }

    @Override
    public void inCluster(Hello.Cluster joined) {
        systems.joined(Optional.of(joined));
    }

    @Override
    public void inNoCluster() {
        systems.joined(Optional.empty());
    }

    /** Ends in order, within 3 s: actors, parts, hello endpoint, lock. What is served goes on. */
    @Override
    public void close() {
        systems.end();
        List<Part> reversed = new ArrayList<>(parts);
        Collections.reverse(reversed);
        reversed.forEach(Agent::closed);
        hellos.close();
        helloServer.close();
        systems.close();
        data.close();
    }

    private static void closed(Part part) {
        try {
            part.close();
        } catch (RuntimeException e) {
            log.error("could not end {} in order", part.getClass().getSimpleName(), e);
        }
    }

    @Override
    public Settings settings() {
        return settings;
    }

    @Override
    public String version() {
        String version = Agent.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }

    @Override
    public String bootIdentity() {
        return bootIdentity;
    }

    @Override
    public Optional<JournalRepair> journalRepair() {
        return journalRepair;
    }

    @Override
    public Optional<String> diskFault() {
        return data.fault();
    }

    @Override
    public HelloWatch hellos() {
        return hellos;
    }

    @Override
    public HelloClient helloClient() {
        return helloClient;
    }

    @Override
    public PeerLink peers() {
        return peers;
    }

    @Override
    public Optional<ActorSystem<Void>> system() {
        return systems.now();
    }

    @Override
    public ActorRef<Membership.Command> membership() {
        ActorRef<Membership.Command> now = membership;
        if (now == null) {
            throw new IllegalStateException("no actor system has started yet");
        }
        return now;
    }

    @Override
    public CompletionStage<List<Views.MemberView>> members() {
        return system().map(
                        now -> AskPattern.ask(membership(), Membership.Get::new, Duration.ofSeconds(2), now.scheduler())
                                .toCompletableFuture()
                                // an actor system that ends takes its clock along, and the ask's own limit with it
                                .orTimeout(3, TimeUnit.SECONDS))
                .orElseGet(
                        () -> CompletableFuture.failedFuture(new IllegalStateException("the actor system restarts")));
    }
}
