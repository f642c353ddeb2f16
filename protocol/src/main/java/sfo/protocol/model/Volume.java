package sfo.protocol.model;

import java.util.Map;

/**
 * A mirrored volume that travels with a group.
 *
 * @param name unique within the group
 * @param bytes its size
 * @param fileSystem what is on it
 * @param mode whether an acknowledged flush is durable on both sides
 * @param onLinkLoss what the primary does when the link breaks
 * @param port TCP port of the secondary's export, the same on each member
 * @param backing per member (by appliance name), the file or block device below it
 */
public record Volume(
        String name,
        long bytes,
        FileSystem fileSystem,
        Mode mode,
        LinkLoss onLinkLoss,
        int port,
        Map<String, String> backing) {
    public enum FileSystem {
        EXT4,
        XFS,
        BTRFS
    }

    public enum Mode {
        /** a write is acknowledged when both sides have it; a flush when both have it on disk */
        SYNCHRONOUS,
        /** a write is acknowledged by the primary alone: a power cut of the primary loses the last writes */
        ASYNCHRONOUS
    }

    public enum LinkLoss {
        /** the primary goes on alone and records since when */
        SOLO,
        /** writes wait until the link is back */
        BLOCK
    }

    public Volume {
        Names.name("volume", name);
        if (bytes < 16L << 20) {
            throw new Invalid("size", bytes, "at least 16 MiB");
        }
        if (port < 1 || port > 65535) {
            throw new Invalid("port", port, "1 to 65535");
        }
    }
}
