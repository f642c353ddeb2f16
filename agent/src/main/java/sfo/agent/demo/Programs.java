package sfo.agent.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The product's own programs, run by the JVM and the classes that run this one. */
final class Programs {
    static final String AGENT = "sfo.agent.boot.Main";
    static final String CLIENT = "sfo.protocol.control.Client";

    private Programs() {}

    /** {@code java … main words}. */
    static List<String> java(List<String> options, String main, List<String> words) {
        List<String> argv = new ArrayList<>();
        argv.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // several process namespaces share the folder of performance data, and so its file names
        argv.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto"));
        if (Runtime.version().feature() >= 24) {
            argv.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        }
        argv.addAll(options);
        argv.addAll(List.of("-cp", classPath(), main));
        argv.addAll(words);
        return argv;
    }

    private static String classPath() {
        String separator = java.io.File.pathSeparator;
        return Arrays.stream(System.getProperty("java.class.path").split(separator, -1))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(separator));
    }

    static List<String> agent(String main, Path settings, Path temporary) {
        return java(
                List.of("-Xmx160m", "-Djava.io.tmpdir=" + temporary), main, List.of("--config", settings.toString()));
    }

    static List<String> client(Path socket, List<String> words) {
        List<String> all = new ArrayList<>(List.of("--socket", socket.toString()));
        all.addAll(words);
        return java(List.of(), CLIENT, all);
    }

    /** Its output goes to {@code log}; its standard input stays open until this process ends. */
    static Process start(List<String> argv, Path log) throws IOException {
        return new ProcessBuilder(argv)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }
}
