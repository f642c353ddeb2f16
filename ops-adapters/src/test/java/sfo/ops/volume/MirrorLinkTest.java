package sfo.ops.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static sfo.ops.volume.MirrorRig.GROUP;
import static sfo.ops.volume.MirrorRig.call;
import static sfo.ops.volume.MirrorRig.claim;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.model.Volume.FileSystem;
import sfo.protocol.model.Volume.LinkLoss;
import sfo.protocol.model.Volume.Mode;

/** What becomes of a mirror whose link breaks, whose sides return, and whose claims grow old. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(value = "mounts", mode = ResourceAccessMode.READ)
class MirrorLinkTest {
    private static final Claim FIRST = claim(1, "a");
    private static final Claim SECOND = claim(2, "b");
    private static final Claim THIRD = claim(3, "a");

    private MirrorRig rig;
    private Volume volume;

    @BeforeEach
    void start() throws Exception {
        rig = new MirrorRig();
        volume = rig.a.volume(FileSystem.EXT4);
    }

    @AfterEach
    void end() throws Exception {
        if (rig != null) {
            rig.end();
        }
    }

    private Appender appending() {
        Appender appender = new Appender(rig.a.point().resolve("data/records"));
        rig.atEnd(appender::finish);
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> appender.acknowledged() > 20);
        return appender;
    }

    private static void write(Path file, int mebibytes) throws Exception {
        byte[] block = new byte[1 << 20];
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            for (int i = 0; i < mebibytes; i++) {
                ThreadLocalRandom.current().nextBytes(block);
                out.write(block);
            }
            out.getFD().sync();
        }
    }

    @Test
    void aSilentCutStallsClientsForSecondsAndBothSidesKnowSinceWhen() throws Exception {
        rig.lookAsAtWork();
        rig.serving(volume, FIRST);
        write(rig.a.point().resolve("data/before"), 64);
        Appender appender = appending();
        appender.forget();

        rig.cut();
        Instant cut = Instant.now();
        rig.a.await(volume, Sync.SOLO);
        rig.b.await(volume, Sync.LOST);
        int then = appender.acknowledged();
        Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> appender.acknowledged() > then + 20);

        System.out.printf("stall %d ms%n", appender.longest().toMillis());
        assertThat(appender.longest()).isLessThan(Duration.ofMillis(5_500));
        assertThat(rig.a.state(volume).since().orElseThrow())
                .isBetween(cut.minus(Duration.ofMillis(2_500)), cut.plusMillis(500));
        assertThat(rig.b.state(volume).since().orElseThrow())
                .isBetween(cut.minus(Duration.ofMillis(2_500)), cut.plusMillis(500));
        assertThat(rig.a.state(volume).bytesBehind()).isPositive();

        rig.heal();
        String lost = rig.a.state(volume).link();
        long begun = System.nanoTime();
        rig.begin(rig.a, rig.b, volume, FIRST);
        assertThat(rig.a.state(volume).sync()).isIn(Sync.SYNCING, Sync.REPLICATING);
        assertThat(rig.b.state(volume).sync()).isEqualTo(Sync.INCONSISTENT);
        assertThatThrownBy(() -> rig.b.in(() -> {
                    rig.b.mirror.targetSynced(GROUP, volume, FIRST, lost, call());
                    return 0;
                }))
                .as("said of the link that was lost, and late")
                .hasMessageContaining("link " + lost);
        rig.a.await(volume, Sync.REPLICATING);
        System.out.printf("incremental resync %d ms%n", (System.nanoTime() - begun) / 1_000_000);
        rig.b.in(() -> {
            rig.b.mirror.targetSynced(GROUP, volume, FIRST, rig.a.state(volume).link(), call());
            return 0;
        });
        assertThat(rig.a.state(volume).detail()).doesNotContain("broke");

        appender.finish();
        rig.a.unmount(volume, FIRST);
        assertThat(rig.mismatch()).isEqualTo(-1);
    }

    @Test
    void aResyncThatWasCutOffIsNeverPromoted() throws Exception {
        rig.serving(volume, FIRST);
        write(rig.a.point().resolve("data/before"), 200);
        rig.b.in(() -> {
            rig.b.mirror.closeTarget(GROUP, volume, false, call());
            return 0;
        });
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> rig.a.state(volume).sync() == Sync.SOLO);
        rig.begin(rig.a, rig.b, volume, FIRST);
        rig.a.kill(volume);
        assertThatThrownBy(() -> rig.b.promote(volume, SECOND))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("inconsistent");
        assertThat(rig.b.state(volume).role()).isEqualTo(Role.SECONDARY);
        rig.b.restartAgent();
        assertThat(rig.b.state(volume).sync()).isEqualTo(Sync.INCONSISTENT);
    }

    @Test
    void aReplicaWhoseResyncNeverBeganIsAsFitAsBefore() throws Exception {
        rig.serving(volume, FIRST);
        rig.cut();
        rig.a.await(volume, Sync.SOLO);
        rig.b.await(volume, Sync.LOST);
        Instant lost = rig.b.state(volume).since().orElseThrow();
        for (int asked = 0; asked < 2; asked++) {
            // its primary can ask for it on another network, and then not reach it
            assertThatThrownBy(() -> rig.begin(rig.a, rig.b, volume, FIRST)).hasMessageContaining("cannot connect");
            assertThat(rig.b.state(volume).sync()).isEqualTo(Sync.LOST);
        }
        rig.b.restartAgent();
        assertThat(rig.b.state(volume).since()).contains(lost);
        rig.a.kill(volume);
        rig.b.promote(volume, SECOND);
        assertThat(rig.b.state(volume).since()).contains(lost);
        rig.b.demote(volume, SECOND);
        assertThat(rig.b.state(volume).sync()).isEqualTo(Sync.LOST);
    }

    @Test
    void aPrimaryWhoseDaemonsEndedWhileItReplicatedHasNothingOfItsOwn() throws Exception {
        rig.serving(volume, FIRST);
        rig.a.in(() -> {
            rig.a.mirror.serves(GROUP, volume, call());
            return 0;
        });
        rig.a.kill(volume);
        Mounts.unmount(new Exec(), rig.a.point(), call());
        rig.a.demote(volume, FIRST);
        assertThat(rig.a.state(volume).sync()).isEqualTo(Sync.LOST);
    }

    @Test
    void aReplicaThatOnlyWaitsForItsPrimaryIsAsFitAsBefore() throws Exception {
        rig.serving(volume, FIRST);
        write(rig.a.point().resolve("data/before"), 20);
        rig.b.in(() -> {
            rig.b.mirror.closeTarget(GROUP, volume, false, call());
            return 0;
        });
        rig.a.await(volume, Sync.SOLO);
        Target first = rig.b.in(() -> rig.b.mirror.openTarget(GROUP, volume, FIRST, false, call()));
        Target again = rig.b.in(() -> rig.b.mirror.openTarget(GROUP, volume, FIRST, false, call()));
        assertThat(rig.b.state(volume).sync()).isEqualTo(Sync.LOST);
        assertThat(Secondary.base(again)).as("what a copy would start from").isEqualTo(Secondary.base(first));
        assertThat(Secondary.base(again)).isPresent();
        assertThatThrownBy(() -> MirrorRig.consent(rig.b, volume, FIRST, again).ask())
                .hasMessageContaining("without a connection from its primary");
        rig.a.kill(volume);
        rig.b.promote(volume, SECOND);
        assertThat(rig.b.state(volume).role()).isEqualTo(Role.PRIMARY);
    }

    @Test
    void aStaleClaimIsRefusedEverywhere() throws Exception {
        rig.serving(volume, FIRST);
        Target old = rig.b.in(() -> rig.b.mirror.openTarget(GROUP, volume, FIRST, true, call()));
        rig.b.promote(volume, SECOND);
        assertThatThrownBy(() -> rig.b.promote(volume, FIRST)).hasMessageContaining("higher than 1-a");
        rig.b.demote(volume, SECOND);
        assertThatThrownBy(() -> rig.b.in(() -> rig.b.mirror.openTarget(GROUP, volume, FIRST, false, call())))
                .hasMessageContaining("higher than 1-a");
        assertThatThrownBy(() -> rig.b.promote(volume, claim(2, "a"))).hasMessageContaining("sfo resolve");
        rig.b.in(() -> rig.b.mirror.openTarget(GROUP, volume, THIRD, false, call()));
        assertThatThrownBy(() -> rig.a.in(() -> {
                    rig.a.mirror.connect(GROUP, volume, FIRST, old, true, Mirror.Consent.NEEDLESS, call());
                    return 0;
                }))
                .as("the old export's name is gone")
                .hasMessageContaining(old.export());
    }

    @Test
    void anAgentThatRestartsAdoptsWhatRuns() throws Exception {
        rig.serving(volume, FIRST);
        Appender appender = appending();
        rig.a.restartAgent();
        rig.b.restartAgent();
        int then = appender.acknowledged();
        assertThat(rig.a.state(volume).sync()).isEqualTo(Sync.REPLICATING);
        assertThat(rig.b.state(volume).sync()).isEqualTo(Sync.REPLICATING);
        rig.a.promote(volume, FIRST);
        rig.a.mount(volume, FIRST);
        Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> appender.acknowledged() > then + 20);
        assertThat(appender.end()).isEmpty();
        assertThat(rig.a.state(volume).sync()).isEqualTo(Sync.REPLICATING);
    }

    @Test
    void theStallIsBoundedWithNoAgentAtAll() throws Exception {
        rig.serving(volume, FIRST);
        Appender appender = appending();
        rig.a.mirror.close();
        rig.b.mirror.close();
        appender.forget();
        int then = appender.acknowledged();
        rig.cut();
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> appender.acknowledged() > then + 200);
        System.out.printf("stall without agents %d ms%n", appender.longest().toMillis());
        assertThat(appender.longest()).isBetween(Duration.ofMillis(1_000), Duration.ofMillis(5_500));
        rig.a.restartAgent();
        rig.b.restartAgent();
        rig.a.await(volume, Sync.SOLO);
        rig.b.await(volume, Sync.LOST);
    }

    @Test
    void aBlockedPrimaryAcknowledgesNothingAloneAndGoesOnWhenTheLinkIsBack() throws Exception {
        volume = rig.a.volume(FileSystem.EXT4, Mode.SYNCHRONOUS, LinkLoss.BLOCK);
        rig.serving(volume, FIRST);
        Appender appender = appending();
        rig.cut();
        rig.a.await(volume, Sync.BLOCKED);
        rig.b.await(volume, Sync.LOST);
        int then = appender.acknowledged();
        Awaitility.await()
                .during(Duration.ofSeconds(2))
                .atMost(Duration.ofSeconds(4))
                .until(() -> appender.acknowledged() == then);
        rig.heal();
        rig.a.await(volume, Sync.REPLICATING);
        rig.b.await(volume, Sync.REPLICATING);
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> appender.acknowledged() > then + 20);

        rig.b.kill(volume);
        rig.a.await(volume, Sync.BLOCKED);
        rig.b.await(volume, Sync.LOST);
        int again = appender.acknowledged();
        rig.begin(rig.a, rig.b, volume, FIRST);
        rig.a.await(volume, Sync.REPLICATING);
        rig.b.await(volume, Sync.REPLICATING);
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> appender.acknowledged() > again + 20);
        appender.finish();
        rig.a.unmount(volume, FIRST);
        assertThat(rig.mismatch()).isEqualTo(-1);
    }

    @Test
    void aPrimaryThatWentOnAloneDespiteBlockNeedsANewSession() throws Exception {
        volume = rig.a.volume(FileSystem.EXT4, Mode.SYNCHRONOUS, LinkLoss.BLOCK);
        rig.serving(volume, FIRST);
        Appender appender = appending();
        rig.a
                .mirror
                .side(GROUP, "v1")
                .coreDaemon
                .pid()
                .ifPresent(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
        rig.a.await(volume, Sync.FAILED);
        rig.a.promote(volume, FIRST);
        int then = appender.acknowledged();
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> appender.acknowledged() > then + 20);
        rig.b.await(volume, Sync.LOST);
        assertThatThrownBy(() -> rig.begin(rig.a, rig.b, volume, FIRST)).hasMessageContaining("went on alone");
        assertThat(rig.b.state(volume).sync()).isIn(Sync.LOST, Sync.INCONSISTENT);
        rig.b.in(() -> {
            rig.b.mirror.closeTarget(GROUP, volume, false, call());
            return 0;
        });
        rig.begin(rig.a, rig.b, volume, FIRST);
        assertThat(rig.b.state(volume).sync()).isEqualTo(Sync.INCONSISTENT);
        rig.a.await(volume, Sync.REPLICATING);
        assertThat(rig.b.state(volume).sync()).isEqualTo(Sync.INCONSISTENT);
    }

    @Test
    void aHandOverLeavesBothSidesEqualAndMirrorsBackWithNothingToCopy() throws Exception {
        rig.serving(volume, FIRST);
        write(rig.a.point().resolve("data/file"), 20);
        rig.a.unmount(volume, FIRST);
        rig.a.in(() -> {
            rig.a.mirror.disconnect(GROUP, volume, call());
            return 0;
        });
        rig.b.in(() -> {
            rig.b.mirror.closeTarget(GROUP, volume, true, call());
            return 0;
        });
        rig.a.demote(volume, FIRST);
        assertThat(rig.a.state(volume).sync()).isEqualTo(Sync.CLEAN);
        assertThat(rig.b.state(volume).sync()).isEqualTo(Sync.CLEAN);
        assertThat(rig.mismatch()).isEqualTo(-1);

        Target back = rig.a.in(() -> rig.a.mirror.openTarget(GROUP, volume, SECOND, true, call()));
        rig.b.promote(volume, SECOND);
        rig.b.in(() -> {
            rig.b.mirror.connect(GROUP, volume, SECOND, back, true, Mirror.Consent.NEEDLESS, call());
            return 0;
        });
        rig.b.await(volume, Sync.REPLICATING);
        rig.b.mount(volume, SECOND);
        write(rig.b.point().resolve("data/more"), 20);
        assertThat(rig.a.state(volume).sync()).isEqualTo(Sync.REPLICATING);
        rig.b.unmount(volume, SECOND);
        assertThat(rig.mismatch()).isEqualTo(-1);
    }

    @Test
    void aCoreThatDiesUnderClientsIsStartedAgainAndTheyGoOn() throws Exception {
        rig.serving(volume, FIRST);
        Appender appender = appending();
        rig.a
                .mirror
                .side(GROUP, "v1")
                .coreDaemon
                .pid()
                .ifPresent(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
        rig.a.await(volume, Sync.FAILED);
        rig.a.promote(volume, FIRST);
        int then = appender.acknowledged();
        assertThat(rig.a.state(volume).sync()).isEqualTo(Sync.SOLO);
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> appender.acknowledged() > then + 20);
        assertThat(appender.end()).isEmpty();
        rig.mirror(rig.a, rig.b, volume, FIRST);
        appender.finish();
        rig.a.unmount(volume, FIRST);
        assertThat(rig.mismatch()).isEqualTo(-1);
    }

    /** {@code a} goes on alone and dies; {@code b} takes over without what {@code a} wrote last. */
    private void partWays() throws Exception {
        rig.serving(volume, FIRST);
        rig.a.in(() -> {
            rig.a.mirror.serves(GROUP, volume, call());
            return 0;
        });
        rig.cut();
        rig.a.await(volume, Sync.SOLO);
        rig.b.await(volume, Sync.LOST);
        write(rig.a.point().resolve("data/alone"), 8);
        rig.a.kill(volume);
        Mounts.unmount(new Exec(), rig.a.point(), call());
        rig.a.demote(volume, FIRST);
        rig.heal();
        rig.b.promote(volume, SECOND);
        rig.b.mount(volume, SECOND);
        write(rig.b.point().resolve("data/later"), 8);
    }

    @Test
    void whatASideWroteAloneIsKeptBeforeItIsOverwritten() throws Exception {
        partWays();
        Path alone = Files.copy(rig.image("a"), rig.folder.resolve("alone"));

        rig.mirror(rig.b, rig.a, volume, SECOND);
        Path kept = rig.image("a").resolveSibling("v1.kept-" + FIRST.tag());
        assertThat(rig.a.state(volume).detail()).contains(kept.toString());
        assertThat(Files.mismatch(kept, alone)).isEqualTo(-1);

        rig.b.unmount(volume, SECOND);
        assertThat(rig.mismatch()).isEqualTo(-1);
        rig.a.restartAgent();
        assertThat(rig.a.state(volume).detail()).contains(kept.toString());
        Files.delete(kept);
        assertThat(rig.a.state(volume).detail()).doesNotContain("kept");
    }

    @Test
    void aSideThatHasNoRoomToKeepWhatItWroteAloneIsNotOverwritten() throws Exception {
        Exec exec = new Exec();
        Path platter = rig.folder.resolve("platter");
        exec.need(call(), "truncate", "-s", "320M", platter.toString());
        String device = exec.need(call(), "losetup", "--find", "--show", platter.toString())
                .strip();
        rig.atEnd(() -> exec.need(call(), "losetup", "--detach", device));
        volume = MirrorRig.volume(FileSystem.EXT4, Mode.SYNCHRONOUS, LinkLoss.SOLO, Map.of("a", device));
        Path images = Files.createDirectories(rig.image("a").getParent());
        exec.need(call(), "mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", images.toString());
        rig.atEnd(() -> exec.need(call(), "umount", images.toString()));
        partWays();

        assertThatThrownBy(() -> rig.begin(rig.b, rig.a, volume, SECOND))
                .hasMessageContaining("200 MiB are free there, and 448 MiB are needed");
        assertThat(rig.a.state(volume).sync()).isEqualTo(Sync.SOLO);
        exec.need(call(), "mount", "-o", "remount,size=500m", images.toString());
        rig.mirror(rig.b, rig.a, volume, SECOND);
        Path kept = images.resolve("v1.kept-" + FIRST.tag());
        Path mounted = Files.createDirectories(rig.folder.resolve("kept"));
        exec.need(call(), "mount", "-o", "loop", kept.toString(), mounted.toString());
        try {
            assertThat(mounted.resolve("data/alone")).hasSize(8 << 20);
            assertThat(mounted.resolve("data/later")).doesNotExist();
        } finally {
            Mounts.unmount(exec, mounted, call());
        }
    }
}
