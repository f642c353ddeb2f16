package sfo.agent.control;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import sfo.protocol.control.Progress;

/** The steps of an operation while it is under way: redrawn on a terminal, elsewhere a line when one has ended. */
final class LiveSteps {
    private final Console console;
    private final boolean json;
    private final boolean verbose;
    private final Map<String, Progress> steps = new LinkedHashMap<>();
    private final List<Progress> fresh = new ArrayList<>();

    LiveSteps(Console console, boolean json, boolean verbose) {
        this.console = console;
        this.json = json;
        this.verbose = verbose;
    }

    void accept(Progress news) {
        steps.put(news.operation() + " " + news.step(), news);
        fresh.add(news);
    }

    /** Shows what came since the last call. */
    void draw() {
        if (json) {
            if (verbose) {
                fresh.forEach(news -> console.out(sfo.protocol.json.Json.text(news) + "\n"));
            }
        } else if (console.terminal()) {
            console.live(Render.steps(List.copyOf(steps.values()), console.width()));
        } else {
            fresh.stream()
                    .filter(news -> verbose || !isOpen(news))
                    .forEach(news -> console.out(Render.steps(List.of(news), console.width())));
        }
        fresh.clear();
    }

    private static boolean isOpen(Progress news) {
        return news.state().equals("waiting")
                || news.state().equals("running")
                || news.state().equals("undoing");
    }
}
