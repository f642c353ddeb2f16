package sfo.ops.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static sfo.ops.embedded.Pair.A1;
import static sfo.ops.embedded.Pair.A3;
import static sfo.ops.embedded.Pair.B2;
import static sfo.ops.embedded.Pair.GROUP;
import static sfo.ops.embedded.Pair.call;
import static sfo.ops.embedded.Pair.volume;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sfo.ops.api.HostException;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

class EmbeddedMirrorTest {
    @TempDir
    Path root;

    Pair pair;

    @BeforeEach
    void aServesAndMirrorsToB() throws Exception {
        pair = new Pair(root);
        pair.startOnA();
        pair.handle().write(0, Pair.bytes("first"));
    }

    private static Resource.PrimaryVolume primary(String appliance, Claim claim) {
        return new Resource.PrimaryVolume(GROUP, volume(), appliance, claim);
    }

    /** Else their watches write on while the folder is removed. */
    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void aWriteIsOnBothSidesWhenItReturns() throws Exception {
        assertThat(Files.readString(file("b"))).isEqualTo("first");
        assertThat(Pair.state(pair.a).role()).isEqualTo(Role.PRIMARY);
        assertThat(Pair.state(pair.b).role()).isEqualTo(Role.SECONDARY);
        assertThat(Pair.sync(pair.b)).isEqualTo(Sync.REPLICATING);
    }

    private Path file(String appliance) {
        return pair.world.appliance(appliance).resolve("volumes/web/tank/data/data/file");
    }

    @Test
    void aBrokenLinkLeavesThePrimarySoloAndTheReplicaLostAndBothRememberIt() throws Exception {
        Instant cut = Instant.now();
        pair.world.cutLink("a", "b");
        pair.handle().write(0, Pair.bytes("alone"));
        assertThat(Files.readString(file("b"))).isEqualTo("first");
        assertThat(Pair.sync(pair.a)).isEqualTo(Sync.SOLO);
        assertThat(Pair.sync(pair.b)).isEqualTo(Sync.LOST);
        assertThat(Pair.state(pair.b).since().orElseThrow()).isAfterOrEqualTo(cut);
        Instant since = Pair.state(pair.a).since().orElseThrow();
        pair.world.mendLink("a", "b");
        pair.world.cutPower("a");
        pair.a = pair.open("a");
        assertThat(Pair.sync(pair.a)).isEqualTo(Sync.SOLO);
        assertThat(Pair.state(pair.a).since()).contains(since);
    }

    @Test
    void aPrimaryWhosePolicyIsToBlockTakesNoWriteWithoutItsReplica() throws Exception {
        Volume blocking = volume(Volume.LinkLoss.BLOCK);
        Claim next = new Claim(2, "a", "again");
        Pair.apply(pair.a, new Resource.PrimaryVolume(GROUP, blocking, "a", next));
        pair.world.cutLink("a", "b");
        assertThatThrownBy(() -> pair.handle().write(0, Pair.bytes("alone"))).hasMessageContaining("blocks on a");
        assertThat(Pair.sync(pair.a)).isEqualTo(Sync.BLOCKED);
        assertThat(Files.readString(file("a"))).isEqualTo("first");
    }

    @Test
    void aReplicaInTheMiddleOfAResyncIsNeverPromoted() throws Exception {
        pair.world.cutLink("a", "b");
        Pair.state(pair.b);
        pair.world.mendLink("a", "b");
        pair.fault("a", "mirror-copy", "fail");
        Target target = pair.b.mirror().openTarget(GROUP, volume(), A1, false, call());
        Pair.connect(pair.a, pair.b, A1, target);
        pair.world.cutPower("a");
        pair.world.cutPower("b");
        pair.b = pair.open("b");
        assertThat(Pair.sync(pair.b)).isEqualTo(Sync.INCONSISTENT);
        assertThatThrownBy(() -> Pair.apply(pair.b, primary("b", B2)))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("is inconsistent since");
    }

    @Test
    void aReplicaThatOnlyWaitsForItsPrimaryIsAsFitAsBefore() throws Exception {
        pair.world.cutLink("a", "b");
        Optional<Instant> since = Pair.state(pair.b).since();
        pair.b.mirror().openTarget(GROUP, volume(), A1, false, call());
        assertThat(Pair.sync(pair.b)).isEqualTo(Sync.LOST);
        assertThat(Pair.state(pair.b).since()).isEqualTo(since);
        pair.world.cutPower("a");
        Pair.serve(pair.b, B2);
        assertThat(pair.read(5)).isEqualTo("first");
    }

    @Test
    void aLowerClaimIsRefusedByPromotionExportAndMount() throws Exception {
        pair.world.cutPower("a");
        Pair.apply(pair.b, primary("b", B2));
        Pair.revert(pair.b, primary("b", B2), Facts.of("role", "secondary"));
        assertThatThrownBy(() -> Pair.apply(pair.b, primary("b", A1))).hasMessageContaining("has seen claim 2-b-two");
        assertThatThrownBy(() -> pair.b.mirror().openTarget(GROUP, volume(), A1, false, call()))
                .hasMessageContaining("superseded");
        Files.writeString(
                pair.world.appliance("b").resolve("volumes/web/tank/data/.sfo/claim"),
                sfo.protocol.json.Json.text(new Claim(9, "a", "nine")));
        Pair.apply(pair.b, primary("b", A3));
        String mount = pair.b.mountPoint(GROUP, "tank").toString();
        assertThatThrownBy(() -> Pair.apply(pair.b, new Resource.MountedVolume(GROUP, volume(), mount, A3)))
                .hasMessageContaining("carries claim 9-a-nine");
    }

    @Test
    void aStalePrimaryCantConnectToTheExportOfANewerClaim() throws Exception {
        Target stale = new Target("tank", "b", 10809, GROUP + "/tank/" + A1.tag());
        pair.world.cutLink("a", "b");
        Pair.state(pair.a);
        pair.world.mendLink("a", "b");
        Pair.apply(pair.b, primary("b", B2));
        assertThatThrownBy(() -> Pair.connect(pair.a, pair.b, A1, stale)).hasMessageContaining("has no export");
        Pair.revert(pair.b, primary("b", B2), Facts.of("role", "idle"));
        Target target = pair.b.mirror().openTarget(GROUP, volume(), A3, false, call());
        assertThatThrownBy(() -> Pair.connect(pair.a, pair.b, A1, target))
                .hasMessageContaining("another claim was made since");
    }

    @Test
    void promotingCutsTheFormerPrimaryOff() throws Exception {
        Pair.apply(pair.b, primary("b", B2));
        pair.handle().write(0, Pair.bytes("stale"));
        assertThat(Files.readString(file("b"))).isEqualTo("first");
        assertThat(Pair.sync(pair.a)).isEqualTo(Sync.SOLO);
    }

    @Test
    void aPromotedReplicaThatNobodyWroteToIsAsFitAsBefore() throws Exception {
        pair.world.cutPower("a");
        Instant since = Pair.state(pair.b).since().orElseThrow();
        Pair.apply(pair.b, primary("b", B2));
        assertThat(Pair.sync(pair.b)).isEqualTo(Sync.SOLO);
        Pair.revert(pair.b, primary("b", B2), Facts.of("role", "secondary"));
        assertThat(Pair.sync(pair.b)).isEqualTo(Sync.LOST);
        assertThat(Pair.state(pair.b).since()).contains(since);
        Pair.apply(pair.b, primary("b", B2));
        Pair.serve(pair.b, B2);
        pair.handle().write(0, Pair.bytes("later"));
        for (int i = Pair.plan(pair.b, B2).size() - 1; i >= 0; i--) {
            Facts before = i == 0 ? Facts.of("role", "secondary") : Facts.NOTHING;
            Pair.revert(pair.b, Pair.plan(pair.b, B2).get(i), before);
        }
        assertThat(Pair.sync(pair.b)).as("its writes are nowhere else").isEqualTo(Sync.SOLO);
    }

    @Test
    void handedBackInOrderBothSidesAreCleanAndTheForwardMirrorCopiesNothing() throws Exception {
        pair.world.cutPower("a");
        Pair.serve(pair.b, B2);
        pair.handle().write(0, Pair.bytes("on-b!"));
        pair.a = pair.open("a");
        pair.mirror(pair.b, pair.a, B2);
        assertThat(Files.readString(file("a"))).isEqualTo("on-b!");
        for (int i = Pair.plan(pair.b, B2).size() - 1; i >= 0; i--) {
            Facts before = i == 0 ? Facts.of("role", "secondary") : Facts.NOTHING;
            Pair.revert(pair.b, Pair.plan(pair.b, B2).get(i), before);
        }
        assertThat(Pair.sync(pair.b)).isEqualTo(Sync.CLEAN);
        Pair.state(pair.a); // looks, as a watch does, before it is told
        pair.a.mirror().closeTarget(GROUP, volume(), true, call());
        assertThat(Pair.sync(pair.a)).isEqualTo(Sync.CLEAN);
        Target target = pair.b.mirror().openTarget(GROUP, volume(), A3, true, call());
        Pair.apply(pair.a, primary("a", A3));
        Resource mirrored = new Resource.MirroredVolume(GROUP, volume(), A3, target);
        Facts before = Pair.inspect(pair.a, mirrored);
        Pair.apply(pair.a, mirrored);
        Pair.apply(pair.a, mirrored);
        assertThat(Pair.adapter(pair.a, mirrored).holds(mirrored, Pair.inspect(pair.a, mirrored)))
                .isTrue();
        pair.b.mirror().targetSynced(GROUP, volume(), A3, Pair.state(pair.a).link(), call());
        Pair.serve(pair.a, A3);
        pair.handle().write(0, Pair.bytes("home!"));
        assertThat(Files.readString(file("b"))).isEqualTo("home!");
        Pair.revert(pair.a, mirrored, before);
        Pair.revert(pair.a, mirrored, before);
        assertThat(Pair.sync(pair.a)).isEqualTo(Sync.SOLO);
    }

    @Test
    void aReplicaLosesItsPlaceWhenItsPrimaryEndsWithoutOrder() throws Exception {
        pair.b.mirror().closeTarget(GROUP, volume(), false, call());
        assertThat(Pair.sync(pair.b)).isEqualTo(Sync.LOST);
        assertThat(Pair.state(pair.b).role()).isEqualTo(Role.IDLE);
        assertThat(Pair.sync(pair.a)).isEqualTo(Sync.SOLO);
    }

    @Test
    void syncedIsBelievedOnlyForTheClaimOfALiveExport() throws Exception {
        assertThatThrownBy(() -> pair.b.mirror().targetSynced(GROUP, volume(), B2, "link", call()))
                .hasMessageContaining("no export \"link\" for claim 2-b-two");
        String link = Pair.state(pair.a).link();
        pair.world.cutLink("a", "b");
        assertThatThrownBy(() -> pair.b.mirror().targetSynced(GROUP, volume(), A1, link, call()))
                .hasMessageContaining("has ended since");
    }

    @Test
    void writesThatOnlyTheFormerPrimaryHasAreKeptWhenItIsOverwritten() throws Exception {
        pair.world.cutLink("a", "b");
        pair.handle().write(0, Pair.bytes("alone"));
        pair.world.cutPower("a");
        pair.world.mendLink("a", "b");
        Pair.serve(pair.b, B2);
        pair.a = pair.open("a");
        pair.mirror(pair.b, pair.a, B2);
        assertThat(Files.readString(file("a"))).isEqualTo("first");
        Path kept = pair.world.appliance("a").resolve("volumes/web/tank/kept-before-2-b-two/data/file");
        assertThat(Files.readString(kept)).isEqualTo("alone");
        assertThat(Pair.state(pair.a).detail()).contains("kept-before-2-b-two");
    }

    @Test
    void aResyncThatItsAgentDidNotFinishIsFinishedByTheNextOne() throws Exception {
        pair.world.cutLink("a", "b");
        pair.handle().write(0, Pair.bytes("alone"));
        pair.world.mendLink("a", "b");
        pair.fault("a", "mirror-copy", "fail");
        Target target = pair.b.mirror().openTarget(GROUP, volume(), A1, false, call());
        Pair.connect(pair.a, pair.b, A1, target);
        EmbeddedHost next = pair.open("a");
        AtomicInteger told = new AtomicInteger();
        next.mirror().watch((group, volume) -> told.incrementAndGet());
        await().until(() -> Pair.sync(next) == Sync.REPLICATING);
        await().until(() -> told.get() > 0);
        assertThat(Files.readString(file("b"))).isEqualTo("alone");
        assertThat(Pair.sync(pair.b)).isEqualTo(Sync.INCONSISTENT);
        pair.b.mirror().targetSynced(GROUP, volume(), A1, Pair.state(next).link(), call());
        assertThat(Pair.sync(pair.b)).isEqualTo(Sync.REPLICATING);
    }

    @Test
    void destroyAndFormatRefuseWhatWouldLoseData() throws Exception {
        assertThatThrownBy(() -> pair.a.mirror().destroy(GROUP, volume(), call()))
                .hasMessageContaining("is primary on a");
        assertThatThrownBy(() -> pair.a.mirror().format(GROUP, volume(), call()))
                .hasMessageContaining("has something on it: data");
        pair.b.mirror().destroy(GROUP, volume(), call());
        assertThat(Pair.sync(pair.b)).isEqualTo(Sync.NEW);
        assertThatThrownBy(() -> Pair.revert(pair.a, primary("a", A1), Facts.of("role", "idle")))
                .hasMessageContaining("still mounted");
    }
}
