package sfo.ops.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is no SMB server; a real one answers in {@link SmbServerOnHostTest}. */
class Smb2Test {
    @ParameterizedTest
    @CsvSource({
        "00000040ffffffff, a reply that is no SMB 2",
        "0000000411223344, a reply of 4 bytes",
        "7fffffff, a reply of 2147483647 bytes",
    })
    void aReplyThatIsNoneIsSaid(String reply, String words) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread answer = new Thread(() -> answer(server, HexFormat.of().parseHex(reply)));
            answer.start();
            assertThatThrownBy(() -> new Smb2(InetAddress.getLoopbackAddress(), server.getLocalPort(), 5000))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(words);
        }
    }

    @Test
    void oneThatSaysNothingIsLeftWhenTheTimeIsOver() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> new Smb2(InetAddress.getLoopbackAddress(), server.getLocalPort(), 50))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("timed out");
        }
    }

    @Test
    void aStatusIsSaidAsSambaSaysIt() {
        assertThat(Smb2.words(0xC00000CC)).isEqualTo("NT_STATUS_BAD_NETWORK_NAME");
        assertThat(Smb2.words(0xC0000123)).isEqualTo("SMB status 0xC0000123");
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
