package sfo.config.load;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import sfo.config.load.SettingsErrors.Problem;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Names;

/**
 * One object of a settings file while it is read. A value that breaks a rule is noted as a problem and replaced by a
 * harmless one, so that reading goes on and all problems are found at once.
 */
final class Section {
    private static final String NOTHING = "";

    private final Path file;
    private final String at;
    private final ConfigObject object;
    private final List<Problem> problems;
    private final Set<String> known = new TreeSet<>();

    Section(Path file, String at, ConfigObject object, List<Problem> problems) {
        this.file = file;
        this.at = at;
        this.object = object;
        this.problems = problems;
    }

    String name(String key) {
        return text(key, "an appliance's name, such as a or filer-1", v -> Names.name(key, v));
    }

    /** A literal address that others can reach: no wildcard, no multicast; names are never looked up. */
    String address(String key) {
        return text(key, "a literal IPv4 or IPv6 address, such as 10.77.0.11", v -> reachable(key, v));
    }

    int port(String key) {
        return number(key, 1, 65535, "a TCP port, 1 to 65535");
    }

    boolean has(String key) {
        known.add(key);
        return object.get(key) != null;
    }

    /** Relative to the settings file. */
    Path path(String key) {
        String text =
                text(key, "a path; a relative one is taken from the settings file's folder", UnaryOperator.identity());
        try {
            Path parent = file.toAbsolutePath().getParent();
            return (parent == null ? Path.of(text) : parent.resolve(text)).normalize();
        } catch (InvalidPathException e) {
            problem(key, "a path");
            return file;
        }
    }

    Optional<Path> optionalPath(String key) {
        return has(key) ? Optional.of(path(key)) : Optional.empty();
    }

    int number(String key, int least, int most, String expected) {
        String text = text(key, expected, UnaryOperator.identity());
        try {
            int value = Integer.parseInt(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            if (text.isEmpty()) {
                return least;
            }
        }
        problem(key, expected);
        return least;
    }

    boolean flag(String key) {
        String text = text(key, "true or false", UnaryOperator.identity());
        if (!text.isEmpty() && !text.equals("true") && !text.equals("false")) {
            problem(key, "true or false");
        }
        return text.equals("true");
    }

    Duration duration(String key, Duration least) {
        String expected = "a time of at least " + least.toSeconds() + "s, such as 30s, 5m or 1h";
        if (text(key, expected, UnaryOperator.identity()).isEmpty()) {
            return least;
        }
        try {
            Duration value = object.toConfig().getDuration(key);
            if (value.compareTo(least) >= 0) {
                return value;
            }
        } catch (ConfigException.BadValue | ConfigException.WrongType e) {
            problem(key, expected);
            return least;
        }
        problem(key, expected);
        return least;
    }

    /** Literal addresses. */
    List<String> addresses(String key) {
        List<String> addresses = new ArrayList<>();
        for (ConfigValue value : list(key, "a list of addresses, such as [ 10.77.0.254 ]")) {
            String text = String.valueOf(value.unwrapped());
            try {
                addresses.add(reachable(key, text));
            } catch (Invalid e) {
                note(value, key, text, "a literal IPv4 or IPv6 address");
            }
        }
        return addresses;
    }

    Section section(String key) {
        known.add(key);
        ConfigValue value = object.get(key);
        if (value instanceof ConfigObject inner) {
            return new Section(file, at + key + ".", inner, problems);
        }
        note(value, key, value == null ? NOTHING : shown(value), "an object: " + key + " { … }");
        return new Section(file, at + key + ".", ConfigFactory.empty().root(), new ArrayList<>());
    }

    List<Section> sections(String key, String expected) {
        List<Section> sections = new ArrayList<>();
        for (ConfigValue value : list(key, expected)) {
            String name = key + "[" + sections.size() + "]";
            if (value instanceof ConfigObject inner) {
                sections.add(new Section(file, at + name + ".", inner, problems));
            } else {
                note(value, name, shown(value), "an object: { … }");
            }
        }
        return sections;
    }

    /** Notes every key that nothing asked for, with the nearest one that there is. Call it when all has been read. */
    void unknownKeys() {
        for (var entry : object.entrySet()) {
            if (!known.contains(entry.getKey())) {
                String nearest = known.stream()
                        .min(Comparator.comparingInt(k -> distance(k, entry.getKey())))
                        .filter(k -> distance(k, entry.getKey()) <= 3)
                        .map(k -> "did you mean " + k + "? There are ")
                        .orElse("one of ");
                note(
                        entry.getValue(),
                        entry.getKey(),
                        shown(entry.getValue()),
                        "a key that exists: " + nearest + String.join(", ", known));
            }
        }
    }

    void problem(String key, String expected) {
        ConfigValue value = object.get(key);
        note(value, key, value == null ? NOTHING : shown(value), expected);
    }

    private String text(String key, String expected, UnaryOperator<String> rule) {
        known.add(key);
        ConfigValue value = object.get(key);
        if (value == null
                || value.valueType() == ConfigValueType.OBJECT
                || value.valueType() == ConfigValueType.LIST
                || value.valueType() == ConfigValueType.NULL) {
            note(value, key, value == null ? NOTHING : shown(value), expected);
            return NOTHING;
        }
        String text = String.valueOf(value.unwrapped());
        try {
            if (!text.isBlank()) {
                return rule.apply(text);
            }
        } catch (Invalid e) {
            note(value, key, text, expectedOf(e, expected));
            return NOTHING;
        }
        note(value, key, "\"\"", expected);
        return NOTHING;
    }

    private List<ConfigValue> list(String key, String expected) {
        known.add(key);
        ConfigValue value = object.get(key);
        if (value instanceof ConfigList list) {
            return list;
        }
        note(value, key, value == null ? NOTHING : shown(value), expected);
        return List.of();
    }

    private void note(@Nullable ConfigValue value, String key, String found, String expected) {
        int line = value == null ? 0 : Math.max(0, value.origin().lineNumber());
        boolean follows = problems.stream().anyMatch(p -> p.key().equals(at + key) && p.line() == line);
        if (!follows) {
            problems.add(new Problem(file.toString(), line, at + key, found, expected));
        }
    }

    private static String reachable(String key, String text) {
        var address = Cidr.literal(key, text);
        if (address.isAnyLocalAddress() || address.isMulticastAddress()) {
            throw new Invalid(key, text, "an address of one host, not a wildcard or multicast one");
        }
        return text;
    }

    private static String expectedOf(Invalid e, String otherwise) {
        String message = String.valueOf(e.getMessage());
        int start = message.lastIndexOf(": expected ");
        return start < 0 ? otherwise : message.substring(start + ": expected ".length());
    }

    private static String shown(ConfigValue value) {
        return value.valueType() == ConfigValueType.OBJECT || value.valueType() == ConfigValueType.LIST
                ? value.render(ConfigRenderOptions.concise())
                : String.valueOf(value.unwrapped());
    }

    /** Levenshtein's. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j - 1], diagonal));
            }
        }
        return row[b.length()];
    }
}
