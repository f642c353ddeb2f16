package sfo.agent.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import sfo.ops.exec.Exec;
import sfo.protocol.json.Json;

/** The operator of a lab: types {@code sfo}, reads what comes back. */
public final class Sfo {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final long LOG_LINES = 25;

    private final Lab lab;

    public Sfo(Lab lab) {
        this.lab = lab;
    }

    /** @throws IOException with what it said, and the end of the agent's log, unless it ends with 0 */
    public String must(String appliance, String... words) throws IOException {
        Exec.Output output = type(appliance, List.of(words));
        if (!output.ok()) {
            throw new IOException("on " + appliance + ", sfo " + String.join(" ", words) + " ended with "
                    + output.exit() + ":\n" + (output.out() + output.err()).strip() + "\n" + endOfLog(appliance));
        }
        return output.out();
    }

    /** Types it again until it ends with 0. @throws IOException with what it said last, when the limit is over */
    public void awaitDone(String appliance, Duration limit, String... words) throws IOException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (System.nanoTime() < deadline) {
            if (ask(appliance, words).ok()) {
                return;
            }
            pause("sfo " + String.join(" ", words));
        }
        must(appliance, words);
    }

    private static void pause(String what) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(150);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for: " + what, e);
        }
    }

    private Exec.Output type(String appliance, List<String> words) throws IOException {
        try {
            return lab.sfo(appliance, LIMIT, words);
        } catch (IOException e) {
            throw new IOException(
                    "on " + appliance + ", sfo " + String.join(" ", words) + ": " + shortened(e) + "\n"
                            + endOfLog(appliance),
                    e);
        }
    }

    /** What is asked again and again is asked without a client's process, which would keep the machine busy. */
    private Exec.Output ask(String appliance, String... words) {
        return ControlSocket.ask(lab.socket(appliance), LIMIT, List.of(words));
    }

    private static String shortened(IOException e) {
        String message = String.valueOf(e.getMessage());
        return message.contains("time ran out") ? "no end after " + LIMIT.toSeconds() + " s" : message;
    }

    /** The members and groups, as {@code sfo status --json} shows them; missing while the agent does not answer. */
    public JsonNode status(String appliance) throws IOException {
        Exec.Output output = ask(appliance, "status", "--json");
        try {
            JsonNode node = output.ok() ? Json.MAPPER.readTree(output.out()) : MissingNode.getInstance();
            return node.has("body") ? node.get("body") : node;
        } catch (JsonProcessingException e) {
            throw new IOException("sfo status --json is no JSON: " + output.out(), e);
        }
    }

    /** Asks for the status until it is as wanted. @throws IOException with the last one, when the limit is over */
    public void await(String appliance, String what, Duration limit, Predicate<JsonNode> wanted) throws IOException {
        long deadline = System.nanoTime() + limit.toNanos();
        JsonNode last = status(appliance);
        while (!wanted.test(last)) {
            if (System.nanoTime() > deadline) {
                throw new IOException("on " + appliance + ", not within " + limit.toSeconds() + " s: " + what
                        + "; its status: " + last + "\n" + endOfLog(appliance));
            }
            if (!lab.agentRuns(appliance)) {
                throw new IOException("the agent of " + appliance + " has ended\n" + endOfLog(appliance));
            }
            pause(what);
            last = status(appliance);
        }
    }

    /** Both members are up, as this one sees it. */
    public static boolean allUp(JsonNode status) {
        List<String> states = status.path("members").findValuesAsText("state");
        return states.size() == Lab.APPLIANCES.size() && states.stream().allMatch("up"::equals);
    }

    /** The lab's group, or a missing node. */
    public static JsonNode group(JsonNode status) {
        for (JsonNode group : status.path("groups")) {
            if (group.path("definition").path("name").asText().equals(Lab.GROUP)) {
                return group;
            }
        }
        return MissingNode.getInstance();
    }

    /** Every mirror of the lab's group is replicating, and this side has that role. */
    public static boolean replicating(JsonNode status, String role) {
        List<JsonNode> mirrors = new ArrayList<>();
        group(status).path("mirrors").forEach(mirrors::add);
        return !mirrors.isEmpty()
                && mirrors.stream()
                        .allMatch(m -> m.path("sync").asText().equals("REPLICATING")
                                && m.path("role").asText().equals(role));
    }

    private String endOfLog(String appliance) throws IOException {
        if (!Files.exists(lab.log(appliance))) {
            return "(no log of " + appliance + ")";
        }
        List<String> lines = Files.readAllLines(lab.log(appliance));
        return "the end of " + lab.log(appliance) + ":\n  "
                + String.join("\n  ", lines.subList((int) Math.max(0, lines.size() - LOG_LINES), lines.size()));
    }
}
