package sfo.ops.volume;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.json.Json;
import sfo.protocol.model.Target;

/** The core daemon's words: node {@code vol} over the backing, one NBD export of it, bitmaps, the way to the other side. */
final class Core {
    static final String NODE = "vol";
    static final String REMOTE = "remote";
    private static final String TO_PRIMARY = "to-primary";
    private static final String TO_FRONT = "to-front";
    private static final int GRANULARITY = 65536;
    /** A year: with the policy BLOCK a write waits for the link as long as it takes. */
    private static final long FOREVER_SECONDS = 31_536_000;

    private static final Duration POLL = Duration.ofMillis(2);

    private final StorageDaemon daemon;

    Core(StorageDaemon daemon) {
        this.daemon = daemon;
    }

    static List<String> arguments(Path backing, boolean device, long bytes) {
        Map<String, Object> file = new LinkedHashMap<>();
        file.put("driver", device ? "host_device" : "file");
        file.put("node-name", "backing");
        file.put("filename", backing.toString());
        file.put("discard", "unmap");
        Map<String, Object> raw = new LinkedHashMap<>();
        raw.put("driver", "raw");
        raw.put("node-name", NODE);
        raw.put("file", "backing");
        raw.put("discard", "unmap");
        if (device) {
            raw.put("size", bytes); // both sides are equally large, whatever the devices are
        }
        return List.of("--blockdev", Json.text(file), "--blockdev", Json.text(raw));
    }

    /** Takes writes from a primary, over TCP; each is on disk before it is acknowledged if {@code durable}. */
    void exportTcp(String address, int port, String name, boolean durable, Call call) throws HostException {
        serve(
                Map.of("type", "inet", "data", Map.of("host", address, "port", String.valueOf(port))),
                TO_PRIMARY,
                name,
                durable,
                call);
    }

    /** Takes the front's requests, over a Unix socket. */
    void exportUnix(Path socket, Call call) throws HostException {
        serve(Map.of("type", "unix", "data", Map.of("path", socket.toString())), TO_FRONT, NODE, false, call);
    }

    private void serve(Map<String, Object> address, String id, String name, boolean durable, Call call)
            throws HostException {
        daemon.execute(call, "nbd-server-start", Map.of("addr", address));
        daemon.execute(
                call,
                "block-export-add",
                Map.of(
                        "type",
                        "nbd",
                        "id",
                        id,
                        "node-name",
                        NODE,
                        "name",
                        name,
                        "writable",
                        true,
                        "writethrough",
                        durable));
    }

    /** Closes the server and every connection to it; when this returns, nobody writes through it. */
    void stopExport(Call call) throws HostException {
        if (exported(call).isEmpty()) {
            try {
                daemon.execute(call, "nbd-server-stop", Map.of());
            } catch (Qmp.Refused notRunning) {
                return;
            }
        } else {
            daemon.execute(call, "nbd-server-stop", Map.of());
        }
        while (exported(call).isPresent()) {
            call.check("closing the export");
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    boolean servesFront(Call call) throws HostException {
        return exported(call).equals(Optional.of(TO_FRONT));
    }

    boolean servesPrimary(Call call) throws HostException {
        return exported(call).equals(Optional.of(TO_PRIMARY));
    }

    private Optional<String> exported(Call call) throws HostException {
        JsonNode exports = daemon.execute(call, "query-block-exports", Map.of());
        return exports.isEmpty()
                ? Optional.empty()
                : Optional.of(exports.get(0).path("id").asText());
    }

    /** Connects to the secondary's export; requests {@code wait} for a broken link (policy BLOCK), or fail. */
    void connectRemote(Target target, boolean wait, Call call) throws HostException {
        dropRemote(call);
        Map<String, Object> node = Map.of(
                "driver",
                "nbd",
                "node-name",
                REMOTE,
                "server",
                Map.of("type", "inet", "host", target.host(), "port", String.valueOf(target.port())),
                "export",
                target.export(),
                "open-timeout",
                Side.SILENCE.toSeconds(),
                "reconnect-delay",
                wait ? FOREVER_SECONDS : 0);
        try {
            daemon.execute(call, "blockdev-add", node);
        } catch (Qmp.Refused e) {
            throw new HostException(
                    "cannot connect to " + target.host() + ":" + target.port() + ", export " + target.export() + ": "
                            + e.getMessage(),
                    e);
        }
    }

    void dropRemote(Call call) throws HostException {
        for (JsonNode node : nodes(call)) {
            if (node.path("node-name").asText().equals(REMOTE)) {
                daemon.execute(call, "blockdev-del", Map.of("node-name", REMOTE));
            }
        }
    }

    /** Begins to remember what is written from now on. */
    void addBitmap(String name, Call call) throws HostException {
        daemon.execute(call, "block-dirty-bitmap-add", Map.of("node", NODE, "name", name, "granularity", GRANULARITY));
    }

    void dropBitmap(String name, Call call) throws HostException {
        daemon.execute(call, "block-dirty-bitmap-remove", Map.of("node", NODE, "name", name));
    }

    /** Bytes written since each bitmap was added (or last copied), by its name, oldest first. */
    Map<String, Long> bitmaps(Call call) throws HostException {
        Map<String, Long> found = new LinkedHashMap<>();
        for (JsonNode node : nodes(call)) {
            if (node.path("node-name").asText().equals(NODE)) {
                for (JsonNode bitmap : node.path("dirty-bitmaps")) {
                    if (bitmap.has("name")) {
                        found.put(
                                bitmap.path("name").asText(),
                                bitmap.path("count").asLong());
                    }
                }
            }
        }
        return found;
    }

    private List<JsonNode> nodes(Call call) throws HostException {
        List<JsonNode> nodes = new ArrayList<>();
        daemon.execute(call, "query-named-block-nodes", Map.of("flat", true)).forEach(nodes::add);
        return nodes;
    }
}
