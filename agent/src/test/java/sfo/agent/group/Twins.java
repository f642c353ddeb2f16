package sfo.agent.group;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.persistence.testkit.PersistenceTestKitPlugin;
import akka.persistence.testkit.javadsl.PersistenceTestKit;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import sfo.agent.failover.StepRunner;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupViews;
import sfo.agent.rules.member.Wish;
import sfo.config.load.Settings;
import sfo.ops.embedded.EmbeddedHost;
import sfo.ops.embedded.World;
import sfo.protocol.control.Answer;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Inventory;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Nic;
import sfo.protocol.peer.Hello;
import sfo.protocol.peer.PeerMessage;

/** The actors of the appliances a and b, on embedded hosts, with a network between them that loses what a test says. */
final class Twins implements AutoCloseable {
    static final String ADDRESS = "10.77.0.100";
    private static final String GATEWAY = "10.77.0.254";

    /** Messages that are lost. */
    volatile Predicate<PeerMessage> lost = message -> false;

    /** How often two appliances served at once. */
    final AtomicInteger twice = new AtomicInteger();

    private final Path folder;
    private final World world;
    private final Map<String, ActorTestKit> kits = new ConcurrentHashMap<>();
    private final Map<String, ActorRef<Object>> agents = new ConcurrentHashMap<>();
    private final Map<String, StepRunner> runners = new ConcurrentHashMap<>();
    private final List<EmbeddedHost> hosts = new CopyOnWriteArrayList<>();
    private final Map<String, Hello.GroupClaim> said = new ConcurrentHashMap<>();
    private final Map<String, Inventory> backups = new ConcurrentHashMap<>();

    Twins(Path folder) throws Exception {
        this.folder = folder;
        this.world = World.at(folder.resolve("world"));
        for (String appliance : new String[] {"a", "b"}) {
            kits.put(
                    appliance,
                    ActorTestKit.create(
                            "twin-" + appliance,
                            PersistenceTestKitPlugin.config()
                                    .withFallback(ConfigFactory.parseString("akka.loglevel = WARNING"))
                                    .withFallback(ConfigFactory.parseResources("serialization.conf"))
                                    .withFallback(ConfigFactory.defaultReference())
                                    .resolve()));
            start(appliance);
        }
    }

    static GroupDefinition group() {
        FailoverInterface slot = new FailoverInterface(
                "fo0",
                List.of(Cidr.parse(ADDRESS + "/24")),
                new MacChoice(MacChoice.Kind.NONE, Optional.empty()),
                List.of(Cidr.literal("gateway", GATEWAY)),
                List.of(),
                Map.of("a", new Nic("eth0", Nic.Use.SHARED), "b", new Nic("eth0", Nic.Use.SHARED)));
        return new GroupDefinition("files", 1, "a", List.of("a", "b"), List.of(slot), List.of(), List.of());
    }

    /** Starts an appliance's agent; its host too, if that has no power. */
    void start(String appliance) throws Exception {
        EmbeddedHost host = EmbeddedHost.open(settings(appliance));
        hosts.add(host);
        StepRunner runner = new StepRunner(host);
        runners.put(appliance, runner);
        Surroundings around = new Surroundings(
                settings(appliance),
                host.bootIdentity().orElseThrow(),
                Optional.empty(),
                runner,
                new Surroundings.Peers() {
                    @Override
                    public void tell(String to, PeerMessage message) {
                        count();
                        ActorRef<Object> other = agents.get(to);
                        if (other != null && agents.containsKey(appliance) && !lost.test(message)) {
                            other.tell(message);
                        }
                    }

                    @Override
                    public CompletionStage<Optional<Hello.GroupClaim>> ask(String other, String group) {
                        return CompletableFuture.completedFuture(
                                agents.containsKey(other) ? Optional.ofNullable(said.get(other)) : Optional.empty());
                    }

                    @Override
                    public void down(String gone) {}
                },
                new Surroundings.BackupSource() {
                    @Override
                    public CompletionStage<Newest> newestGood(String of, String group) {
                        return CompletableFuture.completedFuture(
                                new Newest(Optional.ofNullable(backups.get(of)), "there is none", false));
                    }

                    @Override
                    public void changed(Inventory inventory) {
                        backups.put(appliance, inventory);
                    }
                },
                () -> true,
                (claim, open) -> said.put(appliance, claim));
        agents.put(appliance, kit(appliance).spawn(Groups.create(around)));
    }

    /** Ends an appliance's agent; what it serves stays. */
    void stop(String appliance) {
        ActorRef<Object> agent = java.util.Objects.requireNonNull(agents.remove(appliance));
        kit(appliance).stop(agent);
        java.util.Objects.requireNonNull(runners.remove(appliance)).close();
    }

    void cutPower(String appliance) throws IOException {
        stop(appliance);
        world.cutPower(appliance);
    }

    Answer wish(String appliance, Wish kind) throws Exception {
        return begin(appliance, kind).get(60, TimeUnit.SECONDS);
    }

    CompletableFuture<Answer> begin(String appliance, Wish kind) {
        CompletableFuture<Answer> reply = new CompletableFuture<>();
        agent(appliance).tell(new Groups.ToMember("files", new GroupMember.Wanted(kind, reply, progress -> {})));
        return reply;
    }

    GroupViews.Known known(String appliance) throws Exception {
        CompletableFuture<GroupViews.Known> reply = new CompletableFuture<>();
        agent(appliance).tell(new Groups.ToMember("files", new GroupMember.Show(reply)));
        return reply.get(10, TimeUnit.SECONDS);
    }

    GroupRules.Standing standing(String appliance) throws Exception {
        return known(appliance).standing();
    }

    /** Who answers for the failover address on the wire. */
    java.util.List<String> serving() throws IOException {
        return world.holders(ADDRESS).stream().map(World.Wire::appliance).toList();
    }

    void fault(String appliance, String resource, String text) throws IOException {
        Path file = fault(appliance, resource);
        Files.createDirectories(java.util.Objects.requireNonNull(file.getParent()));
        Files.writeString(file, text);
    }

    /** From now on every act of a resource fails, until {@link #mend}. */
    void breakDown(String appliance, String resource) throws IOException {
        Files.createDirectories(fault(appliance, resource));
    }

    void mend(String appliance, String resource) throws IOException {
        Files.delete(fault(appliance, resource));
    }

    private Path fault(String appliance, String resource) {
        return world.appliance(appliance).resolve("faults").resolve(resource);
    }

    /** The next events of an actor of that appliance are not stored. */
    void failJournal(String appliance, String persistenceId, int times) {
        PersistenceTestKit.create(kit(appliance).system()).failNextNPersisted(persistenceId, times);
    }

    private void count() {
        try {
            if (serving().size() > 1) {
                twice.incrementAndGet();
            }
        } catch (IOException e) {
            twice.incrementAndGet();
        }
    }

    private ActorRef<Object> agent(String appliance) {
        return java.util.Objects.requireNonNull(agents.get(appliance));
    }

    private ActorTestKit kit(String appliance) {
        return java.util.Objects.requireNonNull(kits.get(appliance));
    }

    private Settings settings(String appliance) {
        String other = appliance.equals("a") ? "b" : "a";
        Path mine = folder.resolve(appliance);
        return new Settings(
                appliance,
                mine,
                mine,
                mine.resolve("sock"),
                new Settings.Endpoint("127.0.0.1", 7800, 7801),
                new Settings.Tls(mine, mine, mine),
                // nothing listens on port 1
                List.of(new Settings.Peer(other, "127.0.0.1", 1, 1, storage(other))),
                List.of(GATEWAY),
                new Settings.Adapters(Optional.of(folder.resolve("world"))),
                storage(appliance),
                new Settings.Backups(Duration.ofHours(1), 3, Duration.ofHours(1)));
    }

    private static String storage(String appliance) {
        return appliance.equals("a") ? "10.78.0.11" : "10.78.0.12";
    }

    @Override
    public void close() {
        runners.values().forEach(StepRunner::close);
        kits.values().forEach(ActorTestKit::shutdownTestKit);
        hosts.forEach(EmbeddedHost::close);
    }
}
