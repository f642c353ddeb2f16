package sfo.ops.iscsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static sfo.ops.share.GroupHostLab.call;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Lun;

class AllocatedFilesTest {
    private static final Lun LUN = new Lun(1, "tank", "luns/vm-1", 16L << 20, "5f0c3b2a19d84e77");

    private final Exec exec = new Exec();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    private boolean mounted;

    private AllocatedFiles files() {
        return new AllocatedFiles(exec, (group, volume) -> dir.resolve(volume));
    }

    @BeforeEach
    void volume() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root to mount");
        assumeTrue(Exec.find("fallocate").isPresent(), "needs fallocate");
        Files.createDirectory(dir.resolve("tank"));
    }

    private void mount() throws HostException {
        exec.need(
                call(5),
                "mount",
                "-t",
                "tmpfs",
                "-o",
                "size=40m",
                "sv-volume",
                dir.resolve("tank").toString());
        mounted = true;
    }

    @AfterEach
    void away() throws HostException {
        if (mounted) {
            exec.need(call(5), "umount", dir.resolve("tank").toString());
        }
    }

    @Test
    void aDiskTakesAllOfItsSpaceAndOneThatIsThereStaysAsItIs() throws Exception {
        mount();
        Path file = dir.resolve("tank/luns/vm-1");
        assertThat(files().make("g1", LUN, call(5))).isTrue();
        assertThat(file).hasSize(LUN.bytes());
        assertThat(dir.resolve("tank").toFile().getUsableSpace()).isLessThanOrEqualTo(24L << 20);
        Files.write(file, new byte[(int) LUN.bytes()]);
        Files.writeString(dir.resolve("tank/luns/kept"), "x");
        assertThat(files().make("g1", LUN, call(5))).isFalse();
        files().remove("g1", LUN, call(5));
        files().remove("g1", LUN, call(5));
        assertThat(dir.resolve("tank/luns").toFile().list()).containsExactly("kept");
    }

    @Test
    void whereThereIsNoRoomOrAnotherSizeOrNoVolumeNothingIsLeft() throws Exception {
        assertThatThrownBy(() -> files().make("g1", LUN, call(5)))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("nothing is mounted at");
        assertThat(dir.resolve("tank/luns")).doesNotExist();
        mount();
        Lun large = new Lun(2, "tank", "luns/vm-2", 64L << 20, "5f0c3b2a19d84e78");
        assertThatThrownBy(() -> files().make("g1", large, call(5)))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("No space left");
        assertThat(dir.resolve("tank/luns").toFile().list()).isEmpty();
        files().make("g1", LUN, call(5));
        Lun smaller = new Lun(1, "tank", "luns/vm-1", 32L << 20, "5f0c3b2a19d84e77");
        assertThatThrownBy(() -> files().make("g1", smaller, call(5)))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("has 16777216 bytes: expected 33554432");
    }
}
