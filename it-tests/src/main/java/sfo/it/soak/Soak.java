package sfo.it.soak;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import sfo.agent.demo.EmbeddedLab;
import sfo.agent.demo.Lab;
import sfo.agent.demo.NamespaceLab;
import sfo.it.bench.Usage;
import sfo.protocol.json.Json;

/** Many failovers and undos in a row: the last is as good as the first, and nothing is left of those between. */
@Command(
        name = "soak",
        description = "Fails a group over and back again, many times, while a client writes; then compares what its"
                + " appliances hold with what they held after the third round.",
        mixinStandardHelpOptions = true,
        exitCodeList = {
            "0:no write lost, nothing leaked, the last rounds as fast as the first",
            "1:otherwise, or a round failed",
            "2:wrong words"
        })
public final class Soak implements Callable<Integer> {
    private static final int LEAST_ROUNDS = 4;
    /** A busy machine is no slow product: medians of the same work differ by less. */
    private static final double SLOWER = 1.5;

    private enum Mode {
        namespaces,
        embedded
    }

    /** What {@code --json} writes. Times in milliseconds; ratios are of the medians of the last rounds and the first. */
    private record Report(
            Mode mode,
            int rounds,
            long acknowledged,
            List<String> lost,
            List<String> leaks,
            @JsonProperty("failover_ms") List<Long> failover,
            @JsonProperty("undo_ms") List<Long> undo,
            @JsonProperty("failover_ratio") double failoverRatio,
            @JsonProperty("undo_ratio") double undoRatio,
            Map<String, Usage> before,
            Map<String, Usage> after) {}

    @Option(names = "--rounds", paramLabel = "N", description = "failovers, each with its undo; 100 by default")
    private int rounds = 100;

    @Option(names = "--mode", description = "namespaces (default; needs root) or embedded")
    private Mode mode = Mode.namespaces;

    @Option(names = "--json", paramLabel = "FILE", description = "the figures as JSON, with each round")
    private @Nullable Path json;

    private Soak() {}

    public static void main(String[] words) {
        System.exit(new CommandLine(new Soak()).execute(words));
    }

    @Override
    public Integer call() {
        if (rounds < LEAST_ROUNDS) {
            System.err.println("soak: --rounds " + rounds + ": expected " + LEAST_ROUNDS
                    + " or more, since what is held after the third is compared with the last");
            return 2;
        }
        try (Lab lab = mode == Mode.embedded ? EmbeddedLab.make(false) : NamespaceLab.make(false);
                Rounds played = new Rounds(lab, line -> System.err.println(line))) {
            // also when it is told to end
            Runtime.getRuntime().addShutdownHook(new Thread(lab::close, "lab-close"));
            played.play(rounds);
            return report(played) ? 0 : 1;
        } catch (IOException e) {
            System.err.println("soak: " + e.getMessage());
            return 1;
        }
    }

    private boolean report(Rounds played) throws IOException {
        Report report = new Report(
                mode,
                rounds,
                played.acknowledged(),
                played.lost(),
                played.leaks(),
                played.failovers(),
                played.undos(),
                ratio(played.failovers()),
                ratio(played.undos()),
                played.before(),
                played.after());
        int share = share(rounds);
        System.out.printf("%d rounds, %s%n", rounds, mode);
        System.out.printf("writes acknowledged / lost   %d / %d%n", report.acknowledged, report.lost.size());
        line("failover", report.failover, report.failoverRatio, share);
        line("undo", report.undo, report.undoRatio, share);
        System.out.printf("%-28s %29s %29s%n", "", "after round " + Rounds.SETTLED, "at the end");
        report.before.forEach((name, was) -> {
            Usage is = report.after.getOrDefault(name, Usage.NONE);
            System.out.printf("%-28s %29s %29s%n", "b: " + name, text(was), text(is));
        });
        report.lost.stream().limit(10).forEach(lost -> System.out.println("LOST: " + lost));
        report.leaks.forEach(leak -> System.out.println("LEAKED: " + leak));
        if (json != null) {
            Files.writeString(json, Json.text(report));
        }
        boolean slower = report.failoverRatio > SLOWER || report.undoRatio > SLOWER;
        if (slower) {
            System.out.println("SLOWER: more than " + SLOWER + " times");
        }
        return report.acknowledged > 0 && report.lost.isEmpty() && report.leaks.isEmpty() && !slower;
    }

    private static String text(Usage usage) {
        return String.format(
                "%d: %d fd, %d thr, %.0f MiB",
                usage.processes(), usage.descriptors(), usage.threads(), usage.residentMiB());
    }

    private static void line(String what, List<Long> millis, double ratio, int share) {
        System.out.printf(
                "%-28s %d ms, %d ms (medians of the first and the last %d), ratio %.2f%n",
                what,
                median(millis.subList(0, share)),
                median(millis.subList(millis.size() - share, millis.size())),
                share,
                ratio);
    }

    /** How many rounds are the first, and the last. */
    private static int share(int rounds) {
        return Math.min(10, rounds / 2);
    }

    private static double ratio(List<Long> millis) {
        int share = share(millis.size());
        double first = median(millis.subList(0, share));
        return Math.round(100 * median(millis.subList(millis.size() - share, millis.size())) / first) / 100.0;
    }

    private static long median(List<Long> millis) {
        return millis.stream().sorted().toList().get(millis.size() / 2);
    }
}
