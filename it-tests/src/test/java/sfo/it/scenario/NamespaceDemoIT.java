package sfo.it.scenario;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.parallel.Isolated;
import sfo.it.harness.Labs;

@Isolated("it keeps the machine busy")
class NamespaceDemoIT extends DemoStories {
    NamespaceDemoIT() {
        super("namespaces");
    }

    @BeforeAll
    static void onlyWhereItCanRun() throws Exception {
        Labs.assumePossible();
    }
}
