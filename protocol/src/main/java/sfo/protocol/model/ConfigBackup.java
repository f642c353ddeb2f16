package sfo.protocol.model;

/**
 * A config backup as it is stored and sent. Header and payload are texts, kept to the letter, because the signature
 * covers letters: an agent that knows fewer fields must not rewrite them.
 *
 * @param header a {@link BackupHeader} as JSON
 * @param signature SHA256withRSA over the header's UTF-8, in base64
 * @param certificate the signer's X.509 certificate (DER), in base64; its CN is the appliance
 * @param payload an {@link Inventory} as JSON, in one line
 */
public record ConfigBackup(String header, String signature, String certificate, String payload) {
    /** What this agent writes, and the highest that it reads. */
    public static final int FORMAT = 1;
    /** The inventory's. */
    public static final int SCHEMA = 1;
    /** A configuration is small texts; more is a mistake, and would not be read back. */
    public static final int MAX_BYTES = 16 << 20;
}
