package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import sfo.agent.demo.Demo;
import sfo.protocol.json.Json;

/** {@code sfo demo} as a process, in a temporary folder of its own. */
final class DemoProcess implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    private final Process process;
    private final Path output;
    private final Path temporary;

    private DemoProcess(Process process, Path output, Path temporary) {
        this.process = process;
        this.output = output;
        this.temporary = temporary;
    }

    /** @param temporary where it may write; several demos may share one */
    static DemoProcess start(Path temporary, String name, String... words) throws IOException {
        // what a shell starts in the background ignores Ctrl-C, and so would this
        List<String> argv = new ArrayList<>(List.of(
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + temporary));
        if (Runtime.version().feature() >= 24) {
            argv.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        }
        String classes = System.getProperty("java.class.path");
        argv.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", classes), Demo.class.getName()));
        argv.addAll(List.of(words));
        Path output = temporary.resolve(name + ".out");
        Process process = new ProcessBuilder(argv)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        return new DemoProcess(process, output, temporary);
    }

    String said() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    void awaitSaid(String words) {
        Awaitility.await(words).atMost(PATIENCE).until(() -> said().contains(words) || !process.isAlive());
        assertThat(said()).contains(words);
    }

    int awaitExit() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as(said())
                .isTrue();
        return process.exitValue();
    }

    /** The figures on its last line. */
    JsonNode figures() throws IOException {
        List<String> lines = said().lines().toList();
        return Json.MAPPER.readTree(lines.get(lines.size() - 1));
    }

    /** Ctrl-C, as a terminal does it but for the group. */
    void interrupt() throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-INT", String.valueOf(process.pid()))
                .start()
                .waitFor();
    }

    void kill() {
        process.destroyForcibly();
    }

    /** Folders of labs. */
    List<Path> left() throws IOException {
        try (Stream<Path> list = Files.list(temporary)) {
            return list.filter(p -> p.getFileName().toString().startsWith("sfo-lab-"))
                    .toList();
        }
    }

    /** Processes whose command line names the folder, but for demos themselves. */
    List<String> processesLeft() {
        return ProcessHandle.allProcesses()
                .filter(p -> p.pid() != process.pid())
                .map(p -> read(Path.of("/proc/" + p.pid() + "/cmdline")))
                .filter(line -> line.contains(temporary + "/sfo-lab-"))
                .toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).replace('\0', ' ');
        } catch (IOException gone) {
            return "";
        }
    }

    /** Loop devices and mounts of this machine on files of labs. */
    private List<String> devicesLeft() throws IOException {
        List<String> left = new ArrayList<>();
        try (Stream<Path> blocks = Files.list(Path.of("/sys/block"))) {
            for (Path block : blocks.toList()) {
                left.add(read(block.resolve("loop/backing_file")).strip());
            }
        }
        left.addAll(Files.readAllLines(Path.of("/proc/self/mountinfo")));
        left.removeIf(line -> !line.contains("/sfo-lab-") || !line.contains(temporary.toString()));
        return left;
    }

    /** The machine's own NICs and named network namespaces. */
    static List<String> networks() throws IOException {
        List<String> names = new ArrayList<>();
        for (String folder : List.of("/sys/class/net", "/run/netns")) {
            if (Files.isDirectory(Path.of(folder))) {
                try (Stream<Path> all = Files.list(Path.of(folder))) {
                    all.map(Path::toString).sorted().forEach(names::add);
                }
            }
        }
        return names;
    }

    void assertNothingLeft() throws IOException {
        Awaitility.await("processes, loop devices and mounts of labs in " + temporary)
                .atMost(Duration.ofSeconds(15))
                .untilAsserted(() -> {
                    assertThat(processesLeft()).isEmpty();
                    assertThat(devicesLeft()).isEmpty();
                });
        assertThat(left()).as(said()).isEmpty();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
