package sfo.ops.volume;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.model.Volume;

/** What the core daemon does in the background: the mirror, and copies of what a bitmap remembers. */
final class Jobs {
    private static final String JOB = "mirror";
    private static final Duration POLL = Duration.ofMillis(2);

    /** What the mirror job does; {@code NONE} if there is none. */
    enum Mirroring {
        NONE,
        COPYING,
        READY
    }

    private final StorageDaemon daemon;

    Jobs(StorageDaemon daemon) {
        this.daemon = daemon;
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
                        Core.NODE,
                        "target",
                        Core.REMOTE,
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
    Mirroring mirror(Call call) throws HostException {
        String status = job(JOB, call).map(j -> j.path("status").asText()).orElse("");
        return switch (status) {
            case "", "concluded", "aborting" -> Mirroring.NONE;
            case "ready" -> Mirroring.READY;
            default -> Mirroring.COPYING;
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
                        Core.NODE,
                        "target",
                        Core.REMOTE,
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
}
