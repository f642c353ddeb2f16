package sfo.it.simulate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
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

    @Option(
            names = "--break",
            paramLabel = "WAY",
            description = "with the decisions broken in one way: ${COMPLETION-CANDIDATES}")
    private Optional<Mutation> broken = Optional.empty();

    @Option(
            names = "--page",
            paramLabel = "FILE",
            description = "writes down what held, and for each way to break the decisions the first seed that finds it")
    private Optional<Path> page = Optional.empty();

    private Simulate() {}

    public static void main(String[] words) {
        System.exit(new CommandLine(new Simulate())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(words));
    }

    @Override
    public Integer call() throws IOException {
        Core core = broken.map(way -> way.core).orElseGet(Core::new);
        if (seeds == 1) {
            Simulation.Result only = Simulation.run(core, seed);
            tell(only);
            only.violation().ifPresent(violation -> System.out.println(violation.getMessage()));
            return only.violation().isPresent() ? 1 : 0;
        }
        long began = System.nanoTime();
        AtomicLong events = new AtomicLong();
        Optional<Simulation.Result> failed = LongStream.range(seed, seed + seeds)
                .parallel()
                .mapToObj(s -> Simulation.run(core, s))
                .peek(result -> events.addAndGet(result.events()))
                .filter(result -> result.violation().isPresent())
                .findFirst();
        if (failed.isPresent()) {
            tell(Simulation.shrink(core, failed.get()));
            System.out.println("seed " + failed.get().seed() + ": "
                    + failed.get().violation().orElseThrow().getMessage()
                    + "; again: it-tests/bin/simulate --seeds 1 --seed "
                    + failed.get().seed() + broken.map(way -> " --break " + way).orElse(""));
            return 1;
        }
        System.out.printf(
                "%d schedules from seed %d, %d events, %d s: everything held%n",
                seeds, seed, events.get(), TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began));
        if (page.isPresent()) {
            Files.writeString(page.get(), InvariantsPage.text(seed, seeds, events.get()));
        }
        return 0;
    }

    private static void tell(Simulation.Result result) {
        System.out.println(result.members() + " appliances:");
        result.actions().forEach(action -> System.out.println("  " + action));
        System.out.println("what happened:");
        result.story().forEach(line -> System.out.println("  " + line));
    }
}
