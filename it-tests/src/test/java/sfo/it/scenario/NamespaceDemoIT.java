package sfo.it.scenario;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.it.harness.Labs;

class NamespaceDemoIT extends DemoStories {
    NamespaceDemoIT() {
        super("namespaces");
    }

    @BeforeAll
    static void onlyWhereItCanRun() throws Exception {
        Labs.assumePossible();
    }

    /** While it is preparing, with clients at work, and in the middle of the failover. */
    @ParameterizedTest
    @ValueSource(strings = {"both agents are up", "client at work", "sfo failover"})
    void afterCtrlCNothingIsLeft(String moment) throws Exception {
        interruptedItLeavesNothing(moment);
    }
}
