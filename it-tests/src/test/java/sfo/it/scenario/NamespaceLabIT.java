package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import sfo.agent.demo.Capture;
import sfo.agent.demo.NamespaceLab;
import sfo.it.harness.Labs;
import sfo.ops.api.Call;
import sfo.ops.exec.Exec;

/** What all other stories in namespaces stand on. */
class NamespaceLabIT {
    private final Exec exec = new Exec();
    private NamespaceLab lab;

    @BeforeEach
    void aLab() throws Exception {
        Labs.assumePossible();
        lab = NamespaceLab.make(false);
    }

    @AfterEach
    void isTakenAway() {
        if (lab != null) {
            Path folder = lab.folder();
            lab.close();
            assertThat(folder).doesNotExist();
        }
    }

    private String inside(String appliance, String... argv) throws Exception {
        return exec.need(Call.within(Duration.ofSeconds(20)), lab.inside(appliance, List.of(argv)), "");
    }

    @Test
    void aPowerCutTakesProcessesMountsLoopsAndFramesAndLeavesTheDisks() throws Exception {
        lab.powerOn("a");
        lab.powerOn("b");
        Path image = lab.folder().resolve("a").resolve("image");
        inside("a", "truncate", "-s", "64M", image.toString());
        inside("a", "mkfs.ext4", "-q", image.toString());
        inside("a", "mkdir", "-p", "/run/x");
        inside("a", "mount", "-o", "loop", image.toString(), "/run/x");
        String boot =
                inside("a", "stat", "-c", "%Y", "/proc/1") + inside("a", "cut", "-d", " ", "-f22", "/proc/1/stat");
        assertThat(inside("b", "ping", "-c1", "-W5", "10.78.0.11")).contains("1 received");
        try (Capture capture = lab.capture("arp or icmp")) {
            inside("b", "ping", "-c1", "-W5", "10.77.0.11");
            await().until(() -> !capture.from("a").isEmpty());
            lab.cutPower("a");
            int before = capture.from("a").size();
            Exec.Output ping = exec.run(
                    Call.within(Duration.ofSeconds(20)),
                    lab.inside("b", List.of("ping", "-c2", "-i0.3", "-W1", "10.77.0.11")),
                    "");
            assertThat(ping.ok()).as(ping.out()).isFalse();
            assertThat(capture.from("a")).hasSize(before);
            assertThat(capture.from("b")).isNotEmpty();
        }
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(
                                exec.need(Call.within(Duration.ofSeconds(10)), "losetup", "-n", "-O", "BACK-FILE"))
                        .doesNotContain(image.toString()));
        assertThat(ProcessHandle.allProcesses()
                        .map(p -> p.info().commandLine().orElse(""))
                        .filter(line -> line.contains(lab.folder().resolve("a") + "/"))
                        .toList())
                .isEmpty();
        assertThat(image).exists();
        lab.powerOn("a");
        assertThat(inside("a", "stat", "-c", "%Y", "/proc/1") + inside("a", "cut", "-d", " ", "-f22", "/proc/1/stat"))
                .isNotEqualTo(boot);
        assertThat(inside("a", "findmnt", "-rn")).doesNotContain("/run/x");
        assertThat(inside("b", "ping", "-c1", "-W5", "10.78.0.11")).contains("1 received");
    }

    @Test
    void anApplianceHasRunAndDaemonsFoldersOfItsOwnAndReapsWhatIsLeftToIt() throws Exception {
        lab.powerOn("a");
        assertThat(inside("a", "hostname").strip()).isEqualTo("a");
        inside("a", "touch", "/var/lib/samba/mark", "/run/mark");
        assertThat(Path.of("/var/lib/samba/mark")).doesNotExist();
        assertThat(Path.of("/run/mark")).doesNotExist();
        inside("a", "sh", "-c", "setsid --fork true");
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(
                        () -> assertThat(inside("a", "ps", "-e", "-o", "stat=")).doesNotContain("Z"));
        assertThat(Files.exists(lab.folder().resolve("a/own-var-lib-samba/mark")))
                .isTrue();
    }

    @Test
    void aDumpSeesWhatChangedOnAHostAndNothingElse() throws Exception {
        lab.powerOn("b");
        lab.killAgent("b"); // it would listen, some time
        // routes to its own link-local addresses come when these have been found free
        await().until(() -> inside("b", "ip", "-6", "addr", "show", "tentative").isEmpty());
        inside("b", "ip", "netns", "add", "g");
        var before = lab.dump("b");
        assertThat(lab.dump("b")).isEqualTo(before);
        inside("b", "ip", "-n", "g", "route", "add", "blackhole", "10.9.0.0/16");
        inside("b", "ip", "addr", "add", "10.77.0.99/24", "dev", "eth0");
        assertThat(lab.dump("b")).isNotEqualTo(before);
        inside("b", "ip", "netns", "del", "g");
        inside("b", "ip", "addr", "del", "10.77.0.99/24", "dev", "eth0");
        inside("b", "ip", "netns", "add", "g");
        assertThat(lab.dump("b")).isEqualTo(before);
    }
}
