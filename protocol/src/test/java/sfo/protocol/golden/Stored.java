package sfo.protocol.golden;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sfo.protocol.control.Views;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.RegistryEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.StoredEvent;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.Claim;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Lun;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Route;
import sfo.protocol.model.Share;
import sfo.protocol.model.Target;
import sfo.protocol.model.Terms;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.BackupMessage;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.Hello;
import sfo.protocol.peer.MirrorMessage;
import sfo.protocol.peer.PeerMessage;
import sfo.protocol.peer.SurveyMessage;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/** One of each thing that is stored or sent, with every field filled. */
public final class Stored {
    private static final Instant AT = Instant.parse("2026-05-04T12:00:00.123456Z");
    private static final Claim CLAIM = new Claim(2, "b", "5f0c");
    private static final Facts FACTS = Facts.of("link", "down", "mtu", "1500");
    private static final Target TARGET = new Target("tank", "10.78.0.11", 10_809, "files-tank-3-a");
    private static final Volume VOLUME = new Volume(
            "tank",
            1L << 30,
            Volume.FileSystem.XFS,
            Volume.Mode.SYNCHRONOUS,
            Volume.LinkLoss.SOLO,
            10_809,
            Map.of("a", "/dev/sdb", "b", ""));
    private static final Share SHARE = new Share(
            "home", Share.Protocol.NFS, "tank", "home", false, true, List.of("10.77.0.0/24"), 7, Map.of("async", "no"));
    private static final IscsiTarget DISKS = new IscsiTarget(
            "vm",
            "iqn.2024-07.internal.simple-failover:files:vm",
            1,
            List.of(new Lun(1, "tank", "luns/vm-1", 64L << 20, "5f0c3b2a19d84e77")),
            List.of("iqn.1993-08.org.debian:01:ab12"),
            List.of());
    private static final FailoverInterface SLOT = new FailoverInterface(
            "fo0",
            List.of(Cidr.parse("10.77.0.100/24"), Cidr.parse("fd77::100/64")),
            new MacChoice(MacChoice.Kind.GIVEN, Optional.of(new Mac("02:77:00:00:01:00"))),
            List.of(Cidr.literal("gateway", "10.77.0.1")),
            List.of(new Route(Cidr.parse("10.88.0.0/16"), Cidr.literal("via", "10.77.0.2"))),
            Map.of("a", new Nic("eth0", Nic.Use.SHARED), "b", new Nic("eth1", Nic.Use.SPARE)));
    private static final GroupDefinition GROUP =
            new GroupDefinition("files", 3, "a", List.of("a", "b"), List.of(SLOT), List.of(VOLUME), List.of(SHARE));
    private static final MirrorState MIRROR = new MirrorState(
            "files",
            "tank",
            MirrorState.Role.SECONDARY,
            CLAIM,
            MirrorState.Sync.LOST,
            Optional.of(AT),
            4096,
            "09af77c2",
            "waits for its primary");
    private static final Views.DossierView DOSSIER = new Views.DossierView(
            "a", "DEAD", List.of(new Views.EvidenceView("hello 10.77.0.11:7801", "SILENT", "no connection")));

    private Stored() {}

    public static List<StoredEvent> events() {
        return List.of(
                new RegistryEvent.GroupKnown(1, "files"),
                new GroupEvent.Defined(1, GROUP, AT),
                new GroupEvent.ClaimKnown(2, CLAIM, "failover from a", AT),
                new GroupEvent.ConflictFound(3, CLAIM, AT),
                new GroupEvent.Serving(4, "files-2", "boot-1", AT),
                new GroupEvent.Released(5, "undo", AT),
                new GroupEvent.OperationOpened(6, "files-2", Optional.of("a"), AT),
                new GroupEvent.OperationReopened(7, "files-2", "undo", AT),
                new GroupEvent.OperationEnded(8, "files-2", "DONE", AT),
                new GroupEvent.FellSilent(9, "a", AT),
                new GroupEvent.LookedAt(9, "a", true, AT),
                new GroupEvent.Abstained(9, "its journal was repaired", AT),
                new GroupEvent.CaughtUp(9, "heard b, c", AT),
                new GroupEvent.Leased(9, CLAIM, AT),
                new GroupEvent.Overridden(9, "its plug is in my hand", AT),
                new GroupEvent.OverrideSeen(10, "resolved by root", AT),
                new GroupEvent.MirrorWanted(9, "tank", false, AT),
                new GroupEvent.Destroyed(10, AT),
                new SagaEvent.Opened(
                        1,
                        "files-2",
                        SagaEvent.Kind.FAILOVER,
                        plan(),
                        CLAIM,
                        "boot-1",
                        "root",
                        "a is in the workshop",
                        Optional.of(DOSSIER),
                        AT),
                new SagaEvent.Checkpointed(2, Map.of("storage.primary.tank", FACTS), AT),
                new SagaEvent.StepIntended(3, "storage.primary.tank", FACTS, AT),
                new SagaEvent.StepDone(4, "storage.primary.tank", 12, AT),
                new SagaEvent.StepFailed(5, "storage.primary.tank", "no space", 12, AT),
                new SagaEvent.TurnedBack(6, "undo", AT),
                new SagaEvent.InverseIntended(7, "storage.primary.tank", AT),
                new SagaEvent.StepUndone(8, "storage.primary.tank", 12, AT),
                new SagaEvent.InverseFailed(9, "storage.primary.tank", "busy", 2, AT),
                new SagaEvent.UndoRequested(10, "a", "root", "a is back", AT),
                new SagaEvent.Permitted(11, CLAIM, List.of(TARGET), 15_000, AT),
                new SagaEvent.HandOverEnded(12, true, "a has opened", AT),
                new SagaEvent.AdjustIntended(13, plan(), Map.of("servers.nfs", Facts.NOTHING), AT),
                new SagaEvent.AdjustEnded(14, false, "no space", AT),
                new SagaEvent.Ended(15, SagaEvent.Outcome.NEEDS_ATTENTION, List.of("mount /x: busy"), AT));
    }

    public static List<PeerMessage> messages() {
        return List.of(
                new GroupMessage.Beat(
                        "a",
                        "files",
                        "boot-1",
                        3,
                        CLAIM,
                        true,
                        false,
                        List.of(MIRROR),
                        List.of("10.77.0.9:700 10.77.0.100:2049"),
                        "m7",
                        Map.of("b", "m3"),
                        false),
                new GroupMessage.AskDefinition("a", "files"),
                new GroupMessage.Definition("a", "files", GROUP, CLAIM),
                new GroupMessage.DefinitionKept("b", "files", 3, Optional.of("b is no member of it")),
                new GroupMessage.Destroyed("a", "files"),
                new GroupMessage.Propose("b", "files", CLAIM),
                new GroupMessage.Acknowledge("c", "files", CLAIM, CLAIM),
                new GroupMessage.OfferPermit("b", "files", CLAIM),
                new GroupMessage.AskPermit("a", "files", CLAIM, "n1"),
                new GroupMessage.Permit("b", "files", CLAIM, "n1", GROUP, List.of(TARGET), 15_000),
                new GroupMessage.Opened("a", "files", CLAIM),
                new GroupMessage.NotOpened("a", "files", CLAIM, "no carrier"),
                new MirrorMessage.OpenTarget("a", "files", VOLUME, CLAIM, true),
                new MirrorMessage.TargetOpened("b", "files", CLAIM, TARGET),
                new MirrorMessage.TargetRefused("b", "files", "tank", CLAIM, "it serves"),
                new MirrorMessage.Begins("a", "files", VOLUME, CLAIM, TARGET),
                new MirrorMessage.Begun("b", "files", TARGET, Optional.of("it serves")),
                new MirrorMessage.Synced("a", "files", VOLUME, CLAIM, "09af77c2"),
                new MirrorMessage.WentSolo("a", "files", VOLUME, CLAIM, "09af77c2"),
                new MirrorMessage.CreateReplica("a", "files", VOLUME),
                new MirrorMessage.ReplicaCreated("b", "files", "tank", Optional.of("no space")),
                new MirrorMessage.DestroyReplica("a", "files", VOLUME),
                new SurveyMessage.AskSurvey("a", "s1"),
                new SurveyMessage.Survey(
                        "b",
                        "s1",
                        new Views.SurveyView(
                                "b",
                                List.of(new Views.NicView(
                                        "eth0", "02:00:00:00:00:01", true, List.of("10.77.0.12/24"), "free")),
                                List.of(new Views.PluginView("samba", "share", "4.17", true, List.of("smbclient"))))),
                new BackupMessage.Hello("akka://sfo@10.77.0.11:7800/user/agent/backups/to-b"),
                new BackupMessage.Holds(Optional.of(new BackupMessage.Copy(1, 4, "ab12"))),
                new BackupMessage.Offer(1, 4, "{}"),
                new BackupMessage.Need(1, 4, List.of(0, 2)),
                new BackupMessage.Parts(1, 4, "{}", "c2ln", "Y2VydA==", Map.of(0, "first", 2, "third")),
                new BackupMessage.Refused(1, 4, "its checksum is wrong"));
    }

    /** Not between actors, but by the hello endpoint. */
    public static Hello hello() {
        return new Hello(
                "a",
                "0.1.0",
                "boot-1",
                77,
                Optional.of(new Hello.Cluster("c1", AT)),
                List.of(new Hello.Member("a", "10.77.0.11:7800", 77, "up")),
                true,
                List.of(new Hello.GroupClaim("files", 3, CLAIM, true)));
    }

    /** What later versions say more. */
    public static Map<String, Object> later() {
        return Map.of(
                "group-message.definition.2",
                new GroupMessage.Definition("a", "files", definition(), CLAIM),
                "group-message.propose.2",
                new GroupMessage.Propose("b", "files", CLAIM, 4, "m3"),
                "survey-message.survey.2",
                new SurveyMessage.Survey(
                        "w", "s1", new Views.SurveyView("w", List.of(), List.of(), true, List.of("a", "b"))));
    }

    /** With a lease and a witness, on its way from others. */
    private static GroupDefinition definition() {
        return GROUP.on(new Terms(List.of("v"), Optional.of(new Lease(30))))
                .towards(new Terms(List.of("w"), Optional.of(new Lease(5))));
    }

    /** With every kind of resource. */
    public static Plan plan() {
        List<Resource> resources = List.of(
                new Resource.PrimaryVolume("files", VOLUME, "b", CLAIM),
                new Resource.MirroredVolume("files", VOLUME, CLAIM, TARGET),
                new Resource.MountedVolume("files", VOLUME, "/sfo/files/tank", CLAIM),
                new Resource.GroupHost("files"),
                new Resource.ClosedInterface("files", SLOT, "b"),
                new Resource.FreeAddress("files", SLOT, "b"),
                new Resource.SmbServer("files", List.of(), Map.of("tank", "/sfo/files/tank"), "/sfo/files/tank/.sfo"),
                new Resource.NfsServer(
                        "files", List.of(SHARE), Map.of("tank", "/sfo/files/tank"), "/sfo/files/tank/.sfo"),
                new Resource.AnsweringShares("files", List.of(SHARE), "10.77.0.100"),
                new Resource.OpenInterface("files", SLOT, "b", List.of("10.77.0.9:700 10.77.0.100:2049")),
                new Resource.IsolationLease("files", "fo0"),
                new Resource.IscsiServer("files", List.of(DISKS), Map.of("tank", "/sfo/files/tank")),
                new Resource.AnsweringTargets("files", List.of(DISKS), "10.77.0.100"));
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < resources.size(); i++) {
            Phase phase = List.of(Phase.values()).get(i % Phase.values().length);
            List<String> after = i == 0 ? List.of() : List.of("step-" + (i - 1));
            steps.add(new Step("step-" + i, phase, resources.get(i), after, 10_000, i != 3));
        }
        return new Plan("files", "b", "a", steps);
    }
}
