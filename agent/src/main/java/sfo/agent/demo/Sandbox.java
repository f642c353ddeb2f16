package sfo.agent.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;

/**
 * A machine made of namespaces: processes, mounts, network, name and IPC of its own, all of them unnamed, so that the
 * death of its process 1 is a power cut: every process, mount, loop device and NIC of it is gone.
 */
final class Sandbox {
    private static final Exec EXEC = new Exec();
    private static final long READY_SECONDS = 20;

    private final String name;
    private final Process unshare;
    private final ProcessHandle init;

    private Sandbox(String name, Process unshare, ProcessHandle init) {
        this.name = name;
        this.unshare = unshare;
        this.init = init;
    }

    /** @param binds {@code FOLDER:TARGET}, folders that it has in place of the machine's own */
    static Sandbox start(String name, List<String> binds, Path log, LabFolder lab) throws IOException {
        List<String> argv =
                new ArrayList<>(List.of("unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork"));
        argv.addAll(List.of("--kill-child", "--mount-proc", "--propagation", "private"));
        argv.addAll(List.of("/bin/sh", "-c", script(), "sfo-demo", name));
        argv.addAll(binds);
        Process process = new ProcessBuilder(argv)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        lab.owns(process.toHandle());
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String said = await(CompletableFuture.supplyAsync(() -> line(out), Sandbox::daemon), log);
        ProcessHandle init = process.children().findFirst().orElse(process.toHandle());
        if (!said.equals("ready") || init.equals(process.toHandle())) {
            process.destroyForcibly();
            throw new IOException("appliance " + name + " does not start in namespaces: see " + log);
        }
        lab.owns(init);
        return new Sandbox(name, process, init);
    }

    private static String script() throws IOException {
        try (InputStream in = Sandbox.class.getResourceAsStream("appliance.sh")) {
            if (in == null) {
                throw new IOException("appliance.sh is missing beside " + Sandbox.class + ": build the agent again");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String line(BufferedReader out) {
        try {
            String line = out.readLine();
            return line == null ? "" : line;
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "lab-reader");
        thread.setDaemon(true);
        thread.start();
    }

    private static String await(CompletableFuture<String> line, Path log) throws IOException {
        try {
            return line.get(READY_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while an appliance was starting", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("no word from an appliance in " + READY_SECONDS + " s, see " + log, e);
        }
    }

    /** Of its process 1, as this machine counts. */
    long pid() {
        return init.pid();
    }

    boolean hasPower() {
        return init.isAlive();
    }

    /** The words to run {@code argv} as one of its own processes. */
    List<String> inside(List<String> argv) {
        List<String> all = new ArrayList<>(
                List.of("nsenter", "-t", String.valueOf(pid()), "-m", "-u", "-i", "-n", "-p", "--wd=/", "--"));
        all.addAll(argv);
        return all;
    }

    /** Runs to the end inside, whatever the exit code. */
    Exec.Output run(Duration limit, List<String> argv, String stdin) throws IOException {
        try {
            return EXEC.run(Call.within(limit), inside(argv), stdin);
        } catch (HostException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Runs to the end inside. @throws IOException unless it ends with 0 */
    String need(List<String> argv, String stdin) throws IOException {
        try {
            return EXEC.need(Call.within(Duration.ofSeconds(20)), inside(argv), stdin);
        } catch (HostException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** {@code ip} in its network with the machine's own process ids, so that NICs can be moved to other sandboxes. */
    void ip(String batch) throws IOException {
        try {
            EXEC.need(
                    Call.within(Duration.ofSeconds(20)),
                    List.of("nsenter", "-t", String.valueOf(pid()), "-n", "ip", "-batch", "-"),
                    batch);
        } catch (HostException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** A process of the machine itself goes on. */
    static void resume(long pid) throws IOException {
        try {
            EXEC.need(Call.within(Duration.ofSeconds(5)), "kill", "-CONT", String.valueOf(pid));
        } catch (HostException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Returns when process 1, and with it all others, is gone. */
    void cutPower() throws IOException {
        init.destroyForcibly();
        try {
            if (!unshare.waitFor(10, TimeUnit.SECONDS)) {
                throw new IOException("appliance " + name + " (process " + pid() + ") can't be killed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the power of " + name + " was cut", e);
        }
    }
}
