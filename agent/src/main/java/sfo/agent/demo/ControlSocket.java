package sfo.agent.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import sfo.ops.exec.Exec;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Frame;

/** Types {@code sfo} without a client's process: for what is asked again and again, beside what is measured. */
public final class ControlSocket {
    private static final int WIDTH = 120;

    private ControlSocket() {}

    /** As the client does. Nobody there, and no end within the limit, are exit code 6, as the client has it. */
    public static Exec.Output ask(Path socket, Duration limit, List<String> words) {
        Frame request = new Frame()
                .with(Frame.ARGV, words)
                .with(Frame.CWD, "/")
                .with(Frame.WIDTH, WIDTH)
                .with(Frame.ASK, false)
                .with(Frame.TERMINAL, false);
        StringBuilder out = new StringBuilder();
        StringBuilder err = new StringBuilder();
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            Executor atLimit = CompletableFuture.delayedExecutor(limit.toMillis(), TimeUnit.MILLISECONDS);
            CompletableFuture<Void> hangs = CompletableFuture.runAsync(() -> close(channel), atLimit);
            channel.write(ByteBuffer.wrap((request.line() + "\n").getBytes(StandardCharsets.UTF_8)));
            BufferedReader lines = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Frame frame = Frame.read(line);
                out.append(frame.text(Frame.OUT, ""));
                err.append(frame.text(Frame.ERR, ""));
                if (frame.has(Frame.EXIT)) {
                    hangs.cancel(false);
                    return new Exec.Output((int) frame.number(Frame.EXIT, -1), out.toString(), err.toString());
                }
            }
            err.append("the agent ended the connection");
        } catch (IOException e) {
            err.append(e);
        }
        return new Exec.Output(ExitCode.NO_AGENT.code(), out.toString(), err.toString());
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
