package sfo.protocol.plan;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import sfo.protocol.json.Json;

/**
 * The steps that make {@code appliance} serve {@code group}; made once and stored, never planned again. Its undo is the
 * inverses of its steps, last first.
 *
 * @param from the appliance that it takes over from; equal to {@code appliance} for a start or resume
 */
public record Plan(String group, String appliance, String from, List<Step> steps) {
    public Optional<Step> step(String id) {
        return steps.stream().filter(s -> s.id().equals(id)).findFirst();
    }

    /** Twelve hex digits of SHA-256 over the plan's JSON: equal exactly if the acts are. The claim's unique id is left out. */
    @JsonIgnore
    public String hash() {
        try {
            String text = Json.text(this).replaceAll("\"claim\":\\{[^}]*}", "\"claim\":{}");
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
