package sfo.ops.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;

/** Commands that do their worst: nothing of them is left, and the agent goes on. */
@Timeout(60)
class ExecTest {
    /** Writes the process id of a child of its own session, which hangs, to the file that is its first word. */
    private static final String FORKS =
            "setsid sh -c 'echo $$ >\"$0.new\"; mv \"$0.new\" \"$0\"; exec sleep 600' \"$0\" & ";

    @TempDir
    Path folder = Path.of("set by JUnit");

    private final Exec exec = new Exec();

    private Exec.Output shell(Call call, String script) throws HostException {
        return exec.run(call, "sh", "-c", script, folder.resolve("child").toString());
    }

    private static Call briefly() {
        return Call.within(Duration.ofSeconds(1));
    }

    private ProcessHandle child() throws IOException {
        await().until(() -> Files.exists(folder.resolve("child")));
        long pid = Long.parseLong(Files.readString(folder.resolve("child")).strip());
        Optional<ProcessHandle> process = ProcessHandle.of(pid).filter(ProcessHandle::isAlive);
        return process.orElseGet(ProcessHandle::current);
    }

    private void assertNothingIsLeft() throws IOException {
        // this process stands for one that is gone
        assertThat(child()).isEqualTo(ProcessHandle.current());
    }

    @Test
    void oneThatHangsIsEndedInTimeAndSoAreItsChildren() throws Exception {
        assertThatThrownBy(() -> shell(briefly(), FORKS + "exec sleep 600"))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("time ran out while running sh -c");
        assertNothingIsLeft();
    }

    @Test
    void oneThatEndsWhileAChildKeepsItsOutputOpenIsNotAwaitedAndTheChildIsEnded() throws Exception {
        String awaitsChild = "while ! [ -e \"$0\" ]; do sleep 0.01; done";
        assertThatThrownBy(() -> shell(Call.within(Duration.ofSeconds(20)), FORKS + awaitsChild))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("a child of it keeps its output open");
        assertNothingIsLeft();
    }

    @Test
    void whatItStartedForGoodStaysWhenItEndsWell() throws Exception {
        String daemon = FORKS.replace("& ", ">/dev/null 2>&1 & ");
        assertThat(shell(Call.within(Duration.ofSeconds(20)), daemon).ok()).isTrue();
        ProcessHandle child = child();
        assertThat(child).isNotEqualTo(ProcessHandle.current());
        child.destroyForcibly();
    }

    @Test
    void oneThatPrintsAGigabyteIsEndedLongBefore() throws Exception {
        Files.writeString(folder.resolve("child"), "0");
        for (String stream : List.of("1", "2")) {
            assertThatThrownBy(() -> shell(
                            Call.within(Duration.ofSeconds(50)), "head -c 1G /dev/zero >&" + stream + "; sleep 600"))
                    .isInstanceOf(HostException.class)
                    .hasMessageContaining("more than " + Exec.MAX_OUTPUT + " bytes");
        }
    }

    @Test
    void garbageIsText() throws HostException {
        Exec.Output output = exec.run(briefly(), "printf", "\\377\\376\\000\\200x\\n");
        assertThat(output.ok()).isTrue();
        assertThat(output.out()).endsWith("x\n");
    }

    @Test
    void oneThatIsMissingIsNamed() {
        assertThatThrownBy(() -> exec.run(briefly(), "no-such-command", "word"))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("cannot start no-such-command");
    }

    @Test
    void oneThatDoesNotReadItsInputEndsAsItLikes() throws HostException {
        String much = "x".repeat(1 << 20);
        assertThat(exec.run(Call.within(Duration.ofSeconds(20)), List.of("true"), much)
                        .exit())
                .isZero();
    }

    /** While it becomes another program it has no environment to be known by. */
    @Test
    void oneInTheMidstOfItsExecIsFound() throws Exception {
        for (int n = 0; n < 200; n++) {
            ProcessBuilder orphan = new ProcessBuilder("sleep", "600");
            orphan.environment().put("SFO_STEP", "web-3/becomes");
            Process process = orphan.start();
            try {
                assertThat(exec.endOrphans("web-3/becomes", Call.within(Duration.ofSeconds(20))))
                        .as("look %s", n)
                        .isPositive();
            } finally {
                process.destroyForcibly();
            }
        }
    }

    /** What is forked while one looks is not in what one sees. */
    @Test
    void orphansThatForkMeanwhileAreEndedToo() throws Exception {
        ProcessBuilder orphan = new ProcessBuilder(
                "sh", "-c", "n=0; while [ $n -lt 100 ]; do setsid sleep 600 & n=$((n+1)); done; exec sleep 600");
        orphan.environment().put("SFO_STEP", "web-2/forks");
        Process process = orphan.start();
        assertThat(exec.endOrphans("web-2/forks", Call.within(Duration.ofSeconds(20))))
                .isPositive();
        assertThat(process.isAlive()).isFalse();
        assertThat(exec.endOrphans("web-2/forks", Call.within(Duration.ofSeconds(20))))
                .isZero();
    }
}
