package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sfo.it.harness.Appliance;
import sfo.it.harness.Pair;
import sfo.it.harness.Reply;
import sfo.it.harness.Tree;
import sfo.it.harness.WhenAskedFor;
import sfo.it.harness.WireWatch;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;

/** I3, I5 where the disk below a running agent turns read-only, as ext4 does by itself after an error. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(240)
@WhenAskedFor
class ReadOnlyDiskIT {
    private static final int BYTES = 64 << 20;

    private Pair pair;
    private Path image;

    @BeforeAll
    void twoThatServe(@TempDir Path folder) throws Exception {
        assumeTrue(Exec.find("mkfs.ext4").isPresent(), "skipped: mkfs.ext4 is missing (apt-get install e2fsprogs)");
        pair = Pair.off(folder);
        image = folder.resolve("disk");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(BYTES);
        }
        assertThat(did("mkfs.ext4", "-q", "-F", image.toString())).isTrue();
        for (Appliance one : pair.all) {
            Files.createDirectories(one.data());
        }
        assumeTrue(mount(pair.b), "skipped: mounting a file system needs root (CAP_SYS_ADMIN) and loop devices");
        pair.all.forEach(Appliance::start);
        pair.createGroup();
    }

    @BeforeEach
    void allIsWell() {
        pair.normal();
    }

    @AfterAll
    void end() throws Exception {
        if (pair != null) {
            pair.close();
            did("umount", pair.b.data().toString());
        }
    }

    private boolean mount(Appliance one) throws HostException {
        return did("mount", "-o", "loop", image.toString(), one.data().toString());
    }

    private static boolean did(String... words) throws HostException {
        return new Exec().run(Call.within(Duration.ofSeconds(20)), words).ok();
    }

    /** No process is asked, and none has to close its files. */
    private void turnsReadOnly() throws Exception {
        assertThat(did("mount", "-o", "remount,abort", pair.b.data().toString()))
                .isTrue();
        pair.until("nothing can be written", () -> {
            try {
                Files.write(pair.b.data().resolve("probe"), new byte[1]);
                return false;
            } catch (IOException readOnly) {
                return true;
            }
        });
    }

    /** Whatever became of the agent, its operator ends it, and it starts again on a disk that is whole. */
    private void repaired() throws Exception {
        pair.b.kill();
        assertThat(did("umount", pair.b.data().toString())).isTrue();
        new Exec().run(Call.within(Duration.ofSeconds(20)), "e2fsck", "-fy", image.toString());
        assertThat(mount(pair.b)).isTrue();
        pair.b.start();
    }

    private List<String> reasons() {
        return pair.group(pair.b).path("reasons").findValuesAsText("code");
    }

    /** Typed on b. */
    private void refused(String... words) {
        Tree before = pair.tree(pair.b);
        Reply reply = pair.b.sfo(words);
        assertThat(reply.exit()).as("%s", reply).isEqualTo(3);
        assertThat(reply.codes()).containsExactly("DISK-UNWRITABLE");
        assertThat(reply.json().path("reasons").path(0).path("text").asText())
                .contains("can't write in " + pair.b.data(), "Read-only file system", "what is served goes on");
        assertThat(before.differences(pair.tree(pair.b))).isEmpty();
    }

    @Test
    void belowTheSurvivorItSaysSoRefusesAndTouchesNothing() throws Exception {
        pair.write("records", "acknowledged");
        long agent = pair.b.pid();
        turnsReadOnly();
        pair.until("status says so", () -> reasons().contains("DISK-UNWRITABLE"));
        refused("check", Pair.GROUP);
        pair.cutPower(pair.a);
        pair.until("b sees that a is gone", () -> !Pair.allUp(pair.b));
        refused("failover", Pair.GROUP);
        refused("failover", Pair.GROUP, "--override", "a is off", "--accept-loss");
        assertThat(pair.onTheWire()).isEmpty();
        assertThat(pair.b.runs()).isTrue();
        assertThat(pair.b.pid()).isEqualTo(agent);

        repaired();
        pair.until("b knows the group", () -> pair.state(pair.b).equals("STANDING_BY"));
        // it could not keep when it heard a last
        pair.b.must("failover", Pair.GROUP, "--accept-loss");
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.read("records")).isEqualTo("acknowledged");
    }

    @Test
    void belowTheHolderWhatIsServedGoesOn() throws Exception {
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        pair.a.start();
        pair.until("it might go back", pair::mayGoHome);
        try (WireWatch watch = WireWatch.of(pair)) {
            turnsReadOnly();
            pair.until("status says so", () -> reasons().contains("DISK-UNWRITABLE"));
            pair.write("records", "by then");
            refused("undo", Pair.GROUP);
            refused("share", "create", Pair.GROUP, "more", "--nfs", "--volume", "tank");
            assertThat(pair.serves(pair.b)).isTrue();
            assertThat(pair.replicating(pair.a, "SECONDARY")).isTrue();

            repaired();
            pair.until("b serves, as before", () -> pair.serves(pair.b));
            pair.until("nothing is wrong", () -> reasons().isEmpty());
            assertThat(watch.gaps()).isZero();
            assertThat(watch.everHeld()).containsExactly("b");
        }
        assertThat(pair.read("records")).isEqualTo("by then");
        pair.until("it may go back", pair::mayGoHome);
        pair.b.must("undo", Pair.GROUP);
        assertThat(pair.onTheWire()).containsExactly("a");
    }
}
