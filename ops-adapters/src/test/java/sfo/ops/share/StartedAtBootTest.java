package sfo.ops.share;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartedAtBootTest {
    private static final List<String> TRAVELLING = List.of("tank", "/srv/tank", "10.77.0.100");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path root;

    @BeforeEach
    void settings() throws Exception {
        write(
                "etc/fstab",
                "# /srv/tank was here\nUUID=1 / ext4\n/dev/sdb1 /srv/tank ext4 defaults\n/dev/c /srv/tank2 xfs\n");
        write(
                "etc/samba/smb.conf",
                "[global]\n[docs]\n  path = /srv/tank/docs\n; path = /srv/tank\n[own]\n  path = /home\n");
        write("etc/exports", "/srv/tank/data *(rw)\n/home *(rw)\n");
    }

    private void write(String file, String text) throws Exception {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    private void enable(String unit) throws Exception {
        Path wants = Files.createDirectories(root.resolve("etc/systemd/system/multi-user.target.wants"));
        Files.createSymbolicLink(wants.resolve(unit), Path.of("/lib/systemd/system/" + unit));
    }

    @Test
    void findsLinesOfFstab() throws Exception {
        assertThat(new StartedAtBoot(root).lines(TRAVELLING))
                .containsExactly("/etc/fstab:3: /dev/sdb1 /srv/tank ext4 defaults");
    }

    @Test
    void findsSharesOfServicesThatAreEnabledAndNoOthers() throws Exception {
        enable("smbd.service");
        assertThat(new StartedAtBoot(root).lines(TRAVELLING))
                .contains("/etc/samba/smb.conf:3: path = /srv/tank/docs"
                        + " (starts at boot: etc/systemd/system/multi-user.target.wants/smbd.service)")
                .hasSize(2);
        enable("nfs-server.service");
        assertThat(new StartedAtBoot(root).lines(TRAVELLING))
                .anyMatch(line -> line.startsWith("/etc/exports:1: /srv/tank/data"))
                .hasSize(3);
    }

    @Test
    void findsDisksOfAnIscsiServerThatIsEnabled() throws Exception {
        write("etc/tgt/targets.conf", "include /etc/tgt/conf.d/*.conf\n");
        write(
                "etc/tgt/conf.d/own.conf",
                "<target iqn.2024-07.internal.example:x>\n  backing-store /srv/own/x\n</target>\n");
        write(
                "etc/tgt/conf.d/vm.conf",
                "<target iqn.2024-07.internal.example:vm>\n  backing-store /srv/tank/luns/vm-1\n");
        assertThat(new StartedAtBoot(root).lines(TRAVELLING)).hasSize(1);
        enable("tgt.service");
        assertThat(new StartedAtBoot(root).lines(TRAVELLING))
                .anyMatch(line -> line.startsWith("/etc/tgt/conf.d/vm.conf:2: backing-store /srv/tank/luns/vm-1"))
                .hasSize(2);
    }

    @Test
    void aMaskedServiceDoesNotStart() throws Exception {
        enable("smbd.service");
        Files.createSymbolicLink(root.resolve("etc/systemd/system/smbd.service"), Path.of("/dev/null"));
        assertThat(new StartedAtBoot(root).lines(TRAVELLING)).hasSize(1);
    }

    @Test
    void nothingTravelsThatNobodyNamed() throws Exception {
        assertThat(new StartedAtBoot(root).lines(List.of("/srv/other"))).isEmpty();
    }
}
