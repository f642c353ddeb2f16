package sfo.it.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import sfo.agent.demo.ControlSocket;
import sfo.agent.demo.Programs;
import sfo.agent.demo.Tethered;
import sfo.ops.exec.Exec;

/** One appliance of a {@link Pair}: its agent, a process of its own, and its operator. */
public final class Appliance {
    static final Duration PATIENCE = Duration.ofSeconds(100);

    private final String name;
    private final Path home;
    private final String bound;
    private final List<Cable> cables;
    private Optional<Process> agent = Optional.empty();

    /** @param bound the address that its actor system listens on, behind a cable */
    Appliance(String name, Path home, String bound, List<Cable> cables) {
        this.name = name;
        this.home = home;
        this.bound = bound;
        this.cables = cables;
    }

    public String name() {
        return name;
    }

    Path settings() {
        return home.resolve("sfo.conf");
    }

    public Path data() {
        return home.resolve("data");
    }

    public Path socket() {
        return home.resolve("run/control.sock");
    }

    private Path log() {
        return home.resolve("agent.log");
    }

    /** All that its agents have said. */
    public String said() {
        try {
            return Files.exists(log()) ? Files.readString(log()) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String endOfLog() {
        List<String> lines = said().lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 30), lines.size()));
    }

    public boolean runs() {
        return agent.filter(Process::isAlive).isPresent();
    }

    public long pid() {
        return agent.orElseThrow().pid();
    }

    /**
     * Starts its agent.
     *
     * @param properties of the JVM, such as {@code sfo.crash=after-act:open.fo0}
     */
    public void start(String... properties) {
        start(Map.of(), Tethered.class, List.of("--config", settings().toString()), properties);
    }

    /** Starts its agent with other variables in its environment. */
    public void startWith(Map<String, String> environment) {
        start(environment, Tethered.class, List.of("--config", settings().toString()));
    }

    /** Starts a {@link TestAgent} in its place: one that knows messages that the product does not. */
    public void startTestAgent() {
        start(Map.of(), TestAgent.class, List.of(settings().toString()));
    }

    private void start(Map<String, String> environment, Class<?> main, List<String> of, String... properties) {
        assertThat(runs()).as("the agent of %s runs", name).isFalse();
        List<String> words = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Xmx160m",
                "-Djava.io.tmpdir=" + home.resolve("tmp"),
                "-Dakka.remote.artery.bind.hostname=" + bound));
        if (Runtime.version().feature() >= 24) {
            words.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        }
        for (String property : properties) {
            words.add("-D" + property);
        }
        words.addAll(Programs.archive("sfo.jsa"));
        words.addAll(List.of(
                "-cp",
                main == Tethered.class
                        ? Programs.classPath()
                        : Programs.classPath() + File.pathSeparator + System.getProperty("java.class.path"),
                main.getName()));
        words.addAll(of);
        try {
            ProcessBuilder builder = new ProcessBuilder(words)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
            builder.environment().putAll(environment);
            began(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A line for a {@link TestAgent}. */
    public void tell(String line) {
        try {
            agent.orElseThrow().getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            agent.orElseThrow().getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(endOfLog(), e);
        }
    }

    private synchronized void began(Process process) {
        agent = Optional.of(process);
        var unused = process.onExit().thenRun(() -> ended(process));
        plug();
    }

    /** Told late, it is not the one that runs by now whose cables are pulled. */
    private synchronized void ended(Process process) {
        if (agent.filter(process::equals).isPresent()) {
            unplug();
        }
    }

    void plug() {
        if (runs()) {
            cables.forEach(Cable::plug);
        }
    }

    void unplug() {
        cables.forEach(Cable::unplug);
    }

    /** kill -9 of its agent alone; what it serves goes on. */
    public void kill() {
        agent.ifPresent(process -> {
            process.destroyForcibly();
            awaitEnd();
        });
    }

    /** SIGTERM to its agent; returns when that has ended. @return the exit code */
    public int terminate() {
        agent.orElseThrow().destroy();
        return awaitEnd();
    }

    /** @return the exit code; 137 for a crash */
    public int awaitEnd() {
        Process process = agent.orElseThrow();
        try {
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as("the agent of %s ends; its log:%n%s", name, endOfLog())
                    .isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        unplug();
        return process.exitValue();
    }

    public void freeze() {
        signal("STOP");
    }

    public void thaw() {
        signal("CONT");
    }

    private void signal(String signal) {
        try {
            Process kill = new ProcessBuilder("kill", "-" + signal, String.valueOf(pid())).start();
            assertThat(kill.waitFor(10, TimeUnit.SECONDS) && kill.exitValue() == 0)
                    .isTrue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Types {@code sfo words… --json} here, as the product's client does, and waits for the end. */
    public Reply sfo(String... words) {
        CompletableFuture<Reply> reply = typed(words);
        try {
            return reply.get(PATIENCE.toSeconds() * 2, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException | InterruptedException e) {
            throw new AssertionError(
                    "on " + name + ", sfo " + String.join(" ", words) + ": " + e + "\n" + endOfLog(), e);
        }
    }

    /** As {@link #sfo}, and it has to end with 0. */
    public Reply must(String... words) {
        Reply reply = sfo(words);
        assertThat(reply.exit())
                .as("on %s, sfo %s: %s%n%s", name, String.join(" ", words), reply, endOfLog())
                .isZero();
        return reply;
    }

    /** Types it, and does something else meanwhile. */
    public CompletableFuture<Reply> typed(String... words) {
        CompletableFuture<Reply> reply = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        reply.complete(converse(words));
                    } catch (RuntimeException e) {
                        reply.completeExceptionally(e);
                    }
                },
                "operator of " + name);
        thread.setDaemon(true);
        thread.start();
        return reply;
    }

    /** The product's client as a process. */
    public Reply client(String... words) {
        List<String> argv = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                Programs.classPath(),
                "sfo.protocol.control.Client",
                "--socket",
                socket().toString()));
        argv.addAll(List.of(words));
        try {
            Path out = home.resolve("client.out");
            Path err = home.resolve("client.err");
            Process process = new ProcessBuilder(argv)
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            return new Reply(process.exitValue(), Files.readString(out), Files.readString(err));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private Reply converse(String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.add("--json");
        Exec.Output said = ControlSocket.ask(socket(), PATIENCE.multipliedBy(2), all);
        return new Reply(said.exit(), said.out(), said.err());
    }
}
