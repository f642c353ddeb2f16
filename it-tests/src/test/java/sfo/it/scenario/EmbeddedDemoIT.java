package sfo.it.scenario;

import org.junit.jupiter.api.Test;

class EmbeddedDemoIT extends DemoStories {
    EmbeddedDemoIT() {
        super("embedded");
    }

    @Test
    void afterCtrlCInTheMiddleOfTheFailoverNothingIsLeft() throws Exception {
        interruptedItLeavesNothing("sfo failover");
    }
}
