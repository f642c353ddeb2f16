package sfo.it.simulate;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * One thing that somebody does to the world, or that befalls it.
 *
 * @param at milliseconds after the group was made
 * @param node by number
 * @param other by number, where two are concerned
 * @param number how much of it
 */
record Action(long at, Kind kind, int node, int other, int number) {
    enum Kind {
        POWER_CUT,
        POWER_ON,
        /** and power, when it has some */
        LOSE_JOURNAL,
        KILL_AGENT,
        START_AGENT,
        FREEZE,
        THAW,
        /** one way, on the network {@code number} */
        CUT,
        /** both ways, on every network */
        CUT_APART,
        /** from everyone, on every network */
        ISOLATE,
        HEAL,
        CLOCK_JUMP,
        /** for a while steps fail there with a probability of {@code number} percent */
        STEPS_FAIL,
        FAILOVER,
        FAILOVER_ACCEPT_LOSS,
        FAILOVER_OVERRIDE,
        UNDO,
        UNDO_ACCEPT_LOSS,
        RESUME,
        RESOLVE,
        /** on whoever serves: another lease, or none, with or without the witness; {@code number} says which */
        CHANGE_TERMS
    }

    /** How often each kind is drawn; what follows it soon, most of the time, makes stories of it. */
    private static final List<Kind> LOTS = lots();

    private static List<Kind> lots() {
        List<Kind> all = new ArrayList<>();
        add(all, 4, Kind.POWER_CUT, Kind.FAILOVER, Kind.UNDO, Kind.KILL_AGENT, Kind.CUT);
        add(all, 2, Kind.CUT_APART, Kind.ISOLATE, Kind.FREEZE, Kind.STEPS_FAIL, Kind.FAILOVER_ACCEPT_LOSS);
        add(all, 1, Kind.CLOCK_JUMP, Kind.UNDO_ACCEPT_LOSS, Kind.HEAL, Kind.FAILOVER_OVERRIDE);
        add(all, 1, Kind.RESUME, Kind.RESOLVE, Kind.LOSE_JOURNAL);
        return all;
    }

    private static void add(List<Kind> all, int times, Kind... kinds) {
        for (int i = 0; i < times; i++) {
            all.addAll(List.of(kinds));
        }
    }

    /** A story of about {@code count} actions. */
    static List<Action> story(Random random, int nodes, int count) {
        List<Action> all = new ArrayList<>();
        long at = 0;
        for (int i = 0; i < count; i++) {
            at += random.nextInt(5) == 0 ? 12_000 + random.nextInt(20_000) : random.nextInt(4_000);
            Kind kind = LOTS.get(random.nextInt(LOTS.size()));
            if (kind == Kind.LOSE_JOURNAL && all.stream().anyMatch(a -> a.kind() == Kind.LOSE_JOURNAL)) {
                kind = Kind.POWER_CUT; // what two have forgotten nobody needs to know
            }
            int node = random.nextInt(nodes);
            int other = (node + 1 + random.nextInt(nodes - 1)) % nodes;
            all.add(new Action(at, kind, node, other, random.nextInt(100)));
            ended(random, kind).ifPresent(end -> {
                long last = all.get(all.size() - 1).at();
                all.add(new Action(last + 200 + random.nextInt(20_000), end, node, other, 0));
            });
            if (kind == Kind.POWER_CUT && random.nextInt(3) > 0) {
                long typed = at + 300 + random.nextInt(4_000);
                all.add(new Action(typed, Kind.FAILOVER, other, node, 0));
                if (nodes > 2 && random.nextBoolean()) {
                    int third = IntStream.range(0, nodes)
                            .filter(n -> n != node && n != other)
                            .skip(random.nextInt(nodes - 2))
                            .findFirst()
                            .orElseThrow();
                    // at the same moment: their proposals meet
                    all.add(new Action(typed + random.nextInt(30), Kind.FAILOVER, third, node, 0));
                }
                if (random.nextBoolean()) {
                    thereAndBack(all, random, at, node, other);
                }
            }
        }
        all.sort(java.util.Comparator.comparingLong(Action::at));
        return List.copyOf(all);
    }

    /** The same, and now and then who votes, or the lease, changes. */
    static List<Action> withTerms(Random random, List<Action> story) {
        List<Action> all = new ArrayList<>(story);
        long end = story.get(story.size() - 1).at();
        for (int i = random.nextInt(4); i >= 0; i--) {
            all.add(new Action(random.nextInt((int) end + 1), Kind.CHANGE_TERMS, 0, 1, random.nextInt(100)));
        }
        all.sort(java.util.Comparator.comparingLong(Action::at));
        return List.copyOf(all);
    }

    /** It comes back, and while the group is handed back to it something else happens. */
    private static void thereAndBack(List<Action> all, Random random, long at, int node, int other) {
        List<Kind> troubles =
                List.of(Kind.CUT_APART, Kind.KILL_AGENT, Kind.FREEZE, Kind.POWER_CUT, Kind.STEPS_FAIL, Kind.CUT);
        long undo = at + 18_000 + random.nextInt(6_000);
        boolean there = random.nextBoolean();
        all.add(new Action(at + 6_000, Kind.POWER_ON, node, other, 0));
        all.add(new Action(undo, Kind.UNDO, other, node, 0));
        all.add(new Action(
                undo + random.nextInt(3_000),
                troubles.get(random.nextInt(troubles.size())),
                there ? node : other,
                there ? other : node,
                random.nextInt(100)));
    }

    private static java.util.Optional<Kind> ended(Random random, Kind kind) {
        return random.nextInt(5) == 0
                ? java.util.Optional.empty()
                : switch (kind) {
                    case POWER_CUT, LOSE_JOURNAL -> java.util.Optional.of(Kind.POWER_ON);
                    case KILL_AGENT -> java.util.Optional.of(Kind.START_AGENT);
                    case FREEZE -> java.util.Optional.of(Kind.THAW);
                    case CUT, CUT_APART, ISOLATE -> java.util.Optional.of(Kind.HEAL);
                    default -> java.util.Optional.empty();
                };
    }

    @Override
    public String toString() {
        return String.format("%7.3f s  %s %c", at / 1000.0, kind, 'a' + node)
                + (kind == Kind.CUT || kind == Kind.CUT_APART ? String.format(" %c", 'a' + other) : "")
                + (List.of(Kind.CUT, Kind.STEPS_FAIL, Kind.CLOCK_JUMP, Kind.CHANGE_TERMS)
                                .contains(kind)
                        ? " " + number
                        : "");
    }
}
