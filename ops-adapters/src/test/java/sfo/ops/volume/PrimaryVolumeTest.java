package sfo.ops.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static sfo.ops.volume.MirrorRig.GROUP;
import static sfo.ops.volume.MirrorRig.claim;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import sfo.ops.api.Adapter;
import sfo.ops.api.AdapterContract;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.model.Volume.FileSystem;
import sfo.protocol.plan.Resource.PrimaryVolume;

/** A replica that lost its primary is promoted, and put back. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@ResourceLock(value = "mounts", mode = ResourceAccessMode.READ)
class PrimaryVolumeTest extends AdapterContract<PrimaryVolume> {
    private MirrorRig rig;
    private Volume volume;

    @BeforeEach
    void start() throws Exception {
        rig = new MirrorRig();
        volume = rig.a.volume(FileSystem.EXT4);
        rig.serving(volume, claim(1, "a"));
        rig.a.kill(volume);
        rig.a.unmount(volume, claim(1, "a"));
        rig.b.await(volume, Sync.LOST);
    }

    @AfterEach
    void end() throws Exception {
        if (rig != null) {
            rig.end();
        }
    }

    @Override
    protected Adapter<PrimaryVolume> adapter() {
        return rig.b.mirror.primary();
    }

    @Override
    protected PrimaryVolume resource() {
        return new PrimaryVolume(GROUP, volume, "b", claim(2, "b"));
    }

    /** The record says primary; the export to the old primary is still open, and no front was started. */
    @Override
    protected void halfApply() throws Exception {
        rig.b.promote(volume, claim(2, "b"));
        Side side = rig.b.mirror.side(GROUP, "v1");
        side.frontDaemon.end(call());
        side.core.stopExport(call());
        side.core.exportTcp("127.0.0.1", MirrorRig.PORT, "stale", true, call());
    }

    @Test
    void anUndoneFailoverLeavesTheReplicaAsLostAsItWas() throws Exception {
        MirrorState before = rig.b.state(volume);
        rig.b.promote(volume, claim(2, "b"));
        rig.b.mount(volume, claim(2, "b"));
        rig.b.unmount(volume, claim(2, "b"));
        rig.b.demote(volume, claim(2, "b"));
        MirrorState after = rig.b.state(volume);
        assertThat(after.sync()).isEqualTo(Sync.LOST);
        assertThat(after.since()).isEqualTo(before.since());
        assertThat(after.role()).isEqualTo(before.role());
    }

    @Test
    void whatWasDestroyedLeavesNothing() throws Exception {
        rig.b.promote(volume, claim(2, "b"));
        assertThatThrownBy(() -> rig.b.mirror.destroy(GROUP, volume, call())).hasMessageContaining("is primary here");
        rig.b.demote(volume, claim(2, "b"));
        rig.b.mirror.destroy(GROUP, volume, call());
        rig.b.mirror.destroy(GROUP, volume, call());
        try (Stream<Path> left = Files.walk(rig.folder.resolve("b"))) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
        assertThat(rig.b.state(volume).sync()).isEqualTo(Sync.NEW);
    }

    @Test
    void aFormerPrimaryThatReturnsGetsEverythingSinceItsContentIsNotKnown() throws Exception {
        rig.b.promote(volume, claim(2, "b"));
        rig.a.demote(volume, claim(1, "a"));
        Target opened = rig.a.in(() -> rig.a.mirror.openTarget(GROUP, volume, claim(2, "b"), false, call()));
        assertThat(opened.export()).startsWith("g1/v1/2-b-").endsWith("/-");
    }
}
