package sfo.it.harness;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.List;
import java.util.stream.StreamSupport;
import sfo.protocol.json.Json;

/** What {@code sfo} ended with, and printed. */
public record Reply(int exit, String out, String err) {
    /** The result of {@code --json}: the last line. */
    public JsonNode json() {
        List<String> lines = out.lines().filter(l -> !l.isBlank()).toList();
        try {
            return lines.isEmpty() ? MissingNode.getInstance() : Json.MAPPER.readTree(lines.get(lines.size() - 1));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("no JSON: " + this, e);
        }
    }

    /** The codes of a refusal. */
    public List<String> codes() {
        return json().path("reasons").findValuesAsText("code");
    }

    public String text() {
        return json().path("text").asText();
    }

    /** Channels of the dossier with that finding. */
    public List<String> channels(String finding) {
        return StreamSupport.stream(
                        json().path("body").path("dossier").path("evidence").spliterator(), false)
                .filter(e -> e.path("finding").asText().equals(finding))
                .map(e -> e.path("channel").asText())
                .toList();
    }
}
