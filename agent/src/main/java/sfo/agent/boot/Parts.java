package sfo.agent.boot;

import java.util.List;
import sfo.config.load.Settings;

/** The one place that says what an agent is made of. */
final class Parts {
    private Parts() {}

    static List<Part> of(Settings settings) {
        return List.of();
    }
}
