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
import sfo.protocol.model.Volume;

/** The core daemon's words: node {@code vol} over the backing, one NBD export of it, and the mirror job. */
final class Core {
    static final String NODE = "vol";
    private static final String REMOTE = "remote";
    private static final String JOB = "mirror";
    private static final String TO_PRIMARY = "to-primary";
    private static final String TO_FRONT = "to-front";
    private static final int GRANULARITY = 65536;
    /** A year: with the policy BLOCK a write waits for the link as long as it takes. */
    private static final long FOREVER_SECONDS = 31_536_000;

    private static final Duration POLL = Duration.ofMillis(2);

    /** What the mirror job does; {@code NONE} if there is none. */
    enum Job {
        NONE,
        COPYING,
        READY
    }

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
                Link.SILENCE.toSeconds(),
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

    /** Begins to mirror, and to copy {@code everything} unless both sides are equal. */
    void startMirror(boolean everything, Volume.Mode mode, Call call) throws HostException {
        daemon.execute(
                call,
                "blockdev-mirror",
                Map.of(
                        "job-id",
                        JOB,
                        "device",
                        NODE,
                        "target",
                        REMOTE,
                        "sync",
                        everything ? "full" : "none",
                        "copy-mode",
                        mode == Volume.Mode.SYNCHRONOUS ? "write-blocking" : "background",
                        "on-source-error",
                        "report",
                        "on-target-error",
                        "report",
                        "auto-dismiss",
                        false));
    }

    /** A mirror that broke off is NONE, also while its job waits to be dismissed. */
    Job mirror(Call call) throws HostException {
        String status = job(JOB, call).map(j -> j.path("status").asText()).orElse("");
        return switch (status) {
            case "", "concluded", "aborting" -> Job.NONE;
            case "ready" -> Job.READY;
            default -> Job.COPYING;
        };
    }

    private Optional<JsonNode> job(String id, Call call) throws HostException {
        for (JsonNode job : daemon.execute(call, "query-jobs", Map.of())) {
            if (job.path("id").asText().equals(id)) {
                return Optional.of(job);
            }
        }
        return Optional.empty();
    }

    /** Ends a ready mirror when every write is delivered. @throws HostException if it broke off instead */
    void endMirror(Call call) throws HostException {
        Optional<String> error = end(JOB, false, call);
        if (error.isPresent()) {
            throw new HostException("the mirror broke off before its last write was delivered: " + error.get());
        }
    }

    /** Ends whatever copies or mirrors, at once. Returns why one had broken off by itself. */
    Optional<String> endJobs(Call call) throws HostException {
        Optional<String> why = Optional.empty();
        for (JsonNode job : daemon.execute(call, "query-jobs", Map.of())) {
            Optional<String> error = end(job.path("id").asText(), true, call);
            if (job.path("status").asText().equals("concluded")) {
                why = error;
            }
        }
        return why;
    }

    private Optional<String> end(String id, boolean force, Call call) throws HostException {
        boolean asked = false;
        while (true) {
            JsonNode job = job(id, call).orElse(null);
            if (job == null) {
                return Optional.empty();
            }
            if (job.path("status").asText().equals("concluded")) {
                dismiss(id, call);
                return Optional.ofNullable(job.path("error").asText(null));
            }
            if (!asked) {
                cancel(id, force, call);
                asked = true;
            }
            call.check("ending job " + id);
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    private void cancel(String id, boolean force, Call call) throws HostException {
        try {
            daemon.execute(call, "block-job-cancel", Map.of("device", id, "force", force));
        } catch (Qmp.Refused endingAnyway) {
            Optional<String> status = job(id, call).map(j -> j.path("status").asText());
            if (status.isPresent()
                    && !status.get().equals("concluded")
                    && !status.get().equals("aborting")) {
                throw endingAnyway;
            }
        }
    }

    private void dismiss(String id, Call call) throws HostException {
        try {
            daemon.execute(call, "job-dismiss", Map.of("id", id));
        } catch (Qmp.Refused dismissedByAnother) {
            if (job(id, call).isPresent()) {
                throw dismissedByAnother;
            }
        }
    }

    /** Copies to the remote what the bitmap says, and clears it; it stays as it was if that fails. */
    void copyDirty(String bitmap, Call call) throws HostException {
        String id = "copy";
        daemon.execute(
                call,
                "blockdev-backup",
                Map.of(
                        "job-id",
                        id,
                        "device",
                        NODE,
                        "target",
                        REMOTE,
                        "sync",
                        "incremental",
                        "bitmap",
                        bitmap,
                        "on-target-error",
                        "report",
                        "auto-dismiss",
                        false));
        while (true) {
            JsonNode job = job(id, call).orElseThrow(() -> new HostException("the copy to the secondary was ended"));
            if (job.path("status").asText().equals("concluded")) {
                dismiss(id, call);
                if (job.has("error")) {
                    throw new HostException("the copy to the secondary broke off: "
                            + job.path("error").asText());
                }
                return;
            }
            if (call.left().isZero()) {
                end(id, true, Call.within(Duration.ofSeconds(5)));
                throw new HostException("time ran out while copying to the secondary");
            }
            LockSupport.parkNanos(POLL.toNanos());
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
