package sfo.agent.boot;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BootIdentityTest {
    @Test
    void isTheSameForAsLongAsTheHostRuns() {
        assertThat(BootIdentity.read()).isNotBlank().isEqualTo(BootIdentity.read());
    }

    @Test
    void theStartOfPidOneIsFoundBehindAnOddName() {
        String stat = "1 (a b) c) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 99 100";
        assertThat(BootIdentity.startTime(stat)).isEqualTo("4711");
    }
}
