package sfo.agent.boot;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * PEM files. Read by the JDK alone: to load one class of a signed library, an agent would check the digests of all its
 * thousands, and keep them.
 */
final class Pem {
    private static final Pattern KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final List<String> ALGORITHMS = List.of("EC", "RSA", "EdDSA");

    private Pem() {}

    /** @throws IOException if the file can't be read, or holds no private key in PKCS#8 form */
    static PrivateKey key(Path file) throws IOException {
        Matcher key = KEY.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
        if (key.find()) {
            for (String algorithm : ALGORITHMS) {
                try {
                    byte[] content = Base64.getMimeDecoder().decode(key.group(1));
                    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(content));
                } catch (GeneralSecurityException | IllegalArgumentException ofAnotherKind) {
                    // the next one fits, or none
                }
            }
        }
        throw new IOException(file + ": expected a private key in PKCS#8 form (-----BEGIN PRIVATE KEY-----), of kind "
                + String.join(", ", ALGORITHMS));
    }

    /** @throws IOException if the file can't be read, or holds no certificate */
    static X509Certificate certificate(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        } catch (CertificateException e) {
            throw new IOException(
                    file + ": expected a certificate (-----BEGIN CERTIFICATE-----): " + e.getMessage(), e);
        }
    }
}
