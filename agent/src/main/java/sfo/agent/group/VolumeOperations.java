package sfo.agent.group;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import sfo.agent.boot.AgentContext;
import sfo.agent.rules.DefinitionRules;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.Host;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.MirrorMessage;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.PrimaryVolume;

/** {@code sfo cdp}: volumes that come, go, and are mirrored again. */
final class VolumeOperations {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration PEER = Duration.ofSeconds(10);

    private final AgentContext agent;
    private final GroupsPart part;
    private final AgentOperations operations;

    VolumeOperations(AgentContext agent, GroupsPart part, AgentOperations operations) {
        this.agent = agent;
        this.part = part;
        this.operations = operations;
    }

    /** Backing on every member first, then the file system, then it is mounted and served like the rest. */
    CompletionStage<Answer> create(Requests.NewVolume n, Operator by, Consumer<Progress> progress) {
        return operations.snapshot(n.group()).thenCompose(s -> {
            Optional<Answer> refused = operations.notNow(n.group(), s);
            if (refused.isPresent()) {
                return CompletableFuture.completedFuture(refused.get());
            }
            GroupDefinition group = s.state().definition().orElseThrow();
            Volume volume;
            try {
                volume = DefinitionRules.volume(group, n);
            } catch (IllegalArgumentException e) {
                return CompletableFuture.completedFuture(Answer.of(ExitCode.USAGE, String.valueOf(e.getMessage())));
            }
            progress.accept(new Progress("create", "replicas", "backing on every member", "running", 0, ""));
            return replicas(group, volume)
                    .thenCompose(done -> part.runner().blocking(() -> {
                        prepare(group.name(), volume, s.state().claim());
                        return "";
                    }))
                    .thenCompose(done -> operations.change(
                            n.group(),
                            d -> DefinitionRules.withVolume(d, volume),
                            "volume " + volume.name() + " of group " + n.group() + " is mounted at "
                                    + host().mountPoint(n.group(), volume.name())
                                    + "; its mirror follows: sfo cdp show "
                                    + n.group(),
                            by))
                    .exceptionally(e -> Answer.of(
                            ExitCode.ROLLED_BACK,
                            "volume " + volume.name() + " was not created: "
                                    + (e.getCause() == null ? e : e.getCause()).getMessage()));
        });
    }

    private CompletionStage<Void> replicas(GroupDefinition group, Volume volume) {
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (String member : group.members()) {
            if (!member.equals(operations.self())) {
                CompletableFuture<Optional<String>> reply = new CompletableFuture<>();
                part.registry().tell(new Groups.AskReplica(member, group.name(), volume, reply));
                all.add(reply.orTimeout(PEER.toMillis(), TimeUnit.MILLISECONDS)
                        .thenAccept(refused -> refused.ifPresent(why -> {
                            throw new IllegalStateException(member + ": " + why);
                        })));
            }
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    /** Makes it primary only for as long as the file system is made. */
    private void prepare(String group, Volume volume, Claim claim) throws Exception {
        Call call = Call.within(LIMIT);
        host().mirror().create(group, volume, call);
        Adapter<PrimaryVolume> primary = host().mirror().primary();
        PrimaryVolume resource = new PrimaryVolume(group, volume, operations.self(), claim);
        Facts before = primary.inspect(resource, call);
        try {
            primary.apply(resource, call);
            host().mirror().format(group, volume, call);
        } finally {
            primary.revert(resource, before, call);
        }
    }

    CompletionStage<Answer> command(Requests.VolumeVerb verb, String group, String name, Operator by) {
        return operations.snapshot(group).thenCompose(s -> {
            Optional<Answer> refused = operations.notNow(group, s);
            if (refused.isPresent()) {
                return CompletableFuture.completedFuture(refused.get());
            }
            GroupDefinition definition = s.state().definition().orElseThrow();
            Optional<Volume> volume = definition.volume(name);
            if (volume.isEmpty()) {
                return CompletableFuture.completedFuture(Answer.of(
                        ExitCode.USAGE,
                        "volume \"" + name + "\": expected one of "
                                + definition.volumes().stream()
                                        .map(Volume::name)
                                        .toList()));
            }
            return switch (verb) {
                case DESTROY -> destroy(definition, volume.get(), by);
                case DISABLE -> mirrored(group, volume.get(), false);
                case ENABLE -> mirrored(group, volume.get(), true);
                case RESYNC ->
                    mirrored(group, volume.get(), false).thenCompose(done -> mirrored(group, volume.get(), true));
            };
        });
    }

    private CompletionStage<Answer> mirrored(String group, Volume volume, boolean wanted) {
        CompletableFuture<String> reply = new CompletableFuture<>();
        part.registry().tell(new Groups.ToMember(group, new GroupMember.MirrorWanted(volume, wanted, reply)));
        return reply.thenApply(error -> error.isEmpty()
                ? Answer.done("volume " + volume.name() + (wanted ? " is mirrored" : " is no longer mirrored")
                        + "; see: sfo cdp show " + group)
                : Answer.of(ExitCode.ROLLED_BACK, error));
    }

    private CompletionStage<Answer> destroy(GroupDefinition group, Volume volume, Operator by) {
        return operations
                .change(
                        group.name(),
                        d -> DefinitionRules.withoutVolume(d, volume.name()),
                        "volume " + volume.name() + " of group " + group.name() + " is destroyed",
                        by)
                .thenCompose(answer -> answer.exit() != ExitCode.DONE
                        ? CompletableFuture.completedFuture(answer)
                        : part.runner().blocking(() -> {
                            host().mirror().destroy(group.name(), volume, Call.within(LIMIT));
                            group.members().stream()
                                    .filter(m -> !m.equals(operations.self()))
                                    .forEach(m -> agent.peers()
                                            .tell(
                                                    m,
                                                    Groups.NAME,
                                                    new MirrorMessage.DestroyReplica(
                                                            operations.self(), group.name(), volume)));
                            return answer;
                        }));
    }

    private Host host() {
        return part.host();
    }
}
