package sfo.agent.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFolderTest {
    @TempDir
    Path folder = Path.of("set by JUnit");

    @Test
    void isOneAgentsAloneUntilThatEnds() {
        Path data = folder.resolve("data");
        try (DataFolder first = DataFolder.open(data)) {
            assertThat(first).isNotNull();
            assertThatThrownBy(() -> DataFolder.open(data))
                    .isInstanceOf(StartRefused.class)
                    .hasMessageContaining("another agent runs in " + data + " with pid "
                            + ProcessHandle.current().pid());
            // the refused one must not have released the first one's lock
            assertThatThrownBy(() -> DataFolder.open(data)).isInstanceOf(StartRefused.class);
        }
        DataFolder.open(data).close();
    }

    @Test
    void keepsAReserveThatIsFreedWhenTheDiskIsFullAlsoByTheNextStart() throws Exception {
        Path small = mounted("size=16m");
        try {
            Path reserve = small.resolve("data/reserve");
            Path filling = small.resolve("filling");
            try (DataFolder data = DataFolder.open(small.resolve("data"))) {
                assertThat(data).isNotNull();
                assertThat(Files.size(reserve)).isEqualTo(4 << 20);
                Files.write(filling, new byte[11 << 20]);
                Awaitility.await().untilAsserted(() -> assertThat(reserve).doesNotExist());
            }
            Files.delete(filling);
            DataFolder.open(small.resolve("data")).close();
            assertThat(reserve).exists();

            Files.write(filling, new byte[11 << 20]);
            DataFolder.open(small.resolve("data")).close();
            assertThat(reserve).doesNotExist();
        } finally {
            run("umount", small.toString());
        }
    }

    /** The journal is mapped into memory: where it finds no room, the process ends. */
    @Test
    void fullToTheLastByteItStoresNothingAndStartsNothing() throws Exception {
        Path small = mounted("size=16m");
        try {
            Path filling = small.resolve("filling");
            try (DataFolder data = DataFolder.open(small.resolve("data"))) {
                Files.write(filling, new byte[11 << 20]);
                Awaitility.await()
                        .untilAsserted(
                                () -> assertThat(small.resolve("data/reserve")).doesNotExist());
                assertThat(data.fault()).as("the reserve is for that").isEmpty();
                assertThatThrownBy(() -> Files.write(small.resolve("more"), new byte[5 << 20]))
                        .hasMessageContaining("No space left");
                Awaitility.await()
                        .untilAsserted(() -> assertThat(data.fault().orElse(""))
                                .startsWith("the disk of " + small.resolve("data") + " (sfo.data) is full"));
            }
            assertThatThrownBy(() -> DataFolder.open(small.resolve("data")))
                    .isInstanceOf(StartRefused.class)
                    .hasMessageContaining("is full: the journal needs 512 KiB and 4 files: make room");

            Files.delete(small.resolve("more"));
            try (DataFolder data = DataFolder.open(small.resolve("data"))) {
                Files.write(
                        small.resolve("more"),
                        new byte[(int) Files.getFileStore(small).getUsableSpace()]);
                Awaitility.await().untilAsserted(() -> assertThat(data.fault()).isPresent());
                Files.delete(small.resolve("more"));
                Awaitility.await().untilAsserted(() -> assertThat(data.fault()).isEmpty());
            }
        } finally {
            run("umount", small.toString());
        }
    }

    @Test
    void keepsFilesInReserveForWhenNoneCanBeMade() throws Exception {
        Path small = mounted("size=16m,nr_inodes=100");
        try {
            Path data = small.resolve("data");
            DataFolder.open(data).close();
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 100; i++) {
                            Files.createFile(small.resolve("file-" + i));
                        }
                    })
                    .hasMessageContaining("No space left");
            DataFolder.open(data).close();
            for (int i = 0; i < 10; i++) {
                Files.createFile(data.resolve("mine-" + i));
            }
        } finally {
            run("umount", small.toString());
        }
    }

    /** A small file system, by these options of tmpfs. */
    private Path mounted(String options) throws IOException, InterruptedException {
        Path small = Files.createDirectory(folder.resolve("small"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", options, "tmpfs", small.toString()),
                "skipped: mounting a small file system needs root (CAP_SYS_ADMIN)");
        return small;
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getInputStream().readAllBytes();
        return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    }

    @Test
    void aPlaceThatIsNoFolderIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> DataFolder.open(file.resolve("data")))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("sfo.data");
    }
}
