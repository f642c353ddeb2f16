package sfo.agent.boot;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import sfo.config.load.Settings;

/** This appliance's side of mutual TLS. */
public final class Tls {
    private static final String MEND = "; make a matching set with: sfo agent keys --out FOLDER APPLIANCE…";

    private Tls() {}

    /**
     * Akka starts with keys that don't fit, and then talks to nobody: so they are checked before.
     *
     * @throws StartRefused naming the file and what to do, unless key, certificate and authority are readable, belong
     *     together, are in date, and are those of {@code appliance}
     */
    public static void check(Settings.Tls files, String appliance) {
        PrivateKey key = read(files.key(), Pem::key);
        X509Certificate certificate = read(files.certificate(), Pem::certificate);
        X509Certificate authority = read(files.authority(), Pem::certificate);
        notForOthers(files.key());
        if (!"RSA".equals(key.getAlgorithm())) {
            throw new StartRefused(files.key() + ": expected an RSA key, found " + key.getAlgorithm() + MEND);
        }
        if (!belongTogether(key, certificate)) {
            throw new StartRefused(files.certificate() + " is not the certificate of the key in " + files.key() + MEND);
        }
        inDate(files.authority(), authority);
        inDate(files.certificate(), certificate);
        try {
            certificate.verify(authority.getPublicKey());
        } catch (GeneralSecurityException e) {
            throw new StartRefused(
                    files.certificate() + " was not signed by the authority in " + files.authority() + MEND, e);
        }
        if (!isMember(certificate)) {
            throw new StartRefused(files.certificate() + ": expected the alternative name " + Keys.MEMBER + MEND);
        }
        String owner = commonName(certificate);
        if (!owner.equals(appliance)) {
            throw new StartRefused(
                    files.certificate() + " is the certificate of \"" + owner + "\", and this appliance is \""
                            + appliance + "\": correct sfo.appliance or sfo.tls in the settings file");
        }
    }

    /** For the hello endpoint, both sides: trusts members' certificates of our authority, whatever host they are on. */
    public static SSLContext context(Settings.Tls files) {
        try {
            KeyStore own = store();
            own.setKeyEntry("own", Pem.key(files.key()), new char[0], new X509Certificate[] {
                Pem.certificate(files.certificate())
            });
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(own, new char[0]);
            KeyStore trusted = store();
            trusted.setCertificateEntry("authority", Pem.certificate(files.authority()));
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(
                    keys.getKeyManagers(),
                    new TrustManager[] {new Members((X509TrustManager) trust.getTrustManagers()[0])},
                    null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new StartRefused("can't use the keys in " + files + ": " + e.getMessage(), e);
        }
    }

    /** The appliance that a certificate was made for; "" if it names none. */
    public static String commonName(X509Certificate certificate) {
        try {
            return new LdapName(certificate.getSubjectX500Principal().getName())
                    .getRdns().stream()
                            .filter(rdn -> rdn.getType().equalsIgnoreCase("CN"))
                            .map(rdn -> String.valueOf(rdn.getValue()))
                            .findFirst()
                            .orElse("");
        } catch (InvalidNameException e) {
            return "";
        }
    }

    private static KeyStore store() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private interface Reading<T> {
        T from(Path file) throws IOException;
    }

    private static <T> T read(Path file, Reading<T> reading) {
        try {
            return reading.from(file);
        } catch (NoSuchFileException e) {
            throw new StartRefused(file + " does not exist" + MEND, e);
        } catch (IOException e) {
            throw new StartRefused("can't use " + file + ": " + e.getMessage() + MEND, e);
        }
    }

    private static void notForOthers(Path key) {
        try {
            if (Files.getPosixFilePermissions(key).contains(PosixFilePermission.OTHERS_READ)) {
                throw new StartRefused(key + " can be read by every user of this host: chmod 600 " + key);
            }
        } catch (IOException e) {
            throw new StartRefused("can't read the permissions of " + key + ": " + e, e);
        }
    }

    private static boolean belongTogether(PrivateKey key, X509Certificate certificate) {
        try {
            byte[] text = "do these belong together?".getBytes(java.nio.charset.StandardCharsets.UTF_8);
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(key);
            signature.update(text);
            byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(text);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static void inDate(Path file, X509Certificate certificate) {
        try {
            certificate.checkValidity();
        } catch (CertificateNotYetValidException e) {
            throw new StartRefused(
                    file + " is valid only from " + certificate.getNotBefore().toInstant()
                            + ": is this appliance's clock right?",
                    e);
        } catch (CertificateException e) {
            throw new StartRefused(
                    file + " ended on " + certificate.getNotAfter().toInstant() + ": move it away" + MEND, e);
        }
    }

    private static boolean isMember(X509Certificate certificate) {
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            return names != null && names.stream().anyMatch(name -> Keys.MEMBER.equals(name.get(1)));
        } catch (CertificateParsingException e) {
            return false;
        }
    }

    /** The chain is checked as always; in place of a host's name it is the member's name that has to be in it. */
    private static final class Members extends X509ExtendedTrustManager {
        private final X509TrustManager chains;

        Members(X509TrustManager chains) {
            this.chains = chains;
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
            chains.checkClientTrusted(chain, type);
            member(chain[0]);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
            chains.checkServerTrusted(chain, type);
            member(chain[0]);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            checkClientTrusted(chain, type);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            checkServerTrusted(chain, type);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            checkClientTrusted(chain, type);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            checkServerTrusted(chain, type);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return chains.getAcceptedIssuers();
        }

        private static void member(X509Certificate certificate) throws CertificateException {
            if (!isMember(certificate)) {
                throw new CertificateException("no certificate of a member: the name " + Keys.MEMBER + " is not in it");
            }
        }
    }
}
