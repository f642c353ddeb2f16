package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
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
