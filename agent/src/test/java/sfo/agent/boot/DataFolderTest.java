package sfo.agent.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    void keepsAReserveThatCanBeFreed() throws IOException {
        try (DataFolder data = DataFolder.open(folder)) {
            Path reserve = folder.resolve("reserve");
            assertThat(Files.size(reserve)).isEqualTo(4 << 20);
            long blocks = Files.getFileStore(reserve).getUsableSpace();
            data.freeReserve();
            assertThat(reserve).doesNotExist();
            assertThat(blocks).isPositive();
        }
        DataFolder.open(folder).close();
        assertThat(folder.resolve("reserve")).exists();
    }

    @Test
    void aPlaceThatIsNoFolderIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> DataFolder.open(file.resolve("data")))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("sfo.data");
    }
}
