package sfo.agent.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sfo.protocol.model.BackupRef;
import sfo.protocol.model.Inventory;

/** I8 on a disk that is full: a file system of 256 KiB, which only root can mount. */
@Timeout(30)
class FullDiskTest {
    @TempDir
    Path dir;

    private Path small = Path.of("/");

    @BeforeEach
    void mount() throws IOException, InterruptedException {
        small = dir.resolve("small");
        java.nio.file.Files.createDirectories(small);
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small.toString()),
                "skipped: mounting a small file system needs root (CAP_SYS_ADMIN)");
    }

    @AfterEach
    void unmount() throws IOException, InterruptedException {
        run("umount", small.toString());
    }

    @Test
    void theOldOneStaysAndTheNextThatFitsIsKept() throws IOException, GeneralSecurityException, Exception {
        TestPki pki = new TestPki(dir.resolve("keys"), "authority");
        BackupVault vault = new BackupVault(Samples.settings("a", small, pki.of("a")), Clock.systemUTC(), newest -> {});
        Inventory fits = Samples.inventory("a", 1, Map.of());
        Inventory tooLarge = Samples.inventory("a", 1, Map.of("blob", Samples.text(1, 300_000)));
        BackupRef good = vault.make(fits, true, Optional.empty()).orElseThrow().ref();

        assertThatThrownBy(() -> vault.make(tooLarge, true, Optional.empty()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("can't write")
                .hasMessageContaining("No space left");
        assertThat(vault.newest("a").orElseThrow().ref()).isEqualTo(good);
        assertThat(vault.verify()).isEqualTo(new Backups.Verified(1, java.util.List.of()));
        assertThat(vault.show("a", 1)).isEqualTo(fits);
        assertThat(vault.make(fits, true, Optional.empty()).orElseThrow().sequence())
                .isEqualTo(2);
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getInputStream().readAllBytes();
        return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    }
}
