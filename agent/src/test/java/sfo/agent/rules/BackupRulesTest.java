package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import sfo.agent.rules.BackupRules.Choice;
import sfo.agent.rules.BackupRules.Kept;
import sfo.protocol.json.Json;
import sfo.protocol.model.BackupHeader;
import sfo.protocol.model.BackupRef;
import sfo.protocol.model.Claim;
import sfo.protocol.model.ConfigBackup;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Inventory;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Terms;

/** I8 only good backups: the rules, on made-up histories; the seed is in the test's name. */
@Timeout(60)
class BackupRulesTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    static LongStream seeds() {
        return LongStream.range(0, 300);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void whatIsNeededIsNeverExpired(long seed) {
        Random random = new Random(seed);
        List<Kept> kept = history(random);
        Set<BackupRef> inUse = kept.stream()
                .map(Kept::ref)
                .filter(r -> random.nextInt(10) == 0)
                .collect(Collectors.toSet());
        int keep = 1 + random.nextInt(5);
        Set<BackupRef> gone = BackupRules.expired(kept, inUse, keep);

        List<Kept> left = kept.stream().filter(k -> !gone.contains(k.ref())).toList();
        assertThat(gone).allSatisfy(r -> assertThat(inUse).doesNotContain(r));
        assertThat(BackupRules.newestGood(left)).isEqualTo(BackupRules.newestGood(kept));
        Set<Long> lineages = epochs(kept);
        assertThat(epochs(left)).isEqualTo(lineages);
        assertThat(left.stream().filter(Kept::good).count()).isLessThanOrEqualTo(keep + lineages.size() + inUse.size());
        assertThat(BackupRules.expired(left, inUse, keep)).isEmpty();
        String previous = "";
        int contents = 0;
        for (Kept k : kept.stream().filter(Kept::good).toList()) {
            contents += k.sha256().equals(previous) ? 0 : 1;
            previous = k.sha256();
        }
        assertThat(left.stream().filter(Kept::good).count()).isGreaterThanOrEqualTo(Math.min(keep, contents));
        if (kept.size() > 2 * keep + lineages.size() + inUse.size()) {
            assertThat(gone).isNotEmpty();
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void theNextOneIsAboveAllThatIsKnownAndIsAccepted(long seed) {
        Random random = new Random(seed);
        List<Kept> own = history(random);
        List<Kept> atPeer = history(random);
        Optional<BackupRef> newestAtPeer = BackupRules.newestGood(atPeer).map(Kept::ref);
        BackupRef next = BackupRules.next("a", own, newestAtPeer, Instant.ofEpochMilli(random.nextInt(50)));

        assertThat(own).allSatisfy(k -> assertThat(k.ref()).isLessThan(next));
        assertThat(BackupRules.stale(next, atPeer)).isEmpty();
        newestAtPeer.ifPresent(r -> assertThat(BackupRules.stale(r, atPeer)).isPresent());
        List<Kept> after = new ArrayList<>(own);
        after.add(kept(next, "x", true, Set.of()));
        assertThat(BackupRules.wasSetBack(next, "x", after)).isFalse();
        assertThat(BackupRules.wasSetBack(next, "y", after)).isTrue();
        newestAtPeer
                .filter(r -> own.stream().noneMatch(k -> k.ref().compareTo(r) >= 0))
                .ifPresent(r -> {
                    assertThat(BackupRules.wasSetBack(r, "x", own)).isTrue();
                    assertThat(next.epoch()).isGreaterThan(r.epoch());
                });
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aFailoverGetsTheNewestGoodOneThatHoldsTheGroupOrAReason(long seed) {
        Random random = new Random(seed);
        List<Kept> kept = history(random);
        Choice choice = BackupRules.choose("a", "media", kept, NOON, Duration.ofMinutes(15));
        boolean blocked = choice.reasons().stream().anyMatch(r -> r.weight() == Reason.Weight.BLOCKS);
        assertThat(choice.backup().isEmpty()).isEqualTo(blocked);
        assertThat(choice.reasons()).allSatisfy(r -> assertThat(r.mend()).contains("sfo "));
        Optional<Kept> newest = BackupRules.newestGood(kept);
        choice.backup().ifPresent(found -> {
            assertThat(found.good()).isTrue();
            assertThat(found.groups()).contains("media");
            assertThat(kept.stream().filter(k -> k.good() && k.ref().compareTo(found.ref()) > 0))
                    .allSatisfy(k -> {
                        assertThat(k.groups()).doesNotContain("media");
                        assertThat(newest.orElseThrow().ref().epoch())
                                .isNotEqualTo(found.ref().epoch());
                    });
            boolean badOnTop = kept.stream().anyMatch(k -> !k.good() && k.ref().compareTo(found.ref()) > 0);
            assertThat(choice.reasons().stream().anyMatch(r -> r.code().equals("BACKUP-BAD")))
                    .isEqualTo(badOnTop);
        });
        if (newest.isPresent() && newest.get().groups().contains("media")) {
            assertThat(choice.backup()).isEqualTo(newest);
        }
    }

    @Test
    void nothingIsMadeIfNothingChangedUnlessAPeerHasSomethingElse() {
        BackupRef ref = new BackupRef("a", 1, 5);
        List<Kept> own = List.of(kept(ref, "x", true, Set.of()));
        assertThat(BackupRules.worthMaking("x", own, Optional.empty())).isFalse();
        assertThat(BackupRules.worthMaking("y", own, Optional.empty())).isTrue();
        assertThat(BackupRules.worthMaking("x", List.of(), Optional.empty())).isTrue();
        assertThat(BackupRules.worthMaking("x", own, Optional.of(new BackupRef("a", 1, 4))))
                .isFalse();
        assertThat(BackupRules.worthMaking("x", own, Optional.of(ref))).isTrue();
        assertThat(BackupRules.worthMaking("x", own, Optional.of(new BackupRef("a", 1, 9))))
                .isTrue();
        assertThat(BackupRules.next("a", own, Optional.of(ref), NOON))
                .isEqualTo(new BackupRef("a", NOON.toEpochMilli(), 6));
    }

    @Test
    void eachReasonForNone() {
        Kept with = kept(new BackupRef("a", 1, 1), "x", true, Set.of("media"));
        Kept without = kept(new BackupRef("a", 1, 2), "y", true, Set.of());
        Kept bad = kept(new BackupRef("a", 1, 3), "", false, Set.of());
        Kept anew = kept(new BackupRef("a", 2, 4), "z", true, Set.of());
        assertThat(codes()).containsExactly("BACKUP-MISSING");
        assertThat(codes(bad)).containsExactly("BACKUP-MISSING");
        assertThat(codes(without)).containsExactly("BACKUP-LACKS-GROUP");
        assertThat(codes(with, without)).containsExactly("BACKUP-LACKS-GROUP");
        assertThat(codes(with, bad)).containsExactly("BACKUP-BAD", "BACKUP-OLD");
        assertThat(codes(without, bad)).containsExactly("BACKUP-BAD", "BACKUP-LACKS-GROUP");
        assertThat(codes(with, anew)).containsExactly("BACKUP-OLD-LINEAGE", "BACKUP-OLD");
        assertThat(codes(with)).containsExactly("BACKUP-OLD");
    }

    @Test
    void groupsWithAndWithoutWhatIsOptionalAreReadBack() throws BadBackup {
        GroupDefinition plain = Sample.group();
        GroupDefinition changing = plain.towards(new Terms(List.of("w"), Optional.of(new Lease(10))));
        List<GroupDefinition> groups =
                List.of(plain, changing, changing.settled(), plain.withTargets(List.of(Sample.target("vm", 1))));
        Inventory inventory = new Inventory("a", groups, Map.of("media", new Claim(1, "a", "i")), Map.of());
        String payload = Json.text(inventory);
        assertThat(Json.text(plain)).doesNotContain("targets", "witnesses");
        assertThat(BackupRules.content(header("a", payload, 3), payload, Optional.empty()))
                .isEqualTo(inventory);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aPayloadThatIsNotWhatItsHeaderSaysIsBad(long seed) {
        Random random = new Random(seed);
        Inventory inventory = new Inventory("a", List.of(), Map.of(), Map.of("f" + seed, "text " + random.nextLong()));
        String payload = Json.text(inventory);
        BackupHeader header = header("a", payload, 1);
        assertThatCode(() -> assertThat(BackupRules.content(header, payload, Optional.empty()))
                        .isEqualTo(inventory))
                .doesNotThrowAnyException();

        int at = random.nextInt(payload.length());
        char other = payload.charAt(at) == 'q' ? 'p' : 'q';
        String changed = payload.substring(0, at) + other + payload.substring(at + 1);
        assertBad(() -> BackupRules.content(header, changed, Optional.empty()), "checksum");
        assertBad(() -> BackupRules.content(header, payload.substring(at), Optional.of("forged")), "forged");
        assertBad(() -> BackupRules.content(header, payload + " ", Optional.empty()), "bytes: its header says");
        assertBad(() -> BackupRules.content(header("b", payload, 1), payload, Optional.empty()), "inventory of a");
        String half = "{\"appliance\":\"a\",\"groups\":[]}";
        assertBad(() -> BackupRules.content(header("a", half, 1), half, Optional.empty()), "not an inventory");
        assertBad(() -> BackupRules.header(Json.text(header("a", payload, 2))), "upgrade it");
        assertBad(() -> BackupRules.header("{}"), "not a backup's header");
        assertBad(() -> BackupRules.header("no"), "not a backup's header");
    }

    /** Stored files of format 1 have to be readable for ever; this is one. */
    @Test
    void theHeaderOfFormatOneStaysReadable() throws BadBackup {
        String golden = "{\"appliance\":\"a\",\"bytes\":8,\"epoch\":5,\"format\":1,\"made\":\"2026-11-22T12:00:00Z\","
                + "\"parts\":[{\"bytes\":8,\"sha256\":\"aa\"}],\"schema\":1,\"sequence\":7,\"sha256\":\"bb\"}";
        BackupHeader header = new BackupHeader(1, "a", 5, 7, NOON, 1, "bb", 8, List.of(new BackupHeader.Part("aa", 8)));
        assertThat(BackupRules.header(golden)).isEqualTo(header);
        assertThat(Json.text(header)).isEqualTo(golden);
    }

    @Test
    void aHeaderIsOfAFormatAndASizeThatThisAgentReads() throws BadBackup {
        assertThat(BackupRules.header(Json.text(header(1, 1, ConfigBackup.MAX_BYTES)))
                        .bytes())
                .isEqualTo(ConfigBackup.MAX_BYTES);
        assertBad(
                () -> BackupRules.header(Json.text(header(1, 1, ConfigBackup.MAX_BYTES + 1L))),
                "payload of 16777217 bytes: expected at most 16777216");
        assertBad(
                () -> BackupRules.header(Json.text(header(2, 1, 8))),
                "format 2, schema 1: this agent reads up to 1 and 1; upgrade it");
        assertBad(() -> BackupRules.header(Json.text(header(1, 2, 8))), "format 1, schema 2: this agent reads up to");
        assertBad(() -> BackupRules.header(Json.text(header(0, 1, 8))), "format 0, schema 1: expected 1 or more");
        assertBad(() -> BackupRules.header(Json.text(header(1, 0, 8))), "format 1, schema 0: expected 1 or more");
        assertBad(
                () -> BackupRules.header(Json.text(header(1, 1, 8)).replace("\"epoch\":5", "\"epoch\":0")),
                "its header is not a backup's header: epoch \"0\": expected 1 or more");
    }

    private static BackupHeader header(int format, int schema, long bytes) {
        return new BackupHeader(format, "a", 5, 7, NOON, schema, "bb", bytes, List.of(new BackupHeader.Part("aa", 8)));
    }

    @Test
    void onlyANewerOneIsTaken() {
        List<Kept> kept = List.of(
                kept(new BackupRef("a", 2, 5), "x", true, Set.of()),
                kept(new BackupRef("a", 2, 9), "", false, Set.of()));
        assertThat(BackupRules.stale(new BackupRef("a", 2, 5), kept))
                .contains("not newer than a/5 (lineage 2), which is kept");
        assertThat(BackupRules.stale(new BackupRef("a", 1, 50), kept)).isPresent();
        assertThat(BackupRules.stale(new BackupRef("a", 2, 6), kept)).isEmpty();
        assertThat(BackupRules.stale(new BackupRef("a", 3, 1), kept)).isEmpty();
    }

    @Test
    void theNextOfALineageIsOneHigherAndANewLineageIsLaterThanEveryOther() {
        List<Kept> own = List.of(
                kept(new BackupRef("a", 4, 5), "x", true, Set.of()),
                kept(new BackupRef("a", 4, 6), "", false, Set.of()));
        Instant soon = Instant.ofEpochMilli(3);
        assertThat(BackupRules.next("a", own, Optional.empty(), soon)).isEqualTo(new BackupRef("a", 4, 7));
        assertThat(BackupRules.next("a", own, Optional.of(new BackupRef("a", 4, 5)), soon))
                .isEqualTo(new BackupRef("a", 4, 7));
        assertThat(BackupRules.next("a", own, Optional.of(new BackupRef("a", 4, 6)), soon))
                .as("by a clock that is behind")
                .isEqualTo(new BackupRef("a", 5, 7));
        assertThat(BackupRules.next("a", List.of(), Optional.of(new BackupRef("a", 4, 6)), NOON))
                .isEqualTo(new BackupRef("a", NOON.toEpochMilli(), 7));
        assertThat(BackupRules.next("a", List.of(), Optional.empty(), NOON))
                .isEqualTo(new BackupRef("a", NOON.toEpochMilli(), 1));
        assertThat(BackupRules.next("a", List.of(), Optional.empty(), Instant.EPOCH))
                .isEqualTo(new BackupRef("a", 1, 1));
    }

    @Test
    void whatThisApplianceCannotHaveSentShowsThatItWasSetBack() {
        BackupRef five = new BackupRef("a", 1, 5);
        List<Kept> own = List.of(
                kept(new BackupRef("a", 1, 4), "w", true, Set.of()),
                kept(five, "x", true, Set.of()),
                kept(new BackupRef("a", 1, 6), "", false, Set.of()));
        assertThat(BackupRules.wasSetBack(five, "x", List.of())).isTrue();
        assertThat(BackupRules.wasSetBack(five, "x", own)).isFalse();
        assertThat(BackupRules.wasSetBack(five, "y", own)).isTrue();
        assertThat(BackupRules.wasSetBack(new BackupRef("a", 1, 4), "w", own)).isFalse();
        assertThat(BackupRules.wasSetBack(new BackupRef("a", 1, 6), "z", own))
                .as("its own is bad, whatever it was")
                .isFalse();
        assertThat(BackupRules.wasSetBack(new BackupRef("a", 1, 7), "x", own)).isTrue();
        assertThat(BackupRules.wasSetBack(new BackupRef("a", 1, 3), "x", own)).isFalse();
    }

    @Test
    void ofEqualContentsTheNewestStaysAndOfBadOnesAsMany() {
        List<Kept> kept = List.of(
                kept(new BackupRef("a", 1, 1), "x", true, Set.of()),
                kept(new BackupRef("a", 1, 2), "y", true, Set.of()),
                kept(new BackupRef("a", 1, 3), "y", true, Set.of()),
                kept(new BackupRef("a", 1, 4), "", false, Set.of()),
                kept(new BackupRef("a", 1, 5), "", false, Set.of()),
                kept(new BackupRef("a", 1, 6), "", false, Set.of()),
                kept(new BackupRef("a", 1, 7), "z", true, Set.of()));
        assertThat(BackupRules.expired(kept, Set.of(), 2)).containsExactlyInAnyOrder(sequences(1, 2, 4));
        assertThat(BackupRules.expired(kept, Set.of(), 3)).containsExactlyInAnyOrder(sequences(2));
        assertThat(BackupRules.expired(kept, Set.of(new BackupRef("a", 1, 2)), 3))
                .isEmpty();
    }

    private static BackupRef[] sequences(int... all) {
        return java.util.Arrays.stream(all)
                .mapToObj(n -> new BackupRef("a", 1, n))
                .toArray(BackupRef[]::new);
    }

    @Test
    void whatIsSaidOfABackupNamesItItsAgeAndWhatToType() {
        Instant later = NOON.plusSeconds(901);
        Kept with = kept(new BackupRef("a", 1, 1), "x", true, Set.of("media"));
        Kept without = kept(new BackupRef("a", 1, 2), "y", true, Set.of());
        Kept bad = kept(new BackupRef("a", 1, 3), "", false, Set.of());
        Kept worse = kept(new BackupRef("a", 1, 4), "", false, Set.of());
        Kept anew = kept(new BackupRef("a", 2, 4), "z", true, Set.of());
        String now = "on a: sfo backup now";
        assertThat(said(later))
                .containsExactly(new Reason(
                        "BACKUP-MISSING", Reason.Weight.BLOCKS, "no config backup of a was ever received here", now));
        assertThat(said(later, bad))
                .containsExactly(new Reason(
                        "BACKUP-MISSING",
                        Reason.Weight.BLOCKS,
                        "none of the 1 config backups of a kept here is good: torn",
                        now));
        assertThat(said(later, with, bad, worse))
                .containsExactly(
                        new Reason(
                                "BACKUP-BAD",
                                Reason.Weight.WARNS,
                                "config backup a/4 (lineage 1) is bad (torn); the newest good one is a/1 (lineage 1),"
                                        + " made " + NOON,
                                now),
                        new Reason(
                                "BACKUP-OLD",
                                Reason.Weight.WARNS,
                                "the newest config backup of a was made " + NOON
                                        + ", 15 minutes ago; expected at most 15",
                                now));
        assertThat(said(later, without))
                .containsExactly(new Reason(
                        "BACKUP-LACKS-GROUP",
                        Reason.Weight.BLOCKS,
                        "the newest good config backup of a (a/2 (lineage 1), made " + NOON
                                + ") does not hold group media",
                        now));
        assertThat(said(later, with, without))
                .containsExactly(new Reason(
                        "BACKUP-LACKS-GROUP",
                        Reason.Weight.BLOCKS,
                        "a has not held group media any more since a config backup made " + NOON
                                + "; the last that does is a/1 (lineage 1), made " + NOON,
                        "sfo status media"));
        assertThat(said(NOON, with, anew))
                .containsExactly(new Reason(
                        "BACKUP-OLD-LINEAGE",
                        Reason.Weight.WARNS,
                        "a lost its own backups and began anew at " + NOON
                                + "; group media is in a/1 (lineage 1), from before that",
                        now));
        Kept badBefore = kept(new BackupRef("a", 1, 1), "", false, Set.of());
        assertThat(said(NOON, badBefore, kept(new BackupRef("a", 1, 2), "x", true, Set.of("media"))))
                .as("an older bad one is none of today's worries")
                .isEmpty();
    }

    private static List<Reason> said(Instant now, Kept... kept) {
        return BackupRules.choose("a", "media", List.of(kept), now, Duration.ofMinutes(15))
                .reasons();
    }

    @Test
    void anAgeIsNeverNegativeAndExactlyTheLimitIsNotTooOld() {
        Kept with = kept(new BackupRef("a", 1, 1), "x", true, Set.of("media"));
        assertThat(age(with, NOON.minusSeconds(5))).contains(Duration.ZERO);
        assertThat(age(with, NOON.plusSeconds(5))).contains(Duration.ofSeconds(5));
        assertThat(said(NOON.plusSeconds(900), with)).isEmpty();
        assertThat(said(NOON.plusSeconds(900).plusNanos(1), with))
                .extracting(Reason::code)
                .containsExactly("BACKUP-OLD");
    }

    private static Optional<Duration> age(Kept kept, Instant now) {
        return BackupRules.choose("a", "media", List.of(kept), now, Duration.ofMinutes(15))
                .age();
    }

    private static List<String> codes(Kept... kept) {
        return BackupRules.choose("a", "media", List.of(kept), NOON.plusSeconds(3600), Duration.ofMinutes(15))
                .reasons()
                .stream()
                .map(Reason::code)
                .toList();
    }

    private static void assertBad(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String why) {
        assertThatThrownBy(call).isInstanceOf(BadBackup.class).hasMessageContaining(why);
    }

    private static BackupHeader header(String appliance, String payload, int schema) {
        return new BackupHeader(
                1,
                appliance,
                1,
                1,
                NOON,
                schema,
                BackupParts.sha256(payload),
                BackupParts.utf8Length(payload),
                BackupParts.describe(BackupParts.cut(payload)));
    }

    private static Set<Long> epochs(List<Kept> kept) {
        return kept.stream().filter(Kept::good).map(k -> k.ref().epoch()).collect(Collectors.toSet());
    }

    /** Some lineages, gaps, bad ones, and contents that come back. */
    private static List<Kept> history(Random random) {
        List<Kept> kept = new ArrayList<>();
        Set<BackupRef> names = new HashSet<>();
        for (int i = random.nextInt(30); i > 0; i--) {
            BackupRef ref = new BackupRef("a", 1 + random.nextInt(3), 1 + random.nextInt(40));
            if (names.add(ref)) {
                boolean good = random.nextInt(4) > 0;
                Set<String> groups = random.nextInt(3) > 0 ? Set.of("media") : Set.of();
                kept.add(kept(ref, good ? "sha" + random.nextInt(6) : "", good, groups));
            }
        }
        kept.sort(Comparator.comparing(Kept::ref));
        return kept;
    }

    private static Kept kept(BackupRef ref, String sha256, boolean good, Set<String> groups) {
        return new Kept(ref, NOON, sha256, 10, groups, good, good ? "" : "torn");
    }
}
