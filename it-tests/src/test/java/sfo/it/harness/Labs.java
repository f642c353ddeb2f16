package sfo.it.harness;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.stream.Stream;
import sfo.agent.demo.Machine;
import sfo.ops.exec.Exec;

/** Where stories in namespaces can be played. */
public final class Labs {
    private Labs() {}

    /** Skips the story, and says why, where this machine can't make namespaces or lacks packages or one of these tools. */
    public static void assumePossible(String... tools) throws Exception {
        assumeThat(Machine.noNamespaces()).as("why not in namespaces").isEmpty();
        assumeThat(Machine.missingPackages()).as("missing packages").isEmpty();
        assumeThat(Stream.of(tools).filter(tool -> Exec.find(tool).isEmpty()))
                .as("missing tools")
                .isEmpty();
    }
}
