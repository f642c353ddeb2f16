package sfo.ops.iscsi;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is no iSCSI target, or refuses; a real one answers in {@link IscsiServerOnHostTest}. */
class IscsiTest {
    private static final String REST = "00".repeat(40);

    @ParameterizedTest
    @CsvSource({
        "3f80000000000000, a login is answered by a message 0x3f",
        "2387000000ffffff, a message of 16777215 bytes",
        "230400000000, EOFException",
    })
    void aReplyThatIsNoneIsSaid(String begin, String words) throws IOException {
        refused(begin + (begin.length() == 16 ? REST : ""), words);
    }

    @ParameterizedTest
    @CsvSource({
        "0202, this initiator may not come",
        "0203, 'it has no such target, or not for this initiator'",
        "0201, it wants authentication",
        "0302, login status 0x0302"
    })
    void aRefusalIsSaid(String status, String words) throws IOException {
        refused("2387000000000000" + "00".repeat(28) + status + "00".repeat(10), words);
    }

    @Test
    void aTargetThatWantsToNegotiateMoreIsNotWaitedFor() throws IOException {
        refused("2304000000000000" + REST, "negotiate");
    }

    private static void refused(String reply, String words) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread answer = new Thread(() -> answer(server, HexFormat.of().parseHex(reply)));
            answer.start();
            assertThatThrownBy(() -> logIn(server, 5000))
                    .isInstanceOf(IOException.class)
                    .satisfies(e -> org.assertj.core.api.Assertions.assertThat(e.toString())
                            .contains(words));
        }
    }

    @Test
    void oneThatSaysNothingIsLeftWhenTheTimeIsOver() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> logIn(server, 50))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("timed out");
        }
    }

    private static void logIn(ServerSocket server, int millis) throws IOException {
        new Iscsi(
                        InetAddress.getLoopbackAddress(),
                        server.getLocalPort(),
                        "iqn.2024-07.internal.example:me",
                        "iqn.2024-07.internal.example:disk",
                        millis)
                .close();
    }

    private static void answer(ServerSocket server, byte[] reply) {
        try (Socket client = server.accept()) {
            client.getInputStream().read(new byte[512]);
            client.getOutputStream().write(reply);
        } catch (IOException closed) {
            // the test says what it expects of the other side
            return;
        }
    }
}
