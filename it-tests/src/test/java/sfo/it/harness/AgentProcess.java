package sfo.it.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import sfo.agent.demo.Programs;
import sfo.protocol.peer.Hello;

/** An agent in a JVM of its own, as {@link TestAgent}: it can be killed, frozen, told things, and asked what it sees. */
public final class AgentProcess {
    /** Generous, for machines that do much else; what is measured is measured apart. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Site site;
    private final String name;
    private final Path log;
    private final Process process;
    private final int earlierLog;

    private AgentProcess(Site site, String name, Path log, Process process, int earlierLog) {
        this.site = site;
        this.name = name;
        this.log = log;
        this.process = process;
        this.earlierLog = earlierLog;
    }

    static AgentProcess start(Site site, String name, Path log) {
        List<String> words = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx96m"));
        if (Runtime.version().feature() >= 24) {
            words.add("--enable-native-access=ALL-UNNAMED");
            words.add("--sun-misc-unsafe-memory-access=allow");
        }
        words.addAll(Programs.archive("sfo.jsa"));
        words.addAll(List.of(
                "-cp",
                Programs.classPath() + java.io.File.pathSeparator + System.getProperty("java.class.path", ""),
                TestAgent.class.getName(),
                site.settingsFile(name).toString()));
        try {
            int earlierLog = Files.exists(log) ? Files.readString(log).length() : 0;
            Process process = new ProcessBuilder(words)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            return new AgentProcess(site, name, log, process, earlierLog);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String name() {
        return name;
    }

    public long pid() {
        return process.pid();
    }

    /** What it says on the hello endpoint; empty if it does not answer. */
    public Optional<Hello> hello() {
        try {
            return Optional.of(site.client().ask(site.peer(name)).get(5, TimeUnit.SECONDS));
        } catch (ExecutionException | TimeoutException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Each member that it sees with its state, such as {@code a=up b=unreachable}; empty if it does not answer. */
    public String members() {
        return hello().map(hello -> hello.members().stream()
                        .map(member -> member.appliance() + "=" + member.state())
                        .sorted()
                        .collect(Collectors.joining(" ")))
                .orElse("");
    }

    public void awaitMembers(String expected) {
        waiting("members " + expected).untilAsserted(() -> {
            assertThat(process.isAlive()).as("%s ended:%n%s", name, log()).isTrue();
            assertThat(members()).isEqualTo(expected);
        });
    }

    public void awaitLog(String part) {
        waiting("log " + part).untilAsserted(() -> assertThat(log()).contains(part));
    }

    /** What this process has said so far. */
    public String log() {
        try {
            return Files.exists(log) ? Files.readString(log).substring(earlierLog) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A line for {@link TestAgent}. */
    public void tell(String line) {
        try {
            process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(log(), e);
        }
    }

    public void freeze() {
        signal("STOP");
    }

    public void thaw() {
        signal("CONT");
    }

    /** SIGKILL, also of a frozen one; returns when it is gone. */
    public void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    /** SIGTERM. */
    public void terminate() {
        process.destroy();
    }

    /** @return the exit code */
    public int awaitExit() {
        try {
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as("%s ends; its log:%n%s", name, log())
                    .isTrue();
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private ConditionFactory waiting(String what) {
        return Awaitility.await(name + " " + what).atMost(PATIENCE).pollInterval(Duration.ofMillis(200));
    }

    private void signal(String signal) {
        List<String> words = Arrays.asList("kill", "-" + signal, String.valueOf(process.pid()));
        try {
            assertThat(new ProcessBuilder(words).inheritIO().start().waitFor(10, TimeUnit.SECONDS))
                    .isTrue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
