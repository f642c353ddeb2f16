package sfo.ops.volume;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;

/**
 * One qemu-storage-daemon: a session of its own, never the agent's child. It is found again by its pid file, or else
 * among all processes, and known by the pid file's path on its command line. Not for several threads at once.
 */
final class StorageDaemon {
    static final String TOOL = "qemu-storage-daemon";
    private static final Duration POLL = Duration.ofMillis(2);
    /** A start that failed is looked for only after this: a healthy one has answered by then. */
    private static final Duration HEALTHY = Duration.ofMillis(500);

    private final Exec exec;
    private final Path folder;
    private final String name;
    private final Consumer<JsonNode> events;
    private @Nullable Qmp connection;

    /** @param folder where its socket, pid file and log lie: {@code name.qmp}, {@code name.pid}, {@code name.log} */
    StorageDaemon(Exec exec, Path folder, String name, Consumer<JsonNode> events) {
        this.exec = exec;
        this.folder = folder;
        this.name = name;
        this.events = events;
    }

    boolean running() {
        return pid().isPresent();
    }

    /** Its process, if it runs. */
    OptionalLong pid() {
        try {
            long pid = Long.parseLong(Files.readString(pidFile()).strip());
            if (isOurs(pid)) {
                return OptionalLong.of(pid);
            }
        } catch (IOException | NumberFormatException none) {
            // no pid file, or one that was cut off: it does not run, or is just starting
        }
        return OptionalLong.empty();
    }

    /** Starts it with these arguments and waits until its monitor answers; nothing if it runs. */
    void start(List<String> arguments, Call call) throws HostException {
        if (running()) {
            return;
        }
        endUnlisted(call);
        try {
            Files.createDirectories(folder);
            for (Path left : List.of(pidFile(), monitor(), log())) {
                Files.deleteIfExists(left);
            }
        } catch (IOException e) {
            throw new HostException("cannot prepare " + folder + ": " + e.getMessage(), e);
        }
        List<String> argv = new ArrayList<>(List.of(TOOL));
        argv.addAll(arguments);
        argv.addAll(List.of(
                "--chardev",
                "socket,id=monitor,server=on,wait=off,path=" + escaped(monitor()),
                "--monitor",
                "chardev=monitor",
                "--pidfile",
                pidFile().toString()));
        long begun = System.nanoTime();
        exec.daemon(argv, Map.of(), log());
        while (!Files.exists(monitor()) || !running()) {
            call.check("starting the " + name + " daemon in " + folder);
            if (System.nanoTime() - begun > HEALTHY.toNanos() && all().isEmpty()) {
                throw new HostException("the " + name + " daemon of " + folder + " ended at once: " + lastWords());
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
        monitor(call);
    }

    /** The connection to its monitor, made anew if it is gone. */
    Qmp monitor(Call call) throws HostException {
        Qmp current = connection;
        if (current == null || !current.isOpen()) {
            current = Qmp.connect(monitor(), call, events);
            connection = current;
        }
        return current;
    }

    /** Whether it can tell what happens. */
    boolean isMonitored() {
        Qmp current = connection;
        return current != null && current.isOpen();
    }

    JsonNode execute(Call call, String command, Map<String, ?> arguments) throws HostException {
        return monitor(call).execute(call, command, arguments);
    }

    /** Ends it in order (everything written is flushed), by force if that takes too long, and waits until it is gone. */
    void end(Call call) throws HostException {
        disconnect();
        for (ProcessHandle process : all()) {
            process.destroy();
            long patience = System.nanoTime()
                    + Math.min(call.left().toNanos() / 2, Duration.ofSeconds(5).toNanos());
            boolean forced = false;
            while (isOurs(process.pid())) {
                if (!forced && System.nanoTime() > patience) {
                    process.destroyForcibly();
                    forced = true;
                }
                call.check("ending the " + name + " daemon, process " + process.pid());
                LockSupport.parkNanos(POLL.toNanos());
            }
        }
        try {
            Files.deleteIfExists(pidFile());
            Files.deleteIfExists(monitor());
        } catch (IOException e) {
            throw new HostException("cannot clear " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Lets go of the monitor; the daemon goes on. */
    void disconnect() {
        if (connection != null) {
            connection.close();
            connection = null;
        }
    }

    String lastWords() {
        try {
            String text = Files.readString(log()).strip();
            return text.isEmpty() ? "it said nothing" : text.substring(Math.max(0, text.length() - 500));
        } catch (IOException e) {
            return "no log at " + log();
        }
    }

    /** For a key=value argument of QEMU, in which a comma separates. */
    static String escaped(Path path) {
        return path.toString().replace(",", ",,");
    }

    private Path monitor() {
        return folder.resolve(name + ".qmp");
    }

    private Path pidFile() {
        return folder.resolve(name + ".pid");
    }

    private Path log() {
        return folder.resolve(name + ".log");
    }

    /** A daemon that was started by an agent that ended before the pid file was there. */
    private void endUnlisted(Call call) throws HostException {
        if (!all().isEmpty()) {
            end(call);
        }
    }

    private List<ProcessHandle> all() {
        try (Stream<ProcessHandle> processes = ProcessHandle.allProcesses()) {
            return processes.filter(p -> isOurs(p.pid())).toList();
        }
    }

    private boolean isOurs(long pid) {
        try {
            String line = Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1);
            if (!line.startsWith(TOOL + "\0") || !line.contains("\0--pidfile\0" + pidFile() + "\0")) {
                return false;
            }
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
            return stat.charAt(stat.lastIndexOf(')') + 2) != 'X';
        } catch (IOException gone) {
            return false;
        }
    }
}
