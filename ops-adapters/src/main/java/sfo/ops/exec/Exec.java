package sfo.ops.exec;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;

/** Starts commands: argv lists, a time limit, bounded output. The only class of the product that starts a process. */
public final class Exec {
    /** Output beyond this is dropped, and the command is told to end. */
    public static final int MAX_OUTPUT = 8 << 20;

    private static final String TAG = "SFO_STEP";
    /** Of one command, and all that it forks, whatever session they are in. */
    private static final String RUN = "SFO_RUN";

    /** Unlike an earlier agent's of the same process id, whose servers may still run. */
    private static final String THIS_JVM = ProcessHandle.current().pid() + "-" + System.nanoTime() + "-";

    private static final AtomicLong RUNS = new AtomicLong();
    /** For the children of one that did not end well. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    /** At most, on a busy machine: from the new memory to the new environment. */
    private static final Duration EXEC_TAKES = Duration.ofSeconds(1);

    private static final String LAUNCH = "jdk.lang.Process.launchMechanism";

    static {
        // the default since JDK 12 starts a helper that starts the command: measured, 9 to 13 ms instead of 4 on a busy
        // machine, some twenty times in a failover. JDK 24 and later ask for the default
        if (Runtime.version().feature() < 24 && System.getProperty(LAUNCH) == null) {
            System.setProperty(LAUNCH, "VFORK");
        }
    }

    /** A command that ended: exit code, standard output and standard error as UTF-8. */
    public record Output(int exit, String out, String err) {
        public boolean ok() {
            return exit == 0;
        }
    }

    /**
     * Runs to the end, whatever the exit code.
     *
     * @throws HostException if it is missing, hangs, floods, or ends while a child of it keeps its output open; then
     *     nothing that it started is left
     */
    public Output run(Call call, List<String> argv, String stdin) throws HostException {
        ProcessBuilder builder = new ProcessBuilder(argv);
        builder.environment().put("LC_ALL", "C");
        builder.environment().put(TAG, call.tag());
        String run = THIS_JVM + RUNS.incrementAndGet();
        builder.environment().put(RUN, run);
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new HostException("cannot start " + argv.get(0) + ": " + e.getMessage(), e);
        }
        try {
            CompletableFuture<String> out = read(process.getInputStream(), process);
            CompletableFuture<String> err = read(process.getErrorStream(), process);
            CompletableFuture<Void> in = write(process.getOutputStream(), stdin);
            if (!process.waitFor(call.left().toMillis() + 1, TimeUnit.MILLISECONDS)) {
                throw new HostException("time ran out while running " + String.join(" ", argv));
            }
            in.get(1, TimeUnit.SECONDS);
            return new Output(process.exitValue(), out.get(1, TimeUnit.SECONDS), err.get(1, TimeUnit.SECONDS));
        } catch (HostException e) {
            throw ended(process, run, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ended(process, run, new HostException("interrupted while running " + String.join(" ", argv), e));
        } catch (ExecutionException e) {
            throw ended(process, run, new HostException("output of " + String.join(" ", argv) + ": " + e, e));
        } catch (TimeoutException e) {
            String why = " ended with " + process.exitValue() + ", but a child of it keeps its output open";
            throw ended(process, run, new HostException(String.join(" ", argv) + why, e));
        }
    }

    /** With all that it started; {@code why}, for the caller to throw. */
    private static HostException ended(Process process, String run, HostException why) {
        process.destroyForcibly();
        try {
            endAll(RUN, run, Call.within(GRACE));
        } catch (HostException left) {
            why.addSuppressed(left);
        }
        return why;
    }

    /** Runs to the end and wants exit code 0. @throws HostException with the command's own words otherwise */
    public String need(Call call, List<String> argv, String stdin) throws HostException {
        Output output = run(call, argv, stdin);
        if (!output.ok()) {
            String words = (output.err().isBlank() ? output.out() : output.err()).strip();
            throw new HostException(
                    String.join(" ", argv) + " ended with " + output.exit() + (words.isEmpty() ? "" : ": " + words));
        }
        return output.out();
    }

    public String need(Call call, String... argv) throws HostException {
        return need(call, List.of(argv), "");
    }

    public Output run(Call call, String... argv) throws HostException {
        return run(call, List.of(argv), "");
    }

    /**
     * Starts a daemon in a session of its own, which outlives the agent and carries no step's tag; its output goes to
     * {@code log}. It is not awaited: the caller asks the daemon itself whether it serves.
     */
    public void daemon(List<String> argv, Map<String, String> environment, Path log) throws HostException {
        List<String> session = new ArrayList<>(List.of("setsid", "--fork"));
        session.addAll(argv);
        ProcessBuilder builder = new ProcessBuilder(session);
        builder.environment().remove(TAG);
        builder.environment().remove(RUN);
        // set by the launcher to keep the agent small; a server of many clients wants its arenas
        builder.environment().remove("MALLOC_ARENA_MAX");
        builder.environment().put("LC_ALL", "C");
        builder.environment().putAll(environment);
        builder.redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")));
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.redirectErrorStream(true);
        try {
            Process process = builder.start();
            if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new HostException("cannot start " + argv.get(0) + ", see " + log);
            }
        } catch (IOException e) {
            throw new HostException("cannot start " + argv.get(0) + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HostException("interrupted while starting " + argv.get(0), e);
        }
    }

    /** Where a tool is on the PATH (and the sbin folders), if it is here. */
    public static Optional<Path> find(String tool) {
        String path = System.getenv().getOrDefault("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";
        return Stream.of(path.split(":"))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Ends every process that a step with this tag left behind, and waits for them; how many there were. */
    public int endOrphans(String tag, Call call) throws HostException {
        return endAll(TAG, tag, call);
    }

    /** Until none is found: one that forks while it is looked for leaves one more. */
    private static int endAll(String variable, String value, Call call) throws HostException {
        int ended = 0;
        for (List<ProcessHandle> found = carriers(variable, value);
                !found.isEmpty();
                found = carriers(variable, value)) {
            call.check("ending what " + variable + "=" + value + " left behind");
            found.forEach(ProcessHandle::destroyForcibly);
            for (ProcessHandle process : found) {
                awaitEnd(process, variable + "=" + value, call);
            }
            ended += found.size();
        }
        return ended;
    }

    private static void awaitEnd(ProcessHandle process, String what, Call call) throws HostException {
        try {
            process.onExit().get(call.left().toMillis() + 1, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HostException("interrupted while ending process " + process.pid(), e);
        } catch (ExecutionException | TimeoutException e) {
            throw new HostException("process " + process.pid() + " of " + what + " cannot be ended", e);
        }
    }

    private static List<ProcessHandle> carriers(String variable, String value) {
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            return all.filter(process -> carries(process.pid(), variable + "=" + value))
                    .toList();
        }
    }

    private static boolean carries(long pid, String entry) {
        long until = System.nanoTime() + EXEC_TAKES.toNanos();
        try {
            String environment = environment(pid);
            boolean becomes = true;
            while (environment.isEmpty() && becomes && System.nanoTime() < until) {
                becomes = becomesAnother(pid);
                // once more, also if it no longer does: it may have its environment since
                environment = environment(pid);
            }
            return environment.startsWith(entry + "\0") || environment.contains("\0" + entry + "\0");
        } catch (IOException gone) {
            return false;
        }
    }

    private static String environment(long pid) throws IOException {
        return Files.readString(Path.of("/proc/" + pid + "/environ"), StandardCharsets.ISO_8859_1);
    }

    /**
     * Whether it is in the midst of exec: it has memory (vsize) and no environment yet (env_end). Neither a kernel
     * thread nor a zombie has memory, and an environment that is empty has an end too. Source: proc(5), stat.
     */
    private static boolean becomesAnother(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return fields.length > 48 && !fields[20].equals("0") && fields[48].equals("0");
    }

    private static CompletableFuture<String> read(InputStream stream, Process process) {
        return CompletableFuture.supplyAsync(
                () -> {
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    byte[] buffer = new byte[8192];
                    try (stream) {
                        for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
                            if (bytes.size() + n > MAX_OUTPUT) {
                                process.destroyForcibly();
                                throw new UncheckedIOException(new IOException("more than " + MAX_OUTPUT + " bytes"));
                            }
                            bytes.write(buffer, 0, n);
                        }
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                    return bytes.toString(StandardCharsets.UTF_8);
                },
                Exec::thread);
    }

    private static CompletableFuture<Void> write(OutputStream stream, String text) {
        if (text.isEmpty()) {
            try {
                stream.close();
            } catch (IOException closedByTheCommand) {
                // it does not read: fine
            }
            return CompletableFuture.completedFuture(null);
        }
        return CompletableFuture.runAsync(
                () -> {
                    try (stream) {
                        stream.write(text.getBytes(StandardCharsets.UTF_8));
                    } catch (IOException closedByTheCommand) {
                        // its exit code tells
                    }
                },
                Exec::thread);
    }

    private static void thread(Runnable work) {
        Thread thread = new Thread(work, "exec-pipe");
        thread.setDaemon(true);
        thread.start();
    }
}
