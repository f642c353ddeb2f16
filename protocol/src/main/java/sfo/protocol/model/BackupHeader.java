package sfo.protocol.model;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.time.Instant;
import java.util.List;

/**
 * What the signature of a config backup covers; through {@code sha256} it covers the payload too.
 *
 * @param format of the backup itself; a newer one is refused by an older agent
 * @param epoch see {@link BackupRef}
 * @param made when, by the clock of the appliance that made it
 * @param schema of the inventory in the payload
 * @param sha256 of the payload, in hexadecimal
 * @param bytes of the payload
 * @param parts the payload cut into parts, in order; a peer asks only for those that it has not got
 */
public record BackupHeader(
        int format,
        String appliance,
        long epoch,
        long sequence,
        Instant made,
        int schema,
        String sha256,
        long bytes,
        List<Part> parts) {

    /** A part of the payload: its length in bytes (UTF-8) and the checksum by which it is known. */
    public record Part(String sha256, int bytes) {}

    @JsonIgnore
    public BackupRef ref() {
        return new BackupRef(appliance, epoch, sequence);
    }
}
