package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.NOON;
import static sfo.agent.rules.Sample.claim;
import static sfo.agent.rules.Sample.mirror;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sfo.agent.rules.DossierRules.Heard;
import sfo.agent.rules.DossierRules.Probe;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.control.Views.EvidenceView;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Reason.Weight;
import sfo.protocol.peer.GroupMessage.Beat;
import sfo.protocol.plan.Plan;

/** An error says what failed, where, on what evidence, and the next command to type: each reason in full. */
class ReasonsTest {
    private static final GroupDefinition GROUP = Sample.group();
    private static final Optional<Instant> AT_NOON = Optional.of(NOON);

    private static List<Reason> assess(
            Map<String, MirrorState> mirrors,
            List<MirrorState> said,
            Optional<Instant> lastSign,
            Optional<String> backup,
            List<String> devices) {
        return ReadinessRules.assess(new ReadinessRules.Input(
                GROUP, "b", "a", mirrors, said, lastSign, Optional.empty(), backup, devices, List.of(), List.of()));
    }

    private static Map<String, MirrorState> tank(Sync sync, Optional<Instant> since) {
        return Map.of("tank", mirror(sync, since));
    }

    private static List<Reason> assess(Map<String, MirrorState> mirrors) {
        return assess(mirrors, List.of(), AT_NOON, Optional.empty(), List.of("eth0"));
    }

    @Test
    void readiness() {
        assertThat(assess(tank(Sync.REPLICATING, AT_NOON))).isEmpty();
        assertThat(assess(Map.of(), List.of(), AT_NOON, Optional.of("none was received"), List.of("eth7", "eth8")))
                .containsExactly(
                        new Reason(
                                "NO-BACKUP",
                                Weight.BLOCKS,
                                "no good config backup of a is kept here: none was received",
                                "sfo backup verify; on a (when it is back): sfo backup now"),
                        new Reason(
                                "MIRROR-MISSING",
                                Weight.BLOCKS,
                                "nothing is known here of volume tank",
                                "sfo cdp show files tank"),
                        new Reason(
                                "NIC-MISSING",
                                Weight.BLOCKS,
                                "interface fo0 goes on NIC eth0 of b, which is not there; there are eth7, eth8",
                                "sfo group show files"));
        assertThat(ReadinessRules.assess(new ReadinessRules.Input(
                        GROUP,
                        "c",
                        "a",
                        tank(Sync.REPLICATING, AT_NOON),
                        List.of(),
                        AT_NOON,
                        AT_NOON,
                        Optional.empty(),
                        List.of("eth0"),
                        List.of("smbd is missing"),
                        List.of("/etc/fstab:3: tank"))))
                .containsExactly(
                        new Reason(
                                "NIC-MISSING",
                                Weight.BLOCKS,
                                "interface fo0 goes on NIC (none named) of c, which is not there; there are eth0",
                                "sfo group show files"),
                        new Reason("ADAPTER-LACKS", Weight.BLOCKS, "smbd is missing", "sfo plugin list"),
                        new Reason(
                                "STARTED-AT-BOOT",
                                Weight.BLOCKS,
                                "this host starts by itself what travels with the group: /etc/fstab:3: tank",
                                "remove or disable that line"));
    }

    @Test
    void replicas() {
        assertThat(assess(tank(Sync.BLOCKED, AT_NOON)))
                .containsExactly(new Reason(
                        "MIRROR-BEHIND",
                        Weight.LOSSY,
                        "volume tank went on at a without this replica since " + NOON,
                        "sfo failover files --accept-loss"));
        assertThat(assess(tank(Sync.NEW, Optional.empty())))
                .containsExactly(new Reason(
                        "MIRROR-UNFIT",
                        Weight.BLOCKS,
                        "the replica of volume tank here is NEW since an unknown time (the daemon said no)",
                        "sfo cdp show files tank"));
        MirrorState quiet =
                new MirrorState("files", "tank", Role.SECONDARY, claim(1, "a"), Sync.FAILED, AT_NOON, 0, "", "");
        assertThat(assess(Map.of("tank", quiet)))
                .extracting(Reason::text)
                .containsExactly("the replica of volume tank here is FAILED since " + NOON);
        String mend = "look at it with sfo cdp show files tank; to go on with what is here: sfo failover files"
                + " --accept-loss";
        assertThat(assess(tank(Sync.LOST, AT_NOON)))
                .containsExactly(new Reason(
                        "MIRROR-BEHIND",
                        Weight.LOSSY,
                        "the replica of volume tank here may be behind since " + NOON + ": a was last heard at " + NOON
                                + ", and that it died then is not proved",
                        mend));
        assertThat(assess(
                        tank(Sync.LOST, Optional.empty()),
                        List.of(mirror(Sync.SYNCING, AT_NOON)),
                        Optional.empty(),
                        Optional.empty(),
                        List.of("eth0")))
                .containsExactly(new Reason(
                        "MIRROR-BEHIND",
                        Weight.LOSSY,
                        "the replica of volume tank here may be behind since an unknown time: a was last heard at an"
                                + " unknown time, and went on alone",
                        mend));
    }

    @Test
    void whatIsSaidOfAnotherVolumeSaysNothingOfThisOne() {
        MirrorState other =
                new MirrorState("files", "pool", Role.PRIMARY, claim(1, "a"), Sync.SOLO, AT_NOON, 0, "", "");
        for (MirrorState said : List.of(other, mirror(Sync.REPLICATING, AT_NOON))) {
            assertThat(ReadinessRules.assess(new ReadinessRules.Input(
                            GROUP,
                            "b",
                            "a",
                            tank(Sync.LOST, AT_NOON),
                            List.of(said),
                            AT_NOON,
                            AT_NOON,
                            Optional.empty(),
                            List.of("eth0"),
                            List.of(),
                            List.of())))
                    .isEmpty();
        }
    }

    @Test
    void aClockIsSetBackByMoreThanTheTimeThatAPrimaryMayStall() {
        List<MirrorState> lost = List.of(mirror(Sync.LOST, AT_NOON));
        assertThat(ReadinessRules.wasSetBack(NOON.minus(ReadinessRules.STALLS), lost))
                .isFalse();
        assertThat(ReadinessRules.wasSetBack(NOON.minus(ReadinessRules.STALLS).minusMillis(1), lost))
                .isTrue();
        assertThat(ReadinessRules.wasSetBack(NOON.minusSeconds(9), List.of(mirror(Sync.CLEAN, AT_NOON))))
                .isTrue();
        assertThat(ReadinessRules.wasSetBack(NOON.minusSeconds(9), List.of(mirror(Sync.LOST, Optional.empty()))))
                .isFalse();
    }

    @Test
    void dossiers() {
        Optional<String> eth0 = Optional.of("eth0");
        DossierView view = DossierRules.judge(
                "a",
                List.of(new EvidenceView("cluster", "PROVES_NOTHING", "UNREACHABLE")),
                List.of(
                        new Probe("hello 10.77.0.11:7801", eth0, true, Heard.NOTHING, "no reply"),
                        new Probe("icmp 10.78.0.11", Optional.of("eth1"), true, Heard.NOTHING, "no reply"),
                        new Probe("icmp 10.79.0.11", Optional.of("eth2"), false, Heard.NOTHING, "no reply"),
                        new Probe("icmp 10.80.0.11", Optional.empty(), true, Heard.NOTHING, "no reply")),
                List.of(new Probe("gateway", eth0, true, Heard.ANSWER, "")));
        assertThat(view)
                .isEqualTo(new DossierView(
                        "a",
                        "DEAD",
                        List.of(
                                new EvidenceView("cluster", "PROVES_NOTHING", "UNREACHABLE"),
                                new EvidenceView("hello 10.77.0.11:7801", "SILENT", "no reply"),
                                new EvidenceView(
                                        "icmp 10.78.0.11",
                                        "PROVES_NOTHING",
                                        "no reply; no witness answered through NIC eth1 just now"),
                                new EvidenceView(
                                        "icmp 10.79.0.11", "PROVES_NOTHING", "no reply; NIC eth2 has no carrier"),
                                new EvidenceView(
                                        "icmp 10.80.0.11",
                                        "PROVES_NOTHING",
                                        "no reply; no NIC of this appliance leads there"))));
        Probe answers = new Probe("hello 10.77.0.11:7801", Optional.empty(), false, Heard.ANSWER, "version 1");
        assertThat(DossierRules.judge("a", List.of(), List.of(answers), List.of()))
                .isEqualTo(new DossierView(
                        "a", "ALIVE", List.of(new EvidenceView("hello 10.77.0.11:7801", "ALIVE", "version 1"))));
    }

    @Test
    void doubtsAboutADeath() {
        EvidenceView silent = new EvidenceView("icmp 10.77.0.11", "SILENT", "no reply");
        EvidenceView hello = new EvidenceView("hello 10.77.0.11:7801", "ALIVE", "answers");
        EvidenceView address = new EvidenceView("failover address 10.77.0.100", "ALIVE", "answers");
        assertThat(ReadinessRules.dossier(GROUP, new DossierView("a", "ALIVE", List.of(silent, hello, address))))
                .containsExactly(
                        new Reason(
                                "PEER-ALIVE",
                                Weight.BLOCKS,
                                "hello 10.77.0.11:7801: answers",
                                "power a off, then: sfo failover files"),
                        new Reason(
                                "ADDRESS-ANSWERS",
                                Weight.BLOCKS,
                                "failover address 10.77.0.100: answers",
                                "power a off, then: sfo failover files"));
        assertThat(ReadinessRules.dossier(GROUP, new DossierView("a", "UNKNOWN", List.of(silent))))
                .containsExactly(new Reason(
                        "DEATH-UNPROVED",
                        Weight.BLOCKS,
                        "no channel proves that a is dead: see the evidence",
                        "check this appliance's own cables, or, if you know that a is off: sfo failover files"
                                + " --override \"REASON\""));
        assertThat(ReadinessRules.dossier(GROUP, new DossierView("a", "DEAD", List.of(silent))))
                .isEmpty();
    }

    private static Beat said(boolean serving, boolean standingBy, MirrorState... mirrors) {
        return new Beat(
                "a",
                "files",
                "boot",
                3,
                claim(2, "b"),
                serving,
                standingBy,
                List.of(mirrors),
                List.of(),
                "",
                Map.of(),
                false);
    }

    @Test
    void undo() {
        assertThat(UndoRules.mayReturn("a", Optional.empty(), "files"))
                .containsExactly(new Reason(
                        "HOME-SILENT",
                        Weight.BLOCKS,
                        "a is not heard: an undo needs it back and standing by",
                        "start a and its agent, then: sfo undo files"));
        assertThat(UndoRules.mayReturn("a", Optional.of(said(true, false)), "files"))
                .containsExactly(new Reason(
                        "HOME-BUSY", Weight.BLOCKS, "a does not stand by: it serves", "sfo status files on a"));
        assertThat(UndoRules.mayReturn("a", Optional.of(said(false, false)), "files"))
                .extracting(Reason::text)
                .containsExactly("a does not stand by: an operation is under way there");
        assertThat(UndoRules.mayReturn(
                        "a",
                        Optional.of(said(
                                false,
                                true,
                                mirror(Sync.SOLO, AT_NOON),
                                mirror(Sync.SOLO, Optional.empty()),
                                mirror(Sync.FAILED, AT_NOON),
                                mirror(Sync.LOST, AT_NOON))),
                        "files"))
                .containsExactly(
                        diverged(NOON.toString()),
                        diverged("an unknown time"),
                        new Reason(
                                "MIRROR-FAILED",
                                Weight.BLOCKS,
                                "volume tank on a has failed: the daemon said no",
                                "sfo cdp show files tank on a"));
    }

    private static Reason diverged(String since) {
        return new Reason(
                "MIRROR-DIVERGED",
                Weight.LOSSY,
                "a has writes on volume tank since " + since + " that were never received here",
                "to give them up (they are kept aside): sfo undo files --accept-loss");
    }

    @Test
    void whatIsStillToBeMirroredBack() {
        MirrorState mine = state(Role.PRIMARY, Sync.REPLICATING, 0);
        assertThat(UndoRules.notYetMirrored(
                        List.of(mine), Optional.of(said(false, true, state(Role.SECONDARY, Sync.REPLICATING, 0)))))
                .isEmpty();
        for (MirrorState there : List.of(
                state(Role.PRIMARY, Sync.REPLICATING, 0),
                state(Role.SECONDARY, Sync.INCONSISTENT, 0),
                new MirrorState(
                        "files", "pool", Role.SECONDARY, claim(2, "b"), Sync.REPLICATING, AT_NOON, 0, "", ""))) {
            assertThat(UndoRules.notYetMirrored(List.of(mine), Optional.of(said(false, true, there))))
                    .contains("volume tank is REPLICATING");
        }
        assertThat(UndoRules.notYetMirrored(List.of(state(Role.PRIMARY, Sync.SYNCING, 1)), Optional.empty()))
                .contains("volume tank is SYNCING, 0 MiB behind");
        assertThat(UndoRules.notYetMirrored(List.of(), Optional.empty())).isEmpty();
        assertThat(UndoRules.isCopied(List.of(mine, state(Role.PRIMARY, Sync.SYNCING, 1))))
                .isTrue();
        assertThat(UndoRules.isCopied(List.of(mine))).isFalse();
    }

    private static MirrorState state(Role role, Sync sync, long behind) {
        return new MirrorState("files", "tank", role, claim(2, "b"), sync, AT_NOON, behind, "", "");
    }

    @Test
    void whatAHolderCanTell() {
        assertThat(UndoRules.holderReadiness(
                        Sample.members("a", "b", "c"),
                        "a",
                        List.of(state(Role.PRIMARY, Sync.SOLO, 0), mirror(Sync.FAILED, Optional.empty())),
                        List.of("c"),
                        List.of("1 NFS exports: gone")))
                .containsExactly(
                        new Reason(
                                "NOT-SERVED",
                                Weight.WARNS,
                                "1 NFS exports: gone",
                                "servers are started again by themselves; to take all down and serve it again: sfo"
                                        + " resume files"),
                        new Reason("MEMBER-SILENT", Weight.BLOCKS, "b is not heard", "start its agent: sfo agent"),
                        new Reason(
                                "MIRROR-BEHIND",
                                Weight.LOSSY,
                                "volume tank is SOLO since " + NOON,
                                "sfo cdp show files tank"),
                        new Reason(
                                "MIRROR-BEHIND",
                                Weight.LOSSY,
                                "volume tank is FAILED since an unknown time",
                                "sfo cdp show files tank"));
    }

    /** The table of what an operator can set aside, and by what. */
    @Test
    void whatAnOverrideOrAnAcceptedLossSetsAside() {
        for (String code : List.of("PEER-ALIVE", "ADDRESS-ANSWERS", "DEATH-UNPROVED", "LEASE-UNKNOWN")) {
            Reason doubt = new Reason(code, Weight.BLOCKS, "", "");
            assertThat(refusing(doubt, false, true)).isTrue();
            assertThat(refusing(doubt, true, false)).isFalse();
        }
        for (String code : List.of("NO-BACKUP", "MIRROR-UNFIT", "NIC-MISSING", "STARTED-AT-BOOT", "HELD-ELSEWHERE")) {
            assertThat(refusing(new Reason(code, Weight.BLOCKS, "", ""), true, true))
                    .isTrue();
        }
        Reason lossy = new Reason("MIRROR-BEHIND", Weight.LOSSY, "", "");
        assertThat(refusing(lossy, true, false)).isTrue();
        assertThat(refusing(lossy, false, true)).isFalse();
        assertThat(refusing(new Reason("BACKUP-OLD", Weight.WARNS, "", ""), false, false))
                .isFalse();
    }

    private static boolean refusing(Reason reason, boolean override, boolean acceptLoss) {
        Optional<String> why = override ? Optional.of("its plug is in my hand") : Optional.empty();
        return !UndoRules.refusing(List.of(reason), why, acceptLoss).isEmpty();
    }

    @Test
    void anUndosPlanIsTheSamePlanLastStepFirst() {
        Plan plan = new Plan("files", "b", "a", List.of(SagaRulesTest.step("one"), SagaRulesTest.step("two", "one")));
        assertThat(UndoRules.reversed(plan))
                .isEqualTo(new Plan(
                        "files", "b", "a", List.of(SagaRulesTest.step("two", "one"), SagaRulesTest.step("one"))));
    }
}
