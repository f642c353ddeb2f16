package sfo.ops.volume;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.json.Json;

/**
 * The one connection to a QEMU daemon's monitor: the monitor serves one client at a time, and another one waits. Commands
 * may be sent by several threads at once; events go to the listener on the connection's own thread.
 */
final class Qmp implements AutoCloseable {
    /** A command that the daemon refused: its own words. */
    static final class Refused extends HostException {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    private final Path socket;
    private final SocketChannel channel;
    private final Consumer<JsonNode> events;
    private final AtomicLong ids = new AtomicLong();
    private final Map<Long, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
    private final CompletableFuture<JsonNode> greeting = new CompletableFuture<>();
    private volatile boolean open = true;

    private Qmp(Path socket, SocketChannel channel, Consumer<JsonNode> events) {
        this.socket = socket;
        this.channel = channel;
        this.events = events;
    }

    /** @param events told every event, and an empty (missing) node when the connection has ended */
    static Qmp connect(Path socket, Call call, Consumer<JsonNode> events) throws HostException {
        SocketChannel channel;
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new HostException("no storage daemon answers at " + socket + ": " + e.getMessage(), e);
        }
        Qmp qmp = new Qmp(socket, channel, events);
        Thread reader = new Thread(qmp::read, "qmp " + socket);
        reader.setDaemon(true);
        reader.start();
        try {
            qmp.await(qmp.greeting, call, "the greeting");
            qmp.execute(call, "qmp_capabilities", Map.of());
        } catch (HostException e) {
            qmp.close();
            throw e;
        }
        return qmp;
    }

    boolean isOpen() {
        return open;
    }

    /** Sends one command and returns its {@code return}. @throws Refused with the daemon's words if it says no */
    JsonNode execute(Call call, String command, Map<String, ?> arguments) throws HostException {
        long id = ids.incrementAndGet();
        CompletableFuture<JsonNode> reply = new CompletableFuture<>();
        waiting.put(id, reply);
        try {
            send(Map.of("execute", command, "arguments", arguments, "id", id));
            JsonNode answer = await(reply, call, command);
            if (answer.has("error")) {
                throw new Refused(
                        command + ": " + answer.path("error").path("desc").asText() + " (" + socket + ")");
            }
            return answer.path("return");
        } catch (IOException e) {
            throw new HostException("the storage daemon at " + socket + " is gone: " + e.getMessage(), e);
        } finally {
            waiting.remove(id);
        }
    }

    private synchronized void send(Map<String, ?> message) throws IOException {
        if (!open) {
            throw new IOException("connection closed");
        }
        ByteBuffer line = ByteBuffer.wrap((Json.text(message) + "\n").getBytes(StandardCharsets.UTF_8));
        while (line.hasRemaining()) {
            channel.write(line);
        }
    }

    private JsonNode await(CompletableFuture<JsonNode> reply, Call call, String what) throws HostException {
        if (!open) {
            reply.completeExceptionally(new IOException("connection closed"));
        }
        try {
            return reply.get(call.left().toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new HostException("time ran out while the storage daemon at " + socket + " did " + what, e);
        } catch (ExecutionException e) {
            throw new HostException("the storage daemon at " + socket + " ended during " + what, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HostException("interrupted during " + what, e);
        }
    }

    private void read() {
        IOException why = new IOException("connection closed");
        try (BufferedReader lines = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                take(Json.MAPPER.readTree(line));
            }
        } catch (IOException e) {
            why = e;
        }
        open = false;
        greeting.completeExceptionally(why);
        for (CompletableFuture<JsonNode> reply : waiting.values()) {
            reply.completeExceptionally(why);
        }
        events.accept(MissingNode.getInstance());
    }

    private void take(JsonNode message) {
        if (message.has("QMP")) {
            greeting.complete(message);
        } else if (message.has("event")) {
            events.accept(message);
        } else {
            CompletableFuture<JsonNode> reply = waiting.get(message.path("id").asLong());
            if (reply != null) {
                reply.complete(message);
            }
        }
    }

    @Override
    public void close() {
        open = false;
        try {
            channel.close();
        } catch (IOException alreadyGone) {
            // there is nothing left to close
        }
    }
}
