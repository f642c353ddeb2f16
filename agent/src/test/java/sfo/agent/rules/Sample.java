package sfo.agent.rules;

import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.Claim;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Route;
import sfo.protocol.model.Share;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.GroupMessage.Beat;

/** A group "files" of the appliances a (its home) and b. */
public final class Sample {
    public static final Instant NOON = Instant.parse("2026-05-04T12:00:00Z");

    private Sample() {}

    public static Claim claim(long generation, String appliance) {
        return new Claim(generation, appliance, "id-" + generation + "-" + appliance);
    }

    public static GroupDefinition group() {
        return new GroupDefinition(
                "files",
                3,
                "a",
                List.of("a", "b"),
                List.of(slot("fo0", "10.77.0.100/24")),
                List.of(volume("tank")),
                List.of(smb("docs", 1), nfs("home", 2)));
    }

    public static GroupDefinition members(String... members) {
        GroupDefinition d = group();
        return new GroupDefinition(
                d.name(), d.version(), d.home(), List.of(members), d.interfaces(), d.volumes(), d.shares());
    }

    public static GroupDefinition with(List<FailoverInterface> interfaces, List<Volume> volumes, List<Share> shares) {
        return new GroupDefinition("files", 3, "a", List.of("a", "b"), interfaces, volumes, shares);
    }

    public static FailoverInterface slot(String slot, String... addresses) {
        return new FailoverInterface(
                slot,
                List.of(addresses).stream().map(Cidr::parse).toList(),
                new MacChoice(MacChoice.Kind.AUTOMATIC, Optional.of(new Mac("02:77:00:00:00:01"))),
                List.of(address("10.77.0.1")),
                List.of(new Route(Cidr.parse("10.88.0.0/16"), address("10.77.0.2"))),
                Map.of("a", new Nic("eth0", Nic.Use.SHARED), "b", new Nic("eth0", Nic.Use.SHARED)));
    }

    static InetAddress address(String literal) {
        return Cidr.literal("address", literal);
    }

    public static Volume volume(String name) {
        return new Volume(
                name,
                1L << 30,
                Volume.FileSystem.XFS,
                Volume.Mode.SYNCHRONOUS,
                Volume.LinkLoss.SOLO,
                10_809,
                Map.of("a", "", "b", ""));
    }

    public static IscsiTarget target(String name, int id) {
        Lun lun = new Lun(1, "tank", "luns/" + name + "-1", 1L << 30, "5e71a1000000000" + id);
        return new IscsiTarget(name, IscsiTarget.iqn("files", name), id, List.of(lun), List.of(), List.of());
    }

    public static Share smb(String name, int id) {
        return new Share(name, Share.Protocol.SMB, "tank", name, false, true, List.of(), id, Map.of());
    }

    public static Share nfs(String name, int id) {
        return new Share(name, Share.Protocol.NFS, "tank", name, false, false, List.of("10.77.0.0/24"), id, Map.of());
    }

    public static MirrorState mirror(MirrorState.Sync sync, Optional<Instant> since) {
        return new MirrorState(
                "files", "tank", MirrorState.Role.SECONDARY, claim(1, "a"), sync, since, 0, "", "the daemon said no");
    }

    /** A side of the volume, of which nothing more is known. */
    public static MirrorState side(MirrorState.Sync sync) {
        return mirror(sync, Optional.empty());
    }

    /** A peer that stands by and knows of {@code claim}. */
    public static Beat standingBy(String from, Claim claim) {
        List<MirrorState> mirrors = List.of(mirror(MirrorState.Sync.LOST, Optional.empty()));
        return new Beat(
                from, "files", "boot-of-" + from, 3, claim, false, true, mirrors, List.of(), "", Map.of(), false);
    }

    public static Beat serving(String from, Claim claim) {
        return new Beat(
                from, "files", "boot-of-" + from, 3, claim, true, false, List.of(), List.of(), "", Map.of(), false);
    }

    /** Neither serves under a claim of its own nor stands by: something is under way there. */
    public static Beat busy(String from, Claim claim) {
        return new Beat(
                from, "files", "boot-of-" + from, 3, claim, false, false, List.of(), List.of(), "", Map.of(), false);
    }
}
