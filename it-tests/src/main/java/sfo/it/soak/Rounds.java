package sfo.it.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import sfo.agent.demo.HostDump;
import sfo.agent.demo.Lab;
import sfo.agent.demo.NamespaceLab;
import sfo.agent.demo.Sfo;
import sfo.agent.demo.Workload;
import sfo.it.bench.Usage;
import sfo.ops.exec.Exec;

/**
 * The rounds of a soak: a loses its power, b takes over, a comes back, all goes home. The agent of b lives through all of
 * them; what it, its host and its folder hold after round {@value #SETTLED} is what they may hold in the end.
 */
final class Rounds implements AutoCloseable {
    /** By then each thing was done, loaded and cached once. */
    static final int SETTLED = 3;

    private static final Duration LIMIT = Duration.ofMinutes(2);
    /** A file of its own for so many rounds, so that none grows beyond its client's limit. */
    private static final int ROUNDS_PER_FILE = 10;

    /**
     * A client whose connection its server's peer does not know yet waits for as long as its library likes; who serves
     * tells of it once a second.
     */
    private static final long TOLD = 2000;

    private static final int RECORDS = 20;
    /** Connections of agents to one another come and go; what leaks once a round is more than that after ten. */
    private static final int DESCRIPTORS = 10;

    private static final int THREADS = 10;
    /** Of what a JVM may take of its bounded heap later than in the first minute. */
    private static final double MEBIBYTES = 64;

    private final Lab lab;
    private final Sfo sfo;
    private final Consumer<String> say;
    private final List<Workload> clients = new ArrayList<>();
    private final List<Long> failovers = new ArrayList<>();
    private final List<Long> undos = new ArrayList<>();
    private final List<String> lost = new ArrayList<>();
    private final List<String> leaks = new ArrayList<>();
    private Map<String, Usage> before = Map.of();
    private Map<String, Usage> after = Map.of();
    private long acknowledged;

    Rounds(Lab lab, Consumer<String> say) {
        this.lab = lab;
        this.say = say;
        this.sfo = new Sfo(lab);
    }

    void play(int rounds) throws IOException {
        serve();
        NavigableMap<String, NavigableSet<String>> settled = new TreeMap<>();
        for (int round = 1; round <= rounds; round++) {
            if (round % ROUNDS_PER_FILE == 1) {
                verify();
                begin(round);
            }
            long begin = System.nanoTime();
            round();
            say.accept(String.format(
                    "round %d of %d: failover %d ms, undo %d ms, all of it %d ms",
                    round, rounds, failovers.get(round - 1), undos.get(round - 1), millisSince(begin)));
            if (round == SETTLED) {
                settled = held();
                before = usage();
            }
        }
        verify();
        compare(settled);
    }

    private void serve() throws IOException {
        for (String appliance : Lab.APPLIANCES) {
            lab.powerOn(appliance);
        }
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "both agents are up", LIMIT, Sfo::allUp);
        }
        onA("group create demo --member a --member b --home a --nic a=" + lab.nic() + " --nic b=" + lab.nic()
                + " --address " + Lab.ADDRESS + "/24 --gateway 10.77.0.254 -y");
        onA("cdp create demo/tank --size 256M");
        onA("share create demo n --nfs --volume tank");
        onA("share create demo s --smb --guest --volume tank");
        awaitMirrors("a", "b");
    }

    private void onA(String words) throws IOException {
        sfo.must("a", words.split(" "));
    }

    private void awaitMirrors(String primary, String secondary) throws IOException {
        sfo.await(primary, primary + " serves and mirrors", LIMIT, s -> Sfo.replicating(s, "PRIMARY"));
        sfo.await(secondary, secondary + " has every write", LIMIT, s -> Sfo.replicating(s, "SECONDARY"));
    }

    private void begin(int round) throws IOException {
        Workload client = lab instanceof NamespaceLab namespaces
                ? namespaces.nfsClient("n", "records-" + round)
                : lab.clients().get(0);
        clients.add(client);
        client.start();
    }

    private void round() throws IOException {
        sfo.awaitDone("b", LIMIT, "check", Lab.GROUP);
        pause(TOLD);
        lab.cutPower("a");
        failovers.add(failover());
        awaitRecords();
        lab.powerOn("a");
        awaitMirrors("b", "a");
        sfo.awaitDone("b", LIMIT, "undo", Lab.GROUP, "--dry-run");
        long begin = System.nanoTime();
        sfo.must("b", "undo", Lab.GROUP, "--reason", "soak: a is back");
        undos.add(millisSince(begin));
        awaitMirrors("a", "b");
        awaitRecords();
    }

    /** How long the one took that was begun: a busy machine may be too slow to prove anything at first. */
    private long failover() throws IOException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            long begin = System.nanoTime();
            Exec.Output reply =
                    lab.sfo("b", LIMIT, List.of("failover", Lab.GROUP, "--reason", "soak: a lost its power"));
            if (reply.ok()) {
                return millisSince(begin);
            }
            String said = (reply.out() + reply.err()).strip();
            if (!said.contains("LOOK-FAILED") || System.nanoTime() > deadline) {
                throw new IOException("failover ended with " + reply.exit() + ":\n" + said);
            }
            say.accept("refused, tried again: " + said);
        }
    }

    private void awaitRecords() throws IOException {
        Workload client = clients.get(clients.size() - 1);
        long deadline = System.nanoTime() + LIMIT.toNanos();
        int then = client.log().count();
        while (client.log().count() < then + RECORDS) {
            if (System.nanoTime() > deadline) {
                throw new IOException(client.name() + " does not go on: "
                        + client.log().lastError().orElse("it waits"));
            }
            pause(20);
        }
    }

    /** Of the latest client, whose work ends. */
    private void verify() throws IOException {
        if (!clients.isEmpty()) {
            Workload client = clients.get(clients.size() - 1);
            client.stop();
            Workload.Verdict verdict = client.verify();
            acknowledged += verdict.acknowledged();
            lost.addAll(verdict.lost());
            client.close();
        }
    }

    /** What b is, and which files it has; not what grows by design, which is bounded on its own. */
    private NavigableMap<String, NavigableSet<String>> held() throws IOException {
        NavigableMap<String, NavigableSet<String>> held = lab.dump("b");
        NavigableSet<String> files = new TreeSet<>();
        Path home = lab.log("b").resolveSibling("");
        try (Stream<Path> all = Files.walk(home)) {
            all.map(file -> home.relativize(file).toString())
                    .filter(file -> !file.startsWith("data/journal/") && !file.startsWith("data/backups/"))
                    .forEach(files::add);
        }
        held.put("files", files);
        return held;
    }

    private Map<String, Usage> usage() throws IOException {
        return lab instanceof NamespaceLab ? Usage.ofAppliance(lab, "b") : Usage.ofAgent(lab, "b");
    }

    /** What has gone by itself a moment later is no leak: what a had open when it lost its power is given up after a while. */
    private void compare(NavigableMap<String, NavigableSet<String>> settled) throws IOException {
        long deadline = System.nanoTime() + Duration.ofSeconds(45).toNanos();
        List<String> found;
        do {
            pause(500);
            found = new ArrayList<>(HostDump.differences(settled, held()));
            after = usage();
            found.addAll(grown());
        } while (!found.isEmpty() && System.nanoTime() < deadline);
        leaks.addAll(found);
    }

    private List<String> grown() {
        List<String> grown = new ArrayList<>();
        after.forEach((name, is) -> {
            Usage was = before.getOrDefault(name, Usage.NONE);
            if (is.processes() > was.processes()) {
                grown.add("processes " + name + ": " + was.processes() + ", then " + is.processes());
            }
            if (is.descriptors() > was.descriptors() + DESCRIPTORS) {
                grown.add("descriptors of " + name + ": " + was.descriptors() + ", then " + is.descriptors());
            }
            if (is.threads() > was.threads() + THREADS) {
                grown.add("threads of " + name + ": " + was.threads() + ", then " + is.threads());
            }
            if (is.residentMiB() > was.residentMiB() + MEBIBYTES) {
                grown.add(String.format(
                        "memory of %s: %.0f MiB, then %.0f MiB", name, was.residentMiB(), is.residentMiB()));
            }
        });
        return grown;
    }

    private static void pause(long millis) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static long millisSince(long begin) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    }

    long acknowledged() {
        return acknowledged;
    }

    List<String> lost() {
        return lost;
    }

    List<String> leaks() {
        return leaks;
    }

    List<Long> failovers() {
        return failovers;
    }

    List<Long> undos() {
        return undos;
    }

    Map<String, Usage> before() {
        return before;
    }

    Map<String, Usage> after() {
        return after;
    }

    @Override
    public void close() {
        clients.forEach(Workload::close);
    }
}
