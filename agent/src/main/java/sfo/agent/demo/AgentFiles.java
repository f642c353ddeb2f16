package sfo.agent.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Where an agent of a lab has its things, and the settings that say so.
 *
 * @param home the appliance's folder
 * @param run what does not outlive a boot, as the agent sees it
 */
record AgentFiles(String appliance, Path home, Path run) {
    /** How an agent is reached, and on which address it mirrors. */
    record At(String host, int port, int helloPort, String mirrorAddress) {}

    Path settings() {
        return home.resolve("sfo.conf");
    }

    Path log() {
        return home.resolve("agent.log");
    }

    Path temporary() {
        return home.resolve("tmp");
    }

    Path socket() {
        return run.resolve("control.sock");
    }

    /** @param world the embedded adapters' folder, if they are to be used */
    void write(At self, String peer, At other, Path keys, Optional<Path> world) throws IOException {
        write(self, Map.of(peer, other), "", keys, world);
    }

    /** @param witness which of all only votes; empty if none does */
    void write(At self, Map<String, At> peers, String witness, Path keys, Optional<Path> world) throws IOException {
        Files.createDirectories(temporary());
        String others = peers.entrySet().stream()
                .map(peer -> {
                    At at = peer.getValue();
                    return "{ appliance = %s, host = \"%s\", port = %d, hello-port = %d, mirror-address = \"%s\", witness = %s }"
                            .formatted(
                                    peer.getKey(),
                                    at.host(),
                                    at.port(),
                                    at.helloPort(),
                                    at.mirrorAddress(),
                                    peer.getKey().equals(witness));
                })
                .collect(Collectors.joining(",\n    "));
        String text = """
                sfo {
                  appliance = %s
                  data = "%s"
                  run = "%s"
                  socket = "%s"
                  endpoint { host = "%s", port = %d, hello-port = %d }
                  tls { key = "%s", certificate = "%s", authority = "%s" }
                  peers = [
                    %s
                  ]
                  witness = %s
                  witnesses = [ "10.77.0.254", "10.78.0.254" ]
                  mirror-address = "%s"
                  %s
                  backups { every = 1m, keep = 20, verify-every = 1h }
                }
                """.formatted(
                        appliance,
                        home.resolve("data"),
                        run,
                        socket(),
                        self.host(),
                        self.port(),
                        self.helloPort(),
                        keys.resolve(appliance + ".key"),
                        keys.resolve(appliance + ".crt"),
                        keys.resolve("ca.crt"),
                        others,
                        appliance.equals(witness),
                        self.mirrorAddress(),
                        world.map(w -> "adapters { embedded = \"" + w + "\" }").orElse(""));
        Files.writeString(settings(), text);
    }
}
