package sfo.it.simulate;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Predicate;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.Claim;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Terms;
import sfo.protocol.model.Volume;

/** Virtual time, the appliances, what lies between them, and what has to hold. */
final class World {
    static final String GROUP = "g";
    static final String VOLUME = "tank";
    private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");
    private static final int STORY_LINES = 400;

    /** Something that has to hold does not. */
    static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1;
        final String invariant;

        Violation(String invariant, String what) {
            super(invariant + ": " + what);
            this.invariant = invariant;
        }
    }

    private record Event(long at, long order, Runnable run) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
        }
    }

    final Core core;
    final Random random;
    final Network network = new Network();
    final List<Node> nodes = new ArrayList<>();
    final Mirror mirror = new Mirror(this);
    final GroupDefinition definition;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final List<String> story = new ArrayList<>();
    private long now;
    private long order;
    long steps;

    /** Records whose write a client was told is safe. */
    private final Set<Integer> acknowledged = new TreeSet<>();

    private int lastRecord;
    /** Why two servers or lost writes are an operator's doing now; empty if they are not. */
    private String excuse = "";

    World(Core core, long seed, int members) {
        this.core = core;
        this.random = new Random(seed);
        this.definition = definition(members).on(terms(seed, members));
        for (int i = 0; i < appliances(seed, members); i++) {
            nodes.add(new Node(this, i));
        }
    }

    /** Of ten two with a lease, two with a witness, so that the stories of the others stay what they are. */
    private static Terms terms(long seed, int members) {
        long kind = Math.floorMod(seed, 10);
        return new Terms(
                kind == 4 ? List.of(name(members)) : List.of(),
                kind == 4 || kind == 6 ? Optional.of(new Lease(5)) : Optional.empty());
    }

    /** Whether there is an appliance more, which is no member and may vote; and whether who votes, and the lease, change. */
    static boolean hasWitness(long seed) {
        return Math.floorMod(seed, 10) == 4 || Math.floorMod(seed, 10) == 8;
    }

    static int appliances(long seed, int members) {
        return members + (hasWitness(seed) ? 1 : 0);
    }

    private static GroupDefinition definition(int members) {
        List<String> names = new ArrayList<>();
        Map<String, Nic> nics = new java.util.TreeMap<>();
        Map<String, String> backing = new java.util.TreeMap<>();
        for (int i = 0; i < members; i++) {
            names.add(name(i));
            nics.put(name(i), new Nic("eth0", Nic.Use.SHARED));
            backing.put(name(i), "/dev/sd" + i);
        }
        FailoverInterface slot = new FailoverInterface(
                "fo0",
                List.of(Cidr.parse("10.0.0.100/24")),
                new MacChoice(MacChoice.Kind.NONE, Optional.empty()),
                List.of(),
                List.of(),
                nics);
        // a mirror has two sides; larger groups travel without volumes here
        List<Volume> volumes = members > 2
                ? List.of()
                : List.of(new Volume(
                        VOLUME,
                        64L << 20,
                        Volume.FileSystem.EXT4,
                        Volume.Mode.SYNCHRONOUS,
                        Volume.LinkLoss.SOLO,
                        10809,
                        backing));
        return new GroupDefinition(GROUP, 1, "a", names, List.of(slot), volumes, List.of());
    }

    static String name(int node) {
        return String.valueOf((char) ('a' + node));
    }

    Node node(String name) {
        return nodes.get(name.charAt(0) - 'a');
    }

    boolean hasVolume() {
        return !definition.volumes().isEmpty();
    }

    // --- time

    long now() {
        return now;
    }

    Instant wall() {
        return EPOCH.plusMillis(now);
    }

    void later(long millis, Runnable run) {
        events.add(new Event(now + millis, order++, run));
    }

    int dice(int sides) {
        return random.nextInt(sides);
    }

    boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    String freshId() {
        return new UUID(random.nextLong(), random.nextLong()).toString();
    }

    void runUntil(long end) {
        while (!events.isEmpty() && events.peek().at() <= end) {
            Event next = events.poll();
            now = next.at();
            next.run().run();
            steps++;
            check();
        }
        now = end;
    }

    // --- clients

    void clients() {
        later(80 + dice(80), this::clients);
        for (Node node : nodes) {
            if (node.isOpen() && !node.frozen && network.bothWays(Network.LAN, node.number, Network.WITNESS)) {
                int record = ++lastRecord;
                if (mirror.write(node, record) && !aloneUnseen(node)) {
                    acknowledged.add(record);
                }
            }
        }
    }

    /**
     * What it writes alone while it is cut apart from the other, which sees everything else, is the operator's call; and
     * so it is as long as the other has no reason to think again of its death.
     */
    private boolean aloneUnseen(Node node) {
        return nodes.stream()
                .anyMatch(other -> other != node
                        && definition.members().contains(other.name)
                        && (other.holdsDead(node)
                                || (other.power
                                        && network.apart(node.number, other.number)
                                        && network.bothWays(Network.LAN, other.number, Network.WITNESS))));
    }

    // --- what has to hold

    /** Two servers, or what was lost, are from here on what an operator took upon himself. */
    void excuse(String why) {
        if (excuse.isEmpty()) {
            tell("-- from here on on the operator's word: " + why);
            excuse = why;
        }
    }

    private void check() {
        int open = 0;
        int writable = 0;
        for (Node node : nodes) {
            open += node.isOpen() ? 1 : 0;
            // what no frame reaches, nobody writes
            writable += node.power && node.isMounted() && node.passes() ? 1 : 0;
        }
        if (excuse.isEmpty()) {
            if (open > 1) {
                throw new Violation("I1", "two serve: " + those(Node::isOpen));
            }
            if (writable > 1) {
                throw new Violation("I1", "the volume is writable on " + those(n -> n.power && n.isMounted()));
            }
        } else if (open <= 1 && nodes.stream().filter(Node::hasPart).allMatch(n -> n.agrees(nodes))) {
            tell("-- the operator's word has run its course");
            excuse = "";
            acceptLossAt(node(nodes.get(0).claim().appliance()));
        }
    }

    /** Those who go by one version vote by the same terms. */
    void defined(Node node, GroupDefinition by) {
        for (Node other : nodes) {
            boolean differs = other.definition()
                    .filter(d -> d.version() == by.version() && !d.equals(by))
                    .isPresent();
            if (excuse.isEmpty() && differs) {
                throw new Violation(
                        "I1",
                        "version " + by.version() + " of the group is another on " + node.name + " and " + other.name);
            }
        }
    }

    private List<String> those(Predicate<Node> which) {
        return nodes.stream().filter(which).map(n -> n.name).toList();
    }

    /** What is at {@code holder} is what counts from now on. */
    void acceptLossAt(Node holder) {
        acknowledged.retainAll(holder.side.data);
    }

    /** At the moment in which an interface opens. */
    void opened(Node node, boolean lossAccepted) {
        if (!hasVolume()) {
            return;
        }
        if (lossAccepted || !excuse.isEmpty()) {
            acceptLossAt(node);
        } else if (!node.side.data.containsAll(acknowledged)) {
            Set<Integer> lost = new TreeSet<>(acknowledged);
            lost.removeAll(node.side.data);
            throw new Violation("I4", node.name + " opens without " + lost.size() + " acknowledged writes");
        }
    }

    /** After all is healed and long enough quiet. */
    void checkQuiet() {
        Claim claim = nodes.get(0).claim();
        if (nodes.stream().allMatch(node -> node.claim().isNone())) {
            return; // all have lost their journals
        }
        for (Node node : nodes) {
            if (node.needsOperator()) {
                return;
            }
            if (node.hasPart() && !node.claim().equals(claim)) {
                throw new Violation(
                        "liveness",
                        "claims differ: " + claim.tag() + " and " + node.claim().tag() + " on " + node.name);
            }
        }
        List<String> open = those(Node::isOpen);
        if (!open.equals(List.of(claim.appliance()))) {
            throw new Violation(
                    "liveness",
                    "of claim " + claim.tag() + " those serve: " + open + "; "
                            + nodes.stream()
                                    .map(n -> n.name + " " + n.standing())
                                    .toList());
        }
    }

    // --- the story

    void tell(String line) {
        story.add(String.format("%9.3f s  %s", now / 1000.0, line));
        if (story.size() > STORY_LINES) {
            story.remove(0);
        }
    }

    List<String> story() {
        return story;
    }
}
