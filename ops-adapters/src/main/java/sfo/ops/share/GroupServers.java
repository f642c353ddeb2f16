package sfo.ops.share;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.ops.network.Namespace;
import sfo.protocol.model.Names;

/**
 * Runs servers as a group's own: in its network namespace, with a mount view of their own whose {@code /run} is private,
 * never as the agent's children. Nothing is remembered: a server's processes are those whose mount view carries its mark,
 * so a restarted agent finds them as they are, and no stale or reused process id can mislead it.
 */
public final class GroupServers {
    private static final Path RUN = Path.of("/run");
    private static final Path SYSTEMD = RUN.resolve("systemd/system");
    /** How often the processes of a server that starts are looked at. */
    private static final Duration LOOKS = Duration.ofMillis(100);

    /**
     * One server of one group.
     *
     * @param folder what it keeps while it runs, below the agent's run folder; gone with it
     * @param mark the source of its private {@code /run}, unique on this host
     */
    public record Server(String group, String kind, Path folder, String mark) {
        String unit() {
            return "sfo-" + group + "-" + kind;
        }

        public Path file(String name) {
            return folder.resolve(name);
        }
    }

    private final Exec exec;
    private final Path runDir;
    /** Those whose end is told. */
    private final Set<ProcessHandle> watched = ConcurrentHashMap.newKeySet();

    private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();

    /** @param runDir the agent's folder for what does not outlive a boot; servers lie in {@code servers/GROUP/KIND} */
    public GroupServers(Exec exec, Path runDir) {
        this.exec = exec;
        this.runDir = runDir.toAbsolutePath().normalize();
    }

    /** @param kind {@code smb} or {@code nfs}; at most one server of a kind in a group */
    public Server server(String group, String kind) {
        Names.name("group", group);
        Path folder = runDir.resolve("servers").resolve(group).resolve(kind);
        String where = Integer.toHexString(folder.toString().hashCode());
        return new Server(group, kind, folder, "sfo-" + group + "-" + kind + "-" + where);
    }

    /** The group's network namespace, by the name that {@code ip netns} knows it by. */
    public static Path namespace(String group) {
        return Path.of("/run/netns", "sfo-" + group);
    }

    /** {@code command} as it runs inside the group host, with the host's own view of files: for clients that ask. */
    public static List<String> inside(String group, List<String> command) {
        List<String> argv = new ArrayList<>(List.of("nsenter", "--net=" + namespace(group)));
        argv.addAll(command);
        return argv;
    }

    /**
     * Starts the server's command; returns before it serves.
     *
     * @param keep folders on volumes that it must see; mounts that lead to none of them are not in its view, so that the
     *     server holds no volume of another group
     */
    public void start(Server server, List<String> command, List<Path> keep, Call call) throws HostException {
        if (!Files.exists(namespace(server.group()))) {
            throw new HostException("the group host of " + server.group() + " is missing: expected "
                    + namespace(server.group()) + "; type: sfo resume " + server.group());
        }
        try {
            Files.createDirectories(server.file("run"));
        } catch (IOException e) {
            throw new HostException("cannot make " + server.file("run") + ": " + e.getMessage(), e);
        }
        List<String> argv = new ArrayList<>(inside(server.group(), List.of()));
        argv.addAll(List.of("unshare", "--mount", "--propagation", "slave", "/bin/sh"));
        List<Path> keeps = keeps(server, keep);
        RunFiles.write(server.file("mounts"), mounts(server, keeps));
        argv.addAll(List.of(
                script("private-view.sh", server).toString(),
                server.file("mounts").toString()));
        keeps.forEach(path -> argv.add(path.toString()));
        argv.add("--");
        argv.addAll(command);
        Path log = server.file("output.log");
        if (Files.isDirectory(SYSTEMD)) {
            exec.need(call, asUnit(server, argv, log), "");
        } else {
            exec.daemon(argv, Map.of(), log);
        }
    }

    /** The mounts of its view as mount reads them, in their order: its own {@code /run} with what it keeps of the host's. */
    private static String mounts(Server server, List<Path> keeps) {
        Path run = server.file("run");
        StringBuilder lines = new StringBuilder();
        lines.append(line(server.mark(), run, "tmpfs", "mode=0755,nosuid,nodev"));
        for (Path path : keeps) {
            if (path.startsWith(RUN)) {
                lines.append(line(path.toString(), run.resolve(RUN.relativize(path)), "none", "rbind,X-mount.mkdir"));
            }
        }
        return lines.append(line(run.toString(), RUN, "none", "rbind")).toString();
    }

    private static String line(String source, Path target, String type, String options) {
        return MountTable.escape(source) + " " + MountTable.escape(target.toString()) + " " + type + " " + options
                + " 0 0\n";
    }

    /** The same under systemd: a unit of its own, so that stopping the agent's unit does not stop it. */
    static List<String> asUnit(Server server, List<String> argv, Path log) {
        List<String> unit = new ArrayList<>(List.of("systemd-run", "--quiet", "--collect", "--unit=" + server.unit()));
        unit.addAll(List.of("--property=StandardOutput=append:" + log, "--property=StandardError=append:" + log));
        unit.addAll(List.of("--setenv=LC_ALL=C", "--"));
        unit.addAll(argv);
        return unit;
    }

    /** A script that is shipped with the agent, as a file that the server can run. */
    Path script(String name, Server server) throws HostException {
        Path file = server.file(name);
        try (InputStream in = GroupServers.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new HostException("the agent's own " + name + " is missing: install the package again");
            }
            RunFiles.write(file, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new HostException("cannot write " + file + ": " + e.getMessage(), e);
        }
        return file;
    }

    /** With the server's own folder; each once, without those that lie below another. */
    private static List<Path> keeps(Server server, List<Path> keep) {
        List<Path> all = Stream.concat(Stream.of(server.folder()), keep.stream())
                .map(path -> path.toAbsolutePath().normalize())
                .distinct()
                .sorted()
                .toList();
        return all.stream()
                .filter(path -> all.stream().noneMatch(other -> !other.equals(path) && path.startsWith(other)))
                .toList();
    }

    /**
     * {@code listener} is told the group when a server of it that was seen ends, within seconds, on a thread of its own.
     * What a server does for one client may end at any time, and is not told.
     */
    public void whenEnded(Consumer<String> listener) {
        listeners.add(listener);
    }

    private void watch(Server server, List<ProcessHandle> processes) {
        for (ProcessHandle process : processes) {
            boolean child = process.parent().filter(processes::contains).isPresent();
            if (!child && watched.add(process)) {
                var unused = process.onExit().thenAccept(ended -> {
                    watched.remove(ended);
                    listeners.forEach(listener -> listener.accept(server.group()));
                });
            }
        }
    }

    /** Every process of this server now, in no order; the end of the first of them is told from now on. */
    public List<ProcessHandle> processes(Server server) throws HostException {
        List<ProcessHandle> found = found(server);
        watch(server, found);
        return found;
    }

    private static List<ProcessHandle> found(Server server) throws HostException {
        List<ProcessHandle> found = new ArrayList<>();
        Map<Path, Boolean> views = new HashMap<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            views.put(Files.readSymbolicLink(Path.of("/proc/self/ns/mnt")), false);
            for (Path process : all) {
                if (isOf(server, process, views)) {
                    ProcessHandle.of(Long.parseLong(process.getFileName().toString()))
                            .ifPresent(found::add);
                }
            }
        } catch (IOException e) {
            throw new HostException("cannot read /proc: " + e.getMessage(), e);
        }
        return found;
    }

    /** Of its processes those that have not ended; one that nobody has reaped has. */
    private static List<ProcessHandle> still(Server server, List<ProcessHandle> known) {
        Map<Path, Boolean> views = new HashMap<>();
        return known.stream()
                .filter(process -> process.isAlive() && isOf(server, Path.of("/proc/" + process.pid()), views))
                .toList();
    }

    /** By any of its threads that lives: the first one may be gone while others still hold files of the volume. */
    private static boolean isOf(Server server, Path process, Map<Path, Boolean> views) {
        if (isInView(server, process, views)) {
            return true;
        }
        if (Files.isReadable(process.resolve("ns/mnt"))) {
            return false;
        }
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(process.resolve("task"))) {
            for (Path thread : threads) {
                if (isInView(server, thread, views)) {
                    return true;
                }
            }
        } catch (IOException | DirectoryIteratorException ended) {
            return false;
        }
        return false;
    }

    private static boolean isInView(Server server, Path task, Map<Path, Boolean> views) {
        try {
            Path view = Files.readSymbolicLink(task.resolve("ns/mnt"));
            Boolean known = views.get(view);
            if (known == null) {
                known = mounts(task).contains(" - tmpfs " + server.mark() + " ");
                views.put(view, known);
            }
            return known;
        } catch (IOException ended) {
            return false;
        }
    }

    /** Whether the server listens on a TCP port of the group host. */
    public boolean listens(Server server, int port) throws HostException {
        return listens(processes(server), port);
    }

    /** Whether anything listens there in the network namespace that these processes share; no if they have ended. */
    private static boolean listens(List<ProcessHandle> server, int port) {
        // of one that lives: each look at the kernel's tables of connections takes a millisecond
        return server.stream()
                .filter(ProcessHandle::isAlive)
                .findFirst()
                .filter(process -> listens(process, port))
                .isPresent();
    }

    private static boolean listens(ProcessHandle process, int port) {
        String local = String.format(":%04X ", port);
        for (String table : List.of("tcp", "tcp6")) {
            try (Stream<String> lines = Files.lines(Path.of("/proc/" + process.pid() + "/net/" + table))) {
                if (lines.anyMatch(line -> line.contains(local) && line.contains(":0000 0A "))) {
                    return true;
                }
            } catch (IOException | java.io.UncheckedIOException ended) {
                return false;
            }
        }
        return false;
    }

    /**
     * Waits until the server takes a connection of the group host's loopback.
     *
     * @throws HostException with its last words if it ended, or the time ran out
     */
    public void awaitListening(Server server, int port, Call call) throws HostException {
        Namespace.of(server.group())
                .call(
                        () -> {
                            awaitConnection(server, port, call);
                            return port;
                        },
                        call);
        // not there: the thread that waits for an end would hold on to the namespace
        watch(server, found(server));
    }

    private void awaitConnection(Server server, int port, Call call) throws HostException {
        Path log = server.file("output.log");
        // starting takes a moment until the mark is there: no process yet does not mean that it ended
        long endedAt = System.nanoTime() + Duration.ofSeconds(1).toNanos();
        long lookAt = System.nanoTime() + LOOKS.toNanos();
        List<ProcessHandle> known = List.of();
        while (!connects(port)) {
            // seldom: to look for its processes among all takes time that the server needs to start
            if (System.nanoTime() > lookAt) {
                lookAt += LOOKS.toNanos();
                known = still(server, known);
                if (known.isEmpty()) {
                    known = found(server);
                }
                if (known.isEmpty() && System.nanoTime() > endedAt) {
                    throw new HostException(server.unit() + " ended before it listened on port " + port + ": "
                            + RunFiles.tail(log) + " (see " + log + ")");
                }
                call.check("waiting for " + server.unit() + " to listen on port " + port + ": " + RunFiles.tail(log));
            }
            // each try takes a moment of a processor that the server needs
            RunFiles.pause(Duration.ofMillis(10));
        }
    }

    /** Whether a connection is taken on this thread's loopback; where nobody listens it is refused at once. */
    private static boolean connects(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) LOOKS.toMillis());
            return true;
        } catch (IOException refused) {
            return false;
        }
    }

    /**
     * Of {@code folders}, those that the running server does not see as this host has them now, because something was
     * mounted there (or mounted anew) after its start and the host does not pass mounts on.
     */
    public List<Path> hiddenFrom(Server server, List<Path> folders) throws HostException {
        List<ProcessHandle> processes = processes(server);
        try {
            String here = mounts(Path.of("/proc/self"));
            String there = processes.isEmpty()
                    ? ""
                    : mounts(Path.of("/proc/" + processes.get(0).pid()));
            return folders.stream()
                    .filter(folder -> !MountTable.at(here, folder).equals(MountTable.at(there, folder)))
                    .toList();
        } catch (IOException e) {
            return folders;
        }
    }

    /**
     * Ends every process of the server, waits until none is left, and removes its folder.
     *
     * @param grace how long they may take to end by themselves before they are killed
     */
    public void stop(Server server, Duration grace, Call call) throws HostException {
        List<ProcessHandle> left = processes(server);
        left.forEach(ProcessHandle::destroy);
        long killAt = System.nanoTime() + grace.toNanos();
        while (!left.isEmpty()) {
            call.check("stopping " + server.unit() + ", of which process "
                    + left.get(0).pid() + " is left");
            if (System.nanoTime() > killAt) {
                left.forEach(ProcessHandle::destroyForcibly);
            }
            RunFiles.pause();
            left = still(server, left);
            if (left.isEmpty()) {
                left = processes(server);
            }
        }
        RunFiles.delete(server.folder());
    }

    private static String mounts(Path process) throws IOException {
        return Files.readString(process.resolve("mountinfo"));
    }
}
