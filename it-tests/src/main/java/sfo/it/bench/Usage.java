package sfo.it.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import sfo.agent.demo.Lab;

/**
 * What processes of one name hold, as the kernel counts it.
 *
 * @param processes how many have that name
 * @param descriptors open files, sockets and pipes
 * @param residentMiB memory
 */
public record Usage(int processes, int descriptors, int threads, double residentMiB) {
    public static final Usage NONE = new Usage(0, 0, 0, 0);

    private static final Path PROC = Path.of("/proc");

    /** Of one process. @throws IOException if there is none */
    public static Usage of(long pid) throws IOException {
        return of(PROC.resolve(String.valueOf(pid))).orElseThrow(() -> new IOException("no process " + pid));
    }

    /** Of the agent of an appliance alone, under the name {@code agent}. */
    public static Map<String, Usage> ofAgent(Lab lab, String appliance) throws IOException {
        return Map.of("agent", of(agent(lab, appliance)).orElseThrow());
    }

    /** Of all processes of an appliance in namespaces, by name. The agent's is {@code java}. */
    public static Map<String, Usage> ofAppliance(Lab lab, String appliance) throws IOException {
        Path own = Files.readSymbolicLink(agent(lab, appliance).resolve("ns/pid"));
        Map<String, Usage> all = new TreeMap<>();
        try (Stream<Path> processes = Files.list(PROC)) {
            for (Path process : processes.filter(Usage::isProcess).toList()) {
                Optional<String> name = name(process, own);
                Optional<Usage> usage = name.flatMap(known -> of(process));
                usage.ifPresent(more -> all.merge(name.orElseThrow(), more, Usage::plus));
            }
        }
        return all;
    }

    private static boolean isProcess(Path path) {
        return path.getFileName().toString().matches("\\d+");
    }

    /** Empty if it is gone, or not in that namespace of processes. */
    private static Optional<String> name(Path process, Path namespace) {
        try {
            return Files.readSymbolicLink(process.resolve("ns/pid")).equals(namespace)
                    ? Optional.of(Files.readString(process.resolve("comm")).strip())
                    : Optional.empty();
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    /** The folder in {@code /proc} of its agent. */
    static Path agent(Lab lab, String appliance) throws IOException {
        String settings = lab.log(appliance).resolveSibling("sfo.conf").toString();
        try (Stream<Path> processes = Files.list(PROC)) {
            return processes
                    .filter(Usage::isProcess)
                    .filter(process -> {
                        String words = words(process);
                        return words.contains(settings) && !words.startsWith("nsenter");
                    })
                    .findFirst()
                    .orElseThrow(() -> new IOException("no agent of " + appliance + " in " + lab.folder()));
        }
    }

    private static String words(Path process) {
        try {
            return Files.readString(process.resolve("cmdline"));
        } catch (IOException gone) {
            return "";
        }
    }

    private static Optional<Usage> of(Path process) {
        try (Stream<Path> descriptors = Files.list(process.resolve("fd"));
                Stream<String> status = Files.lines(process.resolve("status"))) {
            Map<String, Double> counted = new TreeMap<>();
            status.filter(line -> line.startsWith("Threads:") || line.startsWith("VmRSS:"))
                    .forEach(line -> counted.put(
                            line.substring(0, line.indexOf(':')), Double.parseDouble(line.replaceAll("\\D", ""))));
            int threads = counted.getOrDefault("Threads", 0.0).intValue();
            return Optional.of(
                    new Usage(1, (int) descriptors.count(), threads, counted.getOrDefault("VmRSS", 0.0) / 1024));
        } catch (IOException | java.io.UncheckedIOException gone) {
            return Optional.empty();
        }
    }

    private Usage plus(Usage other) {
        return new Usage(
                processes + other.processes,
                descriptors + other.descriptors,
                threads + other.threads,
                residentMiB + other.residentMiB);
    }
}
