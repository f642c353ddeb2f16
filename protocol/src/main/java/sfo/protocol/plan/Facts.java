package sfo.protocol.plan;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is true on a host of one resource, as an adapter found it: the pre-image of a step. Empty when there is nothing.
 * Keys and values are the adapter's own; only equality matters to others.
 */
public record Facts(@JsonValue Map<String, String> values) {
    public static final Facts NOTHING = new Facts(Map.of());

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public Facts {
        values = Map.copyOf(values);
    }

    public static Facts of(String... keysAndValues) {
        Map<String, String> map = new TreeMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return new Facts(map);
    }

    public String get(String key) {
        return values.getOrDefault(key, "");
    }

    @com.fasterxml.jackson.annotation.JsonIgnore
    public boolean isNothing() {
        return values.isEmpty();
    }
}
