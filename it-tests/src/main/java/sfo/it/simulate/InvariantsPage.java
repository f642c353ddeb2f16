package sfo.it.simulate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/** What the simulation has shown, written down by a run of it, and read again by the tests. */
final class InvariantsPage {
    private static final int SEARCH = 20_000;
    private static final Pattern FOUND = Pattern.compile("\\| `([A-Z_]+)` \\| (\\S+) \\| (\\d+) \\|");
    private static final Map<String, String> INVARIANTS = invariants();

    private InvariantsPage() {}

    private static Map<String, String> invariants() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("I1", "one server: of no group two interfaces open, or two volumes writable; no tie decided by agents");
        all.put("I2", "all or nothing: a failover ends done, or undone with its claim given back");
        all.put("I3", "write ahead: no step acts before its intent is stored");
        all.put("I4", "no write lost: what a client was told is safe is there where the address opens");
        all.put("I6", "address last, first to go: never open with nothing behind it");
        all.put("I7", "stale owners stand by: in the end one view, one holder, and nobody else serves (liveness)");
        return all;
    }

    /** @throws IllegalStateException if a way to break the decisions is not found */
    static String text(long seed, int schedules, long events) {
        StringBuilder page = new StringBuilder("""
                # Invariants under random schedules

                Written by `it-tests/bin/simulate --seed %1$d --seeds %2$d --page it-tests/docs/invariants.md`; after a change of the
                decisions it is to be written again: `SimulationTest` fails where a seed no longer finds what it says. A schedule: 2 to 7 appliances, one group, of ten two with an isolation lease,
                two with an appliance more that only votes, or comes to vote, while the lease changes too, 4 to
                20 and more of these: power cuts, lost journals, agents killed, hosts frozen, cables cut one way or both, clocks
                that jump, failing steps, operators on several appliances at once. Each invariant is checked
                whenever something happens that can break it, I7 in the end, when all is healed.

                | invariant | | schedules | events | violations |
                | --- | --- | --- | --- | --- |
                """.formatted(seed, schedules));
        INVARIANTS.forEach((name, what) -> page.append("| ")
                .append(name)
                .append(" | ")
                .append(what)
                .append(" | ")
                .append(schedules)
                .append(" | ")
                .append(events)
                .append(" | 0 |\n"));
        page.append("""

                To replay one: `it-tests/bin/simulate --seeds 1 --seed SEED`. The same with the decisions broken on purpose, by adding
                `--break WAY`; each way, with the invariant that notices it, and a seed that does:

                | way | noticed by | seed |
                | --- | --- | --- |
                """);
        for (Mutation way : Mutation.values()) {
            Simulation.Result found = first(way)
                    .orElseThrow(() -> new IllegalStateException(way + " is not found by " + SEARCH + " schedules"));
            page.append("| `")
                    .append(way)
                    .append("` | ")
                    .append(found.violation().orElseThrow().invariant)
                    .append(" | ")
                    .append(found.seed())
                    .append(" |\n");
        }
        return page.toString();
    }

    private static Optional<Simulation.Result> first(Mutation way) {
        return LongStream.rangeClosed(1, SEARCH)
                .parallel()
                .mapToObj(seed -> Simulation.run(way.core, seed))
                .filter(result -> result.violation().isPresent())
                // it is the way that is noticed, not the seed
                .filter(result ->
                        Simulation.run(new Core(), result.seed()).violation().isEmpty())
                .findFirst();
    }

    /** A way to break the decisions, and what the page says of it. */
    record Found(Mutation way, String invariant, long seed) {}

    static List<Found> read(String page) {
        return FOUND.matcher(page)
                .results()
                .map(row -> new Found(Mutation.valueOf(row.group(1)), row.group(2), Long.parseLong(row.group(3))))
                .toList();
    }
}
