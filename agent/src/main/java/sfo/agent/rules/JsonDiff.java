package sfo.agent.rules;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What differs between two JSON values, a line each: {@code groups[media].shares[films].readOnly: false -> true}. */
public final class JsonDiff {
    private static final int SHOWN = 80;

    private JsonDiff() {}

    public static List<String> lines(JsonNode before, JsonNode after) {
        List<String> lines = new ArrayList<>();
        compare("", before, after, lines);
        return lines;
    }

    private static void compare(String path, @Nullable JsonNode before, @Nullable JsonNode after, List<String> lines) {
        if (Objects.equals(before, after)) {
            return;
        }
        if (before == null || after == null) {
            lines.add((before == null ? "+ " : "- ") + path + ": " + shown(before == null ? after : before));
            return;
        }
        boolean objects = before.isObject() && after.isObject();
        boolean lists = before.isArray() && after.isArray();
        if (!objects && !lists) {
            lines.add("  " + path + ": " + shown(before) + " -> " + shown(after));
            return;
        }
        Map<String, JsonNode> left = objects ? fields(before) : elements(before);
        Map<String, JsonNode> right = objects ? fields(after) : elements(after);
        TreeSet<String> keys = new TreeSet<>(left.keySet());
        keys.addAll(right.keySet());
        int found = lines.size();
        for (String key : keys) {
            String below = lists ? path + "[" + key + "]" : path.isEmpty() ? key : path + "." + key;
            compare(below, left.get(key), right.get(key), lines);
        }
        if (lines.size() == found) {
            lines.add("  " + path + ": in another order");
        }
    }

    private static Map<String, JsonNode> fields(JsonNode object) {
        Map<String, JsonNode> fields = new LinkedHashMap<>();
        object.fieldNames().forEachRemaining(name -> fields.put(name, object.get(name)));
        return fields;
    }

    /** By name or slot where each has one of its own, by position otherwise: an insertion is not a change of the rest. */
    private static Map<String, JsonNode> elements(JsonNode list) {
        for (String key : List.of("name", "slot")) {
            Map<String, JsonNode> named = new LinkedHashMap<>();
            list.forEach(e -> named.put(e.path(key).asText(""), e));
            if (named.size() == list.size() && !named.containsKey("")) {
                return named;
            }
        }
        Map<String, JsonNode> numbered = new LinkedHashMap<>();
        list.forEach(e -> numbered.put(String.valueOf(numbered.size()), e));
        return numbered;
    }

    private static String shown(@Nullable JsonNode value) {
        String text = String.valueOf(value);
        return text.length() <= SHOWN
                ? text
                : text.substring(0, SHOWN) + "... (" + text.length() + " characters, sha256 "
                        + BackupParts.sha256(text).substring(0, 8) + ")";
    }
}
