package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static sfo.agent.rules.Sample.claim;
import static sfo.agent.rules.Sample.nfs;
import static sfo.agent.rules.Sample.slot;
import static sfo.agent.rules.Sample.smb;
import static sfo.agent.rules.Sample.volume;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import sfo.protocol.model.Claim;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Share;
import sfo.protocol.model.Target;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

class PlannerTest {
    private static final GroupDefinition GROUP = Sample.with(
            List.of(slot("fo0", "10.77.0.100/24")), List.of(volume("tank")), List.of(smb("docs", 1), nfs("home", 2)));

    @Test
    void aFailoverOpensLastAndChecksTheAddressMeanwhile() {
        assertThat(text(plan(GROUP))).isEqualTo("""
                        STORAGE storage.primary.tank
                        STORAGE storage.mount.tank < storage.primary.tank
                        NETWORK network.group-host
                        NETWORK network.free.fo0
                        NETWORK network.interface.fo0 < network.group-host
                        SERVERS servers.smb < storage.mount.tank network.interface.fo0
                        VERIFY verify.smb < servers.smb
                        SERVERS servers.nfs < storage.mount.tank network.interface.fo0
                        VERIFY verify.nfs < servers.nfs
                        OPEN open.fo0 < network.free.fo0 verify.smb verify.nfs
                        """);
    }

    @Test
    void targetsAreServedAndAskedBesideTheSharesAndNeedNone() {
        GroupDefinition targets = Sample.with(GROUP.interfaces(), GROUP.volumes(), List.of())
                .withTargets(List.of(Sample.target("vm", 1), Sample.target("db", 2)));
        Plan plan = plan(targets);
        assertThat(text(plan)).contains("""
                        SERVERS servers.iscsi < storage.mount.tank network.interface.fo0
                        VERIFY verify.iscsi < servers.iscsi
                        OPEN open.fo0 < network.free.fo0 verify.iscsi
                        """);
        assertThat(plan.step("servers.iscsi").orElseThrow().resource())
                .isEqualTo(new Resource.IscsiServer(
                        "files", targets.targets(), Map.of("tank", "/sfo/tank", "pool", "/sfo/pool")));
        assertThat(plan.step("verify.iscsi").orElseThrow().resource())
                .isEqualTo(new Resource.AnsweringTargets("files", targets.targets(), "10.77.0.100"));
        assertThat(plan(GROUP.withTargets(targets.targets()))
                        .step("open.fo0")
                        .orElseThrow()
                        .after())
                .containsExactly("network.free.fo0", "verify.smb", "verify.nfs", "verify.iscsi");
    }

    @Test
    void aTargetThatIsAddedTouchesItsServerAndItsProofAlone() {
        GroupDefinition one = GROUP.withTargets(List.of(Sample.target("vm", 1)));
        GroupDefinition two = GROUP.withTargets(List.of(Sample.target("vm", 1), Sample.target("db", 2)));
        assertThat(Adjustment.between(plan(one), plan(two)).apply())
                .extracting(Step::id)
                .containsExactly("servers.iscsi", "verify.iscsi");
        assertThat(Adjustment.between(plan(one), plan(GROUP)).revert())
                .extracting(Step::id)
                .containsExactly("verify.iscsi", "servers.iscsi");
    }

    @Test
    void aHandOverHasItsMirrorsBeforeAnythingIsMounted() {
        Target target = new Target("tank", "10.78.0.12", 10_809, "files-tank");
        Plan plan = Planner.plan(input(GROUP, claim(3, "a"), List.of(target), Optional.empty()));
        assertThat(text(plan)).contains("""
                        STORAGE storage.primary.tank
                        STORAGE storage.mirror.tank < storage.primary.tank
                        STORAGE storage.mount.tank < storage.mirror.tank
                        """);
        assertThat(plan.step("storage.mirror.tank").orElseThrow().resource())
                .isEqualTo(new Resource.MirroredVolume("files", volume("tank"), claim(3, "a"), target));
        assertThat(plan.steps().stream()
                        .filter(LookRules::isLookedAt)
                        .map(Step::id)
                        .filter(id -> id.startsWith("storage.")))
                .as("a link to a peer that has no power is nothing that is not served")
                .containsExactly("storage.primary.tank", "storage.mount.tank");
    }

    @Test
    void twoInterfacesAndBothFamiliesOpenOnlyWhenEverythingStands() {
        GroupDefinition two = Sample.with(
                List.of(slot("fo0", "10.77.0.100/24", "fd77::100/64"), slot("fo1", "10.79.0.100/24")),
                List.of(volume("tank"), volume("pool")),
                List.of(nfs("home", 2)));
        Plan plan = plan(two);
        assertThat(text(plan)).isEqualTo("""
                        STORAGE storage.primary.tank
                        STORAGE storage.mount.tank < storage.primary.tank
                        STORAGE storage.primary.pool
                        STORAGE storage.mount.pool < storage.primary.pool
                        NETWORK network.group-host
                        NETWORK network.free.fo0
                        NETWORK network.interface.fo0 < network.group-host
                        NETWORK network.free.fo1
                        NETWORK network.interface.fo1 < network.group-host
                        SERVERS servers.nfs < storage.mount.tank storage.mount.pool network.interface.fo0 network.interface.fo1
                        VERIFY verify.nfs < servers.nfs
                        OPEN open.fo0 < network.free.fo0 network.free.fo1 verify.nfs
                        OPEN open.fo1 < network.free.fo0 network.free.fo1 verify.nfs
                        """);
        Resource.ClosedInterface closed = (Resource.ClosedInterface)
                plan.step("network.interface.fo0").orElseThrow().resource();
        assertThat(closed.definition().addresses())
                .extracting(Object::toString)
                .containsExactly("10.77.0.100/24", "fd77:0:0:0:0:0:0:100/64");
    }

    @Test
    void aGroupOfAnAddressAloneOpensWithoutServers() {
        GroupDefinition bare = Sample.with(List.of(slot("fo0", "10.77.0.100/24")), List.of(), List.of());
        assertThat(text(plan(bare))).isEqualTo("""
                        NETWORK network.group-host
                        NETWORK network.free.fo0
                        NETWORK network.interface.fo0 < network.group-host
                        OPEN open.fo0 < network.free.fo0 network.interface.fo0
                        """);
    }

    /** I6: whatever is in a group, an open comes after every other step. */
    @Test
    void everyOpenWaitsForEverythingElse() {
        for (List<Share> shares : List.of(List.<Share>of(), List.of(smb("s", 1)), List.of(smb("s", 1), nfs("n", 2)))) {
            for (List<String> volumes : List.of(List.of("tank"), List.of("tank", "pool"))) {
                Plan plan = plan(Sample.with(
                        List.of(slot("fo0", "10.77.0.100/24"), slot("fo1", "fd77::1/64")),
                        volumes.stream().map(Sample::volume).toList(),
                        shares));
                Set<String> others = plan.steps().stream()
                        .filter(s -> s.phase() != Phase.OPEN)
                        .map(Step::id)
                        .collect(Collectors.toSet());
                plan.steps().stream()
                        .filter(s -> s.phase() == Phase.OPEN)
                        .forEach(s -> assertThat(before(plan, s)).as(text(plan)).containsAll(others));
            }
        }
    }

    @Test
    void thePlanHashIsOfTheActsAndNotOfTheClaimsId() {
        Plan plan = plan(GROUP);
        Claim sameAct = new Claim(2, "b", "another id");
        assertThat(Planner.plan(input(GROUP, sameAct, List.of(), Optional.empty()))
                        .hash())
                .isEqualTo(plan.hash())
                .matches("[0-9a-f]{12}");

        GroupDefinition readOnly = GROUP.withShares(List.of(
                smb("docs", 1),
                new Share("home", Share.Protocol.NFS, "tank", "home", true, false, List.of(), 2, Map.of())));
        GroupDefinition moved = Sample.with(List.of(slot("fo0", "10.77.0.101/24")), GROUP.volumes(), GROUP.shares());
        Mac given = new Mac("02:00:00:00:00:09");
        assertThat(List.of(
                        plan.hash(),
                        plan(readOnly).hash(),
                        plan(moved).hash(),
                        Planner.plan(input(GROUP, claim(2, "b"), List.of(), Optional.of(given)))
                                .hash(),
                        Planner.plan(input(
                                        GROUP,
                                        claim(2, "b"),
                                        List.of(new Target("tank", "h", 1, "e")),
                                        Optional.empty()))
                                .hash(),
                        UndoRules.reversed(plan).hash()))
                .doesNotHaveDuplicates();
    }

    @Test
    void anOperatorsMacIsThatOfTheFirstInterfaceAlone() {
        FailoverInterface second = slot("fo1", "10.78.0.100/24");
        GroupDefinition two = Sample.with(
                List.of(slot("fo0", "10.77.0.100/24"), second), List.of(volume("tank")), List.of(smb("docs", 1)));
        Plan plan = Planner.plan(input(two, claim(2, "b"), List.of(), Optional.of(new Mac("02:00:00:00:00:09"))));
        FailoverInterface closed = closed(plan, "fo0");
        FailoverInterface open =
                ((Resource.OpenInterface) plan.step("open.fo0").orElseThrow().resource()).definition();
        assertThat(closed.mac())
                .isEqualTo(new MacChoice(MacChoice.Kind.GIVEN, Optional.of(new Mac("02:00:00:00:00:09"))));
        assertThat(open).isEqualTo(closed);
        assertThat(closed(plan, "fo1")).isEqualTo(second);
    }

    private static FailoverInterface closed(Plan plan, String slot) {
        return ((Resource.ClosedInterface)
                        plan.step("network.interface." + slot).orElseThrow().resource())
                .definition();
    }

    @Test
    void aShareThatIsAddedTouchesItsServerAndItsProofAlone() {
        Plan with = plan(GROUP.withShares(List.of(smb("docs", 1), nfs("home", 2), smb("more", 3))));
        Adjustment more = Adjustment.between(plan(GROUP), with);
        assertThat(more.apply()).extracting(Step::id).containsExactly("servers.smb", "verify.smb");
        assertThat(more.revert()).isEmpty();
        assertThat(Adjustment.between(with, with)).isEqualTo(new Adjustment(List.of(), List.of()));
    }

    @Test
    void whatIsServedChangesBesideItsClientsAndTheMirrorThatItCameWith() {
        Claim claim = claim(3, "b");
        Target target = new Target("tank", "10.78.0.11", 10_809, "files-tank-3-a");
        Plan handedOver = Planner.plan(input(GROUP, claim, List.of(target), Optional.empty()));
        Planner.Input now = input(GROUP.withLease(Optional.of(new Lease(5))), claim, List.of(), Optional.empty());
        Plan wanted = Planner.plan(new Planner.Input(
                now.group(),
                now.appliance(),
                now.from(),
                claim,
                now.mountPoints(),
                List.of(),
                List.of("10.77.0.9:700 10.77.0.100:2049"),
                Optional.empty()));
        Adjustment change = Adjustment.between(handedOver, wanted);
        assertThat(change.apply()).extracting(Step::id).containsExactly("network.lease.fo0");
        assertThat(change.revert()).isEmpty();
        Plan bare = Planner.plan(
                input(Sample.with(GROUP.interfaces(), List.of(), List.of()), claim, List.of(), Optional.empty()));
        assertThat(Adjustment.between(handedOver, bare).revert())
                .extracting(Step::id)
                .contains("storage.mirror.tank");
    }

    @Test
    void whatGoesIsRevertedLastFirst() {
        Plan bare = plan(Sample.with(GROUP.interfaces(), List.of(), List.of()));
        Adjustment less = Adjustment.between(plan(GROUP), bare);
        assertThat(less.apply()).isEmpty();
        assertThat(less.revert())
                .extracting(Step::id)
                .containsExactly(
                        "verify.nfs",
                        "servers.nfs",
                        "verify.smb",
                        "servers.smb",
                        "storage.mount.tank",
                        "storage.primary.tank");
    }

    @Test
    void aLeaseClosesEachInterfaceBeforeAnythingIsServedBehindIt() {
        GroupDefinition leased = GROUP.withLease(Optional.of(new Lease(5)));
        assertThat(text(plan(leased))).isEqualTo("""
                        STORAGE storage.primary.tank
                        STORAGE storage.mount.tank < storage.primary.tank
                        NETWORK network.group-host
                        NETWORK network.free.fo0
                        NETWORK network.interface.fo0 < network.group-host
                        NETWORK network.lease.fo0 < network.interface.fo0
                        SERVERS servers.smb < storage.mount.tank network.interface.fo0 network.lease.fo0
                        VERIFY verify.smb < servers.smb
                        SERVERS servers.nfs < storage.mount.tank network.interface.fo0 network.lease.fo0
                        VERIFY verify.nfs < servers.nfs
                        OPEN open.fo0 < network.free.fo0 verify.smb verify.nfs
                        """);
        assertThat(plan(leased).step("network.lease.fo0").orElseThrow().resource())
                .isEqualTo(new Resource.IsolationLease("files", "fo0"));
    }

    @Test
    void serversGetTheirOwnSharesTheMountsAndAPlaceForTheirStateOnTheFirstVolume() {
        GroupDefinition two = Sample.with(GROUP.interfaces(), List.of(volume("pool"), volume("tank")), GROUP.shares());
        Plan plan = plan(two);
        Map<String, String> mounts = Map.of("tank", "/sfo/tank", "pool", "/sfo/pool");
        assertThat(plan.step("servers.smb").orElseThrow().resource())
                .isEqualTo(new Resource.SmbServer("files", List.of(smb("docs", 1)), mounts, "/sfo/pool/.sfo"));
        assertThat(plan.step("servers.nfs").orElseThrow().resource())
                .isEqualTo(new Resource.NfsServer("files", List.of(nfs("home", 2)), mounts, "/sfo/pool/.sfo"));
        assertThat(plan.step("verify.nfs").orElseThrow().resource())
                .isEqualTo(new Resource.AnsweringShares("files", List.of(nfs("home", 2)), "10.77.0.100"));
        assertThat(plan.step("verify.smb").orElseThrow().resource())
                .isEqualTo(new Resource.AnsweringShares("files", List.of(smb("docs", 1)), "10.77.0.100"));
    }

    @Test
    void ofAHandOversTargetsEachVolumeGetsItsOwn() {
        GroupDefinition two = Sample.with(GROUP.interfaces(), List.of(volume("tank"), volume("pool")), List.of());
        Target pool = new Target("pool", "10.78.0.12", 10_810, "files-pool");
        Plan plan = Planner.plan(input(two, claim(3, "a"), List.of(pool), Optional.empty()));
        assertThat(plan.step("storage.mirror.tank")).isEmpty();
        assertThat(plan.step("storage.mount.tank").orElseThrow().after()).containsExactly("storage.primary.tank");
        assertThat(plan.step("storage.mount.pool").orElseThrow().after()).containsExactly("storage.mirror.pool");
    }

    @Test
    void aVolumeThatIsMountedNowhereIsNoPlan() {
        GroupDefinition odd = Sample.with(GROUP.interfaces(), List.of(volume("odd")), List.of());
        assertThatThrownBy(() -> plan(odd)).hasMessage("no mount point for volume odd");
    }

    @Test
    void everyStepIsEssentialAndHasALimit() {
        assertThat(plan(GROUP).steps()).allMatch(step -> step.essential() && step.limitMillis() >= 10_000);
    }

    private static Set<String> before(Plan plan, Step step) {
        Set<String> all = new HashSet<>(step.after());
        step.after().forEach(id -> all.addAll(before(plan, plan.step(id).orElseThrow())));
        return all;
    }

    private static Plan plan(GroupDefinition group) {
        return Planner.plan(input(group, claim(2, "b"), List.of(), Optional.empty()));
    }

    private static Planner.Input input(GroupDefinition group, Claim claim, List<Target> targets, Optional<Mac> mac) {
        return new Planner.Input(
                group, "b", "a", claim, Map.of("tank", "/sfo/tank", "pool", "/sfo/pool"), targets, List.of(), mac);
    }

    private static String text(Plan plan) {
        return plan.steps().stream()
                .map(s -> s.phase() + " " + s.id() + (s.after().isEmpty() ? "" : " < " + String.join(" ", s.after()))
                        + "\n")
                .collect(Collectors.joining());
    }
}
