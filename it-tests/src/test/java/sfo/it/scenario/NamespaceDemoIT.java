package sfo.it.scenario;

import static org.assertj.core.api.Assumptions.assumeThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.parallel.Isolated;
import sfo.agent.demo.Machine;

@Isolated("it keeps the machine busy")
class NamespaceDemoIT extends DemoStories {
    NamespaceDemoIT() {
        super("namespaces");
    }

    @BeforeAll
    static void onlyWhereItCanRun() throws Exception {
        assumeThat(Machine.noNamespaces()).as("why not in namespaces").isEmpty();
        assumeThat(Machine.missingPackages()).as("missing packages").isEmpty();
    }
}
