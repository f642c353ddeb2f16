package sfo.agent.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** What the demo shows: a group that serves, a power cut, the failover, the return, the undo; measured by its clients. */
final class Story {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    /** Generous: two JVMs on a machine that may do much else. */
    private static final Duration START = Duration.ofMinutes(3);

    private static final Duration RUN = Duration.ofSeconds(2);

    private final Lab lab;
    private final String mode;
    private final Consumer<String> say;
    private final Sfo sfo;
    private final List<Workload> clients = new ArrayList<>();

    /** @param say told what happens, as it happens */
    Story(Lab lab, String mode, Consumer<String> say) {
        this.lab = lab;
        this.mode = mode;
        this.say = say;
        this.sfo = new Sfo(lab);
    }

    Figures tell() throws IOException {
        serve();
        try {
            NavigableMap<String, NavigableSet<String>> before = lab.dump("b");
            long cut = System.nanoTime();
            lab.cutPower("a");
            say.accept("power of a cut: its processes, mounts and NICs are gone after " + since(cut) + " ms");
            pause(Duration.ofSeconds(1).minusNanos(System.nanoTime() - cut));

            long failover = System.nanoTime();
            type("b", "failover", Lab.GROUP, "--reason", "demo: a lost its power");
            long failoverMs = since(failover);
            Map<String, Long> firstGood = firstGood(failover);
            long outage = first(firstGood);
            long sinceCut = clients.get(0).log().longestGap(cut).toMillis();
            say.accept("clients go on: " + outage + " ms after the command, " + sinceCut
                    + " ms after the last good I/O before the power cut");

            comeBack();
            long undo = System.nanoTime();
            type("b", "undo", Lab.GROUP, "--reason", "demo: a is back");
            long undoMs = since(undo);
            firstGood(System.nanoTime());
            pause(RUN);
            sfo.await("b", "b mirrors for a again", LIMIT, status -> Sfo.replicating(status, "SECONDARY"));
            Map<String, Long> undoGaps = new LinkedHashMap<>();
            clients.forEach(c -> undoGaps.put(c.name(), c.log().longestGap(undo).toMillis()));
            say.accept("a serves again; clients waited " + first(undoGaps) + " ms");

            List<String> differences = HostDump.differences(before, lab.dump("b"));
            differences.forEach(difference -> say.accept("not as before on b: " + difference));
            Workload.Verdict verdict = verify();
            return new Figures(
                    mode,
                    failoverMs,
                    outage,
                    sinceCut,
                    undoMs,
                    first(undoGaps),
                    verdict.acknowledged(),
                    verdict.lost().size(),
                    differences.isEmpty(),
                    firstGood,
                    undoGaps,
                    differences);
        } finally {
            clients.forEach(Workload::close);
        }
    }

    private void serve() throws IOException {
        say.accept("switching on a and b in " + lab.folder());
        for (String appliance : Lab.APPLIANCES) {
            lab.powerOn(appliance);
        }
        for (String appliance : Lab.APPLIANCES) {
            sfo.await(appliance, "both agents are up", START, Sfo::allUp);
        }
        say.accept("both agents are up and know one another");
        for (List<String> words : lab.served()) {
            type("a", words.toArray(String[]::new));
        }
        sfo.await("a", "a serves and mirrors to b", LIMIT, status -> Sfo.replicating(status, "PRIMARY"));
        sfo.await("b", "b has every write", LIMIT, status -> Sfo.replicating(status, "SECONDARY"));
        say.accept("a serves at " + Lab.ADDRESS + ", b has every write");
        for (Workload client : lab.clients()) {
            clients.add(client);
            client.start();
            say.accept("client at work: " + client.name());
        }
        pause(RUN);
    }

    private void comeBack() throws IOException {
        pause(RUN);
        long on = System.nanoTime();
        lab.powerOn("a");
        sfo.await("a", "a knows the group", START, status -> !Sfo.group(status).isMissingNode());
        JsonNode seen = Sfo.group(sfo.status("a"));
        say.accept("a is back after " + since(on) + " ms and stands by"
                + (seen.path("servedHere").asBoolean() ? ": NO, it serves too" : ""));
        if (seen.path("servedHere").asBoolean()) {
            throw new IOException("a serves the group although b holds it: " + seen);
        }
        sfo.await("b", "b mirrors back to a", LIMIT, status -> Sfo.replicating(status, "PRIMARY"));
        sfo.await("a", "a has every write of b", LIMIT, status -> Sfo.replicating(status, "SECONDARY"));
        say.accept("a has every write again after " + since(on) + " ms");
        sfo.awaitDone("b", LIMIT, "undo", Lab.GROUP, "--dry-run");
        say.accept("a is ready to serve again after " + since(on) + " ms");
    }

    /** By client, from {@code begin} to the end of its first good I/O. */
    private Map<String, Long> firstGood(long begin) throws IOException {
        Map<String, Long> millis = new LinkedHashMap<>();
        for (Workload client : clients) {
            try {
                if (!client.log().awaitAfter(begin, LIMIT)) {
                    throw new IOException(client.name() + ": no good I/O in " + LIMIT.toSeconds() + " s: "
                            + client.log().lastError().orElse("it still waits"));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while waiting for " + client.name(), e);
            }
            long first = client.log().firstAfter(begin).orElseThrow();
            millis.put(client.name(), TimeUnit.NANOSECONDS.toMillis(first - begin));
        }
        return millis;
    }

    private Workload.Verdict verify() throws IOException {
        clients.forEach(Workload::stop);
        long acknowledged = 0;
        List<String> lost = new ArrayList<>();
        for (Workload client : clients) {
            Workload.Verdict verdict = client.verify();
            acknowledged += verdict.acknowledged();
            lost.addAll(verdict.lost());
            say.accept(client.name() + ": " + verdict.acknowledged() + " acknowledged writes read again, "
                    + verdict.lost().size() + " lost");
        }
        lost.stream().limit(10).forEach(say);
        return new Workload.Verdict(acknowledged, lost);
    }

    private void type(String appliance, String... words) throws IOException {
        long begin = System.nanoTime();
        say.accept(appliance + "# sfo " + String.join(" ", words));
        String said = sfo.must(appliance, words);
        // a step's line may come again with each piece of news
        said.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .distinct()
                .forEach(l -> say.accept("    " + l));
        say.accept("    done in " + since(begin) + " ms");
    }

    /** Of the client that has its file open all the time. */
    private static long first(Map<String, Long> byClient) {
        return byClient.values().iterator().next();
    }

    private static long since(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }

    private static void pause(Duration time) throws IOException {
        try {
            TimeUnit.NANOSECONDS.sleep(time.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
