package sfo.agent.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The product's own programs, run by the JVM and the classes that run this one. */
final class Programs {
    static final String AGENT = "sfo.agent.boot.Main";
    static final String CLIENT = "sfo.protocol.control.Client";

    private final Path options;

    private Programs(Path options) {
        this.options = options;
    }

    /** Writes the options that all of them share into a file of that folder, so that command lines stay short. */
    static Programs in(Path folder) throws IOException {
        Path file = folder.resolve("java-options");
        Files.write(file, options());
        return new Programs(file);
    }

    private static List<String> options() {
        // several process namespaces share the folder of performance data, and so its file names
        List<String> lines = new ArrayList<>(
                List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto"));
        if (Runtime.version().feature() >= 24) {
            lines.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        }
        lines.addAll(List.of("-cp", "\"" + classPath().replace("\\", "\\\\") + "\""));
        return lines;
    }

    private static String classPath() {
        String separator = java.io.File.pathSeparator;
        return Arrays.stream(System.getProperty("java.class.path").split(separator, -1))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(separator));
    }

    /** Whether programs, or what they write, lie below that folder of the machine. */
    boolean needs(Path below) {
        return options.startsWith(below)
                || Path.of(System.getProperty("java.home")).startsWith(below)
                || Arrays.stream(classPath().split(java.io.File.pathSeparator, -1))
                        .anyMatch(entry -> Path.of(entry).startsWith(below));
    }

    private List<String> java(List<String> more, String main, List<String> words) {
        List<String> argv = new ArrayList<>();
        argv.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        argv.add("@" + options);
        argv.addAll(more);
        argv.add(main);
        argv.addAll(words);
        return argv;
    }

    List<String> agent(String main, Path settings, Path temporary, String... properties) {
        // the launcher's own
        List<String> more = new ArrayList<>(List.of(
                "-Xms16m",
                "-Xmn8m",
                "-Xmx96m",
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:AsyncDeflationInterval=2000",
                "-Djava.io.tmpdir=" + temporary));
        archive()
                .ifPresent(file -> more.addAll(
                        List.of("-XX:SharedArchiveFile=" + file, "-Xlog:disable", "-Xlog:all=error:stderr")));
        for (String property : properties) {
            more.add("-D" + property);
        }
        return java(more, main, List.of("--config", settings.toString()));
    }

    /** What {@code sfo-archive} made, if it was typed: beside the agent's classes. */
    private static Optional<Path> archive() {
        return Arrays.stream(classPath().split(java.io.File.pathSeparator, -1))
                .map(entry -> Path.of(entry).resolveSibling("sfo.jsa"))
                .filter(Files::exists)
                .findFirst();
    }

    List<String> client(Path socket, List<String> words) {
        List<String> all = new ArrayList<>(List.of("--socket", socket.toString()));
        all.addAll(words);
        return java(List.of(), CLIENT, all);
    }

    /** Its output goes to {@code log}; its standard input stays open until this process ends. */
    static Process start(List<String> argv, Path log) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(argv)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("MALLOC_ARENA_MAX", "2"); // as the launcher does
        return builder.start();
    }
}
