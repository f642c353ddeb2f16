package sfo.it.harness;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.function.ThrowingConsumer;

/**
 * Where agents are killed in one failover and its undo: the survivor's, the giver's, the receiver's. Each is
 * {@code [undo-]POINT:STEP}, the value of {@code -Dsfo.crash}.
 */
public record CrashRound(String failover, String giver, String receiver) {
    private static final List<String> POINTS = List.of("before-intent", "after-intent", "after-act", "after-success");

    /**
     * Rounds from the steps of a plan, so that a new step is covered by itself. {@code -Dsfo.crash.seed} repeats a sample,
     * {@code -Dsfo.crash.rounds} says how many, {@code -Dsfo.crash.all=true} takes every point of every step, and
     * {@code -Dsfo.crash.only=FAILOVER,GIVER,RECEIVER} one round.
     */
    public static Stream<DynamicTest> tests(List<String> steps, int rounds, ThrowingConsumer<CrashRound> play) {
        List<String> only = List.of(System.getProperty("sfo.crash.only", "").split(",", -1));
        if (only.size() == 3) {
            CrashRound round = new CrashRound(only.get(0), only.get(1), only.get(2));
            return Stream.of(DynamicTest.dynamicTest(round.toString(), () -> play.accept(round)));
        }
        long seed = Long.getLong("sfo.crash.seed", System.nanoTime() & 0xffff);
        Random random = new Random(seed);
        List<String> failover = points("", steps, random);
        List<String> giver = points("undo-", steps, random);
        // whoever receives the group mirrors it at once
        List<String> more =
                Stream.concat(steps.stream(), Stream.of("storage.mirror.tank")).toList();
        List<String> receiver = points("", more, random);
        int count =
                Boolean.getBoolean("sfo.crash.all") ? receiver.size() : Integer.getInteger("sfo.crash.rounds", rounds);
        List<DynamicTest> tests = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            CrashRound round = new CrashRound(
                    failover.get(i % failover.size()), giver.get(i % giver.size()), receiver.get(i % receiver.size()));
            tests.add(DynamicTest.dynamicTest("seed " + seed + ": " + round, () -> play.accept(round)));
        }
        return tests.stream();
    }

    /** Every point of every step, in any order. */
    private static List<String> points(String prefix, List<String> steps, Random random) {
        List<String> points = new ArrayList<>();
        for (String step : steps) {
            for (String point : POINTS) {
                points.add(prefix + point + ":" + step);
            }
        }
        Collections.shuffle(points, random);
        return points;
    }
}
