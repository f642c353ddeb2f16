package sfo.it.simulate;

import java.util.TreeSet;
import sfo.agent.rules.member.Input;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;

/** The mirror between the two sides of a pair: replicating, stalled, alone, mid-resync; a model of what daemons do. */
final class Mirror {
    private static final long TICK = 250;
    /** A primary whose peer vanished acknowledges nothing for so long before it goes on alone. */
    private static final int STALL = 4_500;

    private final World world;
    private long copiedAt;
    private long stalledSince = -1;
    private long stallEnds;

    Mirror(World world) {
        this.world = world;
    }

    void tick() {
        world.later(TICK, this::tick);
        if (!world.hasVolume()) {
            return;
        }
        for (Node primary : world.nodes) {
            if (primary.power && !primary.frozen && primary.side.role == Role.PRIMARY) {
                keep(primary, other(primary));
            }
        }
        for (Node node : world.nodes) {
            lost(node);
            node.tellMirrors();
        }
    }

    private Node other(Node node) {
        return world.nodes.get(1 - node.number);
    }

    private boolean linked(Node primary, Node secondary) {
        return !primary.side.link.isEmpty()
                && primary.side.link.equals(secondary.side.link)
                && secondary.power
                && secondary.side.role == Role.SECONDARY
                && world.network.bothWays(Network.STORAGE, primary.number, secondary.number);
    }

    private void keep(Node p, Node s) {
        boolean mirrors = p.side.sync == Sync.REPLICATING || p.side.sync == Sync.SYNCING;
        if (mirrors && (!linked(p, s) || s.frozen)) {
            stall(p);
        } else if (p.side.sync == Sync.SYNCING && world.now() >= copiedAt) {
            s.side.data = new TreeSet<>(p.side.data);
            p.side.written = false;
            p.side.is(Sync.REPLICATING, p.wall());
            s.side.is(Sync.REPLICATING, s.wall());
        } else if (p.side.sync == Sync.SOLO && mayBegin(p, s)) {
            String link = world.freshId();
            p.side.link = link;
            s.side.link = link;
            s.side.role = Role.SECONDARY;
            s.side.claim = p.side.claim;
            s.side.written = false;
            s.side.is(Sync.INCONSISTENT, s.wall());
            p.side.is(Sync.SYNCING, p.wall());
            copiedAt = world.now() + 200 + world.dice(4_000);
        }
        if (linked(p, s) && !s.frozen) {
            stalledSince = -1;
            p.side.linkLived = p.wall();
        }
    }

    private void stall(Node p) {
        if (stalledSince < 0) {
            stalledSince = world.now();
            stallEnds = world.now() + 3_600 + world.dice(STALL - 3_600);
        } else if (world.now() >= stallEnds) {
            stalledSince = -1;
            p.side.link = "";
            p.side.is(Sync.SOLO, p.wall());
        }
    }

    /** As the keepers of both sides agree, over the agents' network. */
    private boolean mayBegin(Node p, Node s) {
        boolean told = world.network.bothWays(Network.LAN, p.number, s.number)
                && world.network.bothWays(Network.STORAGE, p.number, s.number)
                && p.isServing()
                && s.answers();
        boolean takes = s.side.role != Role.PRIMARY
                && s.claim().equals(p.side.claim)
                && (s.side.sync != Sync.SOLO || p.lossAccepted());
        return told && takes;
    }

    /** A secondary notices in its own time that its primary is gone. */
    private void lost(Node s) {
        if (s.power && s.side.role == Role.SECONDARY && !s.frozen) {
            Node p = other(s);
            boolean gone = !p.power
                    || !p.side.link.equals(s.side.link)
                    || !world.network.bothWays(Network.STORAGE, p.number, s.number);
            if (!gone) {
                s.side.linkLived = s.wall();
            } else if (world.chance(0.2)) {
                if (s.side.sync == Sync.REPLICATING) {
                    s.side.is(Sync.LOST, s.side.linkLived);
                }
                if (s.side.offered.isNone()) {
                    s.side.role = Role.IDLE;
                    s.side.link = "";
                }
            }
        }
    }

    /** A client's write and flush; whether they are acknowledged. */
    boolean write(Node node, int record) {
        Side mine = node.side;
        if (!world.hasVolume() || mine.role != Role.PRIMARY || !node.isMounted()) {
            return false;
        }
        Node s = other(node);
        boolean both = linked(node, s) && !s.frozen;
        switch (mine.sync) {
            case REPLICATING -> {
                if (both) {
                    mine.data.add(record);
                    s.side.data.add(record);
                }
                return both;
            }
            case SYNCING -> {
                if (both) {
                    mine.data.add(record);
                }
                return both;
            }
            case SOLO -> {
                mine.data.add(record);
                mine.written = true;
                return true;
            }
            default -> {
                return false;
            }
        }
    }

    // --- what steps do

    /** Empty, or why not. */
    String promote(Node node, Claim claim) {
        Side side = node.side;
        if (world.core.volumesGuarded()) {
            if (side.claim.outranks(claim)) {
                return "the volume has seen claim " + side.claim.tag();
            }
            if (side.sync == Sync.INCONSISTENT) {
                return "the replica is inconsistent";
            }
        }
        side.role = Role.PRIMARY;
        side.claim = claim;
        side.link = "";
        side.offered = Claim.NONE;
        side.is(Sync.SOLO, node.wall());
        return "";
    }

    /** In order: what is replicating leaves both sides equal. */
    void demote(Node node, java.util.Map<String, String> before) {
        Side side = node.side;
        if (side.role != Role.PRIMARY) {
            return;
        }
        Node s = other(node);
        if (side.sync == Sync.REPLICATING && linked(node, s) && !s.frozen) {
            side.is(Sync.CLEAN, node.wall());
            s.side.is(Sync.CLEAN, s.wall());
            s.side.role = Role.IDLE;
            s.side.link = "";
        } else if (side.sync == Sync.SOLO && !side.written && before.containsKey("sync")) {
            Sync was = Sync.valueOf(before.getOrDefault("sync", "SOLO"));
            side.sync = was == Sync.REPLICATING ? Sync.LOST : was;
            String since = before.getOrDefault("since", "");
            side.since = since.isEmpty() ? side.since : java.util.Optional.of(java.time.Instant.parse(since));
        } else {
            side.is(Sync.SOLO, node.wall());
        }
        side.role = Role.IDLE;
        side.link = "";
    }

    /** The giver takes the writes of the holder of {@code offer}: only a mirror that ended in order left both equal. */
    String offer(Node giver, Claim offer) {
        boolean equal = giver.side.sync == Sync.CLEAN || giver.side.claim.equals(offer);
        if (!equal && world.core.volumesGuarded()) {
            return "the mirror did not end in order: it is " + giver.side.sync;
        }
        giver.side.offered = offer;
        giver.side.claim = offer;
        giver.side.role = Role.SECONDARY;
        return "";
    }

    /** The receiver's mirror, replicating from its first write. */
    String connect(Node receiver, Claim claim) {
        Node giver = other(receiver);
        if (!giver.power
                || giver.frozen
                || !giver.side.offered.equals(claim)
                || !world.network.bothWays(Network.STORAGE, receiver.number, giver.number)) {
            return "no connection to the target";
        }
        String link = world.freshId();
        receiver.side.link = link;
        giver.side.link = link;
        receiver.side.written = false;
        receiver.side.is(Sync.REPLICATING, receiver.wall());
        giver.side.is(Sync.REPLICATING, giver.wall());
        stalledSince = -1;
        return "";
    }

    /** A change of the mirror, for the member. */
    static Input states(Node node) {
        return new Input.Mirrors(java.util.List.of(node.side.state(World.GROUP, World.VOLUME)));
    }
}
