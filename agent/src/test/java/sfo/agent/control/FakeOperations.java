package sfo.agent.control;

import static java.util.concurrent.CompletableFuture.completedFuture;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.Claim;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Inventory;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Share;
import sfo.protocol.model.Volume;

/** A pair, a and b, with group g1 held by a; seen from b. Keeps what it was asked for. */
final class FakeOperations implements Operations {
    static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    static final GroupDefinition G1 = group("g1");

    /** What was asked for, with who asked. */
    final List<Object> asked = new CopyOnWriteArrayList<>();

    final List<Requests.Operator> operators = new CopyOnWriteArrayList<>();
    final List<Views.GroupView> groups = new CopyOnWriteArrayList<>(List.of(view(G1, "a")));
    final List<Progress> progress = new ArrayList<>();
    volatile List<String> onlyVote = List.of();
    volatile CompletionStage<Answer> outcome = completedFuture(Answer.done("Done."));

    static GroupDefinition group(String name) {
        FailoverInterface fo0 = new FailoverInterface(
                "fo0",
                List.of(Cidr.parse("10.77.0.100/24")),
                new MacChoice(MacChoice.Kind.GIVEN, Optional.of(new Mac("02:77:00:00:01:00"))),
                List.of(Cidr.literal("gateway", "10.77.0.254")),
                List.of(),
                Map.of("a", new Nic("eth0", Nic.Use.SHARED), "b", new Nic("eth0", Nic.Use.SHARED)));
        Volume tank = new Volume(
                "tank",
                100L << 30,
                Volume.FileSystem.EXT4,
                Volume.Mode.SYNCHRONOUS,
                Volume.LinkLoss.SOLO,
                7810,
                Map.of("a", "/dev/sdb"));
        Share docs = new Share("docs", Share.Protocol.SMB, "tank", "", false, false, List.of(), 1, Map.of());
        IscsiTarget vm = new IscsiTarget(
                "vm",
                IscsiTarget.iqn(name, "vm"),
                1,
                List.of(new Lun(1, "tank", "luns/vm-1", 10L << 30, "5f0c3b2a19d84e77")),
                List.of(),
                List.of());
        return new GroupDefinition(name, 3, "a", List.of("a", "b"), List.of(fo0), List.of(tank), List.of(docs))
                .withTargets(List.of(vm));
    }

    static Views.GroupView view(GroupDefinition definition, String holder) {
        Claim claim = new Claim(3, holder, "0123456789abcdef");
        return new Views.GroupView(
                definition,
                Views.GroupState.DEGRADED,
                claim,
                false,
                "",
                List.of(new MirrorState(
                        definition.name(),
                        "tank",
                        MirrorState.Role.SECONDARY,
                        claim,
                        MirrorState.Sync.LOST,
                        Optional.of(NOW.minusSeconds(720)),
                        0,
                        "",
                        "")),
                List.of(backup(17)),
                List.of(new Reason(
                        "MIRROR-BEHIND",
                        Reason.Weight.LOSSY,
                        "the replica of tank on b lost its primary 12 minutes ago; what a wrote since is not here",
                        "sfo failover " + definition.name() + " --accept-loss, or bring a back")),
                Optional.empty());
    }

    static Views.BackupView backup(long sequence) {
        return new Views.BackupView(
                "a", sequence, NOW.minusSeconds(245), "3f9a0c12d4e5aa", 4096, "b", sequence != 16, "checksum differs");
    }

    private <T> T note(Object request, T result) {
        asked.add(request);
        return result;
    }

    private CompletionStage<Answer> act(Object request, Requests.Operator by) {
        operators.add(by);
        return note(request, outcome);
    }

    private CompletionStage<Answer> act(Object request, Requests.Operator by, Consumer<Progress> listener) {
        progress.forEach(listener);
        return act(request, by);
    }

    @Override
    public CompletionStage<Views.StatusView> status() {
        return completedFuture(new Views.StatusView(
                "b",
                "0.1.0",
                "boot-1",
                List.of(
                        new Views.MemberView(
                                "a", "10.77.0.11:7800", "unreachable", false, false, Optional.of(NOW.minusSeconds(42))),
                        new Views.MemberView("b", "10.77.0.12:7800", "up", true, true, Optional.of(NOW))),
                List.copyOf(groups)));
    }

    @Override
    public CompletionStage<List<Views.SurveyView>> survey(List<String> appliances) {
        return completedFuture(appliances.stream()
                .map(a -> new Views.SurveyView(
                        a,
                        List.of(
                                new Views.NicView(
                                        "eth0", "52:54:00:00:00:01", true, List.of("10.77.0.11/24"), "has addresses"),
                                new Views.NicView("eth1", "52:54:00:00:00:02", true, List.of(), "free")),
                        List.of()))
                .toList());
    }

    @Override
    public List<String> appliances() {
        return List.of("b", "a");
    }

    @Override
    public List<String> witnesses() {
        return onlyVote;
    }

    @Override
    public CompletionStage<Answer> changeTerms(
            Requests.TermsChange change, Requests.Operator by, Consumer<Progress> listener) {
        return act(change, by, listener);
    }

    @Override
    public CompletionStage<Answer> createGroup(GroupDefinition g, Requests.Operator by, Consumer<Progress> listener) {
        return act(g, by, listener);
    }

    @Override
    public CompletionStage<Answer> destroyGroup(String g, Requests.Operator by, Consumer<Progress> listener) {
        return act("destroy " + g, by, listener);
    }

    @Override
    public CompletionStage<Answer> setMac(String g, String slot, MacChoice mac, Requests.Operator by) {
        return act(List.of(g, slot, mac), by);
    }

    @Override
    public CompletionStage<Answer> createShare(Requests.NewShare share, Requests.Operator by) {
        return act(share, by);
    }

    @Override
    public CompletionStage<Answer> changeShare(Requests.ShareChange change, Requests.Operator by) {
        return act(change, by);
    }

    @Override
    public CompletionStage<Answer> destroyShare(String g, Share.Protocol protocol, String n, Requests.Operator by) {
        return act("destroy " + protocol + " " + g + "/" + n, by);
    }

    @Override
    public CompletionStage<Answer> createTarget(Requests.NewTarget target, Requests.Operator by) {
        return act(target, by);
    }

    @Override
    public CompletionStage<Answer> changeTarget(Requests.TargetChange change, Requests.Operator by) {
        return act(change, by);
    }

    @Override
    public CompletionStage<Answer> destroyTarget(String g, String n, Requests.Operator by) {
        return act("destroy target " + g + "/" + n, by);
    }

    @Override
    public CompletionStage<Answer> createVolume(
            Requests.NewVolume volume, Requests.Operator by, Consumer<Progress> listener) {
        return act(volume, by, listener);
    }

    @Override
    public CompletionStage<Answer> volume(Requests.VolumeVerb verb, String g, String v, Requests.Operator by) {
        return act(verb + " " + g + "/" + v, by);
    }

    @Override
    public CompletionStage<Answer> check(String g) {
        return note("check " + g, outcome);
    }

    @Override
    public CompletionStage<Answer> plan(String g, boolean undo) {
        return note("plan " + g + " " + undo, outcome);
    }

    @Override
    public CompletionStage<Answer> failover(
            Requests.Failover failover, Requests.Operator by, Consumer<Progress> listener) {
        return act(failover, by, listener);
    }

    @Override
    public CompletionStage<Answer> undo(Requests.Undo undo, Requests.Operator by, Consumer<Progress> listener) {
        return act(undo, by, listener);
    }

    @Override
    public CompletionStage<Answer> resume(String g, Requests.Operator by, Consumer<Progress> listener) {
        return act("resume " + g, by, listener);
    }

    @Override
    public CompletionStage<Answer> resolve(String g, Requests.Operator by) {
        return act("resolve " + g, by);
    }

    @Override
    public CompletionStage<Answer> history(Optional<String> g) {
        return note("history " + g.orElse("all"), outcome);
    }

    @Override
    public CompletionStage<Answer> checkpoint(String g) {
        return note("checkpoint " + g, outcome);
    }

    @Override
    public CompletionStage<Answer> backupNow() {
        return note("backup now", outcome);
    }

    @Override
    public CompletionStage<Answer> backups() {
        return completedFuture(Answer.done("", List.of(backup(17), backup(16))));
    }

    @Override
    public CompletionStage<Answer> backup(String appliance, long sequence) {
        if (sequence > 17) {
            return completedFuture(Answer.of(ExitCode.USAGE, "no backup " + sequence + " of " + appliance));
        }
        GroupDefinition changed = sequence == 17 ? G1 : G1.withShares(List.of());
        return completedFuture(
                Answer.done("", new Inventory(appliance, List.of(changed), Map.of("g1", Claim.NONE), Map.of())));
    }

    @Override
    public CompletionStage<Answer> verifyBackups() {
        return note("verify", outcome);
    }

    @Override
    public List<Views.PluginView> plugins() {
        return List.of(
                new Views.PluginView("samba", "share", "4.17.12", true, List.of()),
                new Views.PluginView("ganesha", "share", "", false, List.of("ganesha.nfsd: apt install nfs-ganesha")));
    }

    /** An operation that never ends by itself. */
    CompletableFuture<Answer> pending() {
        CompletableFuture<Answer> open = new CompletableFuture<>();
        outcome = open;
        return open;
    }
}
