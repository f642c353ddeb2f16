package sfo.it.scenario;

import org.junit.jupiter.api.Test;
import sfo.it.harness.WhenAskedFor;

/** Beside {@link NamespaceDemoIT}, which tries the same demo where more can be left behind. */
@WhenAskedFor
class EmbeddedDemoIT extends DemoStories {
    EmbeddedDemoIT() {
        super("embedded");
    }

    @Test
    void afterCtrlCInTheMiddleOfTheFailoverNothingIsLeft() throws Exception {
        interruptedItLeavesNothing("sfo failover");
    }
}
