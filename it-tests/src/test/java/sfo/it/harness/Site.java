package sfo.it.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import sfo.agent.boot.Keys;
import sfo.agent.boot.Tls;
import sfo.agent.membership.HelloClient;
import sfo.config.load.Settings;
import sfo.config.load.SettingsFile;

/** Appliances that know one another: keys, a settings file each, and loopback addresses that nobody else uses. */
public final class Site implements AutoCloseable {
    private static final int PORT = 7800;

    private final Path folder;
    private final List<String> names;
    /** 127.x.y.n: several sites, also of other processes, at the same time. */
    private final String network = "127." + ThreadLocalRandom.current().nextInt(2, 255) + "."
            + ThreadLocalRandom.current().nextInt(1, 255) + ".";

    private final HelloClient client;
    private final List<AgentProcess> started = new ArrayList<>();

    public Site(Path folder, String... names) {
        this.folder = folder;
        this.names = List.of(names);
        Keys.make(folder.resolve("keys"), this.names);
        this.names.forEach(this::writeSettings);
        client = new HelloClient(tls());
    }

    public Path settingsFile(String name) {
        return folder.resolve(name + ".conf");
    }

    public Path data(String name) {
        return folder.resolve("data-" + name);
    }

    public String address(String name) {
        return network + (1 + names.indexOf(name));
    }

    /** As others see it, for a hello. */
    public Settings.Peer peer(String name) {
        return new Settings.Peer(name, address(name), PORT, PORT + 1, address(name));
    }

    public SSLContext tls() {
        return Tls.context(SettingsFile.load(settingsFile(names.get(0))).tls());
    }

    /** One for all questions: a TLS context for each would cost more than what is asked. */
    HelloClient client() {
        return client;
    }

    /** Starts an agent; all that are left are killed when the site is closed. */
    public AgentProcess start(String name) {
        AgentProcess agent = AgentProcess.start(this, name, folder.resolve(name + ".log"));
        started.add(agent);
        return agent;
    }

    private void writeSettings(String name) {
        String peers = names.stream()
                .filter(other -> !other.equals(name))
                .map(other -> "{ appliance = " + other + ", " + endpoint(other) + " }")
                .collect(Collectors.joining(", "));
        write(settingsFile(name), """
                sfo {
                  appliance = %1$s
                  data = data-%1$s
                  run = run-%1$s
                  endpoint { %2$s }
                  tls { key = keys/%1$s.key, certificate = keys/%1$s.crt, authority = keys/ca.crt }
                  peers = [ %3$s ]
                }
                """.formatted(name, endpoint(name), peers));
    }

    private String endpoint(String name) {
        return "host = " + address(name) + ", port = " + PORT + ", hello-port = " + (PORT + 1);
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        started.forEach(AgentProcess::kill);
        client.close();
    }
}
