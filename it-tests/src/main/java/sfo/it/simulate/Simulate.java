package sfo.it.simulate;

import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs the decisions under random schedules, and tells the shortest story of one that fails. */
@Command(
        name = "simulate",
        description =
                "Runs the decisions of groups of appliances under random schedules, and checks the invariants I1 to I4, I6 and I7.",
        mixinStandardHelpOptions = true,
        exitCodeList = {"0:everything held", "1:something did not", "2:wrong words"})
public final class Simulate implements Callable<Integer> {
    @Option(names = "--seeds", paramLabel = "N", description = "how many schedules; 1000 by default")
    private int seeds = 1000;

    @Option(names = "--seed", paramLabel = "S", description = "the first; with --seeds 1 its story is told")
    private long seed = System.nanoTime() & 0xffffff;

    private Simulate() {}

    public static void main(String[] words) {
        System.exit(new CommandLine(new Simulate()).execute(words));
    }

    @Override
    public Integer call() {
        long began = System.nanoTime();
        long events = 0;
        for (long s = seed; s < seed + seeds; s++) {
            Simulation.Result result = Simulation.run(new Core(), s);
            events += result.events();
            if (result.violation().isPresent()) {
                result.violation().get().printStackTrace();
                Simulation.Result shortest = Simulation.shrink(new Core(), result);
                tell(shortest);
                System.out.println("seed " + s + ": " + result.violation().get().getMessage()
                        + "; again: it-tests/bin/simulate --seeds 1 --seed " + s);
                return 1;
            }
            if (seeds == 1) {
                tell(result);
            }
        }
        System.out.printf(
                "%d schedules from seed %d, %d events, %d s: everything held%n",
                seeds, seed, events, TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began));
        return 0;
    }

    private static void tell(Simulation.Result result) {
        System.out.println(result.members() + " appliances:");
        result.actions().forEach(action -> System.out.println("  " + action));
        System.out.println("what happened:");
        result.story().forEach(line -> System.out.println("  " + line));
    }
}
