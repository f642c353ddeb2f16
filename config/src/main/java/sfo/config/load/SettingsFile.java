package sfo.config.load;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import sfo.config.load.SettingsErrors.Problem;

/** Reads a settings file (HOCON; see {@code sfo-example.conf} beside this class's resources). */
public final class SettingsFile {
    /** The kernel's limit for the path of a Unix socket, without the closing zero. */
    private static final int LONGEST_SOCKET = 107;

    private static final Pattern SIDE_BY_SIDE = Pattern.compile("\\}\\s*\\{");

    private final List<Problem> problems = new ArrayList<>();
    private final Path file;

    private final boolean asWitness;

    private SettingsFile(Path file, boolean asWitness) {
        this.file = file;
        this.asWitness = asWitness;
    }

    /** @throws SettingsErrors with everything that is wrong, if anything is */
    public static Settings load(Path file) {
        return load(file, false);
    }

    /** @param asWitness whether it has to be the file of an agent that only votes */
    public static Settings load(Path file, boolean asWitness) {
        return new SettingsFile(file, asWitness).read();
    }

    private Settings read() {
        if (!Files.isReadable(file)) {
            throw new SettingsErrors(List.of(new Problem(
                    file.toString(), 0, "the settings file", "unreadable", "a file that this user can read")));
        }
        forgottenCommas();
        Settings settings = settings(parse());
        if (!problems.isEmpty()) {
            problems.sort(Comparator.comparingInt(Problem::line));
            throw new SettingsErrors(problems);
        }
        return settings;
    }

    /** HOCON makes one object of two that stand side by side: a forgotten comma would silently lose the first peer. */
    private void forgottenCommas() {
        try {
            int number = 0;
            for (String line : Files.readAllLines(file)) {
                number++;
                String said = line.replaceFirst("(#|//).*", "");
                if (SIDE_BY_SIDE.matcher(said).find()) {
                    problems.add(
                            new Problem(file.toString(), number, "syntax", said.strip(), "a comma between } and {"));
                }
            }
        } catch (IOException e) {
            throw new SettingsErrors(
                    List.of(new Problem(file.toString(), 0, "the settings file", e.toString(), "a text in UTF-8")));
        }
    }

    private ConfigObject parse() {
        try {
            Config given = ConfigFactory.parseFile(
                    file.toFile(),
                    ConfigParseOptions.defaults().setSyntax(ConfigSyntax.CONF).setAllowMissing(false));
            return given.withFallback(ConfigFactory.parseResources(SettingsFile.class, "/sfo-reference.conf"))
                    .resolve()
                    .root();
        } catch (ConfigException e) {
            @Nullable ConfigOrigin origin = e.origin();
            int line = origin == null ? 0 : Math.max(0, origin.lineNumber());
            throw new SettingsErrors(List.of(
                    new Problem(file.toString(), line, "syntax", String.valueOf(e.getMessage()), "a HOCON file")));
        }
    }

    private Settings settings(ConfigObject root) {
        Section whole = new Section(file, "", root, problems);
        Section sfo = whole.section("sfo");
        whole.unknownKeys();
        String appliance = sfo.name("appliance");
        Path data = sfo.path("data");
        Path run = sfo.path("run");
        if (data.equals(run)) {
            sfo.problem("run", "another folder than data: it is emptied by a boot");
        }
        Path socket = sfo.path("socket");
        if (socket.toString().getBytes(StandardCharsets.UTF_8).length > LONGEST_SOCKET) {
            sfo.problem("socket", "a path of at most " + LONGEST_SOCKET + " bytes; this one is " + socket);
        }
        Settings.Endpoint endpoint = endpoint(sfo.section("endpoint"));
        Settings.Tls tls = tls(sfo.section("tls"));
        List<Settings.Peer> peers = peers(sfo, appliance, endpoint);
        String mirrorAddress = sfo.address("mirror-address");
        List<String> witnesses = sfo.addresses("witnesses");
        if (witnesses.contains(endpoint.host()) || witnesses.contains(mirrorAddress)) {
            sfo.problem(
                    "witnesses", "other hosts than this appliance: its own address answers with a broken cable too");
        }
        Section adapters = sfo.section("adapters");
        Settings.Adapters chosen = new Settings.Adapters(adapters.optionalPath("embedded"));
        adapters.unknownKeys();
        Settings.Backups backups = backups(sfo.section("backups"));
        boolean witness = sfo.has("witness") && sfo.flag("witness");
        if (asWitness && !witness) {
            sfo.problem("witness", "true, since --witness was typed: both have to say that this agent only votes");
        }
        sfo.unknownKeys();
        return new Settings(
                appliance, data, run, socket, endpoint, tls, peers, witnesses, chosen, mirrorAddress, backups, witness);
    }

    private static Settings.Endpoint endpoint(Section section) {
        Settings.Endpoint endpoint =
                new Settings.Endpoint(section.address("host"), section.port("port"), section.port("hello-port"));
        if (endpoint.port() == endpoint.helloPort()) {
            section.problem("hello-port", "another port than endpoint.port");
        }
        section.unknownKeys();
        return endpoint;
    }

    private static Settings.Tls tls(Section section) {
        Settings.Tls tls =
                new Settings.Tls(section.path("key"), section.path("certificate"), section.path("authority"));
        section.unknownKeys();
        return tls;
    }

    private static List<Settings.Peer> peers(Section sfo, String appliance, Settings.Endpoint endpoint) {
        List<Settings.Peer> peers = new ArrayList<>();
        Map<String, String> taken = new HashMap<>();
        taken.put(appliance, "this appliance");
        taken.put(endpoint.host() + " " + endpoint.port(), "this appliance");
        taken.put(endpoint.host() + " " + endpoint.helloPort(), "this appliance");
        for (Section section : sfo.sections("peers", "a list with every other appliance: peers = [ { … } ]")) {
            String name = section.name("appliance");
            String host = section.address("host");
            int port = section.port("port");
            int helloPort = section.port("hello-port");
            String mirrorAddress = section.has("mirror-address") ? section.address("mirror-address") : host;
            boolean witness = section.has("witness") && section.flag("witness");
            section.unknownKeys();
            unique(section, "appliance", name, name, taken);
            unique(section, "port", host + " " + port, name, taken);
            unique(section, "hello-port", host + " " + helloPort, name, taken);
            peers.add(new Settings.Peer(name, host, port, helloPort, mirrorAddress, witness));
        }
        if (peers.isEmpty() && sfo.has("peers")) {
            sfo.problem("peers", "at least one other appliance: there is nothing to fail over to");
        }
        return peers;
    }

    private static void unique(Section section, String key, String value, String by, Map<String, String> taken) {
        String other = taken.putIfAbsent(value, by);
        if (other != null && !value.isBlank()) {
            section.problem(key, "one that is not taken; " + value + " is " + other + "'s");
        }
    }

    private static Settings.Backups backups(Section section) {
        Settings.Backups backups = new Settings.Backups(
                section.duration("every", Duration.ofSeconds(1)),
                section.number("keep", 2, 10_000, "how many to keep, 2 to 10000"),
                section.duration("verify-every", Duration.ofSeconds(1)));
        section.unknownKeys();
        return backups;
    }
}
