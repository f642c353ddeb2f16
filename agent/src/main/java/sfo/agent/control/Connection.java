package sfo.agent.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Frame;

/**
 * One operator's connection: one request, then frames until the exit code. The selector's thread reads and writes and
 * never waits; the command's thread waits here for room or for an answer. What is held for either side is bounded.
 */
final class Connection {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final int PIECE = 8 << 10;

    private final SocketChannel channel;
    private final SelectionKey key;
    private final ControlServer.Limits limits;
    private final LineReader lines;
    private final int uid;
    private final String user;
    private final BiConsumer<Connection, Frame> begin;
    private final CompletableFuture<Void> gone = new CompletableFuture<>();
    private final long accepted = System.nanoTime();

    // the rest is shared by both threads and guarded by this
    private final Deque<ByteBuffer> waiting = new ArrayDeque<>();
    private int waitingBytes;
    private long progress;
    private @Nullable Frame request;
    private @Nullable Frame answer;
    private boolean asking;
    private boolean refused;
    private boolean lastFrame;
    private boolean running;

    Connection(
            SocketChannel channel,
            Selector selector,
            ControlServer.Limits limits,
            int uid,
            String user,
            BiConsumer<Connection, Frame> begin)
            throws IOException {
        this.channel = channel;
        this.limits = limits;
        this.lines = new LineReader(limits.lineBytes());
        this.uid = uid;
        this.user = user;
        this.begin = begin;
        this.key = channel.register(selector, SelectionKey.OP_READ, this);
    }

    /** On the selector's thread. */
    void ready() {
        try {
            if (key.isWritable()) {
                write();
            }
            if (key.isValid() && key.isReadable()) {
                read();
            }
        } catch (IOException e) {
            close();
        } catch (CancelledKeyException e) {
            gone.complete(null);
        }
    }

    private void read() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(PIECE);
        int read = channel.read(buffer);
        if (read < 0) {
            close();
            return;
        }
        if (isRefused()) {
            return;
        }
        buffer.flip();
        try {
            for (Optional<String> line = lines.next(buffer); line.isPresent(); line = lines.next(buffer)) {
                received(line.get());
                if (isRefused() || !channel.isOpen()) {
                    return;
                }
            }
        } catch (LineReader.TooLong e) {
            refuse(String.valueOf(e.getMessage()));
        }
    }

    private synchronized boolean isRefused() {
        return refused;
    }

    private void received(String text) {
        Frame frame;
        try {
            frame = Frame.read(text);
        } catch (Frame.Malformed e) {
            refuse(e.getMessage() == null ? "a line that is no frame" : e.getMessage());
            return;
        }
        synchronized (this) {
            if (request != null) {
                if (!asking || answer != null) {
                    refuse("a frame that nobody asked for");
                    return;
                }
                answer = frame;
                notifyAll();
                return;
            }
            if (!frame.has(Frame.ARGV)) {
                refuse("a first frame without \"argv\"");
                return;
            }
            request = frame;
            running = true;
        }
        put(new Frame().with(Frame.TAKEN, true), true);
        begin.accept(this, frame);
    }

    /** Says what was wrong with the line, and ends this connection alone. */
    void refuse(String what) {
        LOG.warn("control socket: connection of {} closed: {}", user, what);
        put(new Frame().with(Frame.ERR, "sfo: the agent closed the connection: " + what + "\n"), true);
        synchronized (this) {
            refused = true;
            notifyAll();
        }
        end(ExitCode.USAGE.code());
    }

    /** There is no thread for the command. */
    void neverBegun(String why) {
        synchronized (this) {
            running = false;
        }
        refuse(why);
    }

    /** On the command's own thread. */
    void carryOut(Frame sent, Supplier<Operations> operations) {
        try {
            end(Words.run(sent.texts(Frame.ARGV), new ConnectedConsole(this, sent), operations, uid, named(sent)));
        } catch (Console.Gone e) {
            LOG.debug("{}: {}", user, e.getMessage());
            close();
        } catch (RuntimeException | Error e) {
            LOG.error("control socket: {} failed", sent.texts(Frame.ARGV), e);
            put(new Frame().with(Frame.ERR, "sfo: a defect of the agent: " + e + "; see its log\n"), true);
            end(ExitCode.NEEDS_ATTENTION.code());
        } finally {
            synchronized (this) {
                running = false;
            }
        }
    }

    /** Who it is by the kernel, and, unproved, on whose behalf. */
    private String named(Frame sent) {
        String sudo = sent.text(Frame.SUDO, "");
        return sudo.matches("[A-Za-z0-9._-]{1,32}") ? user + " (sudo by " + sudo + ")" : user;
    }

    private void end(int exit) {
        put(new Frame().with(Frame.EXIT, exit), true);
        synchronized (this) {
            lastFrame = true;
        }
        wake();
    }

    /** Waits on the command's thread while a slow reader catches up. @throws Console.Gone if nobody reads any more */
    void put(Frame frame) {
        put(frame, false);
    }

    private void put(Frame frame, boolean atOnce) {
        ByteBuffer bytes = ByteBuffer.wrap((frame.line() + "\n").getBytes(StandardCharsets.UTF_8));
        synchronized (this) {
            // a stalled reader is cut off by sweep(), which ends this wait
            waitWhile(() ->
                    !atOnce && waitingBytes > 0 && waitingBytes + bytes.remaining() > limits.outBytes() && isUsed());
            if (!isUsed()) {
                if (atOnce) {
                    return;
                }
                throw new Console.Gone("the operator left");
            }
            if (waiting.isEmpty()) {
                progress = System.nanoTime();
            }
            waiting.add(bytes);
            waitingBytes += bytes.remaining();
        }
        wake();
    }

    private boolean isUsed() {
        return channel.isOpen() && !lastFrame;
    }

    /** Needs the lock. Looks again at least once a second, so that a condition may depend on the clock. */
    private synchronized void waitWhile(BooleanSupplier condition) {
        try {
            while (condition.getAsBoolean()) {
                wait(1000);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Console.Gone("the agent is ending");
        }
    }

    private void wake() {
        try {
            key.interestOpsOr(SelectionKey.OP_WRITE);
            key.selector().wakeup();
        } catch (CancelledKeyException e) {
            gone.complete(null);
        }
    }

    private synchronized void write() throws IOException {
        for (ByteBuffer first = waiting.peek(); first != null; first = waiting.peek()) {
            int written = channel.write(first);
            waitingBytes -= written;
            if (written > 0) {
                progress = System.nanoTime();
            }
            if (first.hasRemaining()) {
                return;
            }
            waiting.remove();
        }
        key.interestOpsAnd(~SelectionKey.OP_WRITE);
        notifyAll();
        if (lastFrame) {
            close();
        }
    }

    /** On the selector's thread, now and then: ends what has waited too long. */
    void sweep(long now) {
        boolean silent;
        boolean stalled;
        synchronized (this) {
            silent = isSilent() && now - accepted > limits.request().toNanos();
            stalled = !waiting.isEmpty() && now - progress > limits.stall().toNanos();
        }
        if (stalled) {
            LOG.warn("control socket: {} has read nothing for {} and is cut off", user, limits.stall());
            close();
        } else if (silent) {
            refuse("no whole line within " + Render.millis(limits.request().toMillis()));
        }
    }

    /** It has sent no whole line yet. */
    synchronized boolean isSilent() {
        return request == null && !lastFrame;
    }

    /** On {@link System#nanoTime()}'s clock, which two of this process are compared on. */
    long acceptedNanos() {
        return accepted;
    }

    /** On the selector's thread: another operator gets its place. */
    void giveWay() {
        refuse("it had not sent a whole line, and another operator needed its place");
        try {
            write();
        } catch (IOException e) {
            LOG.debug("control socket: {}", e.getMessage());
        }
        close();
    }

    synchronized boolean isOver() {
        return !running && !channel.isOpen();
    }

    void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("control socket: {}", e.getMessage());
        }
        synchronized (this) {
            notifyAll();
        }
        gone.complete(null);
    }

    /** Waits on the command's thread; empty if the operator's input has ended. */
    Optional<String> ask(String question) {
        synchronized (this) {
            asking = true;
        }
        put(new Frame().with(Frame.ASK, question));
        long until = System.nanoTime() + limits.answer().toNanos();
        synchronized (this) {
            waitWhile(() -> answer == null && isUsed() && System.nanoTime() - until < 0);
            if (answer == null) {
                if (isUsed()) {
                    refuse("no answer within " + Render.millis(limits.answer().toMillis()));
                }
                throw new Console.Gone("the operator left, or did not answer");
            }
            Frame given = answer;
            answer = null;
            asking = false;
            return given.has(Frame.ANSWER) ? Optional.of(given.text(Frame.ANSWER, "")) : Optional.empty();
        }
    }

    /** Completes when the operator has left. */
    CompletionStage<Void> gone() {
        return gone;
    }
}
