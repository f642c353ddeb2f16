package sfo.agent.backup;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import sfo.config.load.Settings;
import sfo.protocol.model.ConfigBackup;

/** Signs this appliance's backups with its RSA key, and checks those of others against the authority. */
final class BackupSeal {
    private static final String ALGORITHM = "SHA256withRSA";

    private final PrivateKey key;
    private final X509Certificate certificate;
    private final List<X509Certificate> authorities;

    private BackupSeal(PrivateKey key, X509Certificate certificate, List<X509Certificate> authorities) {
        this.key = key;
        this.certificate = certificate;
        this.authorities = authorities;
    }

    /** @throws IOException if a file can't be read or is not what it should be; the message names it */
    static BackupSeal load(Settings.Tls tls) throws IOException {
        List<X509Certificate> own = certificates(tls.certificate());
        return new BackupSeal(key(tls.key()), own.get(0), certificates(tls.authority()));
    }

    String sign(String header) throws GeneralSecurityException {
        Signature signature = Signature.getInstance(ALGORITHM);
        signature.initSign(key);
        signature.update(header.getBytes(StandardCharsets.UTF_8));
        return Base64.getEncoder().encodeToString(signature.sign());
    }

    String certificate() throws GeneralSecurityException {
        return Base64.getEncoder().encodeToString(certificate.getEncoded());
    }

    /**
     * What is wrong with signature or certificate, if anything. The certificate's dates are not looked at: a backup
     * has to outlive them, and an appliance whose clock battery died must still be one to fail over from.
     */
    Optional<String> fault(ConfigBackup backup, String appliance) {
        X509Certificate signer;
        try {
            byte[] der = Base64.getDecoder().decode(backup.certificate());
            signer = (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return Optional.of("its certificate can't be read: " + e.getMessage());
        }
        if (authorities.stream().noneMatch(a -> issuedBy(signer, a))) {
            return Optional.of("its certificate (" + signer.getSubjectX500Principal()
                    + ") was not issued by this group's authority ("
                    + authorities.get(0).getSubjectX500Principal() + ")");
        }
        Optional<String> name = commonName(signer);
        if (!name.equals(Optional.of(appliance))) {
            return Optional.of("signed by " + name.orElse("nobody (no CN)") + ": expected " + appliance);
        }
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initVerify(signer.getPublicKey());
            signature.update(backup.header().getBytes(StandardCharsets.UTF_8));
            return signature.verify(Base64.getDecoder().decode(backup.signature()))
                    ? Optional.empty()
                    : Optional.of("its signature is not one of " + appliance + "'s key over this header");
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return Optional.of("its signature can't be checked: " + e.getMessage());
        }
    }

    private static boolean issuedBy(X509Certificate signer, X509Certificate authority) {
        try {
            signer.verify(authority.getPublicKey());
            return signer.getIssuerX500Principal().equals(authority.getSubjectX500Principal());
        } catch (GeneralSecurityException e) {
            // the answer, not an error: another authority's key does not verify it
            return false;
        }
    }

    private static Optional<String> commonName(X509Certificate certificate) {
        try {
            return new LdapName(certificate.getSubjectX500Principal().getName())
                    .getRdns().stream()
                            .filter(r -> r.getType().equalsIgnoreCase("CN"))
                            .map(r -> String.valueOf(r.getValue()))
                            .findFirst();
        } catch (InvalidNameException e) {
            return Optional.empty();
        }
    }

    private static PrivateKey key(Path file) throws IOException {
        try {
            String base64 = Files.readString(file).replaceAll("-----[A-Z ]+-----", "");
            byte[] der = Base64.getMimeDecoder().decode(base64);
            return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(der));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(file + ": expected an RSA key as PEM (PKCS#8): " + e.getMessage(), e);
        }
    }

    private static List<X509Certificate> certificates(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            List<X509Certificate> found = CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
                    .map(X509Certificate.class::cast)
                    .toList();
            if (found.isEmpty()) {
                throw new IOException(file + ": expected a certificate as PEM, there is none");
            }
            return found;
        } catch (GeneralSecurityException e) {
            throw new IOException(file + ": expected a certificate as PEM: " + e.getMessage(), e);
        }
    }
}
