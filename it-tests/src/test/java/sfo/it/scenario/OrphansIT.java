package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.agent.demo.Lab;
import sfo.agent.demo.NamespaceLab;
import sfo.agent.demo.Sfo;
import sfo.it.harness.Labs;
import sfo.it.harness.WhenAskedFor;
import sfo.ops.api.Call;
import sfo.ops.exec.Exec;

/** I3 where a command of a step hangs, outlives its killed agent, and would act later: on b, whose {@code ip} does that once. */
@Timeout(300)
@WhenAskedFor
class OrphansIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final String STEP = "network.interface.fo0";

    private final Exec exec = new Exec();
    private NamespaceLab lab;
    private Sfo sfo;
    private Path folder;

    @BeforeEach
    void aServes() throws Exception {
        Labs.assumePossible();
        lab = NamespaceLab.make(false);
        sfo = new Sfo(lab);
        folder = Files.createDirectory(lab.folder().resolve("orphan"));
        lab.powerOn("a");
        lab.boot("b");
        inPlaceOf(Exec.find("ip").orElseThrow().toRealPath());
        lab.startAgent("b");
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "both agents are up", LIMIT, Sfo::allUp);
        }
        sfo.must(
                "a",
                ("group create demo --member a --member b --home a --nic a=eth0 --nic b=eth0 --address " + Lab.ADDRESS
                                + "/24 --gateway 10.77.0.254 -y")
                        .split(" "));
        sfo.awaitDone("b", LIMIT, "check", Lab.GROUP);
    }

    @AfterEach
    void end() {
        if (lab != null) {
            lab.close();
        }
    }

    private void inPlaceOf(Path ip) throws Exception {
        Files.copy(ip, folder.resolve("ip"), StandardCopyOption.COPY_ATTRIBUTES);
        Path hangs = folder.resolve("hangs");
        Files.writeString(hangs, """
                #!/bin/sh
                case "$SFO_STEP" in
                */STEP)
                  if mkdir FOLDER/struck 2>/dev/null; then
                    echo $$ > FOLDER/pid
                    sleep 600
                    echo "$*" > FOLDER/acted
                  elif kill -0 "$(cat FOLDER/pid)" 2>/dev/null; then
                    echo "$*" >> FOLDER/asked-too-early
                  else
                    echo "$*" >> FOLDER/asked
                  fi;;
                esac
                exec FOLDER/ip "$@"
                """.replace("STEP)", STEP + ")").replace("FOLDER", folder.toString()));
        Files.setPosixFilePermissions(hangs, PosixFilePermissions.fromString("rwxr-xr-x"));
        inside("mount", "--bind", hangs.toString(), ip.toString());
    }

    private String inside(String... argv) throws Exception {
        return exec.need(Call.within(Duration.ofSeconds(20)), lab.inside("b", List.of(argv)), "");
    }

    /** Processes on b that a step began. */
    private String ofSteps() throws Exception {
        return inside("sh", "-c", "grep -l SFO_STEP=.*/" + STEP + " /proc/[0-9]*/environ 2>/dev/null || true")
                .strip();
    }

    @Test
    void theNextAgentEndsItBeforeItAsksTheHost() throws Exception {
        lab.cutPower("a");
        CompletableFuture<Exec.Output> failover = CompletableFuture.supplyAsync(() -> {
            try {
                return lab.sfo("b", LIMIT, List.of("failover", Lab.GROUP));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        await("the command hangs").atMost(LIMIT).until(() -> Files.exists(folder.resolve("pid")));
        lab.killAgent("b");
        assertThat(failover.get().exit()).as("the client lost its agent").isEqualTo(6);
        assertThat(ofSteps()).as("the orphan").isNotEmpty();

        lab.startAgent("b");
        sfo.await(
                "b",
                "b serves",
                LIMIT,
                status -> Sfo.group(status).path("state").asText().equals("FAILED_OVER"));
        assertThat(ofSteps()).isEmpty();
        assertThat(folder.resolve("asked")).isNotEmptyFile();
        assertThat(folder.resolve("asked-too-early")).doesNotExist();
        assertThat(folder.resolve("acted")).doesNotExist();
        assertThat(inside("ip", "-n", "sfo-" + Lab.GROUP, "-br", "addr")).contains(Lab.ADDRESS + "/24");
    }
}
