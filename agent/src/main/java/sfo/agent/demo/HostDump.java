package sfo.agent.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import sfo.ops.exec.Exec;
import sfo.protocol.json.Json;

/** What is true of a host, asked of the host's own tools; and the comparison of two such dumps, item by item. */
public final class HostDump {
    /** Members of {@code ip -j} that count or number things, and so differ without a difference. */
    private static final Set<String> COUNTED = Set.of(
            "ifindex",
            "link_index",
            "link_netnsid",
            "allmulti",
            "promiscuity",
            "stats",
            "stats64",
            "valid_life_time",
            "preferred_life_time",
            "handle",
            "tentative",
            "expires");

    private static final List<String> IP =
            List.of("-d link", "addr", "-4 rule", "-6 rule", "-4 route show table all", "-6 route show table all");

    private static final Pattern NAMESPACE = Pattern.compile("(?<=\\[net:\\[)\\d+");

    private static final Pattern PASSING = Pattern.compile("(sleep|ps|cat|nsenter|java)");

    private static final Pattern CLAIM = Pattern.compile("\\d+-[ab]-[0-9a-f-]{6,}");
    private static final Pattern CLAIM_JSON = Pattern.compile("\"(claim|exportClaim)\":\\{[^}]*}");
    private static final Pattern TIME = Pattern.compile("\"\\d{4}-\\d\\d-\\d\\dT[^\"]*\"");
    private static final Pattern BOOT = Pattern.compile("\"(boot|peerBoot)\":\\d+");

    private HostDump() {}

    /**
     * Of an appliance in namespaces: networks, packet filters, mounts, loop devices, processes, settings of interfaces.
     *
     * @param home the appliance's folder: loop devices are the machine's, and only those on files in it are its own
     */
    static NavigableMap<String, NavigableSet<String>> of(Sandbox host, Path home) throws IOException {
        NavigableMap<String, NavigableSet<String>> dump = new TreeMap<>();
        List<String> namespaces = new ArrayList<>();
        namespaces.add("");
        for (String line : host.need(List.of("ip", "netns", "list"), "").lines().toList()) {
            namespaces.add(line.split(" ", 2)[0]);
        }
        for (String namespace : namespaces) {
            network(host, namespace, dump);
        }
        NavigableSet<String> mounts = lines(host.need(List.of("findmnt", "-rn", "-o", "TARGET,SOURCE,FSTYPE"), ""));
        mounts = new TreeSet<>(mounts.stream()
                .map(m -> NAMESPACE.matcher(m).replaceAll("NUMBER"))
                .toList());
        // ip makes this one for the first namespace of a boot, whoever asks for it, and never takes it away
        mounts.removeIf(mount -> mount.startsWith("/run/netns "));
        dump.put("mounts", mounts);
        NavigableSet<String> loops = lines(host.need(List.of("losetup", "-n", "-O", "BACK-FILE"), ""));
        loops.removeIf(file -> !file.contains(home.toString()));
        dump.put("loop devices", loops);
        NavigableSet<String> processes = new TreeSet<>();
        List<String> names = host.need(List.of("ps", "-e", "-o", "comm="), "")
                .lines()
                .map(String::strip)
                .toList();
        for (String name : names) {
            if (!PASSING.matcher(name).matches()) {
                processes.add(names.stream().filter(name::equals).count() + " " + name);
            }
        }
        dump.put("processes", processes);
        return dump;
    }

    private static void network(Sandbox host, String namespace, NavigableMap<String, NavigableSet<String>> dump)
            throws IOException {
        String where = namespace.isEmpty() ? "" : " in " + namespace;
        for (String what : IP) {
            List<String> argv = new ArrayList<>(List.of("ip"));
            if (!namespace.isEmpty()) {
                argv.addAll(List.of("-n", namespace));
            }
            argv.add("-j");
            argv.addAll(List.of(what.split(" ", -1)));
            NavigableSet<String> items = new TreeSet<>();
            for (JsonNode item : Json.MAPPER.readTree(host.need(argv, ""))) {
                items.add(uncounted(item).toString());
            }
            dump.put("ip " + what + where, items);
        }
        List<String> inside = namespace.isEmpty() ? List.of() : List.of("nsenter", "--net=/run/netns/" + namespace);
        dump.put("listening" + where, lines(host.need(concat(inside, "ss", "-Hltun"), "")));
        dump.put(
                "settings of interfaces" + where,
                lines(host.need(
                        concat(inside, "sysctl", "-a", "-r", "^net\\.ipv[46]\\.(conf|ip_forward|ip_nonlocal)"), "")));
        if (Exec.find("nft").isPresent()) {
            dump.put("nft" + where, lines(host.need(concat(inside, "nft", "list", "ruleset"), "")));
        }
    }

    private static List<String> concat(List<String> first, String... rest) {
        return Stream.concat(first.stream(), Stream.of(rest)).toList();
    }

    private static JsonNode uncounted(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.remove(COUNTED);
        }
        node.forEach(HostDump::uncounted);
        return node;
    }

    private static NavigableSet<String> lines(String text) {
        NavigableSet<String> lines = new TreeSet<>();
        text.lines().map(line -> line.strip().replaceAll("\\s+", " ")).forEach(lines::add);
        return lines;
    }

    /** Of an embedded appliance: its files, but for the content of volumes. */
    static NavigableMap<String, NavigableSet<String>> ofFolder(Path root) throws IOException {
        NavigableMap<String, NavigableSet<String>> dump = new TreeMap<>();
        List<Path> all;
        try (Stream<Path> walk = Files.walk(root)) {
            all = walk.filter(Files::isRegularFile).toList();
        }
        NavigableSet<String> files = new TreeSet<>();
        for (Path file : all) {
            String name = root.relativize(file).toString();
            if (!name.contains("/data/") && !name.contains("/kept-")) {
                String text = Files.readString(file);
                text = CLAIM.matcher(text).replaceAll("CLAIM");
                text = CLAIM_JSON.matcher(text).replaceAll("\"claim\":CLAIM");
                text = TIME.matcher(text).replaceAll("TIME");
                text = BOOT.matcher(text).replaceAll("\"boot\":N");
                files.add(name + " " + text.strip());
            }
        }
        dump.put("files", files);
        return dump;
    }

    /** Each item that only one of them has. Empty if they are equal. */
    public static List<String> differences(
            NavigableMap<String, NavigableSet<String>> before, NavigableMap<String, NavigableSet<String>> after) {
        List<String> differences = new ArrayList<>();
        NavigableSet<String> sections = new TreeSet<>(before.keySet());
        sections.addAll(after.keySet());
        for (String section : sections) {
            NavigableSet<String> was = before.getOrDefault(section, new TreeSet<>());
            NavigableSet<String> is = after.getOrDefault(section, new TreeSet<>());
            was.stream().filter(item -> !is.contains(item)).forEach(i -> differences.add(section + ": gone: " + i));
            is.stream().filter(item -> !was.contains(item)).forEach(i -> differences.add(section + ": new: " + i));
        }
        return differences;
    }
}
