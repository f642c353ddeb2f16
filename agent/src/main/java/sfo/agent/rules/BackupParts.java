package sfo.agent.rules;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import sfo.protocol.model.BackupHeader.Part;

/**
 * A payload cut where its content says so (a gear hash, as in FastCDC): an insertion moves the cuts next to it and no
 * others, so of a large inventory one changed share or file travels as a few KiB. Who receives needs no knowledge of
 * how it was cut: a payload is its parts, one after the other.
 */
public final class BackupParts {
    private static final int MIN = 4 << 10;
    private static final int MAX = 64 << 10;
    /** 14 bits: parts of 16 KiB and a bit, on average. */
    private static final long CUT = 0x3fffL << 50;

    private static final long[] GEAR = gear();

    private BackupParts() {}

    /** The texts whose concatenation is {@code payload}; no character is cut apart. */
    public static List<String> cut(String payload) {
        byte[] bytes = payload.getBytes(StandardCharsets.UTF_8);
        List<String> parts = new ArrayList<>();
        int from = 0;
        long hash = 0;
        for (int i = 0; i < bytes.length; i++) {
            hash = (hash << 1) + GEAR[bytes[i] & 0xff];
            int length = i + 1 - from;
            boolean here = length >= MAX || (length >= MIN && (hash & CUT) == 0);
            if (here && startsCharacter(bytes, i + 1)) {
                parts.add(new String(bytes, from, length, StandardCharsets.UTF_8));
                from = i + 1;
                hash = 0;
            }
        }
        if (from < bytes.length) {
            parts.add(new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8));
        }
        return parts;
    }

    /** A payload cut as its header says, whoever cut it, by whatever rule. */
    public static List<String> split(String payload, List<Part> parts) {
        byte[] bytes = payload.getBytes(StandardCharsets.UTF_8);
        List<String> texts = new ArrayList<>();
        int from = 0;
        for (Part part : parts) {
            int length = Math.max(0, Math.min(part.bytes(), bytes.length - from));
            texts.add(new String(bytes, from, length, StandardCharsets.UTF_8));
            from += length;
        }
        return texts;
    }

    public static List<Part> describe(List<String> parts) {
        return parts.stream().map(p -> new Part(sha256(p), utf8Length(p))).toList();
    }

    /** Positions of the parts that somebody who has {@code known} (checksums) lacks; each checksum once. */
    public static List<Integer> lacking(List<Part> parts, Set<String> known) {
        List<Integer> lacking = new ArrayList<>();
        Set<String> seen = new HashSet<>(known);
        for (int i = 0; i < parts.size(); i++) {
            if (seen.add(parts.get(i).sha256())) {
                lacking.add(i);
            }
        }
        return lacking;
    }

    /** The payload, or empty if a part is missing from {@code texts} (by checksum). */
    public static Optional<String> join(List<Part> parts, Map<String, String> texts) {
        StringBuilder payload = new StringBuilder();
        for (Part part : parts) {
            String text = texts.get(part.sha256());
            if (text == null) {
                return Optional.empty();
            }
            payload.append(text);
        }
        return Optional.of(payload.toString());
    }

    public static String sha256(String text) {
        return sha256(text.getBytes(StandardCharsets.UTF_8));
    }

    public static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    public static int utf8Length(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static boolean startsCharacter(byte[] bytes, int at) {
        return at >= bytes.length || (bytes[at] & 0xc0) != 0x80;
    }

    /** Fixed pseudo-random numbers (splitmix64): the same cuts on every appliance and after every start. */
    private static long[] gear() {
        long[] gear = new long[256];
        long state = 0x5f0ba6b5L;
        for (int i = 0; i < gear.length; i++) {
            state += 0x9e3779b97f4a7c15L;
            long z = state;
            z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
            z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
            gear[i] = z ^ (z >>> 31);
        }
        return gear;
    }
}
