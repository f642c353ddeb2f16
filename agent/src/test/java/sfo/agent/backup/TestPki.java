package sfo.agent.backup;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.Base64;
import java.util.HexFormat;
import sfo.config.load.Settings;

/** An authority of its own with certificates that it issued, written by hand: just enough DER for X.509. */
final class TestPki {
    private static final byte[] SHA256_RSA = tlv(0x30, HexFormat.of().parseHex("06092a864886f70d01010b0500"));

    private final Path folder;
    private final String name;
    private final KeyPair authority;
    private final KeyPair appliance;

    TestPki(Path folder, String name) throws IOException, GeneralSecurityException {
        this.folder = Files.createDirectories(folder);
        this.name = name;
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        authority = generator.generateKeyPair();
        // one key pair for all appliances of a test: what tells them apart is the certificate's name
        appliance = generator.generateKeyPair();
        write("ca.crt", "CERTIFICATE", certificate(name, authority));
    }

    Settings.Tls of(String applianceName) throws IOException, GeneralSecurityException {
        Path certificate = write(applianceName + ".crt", "CERTIFICATE", certificate(applianceName, appliance));
        Path key = write(
                applianceName + ".key", "PRIVATE KEY", appliance.getPrivate().getEncoded());
        return new Settings.Tls(key, certificate, folder.resolve("ca.crt"));
    }

    private byte[] certificate(String subject, KeyPair keys) throws GeneralSecurityException {
        byte[] body = sequence(
                tlv(0xa0, tlv(0x02, new byte[] {2})),
                tlv(
                        0x02,
                        BigInteger.valueOf(subject.hashCode())
                                .abs()
                                .add(BigInteger.ONE)
                                .toByteArray()),
                SHA256_RSA,
                commonName(name),
                sequence(time("20200101000000Z"), time("20990101000000Z")),
                commonName(subject),
                keys.getPublic().getEncoded());
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(authority.getPrivate());
        signature.update(body);
        byte[] signed = signature.sign();
        byte[] bits = new byte[signed.length + 1];
        System.arraycopy(signed, 0, bits, 1, signed.length);
        return sequence(body, SHA256_RSA, tlv(0x03, bits));
    }

    private static byte[] commonName(String value) {
        byte[] type = HexFormat.of().parseHex("0603550403");
        return sequence(tlv(0x31, sequence(type, tlv(0x0c, value.getBytes(StandardCharsets.UTF_8)))));
    }

    private static byte[] time(String value) {
        return tlv(0x18, value.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] sequence(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return tlv(0x30, all.toByteArray());
    }

    private static byte[] tlv(int tag, byte[] value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (value.length < 0x80) {
            out.write(value.length);
        } else {
            out.write(0x82);
            out.write(value.length >> 8);
            out.write(value.length);
        }
        out.writeBytes(value);
        return out.toByteArray();
    }

    private Path write(String file, String type, byte[] der) throws IOException {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return Files.writeString(
                folder.resolve(file), "-----BEGIN " + type + "-----\n" + base64 + "\n-----END " + type + "-----\n");
    }
}
