package sfo.agent.group;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import akka.pattern.StatusReply;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;
import sfo.agent.backup.Backups;
import sfo.agent.boot.AgentContext;
import sfo.agent.boot.Journal;
import sfo.agent.control.Operations;
import sfo.agent.rules.DefinitionRules;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.GroupViews;
import sfo.agent.rules.member.MemberRules;
import sfo.agent.rules.member.Wish;
import sfo.config.load.Settings;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.control.Views;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Inventory;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Share;

/** What the control socket asks for, put to the actors. */
public final class AgentOperations implements Operations {
    private static final Duration LOOK = Duration.ofSeconds(3);
    private static final Duration BACKUP = Duration.ofSeconds(70);

    private final AgentContext agent;
    private final GroupsPart part;
    private final VolumeOperations volumes;
    private final TargetOperations targets;

    public AgentOperations(AgentContext agent, GroupsPart part) {
        this.agent = agent;
        this.part = part;
        this.volumes = new VolumeOperations(agent, part, this);
        this.targets = new TargetOperations(part, this);
    }

    @Override
    public CompletionStage<Views.StatusView> status() {
        return snapshots()
                .thenCombine(
                        members(),
                        (snapshots, members) -> new Views.StatusView(
                                self(),
                                agent.version(),
                                agent.bootIdentity(),
                                members,
                                snapshots.stream()
                                        .filter(s -> s.state().definition().stream()
                                                        .anyMatch(
                                                                d -> d.voters().contains(self()))
                                                && !s.state().destroyed())
                                        .map(s -> GroupViews.view(s, self(), diskFault()))
                                        .toList()));
    }

    private List<Reason> diskFault() {
        return agent.diskFault().stream()
                .map(fault -> new Reason(
                        "DISK-UNWRITABLE",
                        Reason.Weight.BLOCKS,
                        fault + "; what is served goes on",
                        "make room, or make it writable; if that takes mounting it anew, end the agent first"))
                .toList();
    }

    /** Nothing is begun that could not be stored. */
    Optional<Answer> unstorable() {
        List<Reason> fault = diskFault();
        return fault.isEmpty() ? Optional.empty() : Optional.of(Answer.refused("refused, nothing was touched", fault));
    }

    /** What speaks against changing what travels with the group, at this moment and here. */
    Optional<Answer> notNow(String group, GroupViews.Known s) {
        if (s.state().definition().isEmpty() || s.state().destroyed()) {
            return Optional.of(unknown(group, List.of()));
        }
        if (s.state().openOperation().isPresent()) {
            return Optional.of(MemberRules.busy(group, s.state().openOperation().get()));
        }
        return s.standing() == Standing.HOLDS
                ? unstorable()
                : Optional.of(Answer.refused(
                        "group " + group + " is not served here: type it on "
                                + s.state().claim().appliance(),
                        List.of()));
    }

    private CompletionStage<List<Views.MemberView>> members() {
        return agent.members().exceptionally(restarting -> List.of());
    }

    String self() {
        return agent.settings().appliance();
    }

    private CompletionStage<List<GroupViews.Known>> snapshots() {
        return names().thenCompose(groups -> {
                    List<CompletableFuture<GroupViews.Known>> all =
                            groups.stream().map(this::snapshot).toList();
                    return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                            .thenApply(done ->
                                    all.stream().map(CompletableFuture::join).toList());
                })
                .orTimeout(LOOK.toMillis(), TimeUnit.MILLISECONDS);
    }

    CompletableFuture<GroupViews.Known> snapshot(String group) {
        CompletableFuture<GroupViews.Known> reply = new CompletableFuture<>();
        part.registry().tell(new Groups.ToMember(group, new GroupMember.Show(reply)));
        return reply.orTimeout(LOOK.toMillis(), TimeUnit.MILLISECONDS).exceptionally(e -> {
            throw new IllegalStateException("group " + group + " does not answer; the agent's log says why", e);
        });
    }

    @Override
    public CompletionStage<List<Views.SurveyView>> survey(List<String> appliances) {
        List<CompletableFuture<Optional<Views.SurveyView>>> all = appliances.stream()
                .map(appliance -> {
                    CompletableFuture<Views.SurveyView> reply = new CompletableFuture<>();
                    part.registry().tell(new Groups.Survey(appliance, reply));
                    return reply.orTimeout(LOOK.toMillis(), TimeUnit.MILLISECONDS)
                            .thenApply(Optional::of)
                            .exceptionally(silent -> Optional.empty());
                })
                .toList();
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                .thenApply(done -> all.stream()
                        .map(CompletableFuture::join)
                        .flatMap(Optional::stream)
                        .toList());
    }

    @Override
    public List<String> appliances() {
        return Stream.concat(
                        Stream.of(self()).filter(self -> !agent.settings().witness()),
                        agent.settings().servers().stream().map(Settings.Peer::appliance))
                .toList();
    }

    @Override
    public List<String> witnesses() {
        return agent.settings().peers().stream()
                .filter(Settings.Peer::witness)
                .map(Settings.Peer::appliance)
                .toList();
    }

    @Override
    public CompletionStage<Answer> createGroup(GroupDefinition group, Operator by, Consumer<Progress> progress) {
        return survey(List.copyOf(group.voters())).thenCompose(surveys -> {
            List<String> flaws = DefinitionRules.flaws(group, surveys);
            return flaws.isEmpty()
                    ? wish(group.name(), true, new Wish.Create(group, by), progress)
                    : CompletableFuture.completedFuture(Answer.refused(
                            "group " + group.name() + " was not created: " + String.join("; ", flaws), List.of()));
        });
    }

    @Override
    public CompletionStage<Answer> destroyGroup(String group, Operator by, Consumer<Progress> progress) {
        return wish(group, false, new Wish.Destroy(by), progress);
    }

    @Override
    public CompletionStage<Answer> setMac(String group, String slot, MacChoice mac, Operator by) {
        return change(group, d -> DefinitionRules.withMac(d, slot, mac), "the MAC of " + slot + " is set", by);
    }

    @Override
    public CompletionStage<Answer> changeTerms(Requests.TermsChange change, Operator by, Consumer<Progress> progress) {
        String done = "group " + change.group() + " has its new terms; see: sfo group show " + change.group();
        Wish.Change wish = new Wish.Change(d -> DefinitionRules.withTerms(d, change), done, by);
        return snapshot(change.group())
                .thenCompose(s -> {
                    GroupDefinition before = s.state().definition().orElseThrow();
                    GroupDefinition after = DefinitionRules.withTerms(before, change);
                    return survey(List.copyOf(after.on(after.terms()).voters()))
                            .thenApply(surveys -> DefinitionRules.flawsOfTerms(before, after, surveys));
                })
                .thenCompose(flaws -> flaws.isEmpty()
                        ? wish(change.group(), false, wish, progress)
                        : CompletableFuture.completedFuture(
                                Answer.refused("nothing was changed: " + String.join("; ", flaws), List.of())));
    }

    @Override
    public CompletionStage<Answer> createShare(Requests.NewShare share, Operator by) {
        return change(
                share.group(),
                d -> DefinitionRules.withShare(d, share),
                share.protocol() + " share " + share.name() + " is served",
                by);
    }

    @Override
    public CompletionStage<Answer> changeShare(Requests.ShareChange change, Operator by) {
        return change(
                change.group(),
                d -> DefinitionRules.withChanged(d, change),
                change.protocol() + " share " + change.name() + " is changed",
                by);
    }

    @Override
    public CompletionStage<Answer> destroyShare(String group, Share.Protocol protocol, String name, Operator by) {
        return change(
                group,
                d -> DefinitionRules.withoutShare(d, protocol, name),
                protocol + " share " + name + " is no longer served; its files are still there",
                by);
    }

    @Override
    public CompletionStage<Answer> createTarget(Requests.NewTarget target, Operator by) {
        return targets.create(target, by);
    }

    @Override
    public CompletionStage<Answer> changeTarget(Requests.TargetChange change, Operator by) {
        return targets.change(change, by);
    }

    @Override
    public CompletionStage<Answer> destroyTarget(String group, String name, Operator by) {
        return targets.destroy(group, name, by);
    }

    CompletionStage<Answer> change(String group, UnaryOperator<GroupDefinition> change, String done, Operator by) {
        return wish(group, false, new Wish.Change(change, done, by), AgentOperations::unseen);
    }

    @Override
    public CompletionStage<Answer> createVolume(Requests.NewVolume volume, Operator by, Consumer<Progress> progress) {
        return volumes.create(volume, by, progress);
    }

    @Override
    public CompletionStage<Answer> volume(Requests.VolumeVerb verb, String group, String volume, Operator by) {
        return volumes.command(verb, group, volume, by);
    }

    @Override
    public CompletionStage<Answer> check(String group) {
        return wish(group, false, new Wish.Check(), AgentOperations::unseen);
    }

    @Override
    public CompletionStage<Answer> plan(String group, boolean undo) {
        return wish(group, false, new Wish.ShowPlan(undo), AgentOperations::unseen);
    }

    @Override
    public CompletionStage<Answer> failover(Requests.Failover failover, Operator by, Consumer<Progress> progress) {
        return wish(failover.group(), false, new Wish.Failover(failover, by), progress);
    }

    @Override
    public CompletionStage<Answer> undo(Requests.Undo undo, Operator by, Consumer<Progress> progress) {
        return wish(undo.group(), false, new Wish.Undo(undo, by), progress);
    }

    @Override
    public CompletionStage<Answer> resume(String group, Operator by, Consumer<Progress> progress) {
        return wish(group, false, new Wish.Resume(by), progress);
    }

    @Override
    public CompletionStage<Answer> resolve(String group, Operator by) {
        return wish(group, false, new Wish.Resolve(by), AgentOperations::unseen).thenApplyAsync(this::seenTo);
    }

    /** Whoever resolves a group has seen to what a repair of the journal may have lost. */
    private Answer seenTo(Answer resolved) {
        if (resolved.exit() == ExitCode.DONE && agent.journalRepair().isPresent()) {
            try {
                Journal.acknowledgeRepair(agent.settings().data());
            } catch (IOException e) {
                LoggerFactory.getLogger(AgentOperations.class)
                        .warn("it will be said again that the journal was repaired: {}", e.toString());
            }
        }
        return resolved;
    }

    private static void unseen(Progress news) {
        // nobody looks on
    }

    /** @param made whether a group that is not known yet is made */
    private CompletionStage<Answer> wish(String group, boolean made, Wish wish, Consumer<Progress> progress) {
        return names().thenCompose(known -> {
            if (!made && !known.contains(group)) {
                return CompletableFuture.completedFuture(unknown(group, known));
            }
            Optional<Answer> refused = wish instanceof Wish.ShowPlan ? Optional.empty() : unstorable();
            if (refused.isPresent()) {
                return CompletableFuture.completedFuture(refused.get());
            }
            CompletableFuture<Answer> reply = new CompletableFuture<>();
            part.registry().tell(new Groups.ToMember(group, new GroupMember.Wanted(wish, reply, progress)));
            return reply;
        });
    }

    private CompletableFuture<List<String>> names() {
        CompletableFuture<List<String>> names = new CompletableFuture<>();
        part.registry().tell(new Groups.Names(names::complete));
        return names.orTimeout(LOOK.toMillis(), TimeUnit.MILLISECONDS);
    }

    static Answer unknown(String group, List<String> known) {
        return Answer.of(
                ExitCode.USAGE,
                "group \"" + group + "\": expected "
                        + (known.isEmpty()
                                ? "one that exists; there is none yet: sfo group create"
                                : "one of " + String.join(", ", known)));
    }

    @Override
    public CompletionStage<Answer> history(Optional<String> group) {
        return names().thenCompose(known -> group.filter(g -> !known.contains(g))
                .<CompletionStage<Answer>>map(g -> CompletableFuture.completedFuture(unknown(g, known)))
                .orElseGet(() -> historyOf(group)));
    }

    private CompletionStage<Answer> historyOf(Optional<String> group) {
        return snapshots().thenCompose(all -> {
            List<CompletableFuture<Views.SagaView>> sagas = new ArrayList<>();
            for (GroupViews.Known s : all) {
                String name = s.state().definition().map(GroupDefinition::name).orElse("");
                if (group.isEmpty() || group.get().equals(name)) {
                    for (String saga : s.state().operations()) {
                        CompletableFuture<Views.SagaView> view = new CompletableFuture<>();
                        part.registry().tell(new Groups.ToMember(name, new GroupMember.ShowSaga(saga, view)));
                        sagas.add(view);
                    }
                }
            }
            return CompletableFuture.allOf(sagas.toArray(CompletableFuture[]::new))
                    .orTimeout(LOOK.toMillis(), TimeUnit.MILLISECONDS)
                    .thenApply(done -> Answer.done(
                            sagas.size() == 1 ? "1 operation" : sagas.size() + " operations",
                            sagas.stream()
                                    .map(CompletableFuture::join)
                                    .sorted((a, b) -> b.started().compareTo(a.started()))
                                    .toList()));
        });
    }

    @Override
    public CompletionStage<Answer> checkpoint(String group) {
        return names().thenCompose(known ->
                known.contains(group) ? checkpointOf(group) : CompletableFuture.completedFuture(unknown(group, known)));
    }

    private CompletionStage<Answer> checkpointOf(String group) {
        return snapshot(group).thenCompose(s -> {
            List<String> operations = s.state().operations();
            if (operations.isEmpty()) {
                return CompletableFuture.completedFuture(
                        Answer.of(ExitCode.USAGE, "no checkpoint was made of group \"" + group + "\" on " + self()));
            }
            CompletableFuture<Answer> reply = new CompletableFuture<>();
            String last = operations.get(operations.size() - 1);
            part.registry().tell(new Groups.ToMember(group, new GroupMember.ShowCheckpoint(last, reply)));
            return reply;
        });
    }

    @Override
    public CompletionStage<Answer> backupNow() {
        return backups(Backups.BackupNow::new, BACKUP, sent -> {
            boolean all = sent.outcomes().stream().allMatch(o -> o.fate() == Backups.Fate.STORED);
            List<String> lines = sent.outcomes().stream()
                    .map(o -> o.peer() + " " + o.fate() + (o.detail().isEmpty() ? "" : " (" + o.detail() + ")"))
                    .toList();
            return new Answer(
                    all ? ExitCode.DONE : ExitCode.ROLLED_BACK,
                    "config backup " + sent.ref().sequence() + ": " + String.join(", ", lines),
                    List.of(),
                    Optional.of(Map.of("sequence", sent.ref().sequence(), "peers", sent.outcomes())));
        });
    }

    @Override
    public CompletionStage<Answer> backups() {
        return backups(Backups.ListAll::new, LOOK, list -> Answer.done(list.size() + " config backups", list));
    }

    @Override
    public CompletionStage<Answer> backup(String appliance, long sequence) {
        return this.<Inventory>backups(
                reply -> new Backups.Show(appliance, sequence, reply),
                LOOK,
                inventory -> Answer.done("config backup " + sequence + " of " + appliance, inventory));
    }

    @Override
    public CompletionStage<Answer> verifyBackups() {
        return backups(
                Backups.VerifyNow::new,
                BACKUP,
                v -> v.bad().isEmpty()
                        ? Answer.done(v.checked() + " config backups are good", v)
                        : Answer.of(ExitCode.NEEDS_ATTENTION, String.join("; ", v.bad()))
                                .with(v));
    }

    private <T> CompletionStage<Answer> backups(
            akka.japi.function.Function<ActorRef<StatusReply<T>>, Backups.Command> ask,
            Duration limit,
            Function<T, Answer> answer) {
        ActorSystem<Void> system =
                agent.system().orElseThrow(() -> new IllegalStateException("the agent is starting: try again"));
        return AskPattern.askWithStatus(part.backups(), ask, limit, system.scheduler())
                .toCompletableFuture()
                .orTimeout(limit.toMillis() + 1000, TimeUnit.MILLISECONDS)
                .thenApply(answer)
                .exceptionally(e -> Answer.of(
                        ExitCode.USAGE,
                        String.valueOf(
                                e.getCause() == null
                                        ? e.getMessage()
                                        : e.getCause().getMessage())));
    }

    @Override
    public List<Views.PluginView> plugins() {
        return part.host().plugins();
    }
}
