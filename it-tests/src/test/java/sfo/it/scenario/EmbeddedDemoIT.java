package sfo.it.scenario;

import org.junit.jupiter.api.parallel.Isolated;

@Isolated("it keeps the machine busy")
class EmbeddedDemoIT extends DemoStories {
    EmbeddedDemoIT() {
        super("embedded");
    }
}
