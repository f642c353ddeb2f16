package sfo.ops.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static sfo.ops.volume.MirrorRig.GROUP;
import static sfo.ops.volume.MirrorRig.claim;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;
import sfo.ops.api.Adapter;
import sfo.ops.api.AdapterContract;
import sfo.protocol.json.Json;
import sfo.protocol.model.Claim;
import sfo.protocol.model.Volume;
import sfo.protocol.model.Volume.FileSystem;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.MountedVolume;

/** The file system of a primary volume is mounted under its claim, and taken away without a trace. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@ResourceLock("mounts")
class MountedVolumeTest extends AdapterContract<MountedVolume> {
    private MirrorRig rig;
    private Volume volume;

    @BeforeEach
    void start() throws Exception {
        rig = new MirrorRig();
        volume = rig.a.volume(FileSystem.EXT4);
        rig.a.mirror.create(GROUP, volume, call());
        rig.a.promote(volume, claim(1, "a"));
        rig.a.mirror.format(GROUP, volume, call());
    }

    @AfterEach
    void end() throws Exception {
        if (rig != null) {
            rig.end();
        }
    }

    @Override
    protected Adapter<MountedVolume> adapter() {
        return rig.a.mount;
    }

    private MountedVolume resource(Claim claim) {
        return new MountedVolume(
                GROUP, volume, rig.folder.resolve("a/mounts/deep/v1").toString(), claim);
    }

    @Override
    protected MountedVolume resource() {
        return resource(claim(2, "a"));
    }

    /** Mounted, but the claim is not on it yet. */
    @Override
    protected void halfApply() throws Exception {
        Path point = Path.of(resource().mountPoint());
        Files.createDirectories(point);
        Mounts.mount(rig.exec, rig.a.mirror.disk(GROUP, "v1"), FileSystem.EXT4, point, call());
    }

    @Test
    void nothingOfItIsLeft() throws Exception {
        Facts before = adapter().inspect(resource(), call());
        adapter().apply(resource(), call());
        Path point = Path.of(resource().mountPoint());
        assertThat(Files.isDirectory(point.resolve("data"))).isTrue();
        assertThat(Json.read(Files.readString(point.resolve(".sfo/claim")), Claim.class))
                .isEqualTo(claim(2, "a"));
        adapter().revert(resource(), before, call());
        String disk = rig.a.mirror.disk(GROUP, "v1").toString();
        assertThat(rig.exec.need(call(), "losetup", "--list", "--noheadings", "--output", "BACK-FILE"))
                .doesNotContain(disk);
        assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain(point.toString());
        assertThat(rig.folder.resolve("a/mounts")).doesNotExist();
    }

    @Test
    void aVolumeThatMetAHigherClaimIsNotServed() throws Exception {
        Facts before = adapter().inspect(resource(), call());
        adapter().apply(resource(), call());
        adapter().revert(resource(), before, call());
        assertThatThrownBy(() -> adapter().apply(resource(claim(1, "b")), call()))
                .hasMessageContaining("higher than 1-b");
        assertThat(Mounts.at(Path.of(resource().mountPoint()))).isEmpty();
        assertThatThrownBy(() -> adapter().apply(resource(claim(2, "b")), call()))
                .hasMessageContaining("sfo resolve");
        adapter().apply(resource(claim(3, "b")), call());
        adapter().revert(resource(), before, call());
    }

    @Test
    void whoKeepsItBusyIsNamed() throws Exception {
        Facts before = adapter().inspect(resource(), call());
        adapter().apply(resource(), call());
        try (OutputStream held = Files.newOutputStream(Path.of(resource().mountPoint(), "data/held"))) {
            held.write(1);
            assertThatThrownBy(() -> adapter().revert(resource(), before, call()))
                    .hasMessageContaining(
                            "java (process " + ProcessHandle.current().pid() + ")");
        }
        adapter().revert(resource(), before, call());
    }

    @Test
    void aCopyOfTheMountInAnotherMountNamespaceIsNamed() throws Exception {
        Facts before = adapter().inspect(resource(), call());
        adapter().apply(resource(), call());
        Process holder = new ProcessBuilder("unshare", "--mount", "--propagation", "private", "sleep", "60").start();
        try {
            Awaitility.await()
                    .until(() -> !Files.readSymbolicLink(Path.of("/proc/" + holder.pid() + "/ns/mnt"))
                                    .equals(Files.readSymbolicLink(Path.of("/proc/self/ns/mnt")))
                            && Files.readString(Path.of("/proc/" + holder.pid() + "/comm"))
                                    .startsWith("sleep"));
            for (int attempt = 0; attempt < 2; attempt++) {
                assertThatThrownBy(() -> adapter().revert(resource(), before, call()))
                        .hasMessageContaining("still mounted in the mount namespace of")
                        .hasMessageContaining("sleep");
            }
        } finally {
            holder.destroyForcibly().waitFor();
        }
        adapter().revert(resource(), before, call());
    }

    @Test
    void aVolumeWithSomethingOnItIsNotFormatted() {
        assertThatThrownBy(() -> rig.a.mirror.format(GROUP, volume, call())).hasMessageContaining("not empty");
    }

    @Test
    void whatADeadFrontLeftIsMountedAnew() throws Exception {
        Facts before = adapter().inspect(resource(), call());
        adapter().apply(resource(), call());
        rig.a.kill(volume);
        rig.a.promote(volume, claim(2, "a"));
        adapter().apply(resource(), call());
        assertThat(adapter().holds(resource(), adapter().inspect(resource(), call())))
                .isTrue();
        Files.writeString(Path.of(resource().mountPoint(), "data/again"), "written");
        adapter().revert(resource(), before, call());
    }
}
