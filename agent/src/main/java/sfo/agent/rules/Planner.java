package sfo.agent.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import sfo.protocol.model.Claim;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Share;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/**
 * The one plan of this product: make {@code appliance} serve a group under a claim. A start, a failover, a resume and the
 * far side of an undo differ only in what they are given.
 */
public final class Planner {
    private Planner() {}

    /**
     * What a plan is made of.
     *
     * @param mountPoints by volume name, where it is mounted on this host
     * @param targets where the mirrors go in a hand-over; empty otherwise
     * @param connections clients' TCP connections to reset at open
     * @param mac another MAC of the first interface for this failover, if the operator gave one
     */
    public record Input(
            GroupDefinition group,
            String appliance,
            String from,
            Claim claim,
            Map<String, String> mountPoints,
            List<Target> targets,
            List<String> connections,
            Optional<Mac> mac) {}

    public static Plan plan(Input in) {
        List<Step> steps = new ArrayList<>();
        String group = in.group().name();
        List<String> mounted = new ArrayList<>();
        for (Volume volume : in.group().volumes()) {
            mounted.add(storage(in, volume, steps));
        }
        List<String> closed = new ArrayList<>();
        List<String> free = new ArrayList<>();
        String host = add(steps, "network.group-host", Phase.NETWORK, new Resource.GroupHost(group), List.of(), 10_000);
        for (FailoverInterface slot : in.group().interfaces()) {
            FailoverInterface made = made(in, slot);
            free.add(add(
                    steps,
                    "network.free." + slot.slot(),
                    Phase.NETWORK,
                    new Resource.FreeAddress(group, made, in.appliance()),
                    List.of(),
                    10_000));
            closed.add(add(
                    steps,
                    "network.interface." + slot.slot(),
                    Phase.NETWORK,
                    new Resource.ClosedInterface(group, made, in.appliance()),
                    List.of(host),
                    10_000));
            if (in.group().gated()) {
                closed.add(add(
                        steps,
                        "network.lease." + slot.slot(),
                        Phase.NETWORK,
                        new Resource.IsolationLease(group, slot.slot()),
                        List.of("network.interface." + slot.slot()),
                        10_000));
            }
        }
        List<String> base = join(mounted, closed);
        List<String> served = servers(in, base, steps);
        List<String> ready = join(free, served.isEmpty() ? base : served);
        for (FailoverInterface slot : in.group().interfaces()) {
            FailoverInterface made = made(in, slot);
            add(
                    steps,
                    "open." + slot.slot(),
                    Phase.OPEN,
                    new Resource.OpenInterface(group, made, in.appliance(), in.connections()),
                    ready,
                    10_000);
        }
        return new Plan(group, in.appliance(), in.from(), steps);
    }

    /** Adds a volume's steps; the id of the last. */
    private static String storage(Input in, Volume volume, List<Step> steps) {
        String group = in.group().name();
        String last = add(
                steps,
                "storage.primary." + volume.name(),
                Phase.STORAGE,
                new Resource.PrimaryVolume(group, volume, in.appliance(), in.claim()),
                List.of(),
                30_000);
        for (Target target : in.targets()) {
            if (target.volume().equals(volume.name())) {
                last = add(
                        steps,
                        "storage.mirror." + volume.name(),
                        Phase.STORAGE,
                        new Resource.MirroredVolume(group, volume, in.claim(), target),
                        List.of(last),
                        30_000);
            }
        }
        return add(
                steps,
                "storage.mount." + volume.name(),
                Phase.STORAGE,
                new Resource.MountedVolume(group, volume, mountPoint(in, volume.name()), in.claim()),
                List.of(last),
                60_000);
    }

    /** Adds the servers and what proves them; the ids that an open has to wait for. */
    private static List<String> servers(Input in, List<String> base, List<Step> steps) {
        if (in.group().volumes().isEmpty()) {
            return List.of();
        }
        String group = in.group().name();
        String state = mountPoint(in, in.group().volumes().get(0).name()) + "/.sfo";
        Map<String, String> mounts = new TreeMap<>(in.mountPoints());
        List<String> answering = new ArrayList<>();
        List<Share> smb = of(in, Share.Protocol.SMB);
        List<Share> nfs = of(in, Share.Protocol.NFS);
        String address = in.group().interfaces().get(0).addresses().get(0).host();
        // each is asked as soon as it runs: the client that asks takes as long as the other server to start
        if (!smb.isEmpty()) {
            Resource server = new Resource.SmbServer(group, smb, mounts, state);
            String started = add(steps, "servers.smb", Phase.SERVERS, server, base, 30_000);
            Resource asked = new Resource.AnsweringShares(group, smb, address);
            answering.add(add(steps, "verify.smb", Phase.VERIFY, asked, List.of(started), 30_000));
        }
        if (!nfs.isEmpty()) {
            Resource server = new Resource.NfsServer(group, nfs, mounts, state);
            String started = add(steps, "servers.nfs", Phase.SERVERS, server, base, 30_000);
            Resource asked = new Resource.AnsweringShares(group, nfs, address);
            answering.add(add(steps, "verify.nfs", Phase.VERIFY, asked, List.of(started), 30_000));
        }
        List<IscsiTarget> targets = in.group().targets();
        if (!targets.isEmpty()) {
            Resource server = new Resource.IscsiServer(group, targets, mounts);
            String started = add(steps, "servers.iscsi", Phase.SERVERS, server, base, 30_000);
            Resource asked = new Resource.AnsweringTargets(group, targets, address);
            answering.add(add(steps, "verify.iscsi", Phase.VERIFY, asked, List.of(started), 30_000));
        }
        return answering;
    }

    private static List<Share> of(Input in, Share.Protocol protocol) {
        return in.group().shares().stream()
                .filter(s -> s.protocol() == protocol)
                .toList();
    }

    private static String mountPoint(Input in, String volume) {
        return Objects.requireNonNull(in.mountPoints().get(volume), () -> "no mount point for volume " + volume);
    }

    /** A MAC that is given for a failover is the first interface's: two with one MAC would be no two. */
    private static FailoverInterface made(Input in, FailoverInterface slot) {
        boolean first = slot.slot().equals(in.group().interfaces().get(0).slot());
        return first ? in.mac().map(mac -> given(slot, mac)).orElse(slot) : slot;
    }

    private static FailoverInterface given(FailoverInterface slot, Mac mac) {
        return new FailoverInterface(
                slot.slot(),
                slot.addresses(),
                new MacChoice(MacChoice.Kind.GIVEN, Optional.of(mac)),
                slot.gateways(),
                slot.routes(),
                slot.nics());
    }

    private static String add(
            List<Step> steps, String id, Phase phase, Resource resource, List<String> after, long limitMillis) {
        steps.add(new Step(id, phase, resource, after, limitMillis, true));
        return id;
    }

    private static List<String> join(List<String> some, List<String> others) {
        List<String> all = new ArrayList<>(some);
        all.addAll(others);
        return all;
    }
}
