package sfo.it.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * One thing that was measured several times.
 *
 * @param unit of the runs and the limit
 * @param runs in the order in which they were measured
 * @param limit what the median is to stay below; 0 if there is none
 */
public record Figure(String name, String unit, List<Double> runs, double limit) {
    @JsonProperty
    public double median() {
        List<Double> sorted = runs.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** The median as a part of the limit: below 1 is within it; 0 if there is none. */
    @JsonProperty
    public double ratio() {
        return limit == 0 ? 0 : Math.round(100 * median() / limit) / 100.0;
    }

    String line() {
        String within = limit == 0 ? "" : String.format("%8.0f %6.2f", limit, ratio());
        return String.format("%-52s %9.1f %-4s %s", name, median(), unit, within);
    }
}
