package sfo.agent.boot;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;
import sfo.protocol.model.Names;

/** Makes the keys of mutual TLS: one authority for a site, and per appliance a key and a certificate that it signs. */
public final class Keys {
    /** In every appliance's certificate: by it Akka's transport knows a member, and the hello endpoint too. */
    public static final String MEMBER = "sfo-member";

    /** More take seconds to make, and neither side's secrets have to last. */
    private static final int BITS = 2048;

    private static final long YEARS = 10;

    private Keys() {}

    /**
     * Makes {@code ca.key}, {@code ca.crt}, and {@code NAME.key}, {@code NAME.crt} for each appliance, readable by the
     * owner only. What exists is kept: an authority is reused to add an appliance, an appliance's key is never replaced.
     *
     * @throws StartRefused if half of a pair exists, or the folder can't be written
     */
    public static void make(Path folder, List<String> appliances) {
        appliances.forEach(name -> Names.name("appliance", name));
        try {
            Files.createDirectories(folder);
            Authority authority = authority(folder);
            for (String appliance : appliances) {
                Path key = folder.resolve(appliance + ".key");
                Path certificate = folder.resolve(appliance + ".crt");
                if (!pairExists(key, certificate)) {
                    KeyPair pair = pair();
                    write(
                            certificate,
                            "CERTIFICATE",
                            member(authority, appliance, pair).getEncoded());
                    write(key, "PRIVATE KEY", pair.getPrivate().getEncoded());
                }
            }
        } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
            throw new StartRefused("can't make keys in " + folder + ": " + e, e);
        }
    }

    private record Authority(PrivateKey key, X509Certificate certificate) {}

    private static Authority authority(Path folder)
            throws IOException, GeneralSecurityException, OperatorCreationException {
        Path keyFile = folder.resolve("ca.key");
        Path certificateFile = folder.resolve("ca.crt");
        if (pairExists(keyFile, certificateFile)) {
            return new Authority(Pem.key(keyFile), Pem.certificate(certificateFile));
        }
        KeyPair pair = pair();
        X500Name name =
                new X500Name("CN=simple-failover authority " + new BigInteger(48, new SecureRandom()).toString(36));
        X509v3CertificateBuilder builder = builder(name, name, pair)
                .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
                .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        X509Certificate certificate = sign(builder, pair.getPrivate());
        write(certificateFile, "CERTIFICATE", certificate.getEncoded());
        write(keyFile, "PRIVATE KEY", pair.getPrivate().getEncoded());
        return new Authority(pair.getPrivate(), certificate);
    }

    private static X509Certificate member(Authority authority, String appliance, KeyPair pair)
            throws CertIOException, GeneralSecurityException, OperatorCreationException {
        X500Name issuer = X500Name.getInstance(
                authority.certificate().getSubjectX500Principal().getEncoded());
        X509v3CertificateBuilder builder = builder(issuer, new X500Name("CN=" + appliance), pair)
                .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
                .addExtension(
                        Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment))
                .addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(new KeyPurposeId[] {
                    KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                }))
                .addExtension(
                        Extension.subjectAlternativeName,
                        false,
                        new GeneralNames(new GeneralName(GeneralName.dNSName, MEMBER)));
        return sign(builder, authority.key());
    }

    private static X509v3CertificateBuilder builder(X500Name issuer, X500Name subject, KeyPair pair) {
        // an hour back: the appliances' clocks may differ
        Instant from = Instant.now().truncatedTo(ChronoUnit.SECONDS).minus(1, ChronoUnit.HOURS);
        return new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(120, new SecureRandom()).setBit(119),
                Date.from(from),
                Date.from(from.plus(YEARS * 365, ChronoUnit.DAYS)),
                subject,
                pair.getPublic());
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
            throws GeneralSecurityException, OperatorCreationException {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withRSA").build(key)));
    }

    private static KeyPair pair() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(BITS);
        return generator.generateKeyPair();
    }

    private static boolean pairExists(Path key, Path certificate) {
        boolean first = Files.exists(key);
        boolean second = Files.exists(certificate);
        if (first != second) {
            throw new StartRefused((first ? certificate : key) + " is missing, but " + (first ? key : certificate)
                    + " exists: put the missing file back, or move the other one away to make both anew");
        }
        return first;
    }

    /** Whole or not at all, and never readable by others, not even for a moment. */
    private static void write(Path file, String type, byte[] content) throws IOException {
        Path whole = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(whole);
        Files.createFile(whole, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        StringWriter text = new StringWriter();
        try (PemWriter writer = new PemWriter(text)) {
            writer.writeObject(new PemObject(type, content));
        }
        Files.writeString(whole, text.toString(), StandardOpenOption.WRITE);
        Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
