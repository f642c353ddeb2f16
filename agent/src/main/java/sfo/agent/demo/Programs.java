package sfo.agent.demo;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The product's own programs, run by the JVM and the classes that run this one. */
public final class Programs {
    static final String AGENT = "sfo.agent.boot.Main";
    static final String CLIENT = "sfo.protocol.control.Client";

    /** In the launcher's order. */
    private static final List<String> MODULES = List.of("agent", "protocol", "config", "ops-adapters");

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

    /** Of a packaged build as the launcher has it, so that the archive of classes fits; otherwise what runs this class. */
    public static String classPath() {
        Path own = Path.of(URI.create(Programs.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toString()));
        Path target = own.resolveSibling("");
        if (Files.isRegularFile(own) && Files.isDirectory(target.resolve("lib"))) {
            List<String> entries = new ArrayList<>();
            for (String module : MODULES) {
                entries.add(target.resolve("../../" + module + "/target/" + module + "-" + version(own) + ".jar")
                        .normalize()
                        .toString());
            }
            entries.add(target.resolve("lib") + "/*");
            return String.join(java.io.File.pathSeparator, entries);
        }
        return Arrays.stream(System.getProperty("java.class.path").split(java.io.File.pathSeparator, -1))
                .map(entry -> Path.of(entry).toAbsolutePath())
                // of the launcher: what makes keys
                .filter(entry -> !entry.resolveSibling("").endsWith("lib/keys"))
                .map(Path::toString)
                .collect(Collectors.joining(java.io.File.pathSeparator));
    }

    private static String version(Path jar) {
        String name = jar.getFileName().toString();
        return name.substring("agent-".length(), name.length() - ".jar".length());
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
                "-Xms26m",
                "-Xmn6m",
                "-Xmx96m",
                "-XX:MinHeapFreeRatio=10",
                "-XX:MaxHeapFreeRatio=20",
                "-XX:+IgnoreUnrecognizedVMOptions",
                "-XX:TrimNativeHeapInterval=60000",
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:AsyncDeflationInterval=2000",
                "-Dsun.reflect.inflationThreshold=2147483647",
                "-Djava.io.tmpdir=" + temporary));
        more.addAll(archive("sfo.jsa"));
        for (String property : properties) {
            more.add("-D" + property);
        }
        return java(more, main, List.of("--config", settings.toString()));
    }

    /**
     * The JVM's flags for what {@code sfo-archive} made, if it did: beside the agent's classes.
     *
     * @param name {@code sfo.jsa} for the agent, {@code client.jsa} for the client
     */
    public static List<String> archive(String name) {
        return Arrays.stream(classPath().split(java.io.File.pathSeparator, -1))
                .map(entry -> Path.of(entry).resolveSibling(name))
                .filter(Files::exists)
                .findFirst()
                .map(file -> List.of(
                        "-XX:SharedArchiveFile=" + file,
                        "-XX:+IgnoreUnrecognizedVMOptions",
                        "-XX:+UnlockDiagnosticVMOptions",
                        "-XX:ArchiveRelocationMode=0",
                        "-Xlog:disable",
                        "-Xlog:all=error:stderr"))
                .orElse(List.of());
    }

    List<String> client(Path socket, List<String> words) {
        List<String> all = new ArrayList<>(List.of("--socket", socket.toString()));
        all.addAll(words);
        // as the launcher has it: one small jar, and an archive of its own
        List<String> own = new ArrayList<>(List.of("-Xint", "-XX:+UseTransparentHugePages", "-Xmx32m"));
        own.addAll(archive("client.jsa"));
        Arrays.stream(classPath().split(java.io.File.pathSeparator, -1))
                .filter(entry -> Path.of(entry).getFileName().toString().startsWith("protocol-"))
                .findFirst()
                .ifPresent(jar -> own.addAll(List.of("-cp", jar)));
        return java(own, CLIENT, all);
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
