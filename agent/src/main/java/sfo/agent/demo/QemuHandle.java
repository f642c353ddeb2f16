package sfo.agent.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import sfo.ops.exec.Exec;

/**
 * A stock client with something open from before the power cut: one {@code qemu-io} that is told what to do through its
 * standard input. Its library reconnects by itself, as a kernel's mount does.
 */
abstract class QemuHandle extends RecordWriter {
    private static final String PROMPT = "qemu-io> ";
    private static final Pattern DUMP = Pattern.compile("(?m)^(?:qemu-io> )*[0-9a-f]+:  ((?:[0-9a-f]{2} )+)");

    /**
     * As kernel clients wait (timeo): libnfs waits for ever for the answer to a request that a server took, and died with,
     * if no one that comes after it knows of the connection.
     */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Sandbox client;
    private final String url;
    private final Path files;
    private final boolean flushes;
    private @Nullable Process process;

    QemuHandle(String name, Sandbox client, String url, Path files, boolean flushes) {
        super(name);
        this.client = client;
        this.url = url;
        this.files = files;
        this.flushes = flushes;
    }

    @Override
    void open() throws IOException {
        begin();
    }

    private Process begin() throws IOException {
        Process begun = new ProcessBuilder(client.inside(List.of("qemu-io", "-f", "raw", url)))
                .redirectErrorStream(true)
                .start();
        process = begun;
        answer(begun);
        return begun;
    }

    @Override
    void write(long offset, byte[] record) throws IOException {
        Path source = files.resolve("record");
        Files.write(source, record);
        String said = ask("write -s " + source + " " + offset + " " + record.length);
        if (!said.contains("wrote " + record.length + "/" + record.length)) {
            throw new IOException("write: " + said.strip());
        }
        String flushed = flushes ? ask("flush") : "";
        if (!flushed.isBlank()) {
            throw new IOException("flush: " + flushed.strip());
        }
    }

    @Override
    byte[] read(long offset, int length) throws IOException {
        String said = ask("read -v " + offset + " " + length);
        if (!said.contains("read " + length + "/" + length)) {
            throw new IOException("read: " + said.strip());
        }
        byte[] bytes = new byte[length];
        int at = 0;
        Matcher line = DUMP.matcher(said);
        while (line.find()) {
            for (String octet : line.group(1).strip().split(" ", -1)) {
                if (at < length) {
                    bytes[at++] = (byte) Integer.parseInt(octet, 16);
                }
            }
        }
        return bytes;
    }

    private String ask(String command) throws IOException {
        Process last = process;
        Process running = last != null && last.isAlive() ? last : begin();
        Writer in = running.outputWriter(StandardCharsets.UTF_8);
        in.write(command + "\n");
        in.flush();
        return answer(running);
    }

    /** What it says up to its prompt, which it prints, and flushes, before it reads the next command. */
    private String answer(Process running) throws IOException {
        CompletableFuture<Void> givenUp = CompletableFuture.runAsync(
                () -> end(running), CompletableFuture.delayedExecutor(PATIENCE.toSeconds(), TimeUnit.SECONDS));
        try {
            InputStream out = running.getInputStream();
            StringBuilder said = new StringBuilder();
            byte[] piece = new byte[4096];
            while (said.length() < PROMPT.length() || said.lastIndexOf(PROMPT) != said.length() - PROMPT.length()) {
                int n = out.read(piece);
                if (n < 0) {
                    throw new IOException("qemu-io " + url + " ended: " + said);
                }
                said.append(new String(piece, 0, n, StandardCharsets.ISO_8859_1));
            }
            return said.substring(0, said.length() - PROMPT.length());
        } finally {
            givenUp.cancel(false);
        }
    }

    private static void end(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    /** By a command that has {@code copy} as its last word. */
    final byte[] copied(List<String> command) throws IOException {
        Path copy = files.resolve("records");
        List<String> argv = new ArrayList<>(command);
        argv.add(copy.toString());
        Exec.Output output = client.run(Duration.ofSeconds(60), argv, "");
        if (!output.ok()) {
            throw new IOException(String.join(" ", argv) + " ended with " + output.exit() + ": " + output.err());
        }
        return Files.readAllBytes(copy);
    }

    @Override
    public void close() {
        stop();
        if (process != null) {
            end(process);
        }
    }
}
