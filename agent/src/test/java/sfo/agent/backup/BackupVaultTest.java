package sfo.agent.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sfo.agent.rules.BadBackup;
import sfo.protocol.json.Json;
import sfo.protocol.model.BackupHeader;
import sfo.protocol.model.BackupRef;
import sfo.protocol.model.Inventory;
import sfo.protocol.peer.BackupMessage;

/** I8 only good backups: on disk, and from disk. */
@Timeout(60)
class BackupVaultTest {
    private static final Clock NOON = Clock.fixed(Instant.parse("2026-11-22T12:00:00Z"), ZoneOffset.UTC);
    private static final Inventory FIRST = Samples.inventory("a", 3, Map.of("users", "ann\nbob\n"));
    private static final Inventory SECOND = Samples.inventory("a", 4, Map.of("users", "ann\nbob\n"));

    @TempDir
    static Path keys;

    private static TestPki pki;
    private static TestPki stranger;

    @TempDir
    Path dir;

    private final List<Backups.NewestGood> told = new ArrayList<>();

    @BeforeAll
    static void keys() throws IOException, GeneralSecurityException {
        pki = new TestPki(keys.resolve("ours"), "authority");
        stranger = new TestPki(keys.resolve("theirs"), "authority");
    }

    @Test
    void aFlippedBitAnywhereIsFoundAndTheOlderOneIsUsed() throws Exception {
        BackupVault own = open("a");
        BackupRef older = own.make(FIRST, false, Optional.empty()).orElseThrow().ref();
        BackupRef newer =
                own.make(SECOND, false, Optional.empty()).orElseThrow().ref();
        byte[] whole = Files.readAllBytes(file(newer));
        for (int at = 0; at < whole.length; at++) {
            byte[] flipped = whole.clone();
            flipped[at] ^= (byte) (1 << (at % 8));
            assertFound(flipped);
        }
        whole[whole.length / 2] ^= 4;
        Files.write(file(newer), whole);
        Backups.Verified verified = own.verify();

        assertThat(verified.checked()).isEqualTo(2);
        assertThat(verified.bad()).singleElement().asString().contains(newer.toString(), "checksum");
        assertThat(file(newer)).doesNotExist();
        assertThat(Path.of(file(newer).toString().replace(".json", ".bad"))).hasBinaryContent(whole);
        assertThat(Path.of(file(newer).toString().replace(".json", ".why")))
                .content()
                .contains("checksum");
        assertThat(told.get(told.size() - 1).newest().orElseThrow().ref()).isEqualTo(older);
        assertThat(own.show("a", older.sequence())).isEqualTo(FIRST);
    }

    @Test
    void tornAtAnyByteIsFound() throws Exception {
        BackupRef ref =
                open("a").make(FIRST, false, Optional.empty()).orElseThrow().ref();
        byte[] whole = Files.readAllBytes(file(ref));
        for (int length = 0; length < whole.length; length++) {
            assertFound(Arrays.copyOf(whole, length));
        }
        Files.write(file(ref), Arrays.copyOf(whole, whole.length / 2));

        BackupVault again = open("a");
        assertThat(again.newest("a")).isEmpty();
        assertThat(again.all())
                .singleElement()
                .satisfies(k -> assertThat(k.detail()).contains("torn"));
        BackupRef next =
                again.make(FIRST, false, Optional.empty()).orElseThrow().ref();
        assertThat(next).isEqualTo(new BackupRef("a", ref.epoch(), ref.sequence() + 1));
    }

    @Test
    void whatACrashLeftHalfWrittenIsSetAsideAndReported() throws Exception {
        BackupRef ref =
                open("a").make(FIRST, false, Optional.empty()).orElseThrow().ref();
        Path half = file(ref).resolveSibling(ref.epoch() + "-2.tmp");
        Files.writeString(half, "{\"appl");

        BackupVault again = open("a");
        assertThat(half).doesNotExist();
        assertThat(again.newest("a").orElseThrow().ref()).isEqualTo(ref);
        assertThat(again.all()).anySatisfy(k -> assertThat(k.detail()).contains("never acknowledged"));
    }

    @Test
    void everySignatureButTheAppliancesOwnIsRefusedAndTheOldOneStays() throws Exception {
        BackupVault keeper = open("b");
        BackupVault sender = open("a", "a", pki);
        BackupRef good = send(sender, keeper, FIRST);

        BackupVault forger = open("a", "forger", stranger);
        BackupHeader forged = forger.make(SECOND, true, Optional.of(good)).orElseThrow();
        BackupMessage.Parts parts = everything(forger, forged);
        assertThatThrownBy(() -> keeper.receive("a", parts))
                .isInstanceOf(BadBackup.class)
                .hasMessageContaining("was not issued by this group's authority");

        BackupHeader next = sender.make(SECOND, true, Optional.empty()).orElseThrow();
        BackupMessage.Parts sent = everything(sender, next);
        String later = sent.header().replace("\"sequence\":2", "\"sequence\":3");
        BackupMessage.Parts changed =
                new BackupMessage.Parts(sent.epoch(), 3, later, sent.signature(), sent.certificate(), sent.parts());
        assertThat(later).isNotEqualTo(sent.header());
        assertThatThrownBy(() -> keeper.receive("a", changed))
                .isInstanceOf(BadBackup.class)
                .hasMessageContaining("its signature is not one of a's key");

        assertThatThrownBy(() -> keeper.receive("c", sent))
                .isInstanceOf(BadBackup.class)
                .hasMessageContaining("each sends its own only");
        assertThat(keeper.newest("a").orElseThrow().ref()).isEqualTo(good);
        assertThat(keeper.show("a", 1)).isEqualTo(FIRST);
    }

    @Test
    void aCertificateOfAnotherApplianceDoesNotSign() throws Exception {
        BackupVault other = new BackupVault(Samples.settings("a", dir.resolve("x"), pki.of("b")), NOON, told::add);
        assertThatThrownBy(() -> other.make(FIRST, true, Optional.empty()))
                .isInstanceOf(BadBackup.class)
                .hasMessageContaining("signed by b: expected a");
    }

    @Test
    void onlyWhatChangedTravels() throws Exception {
        BackupVault sender = open("a");
        BackupVault keeper = open("b");
        Inventory large = Samples.inventory("a", 500, Map.of("blob", Samples.text(1, 1 << 20)));
        BackupHeader first = sender.make(large, false, Optional.empty()).orElseThrow();
        List<Integer> all = keeper.lacking("a", Json.text(first)).orElseThrow();
        assertThat(all).hasSize(first.parts().size());
        keeper.receive("a", sender.supply(first.ref(), all));

        Inventory changed = Samples.inventory("a", 501, Map.of("blob", Samples.text(1, 1 << 20)));
        BackupHeader second = sender.make(changed, false, Optional.empty()).orElseThrow();
        List<Integer> some = keeper.lacking("a", Json.text(second)).orElseThrow();
        int bytes = some.stream().mapToInt(i -> second.parts().get(i).bytes()).sum();
        assertThat(bytes).isPositive().isLessThan(200 << 10);
        keeper.receive("a", sender.supply(second.ref(), some));
        assertThat(keeper.show("a", second.sequence())).isEqualTo(changed);

        BackupHeader same = sender.make(changed, true, Optional.empty()).orElseThrow();
        assertThat(keeper.lacking("a", Json.text(same)).orElseThrow()).isEmpty();
        keeper.receive("a", sender.supply(same.ref(), List.of()));
        assertThat(keeper.newest("a").orElseThrow().ref()).isEqualTo(same.ref());
        assertThat(keeper.lacking("a", Json.text(same))).isEmpty();
        assertThat(sender.make(changed, false, Optional.empty())).isEmpty();
    }

    @Test
    void historyIsBoundedAndWhatASagaHoldsStaysOverARestart() throws Exception {
        BackupVault vault = open("a");
        BackupRef held =
                vault.make(inventory(0), false, Optional.empty()).orElseThrow().ref();
        vault.hold("saga-media-1", held);
        for (int i = 1; i <= 9; i++) {
            vault.make(inventory(i), false, Optional.empty());
        }
        BackupVault again = open("a");
        again.make(inventory(10), false, Optional.empty());
        assertThat(again.all()).extracting(k -> k.ref().sequence()).containsExactly(1L, 7L, 8L, 9L, 10L, 11L);

        assertThat(again.release("saga-media-1")).isTrue();
        again.make(inventory(11), false, Optional.empty());
        assertThat(again.all()).extracting(k -> k.ref().sequence()).containsExactly(8L, 9L, 10L, 11L, 12L);
        try (Stream<Path> files = Files.list(file(held).getParent())) {
            assertThat(files).hasSize(5);
        }
    }

    @Test
    void whatDiffersIsReadable() throws Exception {
        BackupVault vault = open("a");
        vault.make(
                Samples.inventory("a", List.of(Samples.share("films", 1, false)), Map.of("x", "1")),
                true,
                Optional.empty());
        vault.make(
                Samples.inventory("a", List.of(Samples.share("films", 1, true)), Map.of("y", "2")),
                true,
                Optional.empty());
        assertThat(vault.diff("a", 1, 2))
                .containsExactly(
                        "- files.x: \"1\"",
                        "+ files.y: \"2\"",
                        "  groups[media].shares[films].readOnly: false -> true");
        assertThatThrownBy(() -> vault.diff("a", 1, 9)).hasMessageContaining("expected one of [1, 2]: sfo backup list");
    }

    @Test
    void aDiskThatWasSetBackBeginsALineageAboveItsPeers() throws Exception {
        BackupVault keeper = open("b");
        BackupVault sender = open("a", "a", pki);
        send(sender, keeper, FIRST);
        BackupRef last = send(sender, keeper, SECOND);

        BackupVault blank = open("a", "a-with-a-new-disk", pki);
        assertThat(blank.wasSetBack(last, keeper.newest("a").orElseThrow().sha256()))
                .isTrue();
        BackupHeader anew = blank.make(FIRST, true, Optional.of(last)).orElseThrow();
        assertThat(anew.epoch()).isGreaterThan(last.epoch());
        assertThat(anew.sequence()).isEqualTo(3);
        keeper.receive("a", everything(blank, anew));
        assertThat(keeper.newest("a").orElseThrow().ref()).isEqualTo(anew.ref());
        assertThat(blank.wasSetBack(anew.ref(), anew.sha256())).isFalse();
    }

    private void assertFound(byte[] file) {
        assertThatThrownBy(() -> BackupText.read(file)).isInstanceOf(BadBackup.class);
    }

    private static Inventory inventory(int version) {
        return Samples.inventory("a", 1, Map.of("version", "v" + version));
    }

    private static BackupRef send(BackupVault from, BackupVault to, Inventory inventory) throws Exception {
        BackupHeader header = from.make(inventory, false, Optional.empty()).orElseThrow();
        List<Integer> parts = to.lacking("a", Json.text(header)).orElseThrow();
        to.receive("a", from.supply(header.ref(), parts));
        return header.ref();
    }

    private static BackupMessage.Parts everything(BackupVault from, BackupHeader header) throws Exception {
        List<Integer> all = java.util.stream.IntStream.range(0, header.parts().size())
                .boxed()
                .toList();
        return from.supply(header.ref(), all);
    }

    private BackupVault open(String appliance) throws IOException, GeneralSecurityException {
        return open(appliance, appliance, pki);
    }

    private BackupVault open(String appliance, String folder, TestPki keys)
            throws IOException, GeneralSecurityException {
        return new BackupVault(Samples.settings(appliance, dir.resolve(folder), keys.of(appliance)), NOON, told::add);
    }

    private Path file(BackupRef ref) {
        return dir.resolve("a/backups").resolve(ref.appliance()).resolve(ref.epoch() + "-" + ref.sequence() + ".json");
    }
}
