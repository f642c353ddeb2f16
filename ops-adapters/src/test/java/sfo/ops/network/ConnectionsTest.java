package sfo.ops.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import sfo.protocol.model.Invalid;

class ConnectionsTest {
    private static final String HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt";
    private static final String LISTEN = "   0: 00000000:01BD 00000000:0000 0A 00000000:00000000 00:00000000 00000000";

    @Test
    void acceptedConnectionsOfThisEndianAreNamed() {
        String open = "   1: 64004D0A:01BD 0D004D0A:9C40 01 00000000:00000000 02:00000000 00000000";
        assertThat(Connections.parse(List.of(HEAD, LISTEN, open))).containsExactly("10.77.0.13:40000 10.77.0.100:445");
    }

    @Test
    void outgoingOnesLoopbackAndOthersStatesAreNot() {
        String outgoing = "   1: 64004D0A:9C40 0D004D0A:01BD 01 00000000:00000000";
        String loopback = "   2: 0100007F:01BD 0100007F:9C40 01 00000000:00000000";
        String waiting = "   3: 64004D0A:01BD 0D004D0A:9C41 06 00000000:00000000";
        assertThat(Connections.parse(List.of(HEAD, LISTEN, outgoing, loopback, waiting)))
                .isEmpty();
    }

    @Test
    void mappedAddressesAreIpv4() {
        String mapped =
                "   0: 0000000000000000FFFF000064004D0A:01BD 0000000000000000FFFF00000D004D0A:9C40 01 00000000:00000000";
        assertThat(Connections.parse(List.of(LISTEN, mapped))).containsExactly("10.77.0.13:40000 10.77.0.100:445");
    }

    @Test
    void whatCameOrWentShowsInTheCounters() {
        assertThat(Connections.counters(List.of(
                        "Ip: Forwarding",
                        "Ip: 2",
                        "Tcp: MaxConn ActiveOpens PassiveOpens CurrEstab",
                        "Tcp: -1 7 14975 8")))
                .containsExactly("14975", "8");
    }

    @Test
    void theTextOfAConnectionIsReadBack() {
        for (String text :
                List.of("10.77.0.13:40000 10.77.0.100:445", "[fd77:0:0:0:0:0:0:13]:1 [fd77:0:0:0:0:0:0:100]:65535")) {
            assertThat(Connections.Connection.parse(text)).hasToString(text);
        }
        for (String wrong : List.of(
                "",
                "10.77.0.13 10.77.0.100",
                "10.77.0.13:0 10.77.0.100:445",
                "host:1 10.77.0.100:445",
                "10.0.0.1:1 10.0.0.2:99999")) {
            assertThatThrownBy(() -> Connections.Connection.parse(wrong)).isInstanceOf(Invalid.class);
        }
    }
}
