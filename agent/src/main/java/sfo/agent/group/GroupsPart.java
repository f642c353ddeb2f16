package sfo.agent.group;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.AskPattern;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import sfo.agent.backup.Backups;
import sfo.agent.boot.AgentContext;
import sfo.agent.boot.JournalRepair;
import sfo.agent.boot.Part;
import sfo.agent.failover.StepRunner;
import sfo.agent.group.Surroundings.BackupSource;
import sfo.agent.membership.Membership;
import sfo.agent.rules.member.Input;
import sfo.ops.api.Host;
import sfo.protocol.model.Inventory;
import sfo.protocol.model.Reason;
import sfo.protocol.peer.Hello;
import sfo.protocol.peer.PeerMessage;

/** Groups, sagas, mirrors and config backups as a part of an agent. The step runner outlives the actor systems. */
public final class GroupsPart implements Part {
    private static final Duration ANSWER = Duration.ofSeconds(5);

    private final StepRunner runner;
    private final Map<String, Hello.GroupClaim> claims = new ConcurrentHashMap<>();
    private final Map<String, Boolean> open = new ConcurrentHashMap<>();
    private volatile @Nullable ActorRef<Object> groups;
    private volatile @Nullable ActorRef<Backups.Command> backups;

    public GroupsPart(Host host) {
        this.runner = new StepRunner(host);
        host.whenServerEnds(this::serverEnded);
    }

    /** Without an actor system nobody is told: the next one looks at what it serves as it starts. */
    private void serverEnded(String group) {
        ActorRef<Object> registry = groups;
        if (registry != null) {
            registry.tell(new Groups.ToMember(group, new GroupMember.In(new Input.ServerEnded())));
        }
    }

    public Host host() {
        return runner.host();
    }

    public StepRunner runner() {
        return runner;
    }

    /** @throws IllegalStateException while there is no actor system */
    public ActorRef<Object> registry() {
        return there(groups);
    }

    /** @throws IllegalStateException while there is no actor system */
    public ActorRef<Backups.Command> backups() {
        return there(backups);
    }

    private static <T> T there(@Nullable T actor) {
        if (actor == null) {
            throw new IllegalStateException("the agent is starting: try again in a second");
        }
        return actor;
    }

    @Override
    public void start(ActorContext<?> context, AgentContext agent) {
        ActorRef<Backups.Command> vault = context.spawn(Backups.create(agent.settings()), "backups");
        backups = vault;
        Surroundings around = new Surroundings(
                agent.settings(),
                runner.host().bootIdentity().orElse(agent.bootIdentity()),
                agent.journalRepair().map(JournalRepair::at),
                runner,
                new ToPeers(agent),
                new FromBackups(context.getSystem(), vault),
                () -> agent.diskFault().isEmpty(),
                this::known);
        groups = context.spawn(Groups.create(around), Groups.NAME);
    }

    private void known(Hello.GroupClaim claim, boolean operation) {
        claims.put(claim.group(), claim);
        open.put(claim.group(), operation);
    }

    @Override
    public boolean openSaga() {
        return open.containsValue(true);
    }

    @Override
    public List<Hello.GroupClaim> groups() {
        return List.copyOf(claims.values());
    }

    @Override
    public void close() {
        runner.close();
    }

    private record ToPeers(AgentContext agent) implements Surroundings.Peers {
        @Override
        public void tell(String appliance, PeerMessage message) {
            // a group may name one that the settings no longer do: nobody answers for it
            if (agent.settings().peers().stream()
                    .anyMatch(peer -> peer.appliance().equals(appliance))) {
                agent.peers().tell(appliance, Groups.NAME, message);
            }
        }

        @Override
        public Optional<Instant> lastSeen(String appliance) {
            return agent.hellos().lastSeen(appliance);
        }

        @Override
        public CompletionStage<Optional<Hello.GroupClaim>> ask(String appliance, String group) {
            return agent.settings().peers().stream()
                    .filter(peer -> peer.appliance().equals(appliance))
                    .findFirst()
                    .map(peer -> agent.helloClient()
                            .ask(peer)
                            .handle((hello, silent) -> silent == null
                                    ? hello.groups().stream()
                                            .filter(claim -> claim.group().equals(group))
                                            .findFirst()
                                    : Optional.<Hello.GroupClaim>empty()))
                    .orElseGet(() -> CompletableFuture.completedFuture(Optional.empty()));
        }

        @Override
        public void down(String appliance) {
            agent.membership().tell(new Membership.DownAppliance(appliance));
        }
    }

    private record FromBackups(ActorSystem<?> system, ActorRef<Backups.Command> vault) implements BackupSource {
        @Override
        public CompletionStage<Newest> newestGood(String appliance, String group) {
            return AskPattern.<Backups.Command, Backups.Found>askWithStatus(
                            vault, reply -> new Backups.NewestFor(appliance, group, reply), ANSWER, system.scheduler())
                    .thenApply(found -> new Newest(
                            found.inventory(),
                            found.reasons().stream()
                                    .filter(r -> r.weight() == Reason.Weight.BLOCKS)
                                    .map(Reason::text)
                                    .findFirst()
                                    .orElse("none was ever received"),
                            codes(found).equals(List.of("BACKUP-LACKS-GROUP"))))
                    .exceptionally(e -> new Newest(Optional.empty(), String.valueOf(e.getMessage()), false));
        }

        private static List<String> codes(Backups.Found found) {
            return found.reasons().stream().map(Reason::code).toList();
        }

        @Override
        public void changed(Inventory inventory) {
            vault.tell(new Backups.InventoryChanged(inventory));
        }
    }
}
