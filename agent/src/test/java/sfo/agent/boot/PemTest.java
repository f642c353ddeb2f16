package sfo.agent.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PemTest {
    @TempDir
    Path folder = Path.of("set by JUnit");

    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA", "Ed25519"})
    void aKeyOfEachKindIsRead(String algorithm) throws IOException, GeneralSecurityException {
        PrivateKey key =
                KeyPairGenerator.getInstance(algorithm).generateKeyPair().getPrivate();
        Path file = Files.writeString(folder.resolve("key"), pem("PRIVATE KEY", key.getEncoded()));
        assertThat(Pem.key(file).getEncoded()).isEqualTo(key.getEncoded());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "garbage",
                "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n",
                "-----BEGIN PRIVATE KEY-----\nAAAA\n"
            })
    void whatIsNoKeyIsRefusedWithWhatWasExpected(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("key"), text);
        assertThatThrownBy(() -> Pem.key(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("key: expected a private key in PKCS#8 form");
    }

    @Test
    void aCertificateIsReadAndWhatIsNoneIsRefused() throws IOException {
        assertThat(Tls.commonName(Pem.certificate(TestKeys.of("a").certificate())))
                .isEqualTo("a");
        for (String text : new String[] {"", "garbage", pem("CERTIFICATE", new byte[] {1, 2, 3})}) {
            Path file = Files.writeString(folder.resolve("crt"), text);
            assertThatThrownBy(() -> Pem.certificate(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("crt: expected a certificate");
        }
    }

    private static String pem(String type, byte[] content) {
        return "-----BEGIN " + type + "-----\n" + Base64.getMimeEncoder().encodeToString(content) + "\n-----END " + type
                + "-----\n";
    }
}
