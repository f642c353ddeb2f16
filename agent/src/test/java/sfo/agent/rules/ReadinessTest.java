package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.NOON;
import static sfo.agent.rules.Sample.claim;
import static sfo.agent.rules.Sample.mirror;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import sfo.agent.rules.DossierRules.Heard;
import sfo.agent.rules.DossierRules.Probe;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.control.Views.EvidenceView;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Reason.Weight;
import sfo.protocol.peer.GroupMessage.Beat;

/** What is refused, and on what evidence: dossier, readiness, undo. */
class ReadinessTest {
    private static final Optional<String> ETH0 = Optional.of("eth0");
    private static final Probe WITNESS = new Probe("witness 10.77.0.254", ETH0, true, Heard.ANSWER, "answers");

    @Test
    void oneSignOfLifeRefusesWhateverElseIsSilent() {
        DossierView dossier = DossierRules.judge(
                "a", List.of(), List.of(silent(ETH0, true), answer(), silent(ETH0, true)), List.of(WITNESS));
        assertThat(dossier.verdict()).isEqualTo("ALIVE");
        assertThat(dossier.evidence()).extracting(EvidenceView::finding).containsExactly("SILENT", "ALIVE", "SILENT");
        EvidenceView heartbeat = new EvidenceView("heartbeats", "ALIVE", "just now");
        assertThat(DossierRules.judge("a", List.of(heartbeat), List.of(silent(ETH0, true)), List.of(WITNESS))
                        .verdict())
                .isEqualTo("ALIVE");
    }

    @Test
    void silenceCountsOnAWireThatHasJustReachedAWitness() {
        assertThat(verdict(silent(ETH0, true), WITNESS)).isEqualTo("DEAD");
    }

    @Test
    void silenceProvesNothingWithoutCarrierWitnessOrRoute() {
        assertThat(verdict(silent(ETH0, false), WITNESS)).isEqualTo("UNKNOWN");
        assertThat(verdict(silent(ETH0, true))).isEqualTo("UNKNOWN");
        assertThat(verdict(silent(Optional.empty(), true), WITNESS)).isEqualTo("UNKNOWN");
        Probe elsewhere = new Probe("witness", Optional.of("eth1"), true, Heard.ANSWER, "");
        Probe mute = new Probe("witness", ETH0, true, Heard.NOTHING, "");
        Probe nowhere = new Probe("witness", Optional.empty(), true, Heard.ANSWER, "");
        assertThat(verdict(silent(ETH0, true), elsewhere, mute)).isEqualTo("UNKNOWN");
        assertThat(verdict(silent(Optional.empty(), true), nowhere)).isEqualTo("UNKNOWN");
        assertThat(DossierRules.judge("a", List.of(), List.of(silent(ETH0, false)), List.of(WITNESS))
                        .evidence()
                        .get(0)
                        .detail())
                .contains("NIC eth0 has no carrier");
        assertThat(DossierRules.judge("a", List.of(), List.of(), List.of(WITNESS))
                        .verdict())
                .as("no evidence is no proof")
                .isEqualTo("UNKNOWN");
    }

    @Test
    void eachDoubtAboutDeathHasItsCodeAndOnlyThoseYieldToAnOverride() {
        DossierView alive = DossierRules.judge(
                "a",
                List.of(),
                List.of(answer(), new Probe("failover address 10.77.0.100", ETH0, true, Heard.ANSWER, "MAC")),
                List.of(WITNESS));
        List<Reason> reasons = ReadinessRules.dossier(Sample.group(), alive);
        assertThat(reasons).extracting(Reason::code).containsExactly("PEER-ALIVE", "ADDRESS-ANSWERS");
        assertThat(UndoRules.refusing(reasons, Optional.empty(), true)).isEqualTo(reasons);
        assertThat(UndoRules.refusing(reasons, Optional.of("it is in my hands"), false))
                .isEmpty();

        DossierView unknown = DossierRules.judge("a", List.of(), List.of(), List.of());
        assertThat(ReadinessRules.dossier(Sample.group(), unknown))
                .extracting(Reason::code)
                .containsExactly("DEATH-UNPROVED");
        DossierView dead = DossierRules.judge("a", List.of(), List.of(silent(ETH0, true)), List.of(WITNESS));
        assertThat(ReadinessRules.dossier(Sample.group(), dead)).isEmpty();
    }

    @Test
    void neitherOverrideNorAcceptedLossSetsAsideWhatCannotWork() {
        List<Reason> broken = ReadinessRules.assess(new ReadinessRules.Input(
                Sample.group(),
                "b",
                "a",
                Map.of(),
                List.of(),
                Optional.of(NOON),
                Optional.of(NOON),
                Optional.of("its checksum is wrong"),
                List.of("eth7"),
                List.of("samba is not installed"),
                List.of("/etc/fstab:3: tank")));
        assertThat(broken)
                .extracting(Reason::code)
                .containsExactly("NO-BACKUP", "MIRROR-MISSING", "NIC-MISSING", "ADAPTER-LACKS", "STARTED-AT-BOOT");
        assertThat(UndoRules.refusing(broken, Optional.of("I want it"), true)).isEqualTo(broken);
        assertThat(broken).allMatch(r -> !r.mend().isEmpty());
        assertThat(broken.get(2).text()).contains("eth0", "eth7");
    }

    private static final MirrorState LOST_AT_NOON = mirror(Sync.LOST, Optional.of(NOON));
    private static final Instant LATEST = NOON.plus(ReadinessRules.STALLS);

    @Test
    void aReplicaIsBehindIfItsPrimarySaidThatItWentOnAloneHoweverSoonItDied() {
        MirrorState alone = mirror(Sync.SOLO, Optional.of(NOON));
        assertThat(assess(LOST_AT_NOON, Optional.of(NOON), Optional.of(NOON), List.of(alone)))
                .extracting(Reason::code)
                .containsExactly("MIRROR-BEHIND");
    }

    @Test
    void aReplicaWhosePrimaryWasDeadBeforeItCouldGoOnAloneIsInSync() {
        assertThat(assess(LOST_AT_NOON, Optional.of(NOON.minusSeconds(1)), Optional.of(NOON), List.of()))
                .isEmpty();
        assertThat(assess(LOST_AT_NOON, Optional.of(LATEST), Optional.of(LATEST), List.of()))
                .isEmpty();
        assertThat(assess(LOST_AT_NOON, Optional.empty(), Optional.of(NOON.minusSeconds(60)), List.of()))
                .as("dead for a minute when that was noticed")
                .isEmpty();
    }

    @Test
    void aReplicaWhosePrimaryMayHaveLivedOnMayBeBehindAndTheOperatorHasToAcceptIt() {
        Instant late = LATEST.plus(Duration.ofMillis(1));
        for (List<Reason> reasons : List.of(
                assess(LOST_AT_NOON, Optional.of(NOON), Optional.empty(), List.of()),
                assess(LOST_AT_NOON, Optional.of(NOON), Optional.of(late), List.of()),
                assess(LOST_AT_NOON, Optional.of(NOON.plusMillis(1)), Optional.of(NOON), List.of()),
                assess(mirror(Sync.LOST, Optional.empty()), Optional.of(NOON), Optional.of(NOON), List.of()),
                assess(mirror(Sync.SOLO, Optional.of(NOON)), Optional.of(NOON), Optional.of(NOON), List.of()),
                assess(mirror(Sync.BLOCKED, Optional.of(NOON)), Optional.of(NOON), Optional.of(NOON), List.of()))) {
            assertThat(reasons).extracting(Reason::code).containsExactly("MIRROR-BEHIND");
            assertThat(reasons.get(0).weight()).isEqualTo(Weight.LOSSY);
            assertThat(UndoRules.refusing(reasons, Optional.of("override"), false))
                    .as("an override is no acceptance of loss")
                    .isEqualTo(reasons);
            assertThat(UndoRules.refusing(reasons, Optional.empty(), true)).isEmpty();
        }
        assertThat(assess(LOST_AT_NOON, Optional.of(late), Optional.empty(), List.of())
                        .get(0)
                        .text())
                .as("since when is said")
                .contains(NOON.toString(), late.toString());
    }

    @ParameterizedTest
    @EnumSource(
            value = Sync.class,
            names = {"INCONSISTENT", "SYNCING", "FAILED", "NEW"})
    void aReplicaThatIsNotWholeIsNeverPromoted(Sync sync) {
        List<Reason> reasons = assess(mirror(sync, Optional.of(NOON)), Optional.of(NOON));
        assertThat(reasons).extracting(Reason::code).containsExactly("MIRROR-UNFIT");
        assertThat(reasons.get(0).text()).contains(sync.name(), "the daemon said no");
        assertThat(UndoRules.refusing(reasons, Optional.of("override"), true)).isEqualTo(reasons);
    }

    @ParameterizedTest
    @EnumSource(
            value = Sync.class,
            names = {"REPLICATING", "CLEAN"})
    void aReplicaThatHasEverythingIsReady(Sync sync) {
        assertThat(assess(mirror(sync, Optional.of(NOON)), Optional.of(NOON))).isEmpty();
    }

    @Test
    void aClockThatWasSetBackProvesNothing() {
        List<MirrorState> mirrors = List.of(LOST_AT_NOON);
        assertThat(ReadinessRules.wasSetBack(NOON.minusSeconds(4), mirrors)).isTrue();
        assertThat(ReadinessRules.wasSetBack(NOON.minusSeconds(2), mirrors)).isFalse();
        assertThat(ReadinessRules.wasSetBack(NOON.minusSeconds(4), List.of(mirror(Sync.SOLO, Optional.of(NOON)))))
                .isFalse();
    }

    @Test
    void aReplicaThatWasTakenDownInOrderIsFitIfNobodyCanHaveServedSince() {
        MirrorState clean = mirror(Sync.CLEAN, Optional.of(NOON));
        assertThat(assess(clean, Optional.of(NOON))).isEmpty();
        Optional<Instant> later = Optional.of(NOON.plusSeconds(60));
        assertThat(codes(assess(clean, later))).containsExactly("MIRROR-BEHIND");
        assertThat(codes(assess(clean, Optional.of(NOON), Optional.empty(), List.of())))
                .containsExactly("MIRROR-BEHIND");
    }

    @Test
    void anUndoNeedsTheHomeBackAndStandingBy() {
        assertThat(codes(UndoRules.mayReturn("a", Optional.empty(), "files"))).containsExactly("HOME-SILENT");
        assertThat(codes(UndoRules.mayReturn("a", Optional.of(Sample.busy("a", claim(2, "b"))), "files")))
                .containsExactly("HOME-BUSY");
        assertThat(codes(UndoRules.mayReturn("a", Optional.of(Sample.serving("a", claim(2, "b"))), "files")))
                .containsExactly("HOME-BUSY");
        assertThat(UndoRules.mayReturn("a", Optional.of(Sample.standingBy("a", claim(2, "b"))), "files"))
                .isEmpty();
    }

    @Test
    void writesThatOnlyTheHomeHasAreNotGivenUpWithoutBeingAsked() {
        List<Reason> reasons = UndoRules.mayReturn(
                "a",
                Optional.of(with(mirror(Sync.SOLO, Optional.of(NOON)), mirror(Sync.FAILED, Optional.empty()))),
                "files");
        assertThat(codes(reasons)).containsExactly("MIRROR-DIVERGED", "MIRROR-FAILED");
        assertThat(codes(UndoRules.refusing(reasons, Optional.empty(), true))).containsExactly("MIRROR-FAILED");
    }

    @Test
    void whatIsNotMirroredOnBothSidesIsStillToBeSent() {
        MirrorState mine = new MirrorState(
                "files",
                "tank",
                MirrorState.Role.PRIMARY,
                claim(2, "b"),
                Sync.REPLICATING,
                Optional.empty(),
                0,
                "",
                "");
        MirrorState behind = new MirrorState(
                "files",
                "tank",
                MirrorState.Role.PRIMARY,
                claim(2, "b"),
                Sync.SYNCING,
                Optional.empty(),
                5L << 20,
                "",
                "");
        Beat has = with(mirror(Sync.REPLICATING, Optional.empty()));
        assertThat(UndoRules.notYetMirrored(List.of(mine), Optional.of(has))).isEmpty();
        assertThat(UndoRules.notYetMirrored(List.of(mine), Optional.empty())).isPresent();
        assertThat(UndoRules.notYetMirrored(List.of(mine), Optional.of(with(mirror(Sync.LOST, Optional.empty())))))
                .isPresent();
        assertThat(UndoRules.notYetMirrored(List.of(behind), Optional.of(has)))
                .hasValueSatisfying(text -> assertThat(text).contains("tank", "SYNCING", "5 MiB behind"));
    }

    @Test
    void aHolderSaysWhoIsSilentAndWhatIsNotMirrored() {
        assertThat(codes(UndoRules.holderReadiness(
                        Sample.group(),
                        "a",
                        List.of(mirror(Sync.SOLO, Optional.of(NOON))),
                        List.of(),
                        List.of("gone"))))
                .containsExactly("NOT-SERVED", "MEMBER-SILENT", "MIRROR-BEHIND");
        assertThat(UndoRules.holderReadiness(
                        Sample.group(),
                        "a",
                        List.of(mirror(Sync.REPLICATING, Optional.empty())),
                        List.of("b"),
                        List.of()))
                .isEmpty();
    }

    private static Beat with(MirrorState... mirrors) {
        return new Beat(
                "a", "files", "boot", 3, claim(2, "b"), false, true, List.of(mirrors), List.of(), "", Map.of(), false);
    }

    private static List<String> codes(List<Reason> reasons) {
        return reasons.stream().map(Reason::code).toList();
    }

    private static List<Reason> assess(MirrorState state, Optional<Instant> lastSign) {
        return assess(state, lastSign, lastSign, List.of());
    }

    private static List<Reason> assess(
            MirrorState state, Optional<Instant> lastSign, Optional<Instant> death, List<MirrorState> said) {
        return ReadinessRules.assess(new ReadinessRules.Input(
                Sample.group(),
                "b",
                "a",
                Map.of("tank", state),
                said,
                lastSign,
                death,
                Optional.empty(),
                List.of("eth0"),
                List.of(),
                List.of()));
    }

    private static Probe silent(Optional<String> device, boolean carrier) {
        return new Probe("appliance 10.77.0.11", device, carrier, Heard.NOTHING, "no reply");
    }

    private static Probe answer() {
        return new Probe("hello 10.77.0.11:7801", Optional.empty(), true, Heard.ANSWER, "answers");
    }

    private static String verdict(Probe probe, Probe... witnesses) {
        return DossierRules.judge("a", List.of(), List.of(probe), List.of(witnesses))
                .verdict();
    }
}
