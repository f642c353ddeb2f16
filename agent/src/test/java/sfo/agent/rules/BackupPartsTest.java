package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import sfo.protocol.model.BackupHeader.Part;

/** Only what changed travels, and what arrives is what was sent. */
@Timeout(60)
class BackupPartsTest {
    private static final int MAX = (64 << 10) + 3;

    static LongStream seeds() {
        return LongStream.range(0, 40);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aChangeTravelsAloneAndEverythingArrives(long seed) {
        Random random = new Random(seed);
        String before = text(random, random.nextInt(600_000));
        int at = before.offsetByCodePoints(0, random.nextInt(before.codePointCount(0, before.length()) + 1));
        String after = before.substring(0, at) + text(random, 1 + random.nextInt(50)) + before.substring(at);
        List<String> known = BackupParts.cut(before);
        List<String> cut = BackupParts.cut(after);
        List<Part> parts = BackupParts.describe(cut);

        assertThat(String.join("", cut)).isEqualTo(after);
        assertThat(BackupParts.split(after, parts)).isEqualTo(cut);
        assertThat(cut).allSatisfy(p -> assertThat(BackupParts.utf8Length(p)).isBetween(1, MAX));

        Map<String, String> texts = new HashMap<>();
        known.forEach(p -> texts.put(BackupParts.sha256(p), p));
        List<Integer> lacking = BackupParts.lacking(parts, Set.copyOf(texts.keySet()));
        assertThat(lacking).isNotEmpty();
        assertThat(lacking.stream().mapToInt(i -> parts.get(i).bytes()).sum()).isLessThanOrEqualTo(4 * MAX);
        assertThat(BackupParts.join(parts, texts)).isEqualTo(Optional.empty());
        lacking.forEach(i -> texts.put(BackupParts.sha256(cut.get(i)), cut.get(i)));
        assertThat(BackupParts.join(parts, texts)).contains(after);
        assertThat(BackupParts.lacking(parts, parts.stream().map(Part::sha256).collect(Collectors.toSet())))
                .isEmpty();
    }

    /** The same cuts on every appliance, of whatever version: by the definition of a gear hash, computed anew at each byte. */
    @Test
    void aCutIsWhereTheLastBytesSaySoBetweenTheBounds() {
        SplittableRandom numbers = new SplittableRandom(0x5f0ba6b5L);
        long[] gear = new long[256];
        Arrays.setAll(gear, i -> numbers.nextLong());
        byte[] bytes = new byte[200_000];
        new Random(7).nextBytes(bytes);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] &= 0x7f;
        }
        List<Integer> expected = new ArrayList<>();
        int from = 0;
        for (int end = 1; end <= bytes.length; end++) {
            long hash = 0;
            for (int k = Math.max(from, end - 64); k < end; k++) {
                hash += gear[bytes[k]] << (end - 1 - k);
            }
            int length = end - from;
            boolean cut = length >= 4096 && (length == 65_536 || (hash >>> 50 & 0x3fff) == 0);
            if (cut || end == bytes.length) {
                expected.add(length);
                from = end;
            }
        }
        List<String> cut = BackupParts.cut(new String(bytes, StandardCharsets.US_ASCII));
        assertThat(cut.stream().map(BackupParts::utf8Length)).containsExactlyElementsOf(expected);
        assertThat(expected).as("cut by both rules").hasSizeGreaterThan(3).contains(65_536);
    }

    @Test
    void whatHasNoGoodPlaceIsCutAtTheMaximumAndNeverWithinACharacter() {
        assertThat(BackupParts.cut("")).isEmpty();
        String ascii = "a".repeat(65_536 * 2 + 5);
        assertThat(BackupParts.cut(ascii)).extracting(String::length).containsExactly(65_536, 65_536, 5);
        String exact = "a".repeat(65_536);
        assertThat(BackupParts.cut(exact)).containsExactly(exact);
        String wide = "\u20ac".repeat(22_000);
        assertThat(BackupParts.cut(wide)).extracting(BackupParts::utf8Length).containsExactly(65_538, 66_000 - 65_538);
        assertThat(String.join("", BackupParts.cut(wide))).isEqualTo(wide);
    }

    @Test
    void aPayloadThatIsShorterOrLongerThanItsHeaderSaysIsSplitAsFarAsItGoes() {
        List<Part> parts = List.of(new Part("x", 3), new Part("y", 4), new Part("z", -2));
        assertThat(BackupParts.split("abcdefghi", parts)).containsExactly("abc", "defg", "");
        assertThat(BackupParts.split("abcd", parts)).containsExactly("abc", "d", "");
        assertThat(BackupParts.split("ab", parts)).containsExactly("ab", "", "");
    }

    @Test
    void eachChecksumIsAskedForOnce() {
        List<Part> parts = List.of(new Part("x", 1), new Part("y", 1), new Part("x", 1), new Part("z", 1));
        assertThat(BackupParts.lacking(parts, Set.of("z"))).containsExactly(0, 1);
    }

    @Test
    void aChecksumIsTheOneThatEveryToolComputes() {
        assertThat(BackupParts.sha256("abc"))
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(BackupParts.describe(List.of("abc", "\u20ac")))
                .extracting(Part::bytes)
                .containsExactly(3, 3);
    }

    /** Of one to four bytes a character. */
    private static String text(Random random, int length) {
        String letters = "abc xyz\"{},:0189\u00e4\u00df\u20ac\u4e2d";
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            if (random.nextInt(50) == 0) {
                text.appendCodePoint(0x1f600 + random.nextInt(50));
            } else {
                text.append(letters.charAt(random.nextInt(letters.length())));
            }
        }
        return text.toString();
    }
}
