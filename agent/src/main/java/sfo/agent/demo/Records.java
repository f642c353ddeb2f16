package sfo.agent.demo;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.CRC32;

/** Numbered records of one sector, each with a checksum; printable, and different for each seed. */
final class Records {
    static final int BYTES = 512;

    private static final int CHECKSUM = 8;

    private Records() {}

    static byte[] of(long seed, long number) {
        StringBuilder text = new StringBuilder(BYTES).append(String.format("%012d ", number));
        Random random = new Random(seed * 1_000_003 + number);
        while (text.length() < BYTES - CHECKSUM - 1) {
            text.append((char) ('!' + random.nextInt(94)));
        }
        CRC32 crc = new CRC32();
        crc.update(text.toString().getBytes(StandardCharsets.US_ASCII));
        text.append(String.format("%08x%n", crc.getValue()).replace("\r", ""));
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }
}
