package sfo.protocol.model;

/**
 * A disk of an {@link IscsiTarget}: a file of a travelling volume.
 *
 * @param number as initiators know it
 * @param path relative to the volume's root, without a leading slash
 * @param bytes its size, of whole blocks of 512
 * @param serial what tells this disk from every other one, wherever it is served: initiators know it again by that
 */
public record Lun(int number, String volume, String path, long bytes, String serial) {
    private static final int BLOCK = 512;
    private static final long LEAST = 16L << 20;

    public Lun {
        if (number < 1 || number > 255) {
            throw new Invalid("LUN", number, "1 to 255");
        }
        Names.name("volume", volume);
        Names.path(path);
        // the server's own syntax: "path=...,bstype=..."
        if (path.isEmpty() || path.contains(",")) {
            throw new Invalid("path", path, "a file below the volume's root, without a comma");
        }
        if (bytes < LEAST || bytes % BLOCK != 0) {
            throw new Invalid("size", bytes, "at least 16 MiB, in whole blocks of " + BLOCK + " bytes");
        }
        if (!serial.matches("[0-9A-Za-z]{8,32}")) {
            throw new Invalid("serial", serial, "8 to 32 letters and digits");
        }
    }
}
