package sfo.ops.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static sfo.ops.volume.MirrorRig.GROUP;
import static sfo.ops.volume.MirrorRig.call;
import static sfo.ops.volume.MirrorRig.claim;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import sfo.ops.ThisRun;
import sfo.ops.api.Lack;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.model.Volume.FileSystem;
import sfo.protocol.model.Volume.LinkLoss;
import sfo.protocol.model.Volume.Mode;

/** I4 when both lose power: the replica lies on a disk that forgets what was not flushed. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@ResourceLock(value = "mounts", mode = ResourceAccessMode.READ)
class LostWriteTest {
    private static final Claim FIRST = claim(1, "a");

    private final Exec exec = new Exec();
    private ForgetfulDisk disk;
    private MirrorRig rig;
    private Path mounted;

    @BeforeEach
    void start() throws Exception {
        for (Lack lack : Tools.lacks(Map.of("nbdkit", "nbdkit", "nbdfuse", "libnbd-bin"), true)) {
            assumeTrue(false, "skipped: this host lacks " + lack.what() + " (" + lack.mend() + ")");
        }
        Path folder = ThisRun.folder(MirrorRig.RUN);
        mounted = Files.createDirectories(folder.resolve("mnt"));
        disk = new ForgetfulDisk(exec, folder, MirrorRig.BYTES);
        rig = new MirrorRig(Map.of("b", disk.device));
    }

    @AfterEach
    void end() throws Exception {
        if (rig != null) {
            rig.end();
        }
        Mounts.unmount(exec, mounted, call());
        disk.cutPower();
        exec.need(call(), "rm", "-rf", String.valueOf(mounted.getParent()));
    }

    /** The acknowledged records that are not on the replica after first the primary, then the replica lost power. */
    private List<Integer> lost(Volume volume) throws Exception {
        Appender appender = new Appender(rig.a.point().resolve("data/records"));
        rig.atEnd(appender::finish);
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> appender.acknowledged() > 100);
        rig.a.kill(volume);
        int acknowledged = appender.finish();
        rig.b.kill(volume);
        disk.cutPower();
        rig.a.unmount(volume, FIRST);
        exec.run(call(), "mount", "-o", "loop", disk.platter.toString(), mounted.toString());
        return Appender.missing(mounted.resolve("data/records"), acknowledged);
    }

    @Test
    void whatASynchronousMirrorAcknowledgedIsOnThePlatter() throws Exception {
        Volume volume = rig.a.volume(FileSystem.EXT4);
        rig.serving(volume, FIRST);
        assertThat(lost(volume)).isEmpty();
    }

    /** Negative control: without it, the test above would prove nothing. */
    @Test
    void anAsynchronousMirrorLosesSome() throws Exception {
        Volume volume = rig.a.volume(FileSystem.EXT4, Mode.ASYNCHRONOUS, LinkLoss.SOLO);
        rig.serving(volume, FIRST);
        assertThat(lost(volume)).isNotEmpty();
    }

    /** Negative control: the writes did arrive, but nobody flushed them. */
    @Test
    void aSynchronousMirrorToAnExportThatDoesNotFlushLosesSome() throws Exception {
        Volume volume = rig.a.volume(FileSystem.EXT4);
        rig.serving(volume, FIRST);
        Target target = rig.b.in(() -> {
            rig.b.mirror.closeTarget(GROUP, volume, false, call());
            Target made = rig.b.mirror.openTarget(GROUP, volume, FIRST, false, call());
            Core core = rig.b.mirror.side(GROUP, "v1").core;
            core.stopExport(call());
            core.exportTcp(made.host(), made.port(), made.export(), false, call());
            return made;
        });
        rig.a.in(() -> {
            Mirror.Consent consent = MirrorRig.consent(rig.b, volume, FIRST, target);
            rig.a.mirror.connect(GROUP, volume, FIRST, target, false, consent, call());
            return 0;
        });
        rig.a.await(volume, Sync.REPLICATING);
        assertThat(lost(volume)).isNotEmpty();
    }
}
