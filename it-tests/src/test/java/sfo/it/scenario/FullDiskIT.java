package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sfo.it.harness.Pair;
import sfo.it.harness.Reply;
import sfo.it.harness.Tree;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;

/** I2, I3 where the survivor's own disk, a small file system that only root can mount, takes nothing more. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(240)
class FullDiskIT {
    private static final int PIECE = 64 << 10;

    private Pair pair;
    private Path disk;
    private Path filling;

    @BeforeAll
    void twoThatServe(@TempDir Path folder) throws Exception {
        pair = Pair.off(folder);
        disk = Files.createDirectories(pair.b.data());
        filling = disk.resolve("filling");
        assumeTrue(
                did("mount", "-t", "tmpfs", "-o", "size=24m,nr_inodes=400", "tmpfs", disk.toString()),
                "skipped: mounting a small file system needs root (CAP_SYS_ADMIN)");
        pair.a.start();
        pair.b.start();
        pair.createGroup();
    }

    @BeforeEach
    void allIsWell() {
        pair.normal();
    }

    @AfterEach
    void makeRoom() throws IOException {
        if (Files.exists(filling)) {
            try (Stream<Path> files = Files.list(filling)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(filling);
        }
    }

    @AfterAll
    void end() throws Exception {
        pair.close();
        did("umount", disk.toString());
    }

    private static boolean did(String... words) throws HostException {
        return new Exec()
                .run(Call.within(java.time.Duration.ofSeconds(10)), words)
                .ok();
    }

    /** With files of that size, until there is no room for one more. */
    private void fill(int bytes) throws IOException {
        Files.createDirectories(filling);
        try {
            for (int i = 0; i < 10_000; i++) {
                Files.write(filling.resolve(i + "-" + System.nanoTime()), new byte[bytes]);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
        }
    }

    @Test
    void whereNoByteIsFreeAFailoverIsRolledBackAllTheSame() throws IOException {
        pair.write("records", "acknowledged");
        fill(PIECE);
        pair.until("the reserve is free", () -> !Files.exists(disk.resolve("reserve")));
        fails("smb-server");

        makeRoom();
        pair.b.must("failover", Pair.GROUP);
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.read("records")).isEqualTo("acknowledged");
    }

    private void fails(String kind) {
        pair.cutPower(pair.a);
        Tree before = pair.tree(pair.b).withoutReplicasContent();
        pair.fault(pair.b, kind, "apply before fail");
        Reply reply = pair.b.sfo("failover", Pair.GROUP);
        assertThat(reply.exit()).as("%s", reply).isEqualTo(4);
        assertThat(before.differences(pair.tree(pair.b).withoutReplicasContent()))
                .isEmpty();
        assertThat(pair.onTheWire()).isEmpty();
        assertThat(pair.state(pair.b)).isEqualTo("STANDING_BY");
    }

    @Test
    void whereNoFileCanBeMadeAnAgentStartsAndRollsBackAllTheSame() throws IOException {
        pair.write("records", "acknowledged");
        fill(0);
        pair.b.kill();
        pair.b.start();
        pair.until("b knows the group", () -> pair.state(pair.b).equals("STANDING_BY"));
        fails("nfs-server");
    }

    @Test
    void whereNothingCanBeWrittenAnAgentSaysSoAndTouchesNothing() throws Exception {
        pair.write("records", "acknowledged");
        pair.b.kill();
        Tree before = pair.tree(pair.b);
        assertThat(did("mount", "-o", "remount,ro", disk.toString())).isTrue();
        try {
            pair.b.start();
            assertThat(pair.b.awaitEnd()).isEqualTo(3);
            assertThat(pair.b.endOfLog())
                    .contains("can't write in " + disk + " (sfo.data)", "Read-only file system", "make it writable");
            assertThat(before.differences(pair.tree(pair.b))).isEmpty();
            assertThat(pair.onTheWire()).isEqualTo(List.of("a"));
            assertThat(pair.read("records")).isEqualTo("acknowledged");
        } finally {
            assertThat(did("mount", "-o", "remount,rw", disk.toString())).isTrue();
        }
    }
}
