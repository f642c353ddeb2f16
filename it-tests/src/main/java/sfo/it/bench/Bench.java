package sfo.it.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import sfo.agent.demo.EmbeddedLab;
import sfo.agent.demo.Lab;
import sfo.agent.demo.NamespaceLab;
import sfo.agent.demo.Sfo;
import sfo.config.load.SettingsFile;
import sfo.protocol.json.Json;

/** Measures the product as its users meet it: whole commands, real clients, an agent that idles. */
@Command(
        name = "bench",
        description =
                "Runs the demo several times, then a pair that serves and does no more; prints medians beside their limits.",
        mixinStandardHelpOptions = true,
        exitCodeList = {"0:all measured", "1:a run failed or lost a write", "2:wrong words"})
public final class Bench implements Callable<Integer> {
    private static final Duration RUN = Duration.ofMinutes(4);
    /** Until the JVM has compiled what they do every three or four seconds: two hundred calls. */
    private static final Duration SETTLE = Duration.ofMinutes(14);
    /** So that each has a look at what is served in it. */
    private static final Duration IDLE = Duration.ofSeconds(60);
    /** Of what takes no longer than a process, or a look, in each run. */
    private static final int SAMPLES = 3;
    /** What an agent says when it does all that agents do. */
    private static final String READY = " runs (started in ";

    private static final double TICKS_PER_SECOND = 100;

    private enum Mode {
        namespaces,
        embedded
    }

    @Option(names = "--mode", description = "namespaces (default; needs root) or embedded")
    private Mode mode = Mode.namespaces;

    @Option(names = "--runs", description = "how often each thing is measured; 5 by default")
    private int runs = 5;

    @Option(names = "--json", paramLabel = "FILE", description = "the figures as JSON, with each run")
    private @Nullable Path json;

    private final Map<String, Figure> figures = new LinkedHashMap<>();

    private Bench() {}

    public static void main(String[] words) {
        System.exit(new CommandLine(new Bench()).execute(words));
    }

    @Override
    public Integer call() throws InterruptedException {
        try {
            measure();
            return 0;
        } catch (IOException e) {
            System.err.println("bench: " + e.getMessage());
            return 1;
        }
    }

    private void measure() throws IOException, InterruptedException {
        archive();
        for (int run = 1; run <= runs; run++) {
            System.err.println("demo " + run + " of " + runs);
            demo();
        }
        agents();
        System.out.printf("%-52s %9s %-4s %8s %6s%n", "median of " + runs, "", "", "limit", "ratio");
        figures.values().forEach(figure -> System.out.println(figure.line()));
        if (json != null) {
            Files.writeString(json, Json.text(Map.of("mode", mode, "figures", figures.values())));
        }
    }

    private void demo() throws IOException, InterruptedException {
        Process demo = new ProcessBuilder("agent/bin/sfo", "demo", "--mode", mode.name(), "--json")
                .redirectErrorStream(true)
                .start();
        String output = new String(demo.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!demo.waitFor(RUN.toSeconds(), TimeUnit.SECONDS) || demo.exitValue() != 0) {
            demo.destroy();
            throw new IOException("the demo failed:\n" + output);
        }
        JsonNode line =
                Json.MAPPER.readTree(output.strip().substring(output.strip().lastIndexOf('\n') + 1));
        add("failover: command to its end", "ms", line.get("failover_ms").asDouble(), 0);
        for (Map.Entry<String, JsonNode> client : line.get("clients").properties()) {
            boolean old = client.getKey().contains("open since");
            add(
                    "failover: command to first good I/O, " + client.getKey(),
                    "ms",
                    client.getValue().asDouble(),
                    old ? 1500 : 0);
        }
        add("undo: command to its end", "ms", line.get("undo_ms").asDouble(), 0);
        add("undo: longest gap", "ms", line.get("undo_outage_ms").asDouble(), 1500);
        add("writes lost", "", line.get("lost_writes").asDouble(), 0);
    }

    /** As on an installed appliance. */
    private static void archive() throws IOException, InterruptedException {
        Process archive = new ProcessBuilder("agent/bin/sfo-archive")
                .redirectErrorStream(true)
                .start();
        String output = new String(archive.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (archive.waitFor() != 0) {
            throw new IOException("sfo-archive failed:\n" + output);
        }
    }

    private void agents() throws IOException, InterruptedException {
        for (int run = 1; run <= runs; run++) {
            System.err.println("agent " + run + " of " + runs);
            try (Lab lab = mode == Mode.embedded ? EmbeddedLab.make(false) : NamespaceLab.make(false)) {
                lab.powerOn("b");
                awaitReady(lab, "b");
                long begin = System.nanoTime();
                lab.powerOn("a");
                awaitReady(lab, "a");
                add("agent: switched on to ready", "ms", millisSince(begin), 2500);
                serve(lab);
                for (int sample = 1; sample <= SAMPLES; sample++) {
                    process("java, an empty program (this machine's own speed)", 0, empty());
                    process("sfo status, as a whole process", 200, status(lab));
                }
                if (run == runs) {
                    idle(Usage.agent(lab, "a"));
                }
            }
        }
    }

    /** What an agent costs is asked while it has something to look after. */
    private static void serve(Lab lab) throws IOException {
        Sfo operator = new Sfo(lab);
        for (String appliance : Lab.APPLIANCES) {
            operator.await(appliance, "both agents are up", RUN, Sfo::allUp);
        }
        for (List<String> words : lab.served()) {
            operator.must("a", words.toArray(String[]::new));
        }
        operator.await("b", "b has every write", RUN, status -> Sfo.replicating(status, "SECONDARY"));
    }

    /** Of one pair, since it takes minutes to come to rest. */
    private void idle(Path agent) throws IOException, InterruptedException {
        System.err.println("waits " + SETTLE.toSeconds() + " s for the agents to come to rest");
        Thread.sleep(SETTLE.toMillis());
        for (int run = 1; run <= runs; run++) {
            double before = ticks(agent);
            Thread.sleep(IDLE.toMillis());
            double percent = (ticks(agent) - before) / TICKS_PER_SECOND / IDLE.toSeconds() * 100;
            add("agent: idle, of one core", "%", percent, 1);
            add(
                    "agent: resident",
                    "MiB",
                    Usage.of(Long.parseLong(agent.getFileName().toString())).residentMiB(),
                    160);
        }
    }

    private void process(String name, double limit, List<String> argv) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        Process process = new ProcessBuilder(argv).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(name + " ended with " + process.exitValue() + ": " + output);
        }
        add(name, "ms", millisSince(begin), limit);
    }

    /** With the flags of the client: what is left is what {@code sfo} itself costs. */
    private static List<String> empty() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xint",
                "-XX:+UseSerialGC",
                "-XX:+UseTransparentHugePages",
                "-XX:-UsePerfData",
                "-Xshare:auto",
                "-Xmx32m",
                "-cp",
                "it-tests/target/classes",
                Nothing.class.getName());
    }

    /** By the launcher, as an operator types it. */
    private static List<String> status(Lab lab) {
        String socket = SettingsFile.load(lab.log("a").resolveSibling("sfo.conf"))
                .socket()
                .toString();
        List<String> argv = List.of(Path.of("agent/bin/sfo").toAbsolutePath().toString(), "--socket", socket, "status");
        return lab instanceof NamespaceLab namespaces ? namespaces.inside("a", argv) : argv;
    }

    private static void awaitReady(Lab lab, String appliance) throws IOException {
        long begin = System.nanoTime();
        while (!Files.exists(lab.log(appliance))
                || !Files.readString(lab.log(appliance)).contains(READY)) {
            if (System.nanoTime() - begin > RUN.toNanos()) {
                throw new IOException("the agent of " + appliance + " is not ready after " + RUN);
            }
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
    }

    /** Processor time so far, user and system. */
    private static double ticks(Path process) throws IOException {
        String stat = Files.readString(process.resolve("stat"));
        List<String> fields = List.of(stat.substring(stat.lastIndexOf(')') + 2).split(" "));
        return Double.parseDouble(fields.get(11)) + Double.parseDouble(fields.get(12));
    }

    private void add(String name, String unit, double value, double limit) {
        List<Double> more =
                new ArrayList<>(figures.containsKey(name) ? figures.get(name).runs() : List.of());
        more.add(value);
        figures.put(name, new Figure(name, unit, List.copyOf(more), limit));
    }

    private static double millisSince(long begin) {
        return (System.nanoTime() - begin) / 1e6;
    }
}
