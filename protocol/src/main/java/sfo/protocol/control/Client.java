package sfo.protocol.control;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code sfo} for every verb that an agent carries out: sends its words, prints what comes back, answers questions, ends
 * with the exit code that the agent names. Knows no verb and no option but {@code --socket PATH}.
 *
 * <p>Ctrl-C only detaches (exit code 130): an operation that is under way goes on in the agent. Without an agent it ends
 * with 6. Needs nothing but the JDK, and avoids what is slow to start: no lambdas, no joined strings in the common path.
 */
public final class Client {
    public static final String DEFAULT_SOCKET = "/run/sfo/control.sock";

    private static final int MAX_FRAME = 1 << 20;
    /** An agent says at once that it has a request. */
    private static final int TAKEN_MILLIS = 10_000;

    private final List<String> words = new ArrayList<>();
    private final InputStream in;
    private final OutputStream out;
    private final OutputStream err;
    private final ByteBuffer buffer = ByteBuffer.allocate(16 << 10);
    private String socket;
    private boolean json;
    private int liveLines;
    private volatile boolean taken;
    private volatile @Nullable String detach;

    Client(String[] args, String socket, InputStream in, OutputStream out, OutputStream err) {
        this.socket = socket;
        this.in = in;
        this.out = out;
        this.err = err;
        for (int i = 0; i < args.length; i++) {
            String word = args[i];
            if (word.equals("--")) {
                for (; i < args.length; i++) {
                    words.add(args[i]);
                }
            } else if (word.equals("--socket") && i + 1 < args.length) {
                this.socket = args[++i];
            } else if (word.startsWith("--socket=")) {
                this.socket = word.substring("--socket=".length());
            } else {
                json |= word.equals("--json");
                words.add(word);
            }
        }
        buffer.flip();
    }

    public static void main(String[] args) {
        String given = System.getenv("SFO_SOCKET");
        Client client = new Client(
                args,
                given == null || given.isEmpty() ? DEFAULT_SOCKET : given,
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err));
        Runtime.getRuntime().addShutdownHook(new Detached(client));
        int exit;
        try {
            exit = client.run();
        } catch (IOException e) {
            // our own output is gone (sfo history | head), as a signal would have ended us
            exit = 141;
        }
        Runtime.getRuntime().halt(exit);
    }

    /** Runs on Ctrl-C only: otherwise the client halts. */
    private static final class Detached extends Thread {
        private final Client client;

        Detached(Client client) {
            this.client = client;
        }

        @Override
        public void run() {
            String text = client.detach;
            if (text != null) {
                try {
                    print(client.err, "\n" + text + "\n");
                } catch (IOException e) {
                    // nobody is left to read it
                    Runtime.getRuntime().halt(130);
                }
            }
        }
    }

    /** @return the exit code */
    int run() throws IOException {
        try (SocketChannel channel = connect()) {
            try {
                send(channel, request());
            } catch (IOException e) {
                // an agent that refuses may have closed already; why, is what it wrote before
                return converse(channel);
            }
            return converse(channel);
        } catch (NoAgent e) {
            complain(e.text);
            return ExitCode.NO_AGENT.code();
        }
    }

    private Frame request() {
        String terminal = System.getProperty("sfo.terminal", "");
        Frame frame = new Frame()
                .with(Frame.ARGV, words)
                .with(Frame.CWD, System.getProperty("user.dir", "/"))
                .with(Frame.WIDTH, Integer.getInteger("sfo.width", 80))
                .with(Frame.ASK, terminal.contains("in"))
                .with(Frame.TERMINAL, terminal.contains("out"));
        String sudo = System.getenv("SUDO_USER");
        return sudo == null ? frame : frame.with(Frame.SUDO, sudo);
    }

    private SocketChannel connect() throws NoAgent {
        try {
            return SocketChannel.open(UnixDomainSocketAddress.of(Path.of(socket)));
        } catch (InvalidPathException | IOException e) {
            String why = String.valueOf(e.getMessage());
            if (why.contains("ermission denied")) {
                throw new NoAgent("the agent's socket " + socket + " is not ours to open (" + why
                        + "). Run sfo as root, or as the user that the agent runs as");
            }
            throw new NoAgent("no agent answers at " + socket + " (" + why
                    + "). Start one: sfo agent --config FILE. If it has another socket: sfo --socket PATH ..., or set"
                    + " SFO_SOCKET");
        }
    }

    /** Ends the client where an agent that takes connections takes no request: it is frozen, or hangs. */
    private final class Patience extends Thread {
        Patience() {
            setDaemon(true);
        }

        @Override
        public void run() {
            try {
                sleep(TAKEN_MILLIS);
                if (!taken) {
                    complain("the agent at " + socket + " takes the connection and does not answer within "
                            + TAKEN_MILLIS / 1000 + " s: it hangs, or is stopped. Killing it and starting it again"
                            + " touches nothing that is served");
                    Runtime.getRuntime().halt(ExitCode.NO_AGENT.code());
                }
            } catch (InterruptedException | IOException e) {
                Runtime.getRuntime().halt(ExitCode.NO_AGENT.code());
            }
        }
    }

    private int converse(SocketChannel channel) throws IOException {
        new Patience().start();
        while (true) {
            Frame frame = receive(channel);
            taken = true;
            if (frame == null) {
                detach = null;
                complain("the agent ended the connection before the command was over. What it had begun goes on or is"
                        + " undone when an agent runs again: see sfo history, sfo status");
                return ExitCode.NO_AGENT.code();
            }
            if (frame.has(Frame.EXIT)) {
                detach = null;
                return (int) frame.number(Frame.EXIT, ExitCode.NEEDS_ATTENTION.code());
            }
            show(channel, frame);
        }
    }

    private void show(SocketChannel channel, Frame frame) throws IOException {
        if (frame.has(Frame.LIVE)) {
            live(frame.text(Frame.LIVE, ""));
            return;
        }
        liveLines = 0;
        if (frame.has(Frame.OUT)) {
            print(out, frame.text(Frame.OUT, ""));
        }
        if (frame.has(Frame.ERR)) {
            print(err, frame.text(Frame.ERR, ""));
        }
        if (frame.has(Frame.DETACH)) {
            detach = frame.text(Frame.DETACH, "");
        }
        if (frame.has(Frame.ASK)) {
            print(err, frame.text(Frame.ASK, ""));
            String answer = line();
            send(channel, answer == null ? new Frame().with(Frame.END, true) : new Frame().with(Frame.ANSWER, answer));
        }
    }

    private void live(String block) throws IOException {
        StringBuilder text = new StringBuilder();
        if (liveLines > 0) {
            text.append("\u001b[").append(liveLines).append('A');
        }
        text.append("\r\u001b[J").append(block);
        liveLines = 0;
        for (int i = 0; i < block.length(); i++) {
            liveLines += block.charAt(i) == '\n' ? 1 : 0;
        }
        print(out, text.toString());
    }

    private @Nullable String line() throws IOException {
        byte[] typed = new byte[4096];
        int length = 0;
        while (true) {
            int c = in.read();
            if (c < 0 && length == 0) {
                return null;
            }
            if (c < 0 || c == '\n') {
                return new String(typed, 0, length, StandardCharsets.UTF_8);
            }
            if (length < typed.length) {
                typed[length++] = (byte) c;
            }
        }
    }

    private void complain(String text) throws IOException {
        if (json) {
            print(out, new Frame().with("exit", "NO_AGENT").with("text", text).line() + "\n");
        } else {
            print(err, "sfo: " + text + "\n");
        }
    }

    private static void print(OutputStream stream, String text) throws IOException {
        stream.write(text.getBytes(StandardCharsets.UTF_8));
        stream.flush();
    }

    private static void send(SocketChannel channel, Frame frame) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(frame.line().concat("\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** The next frame; null if the agent is gone. */
    private @Nullable Frame receive(SocketChannel channel) throws IOException {
        byte[] line = new byte[256];
        int length = 0;
        while (true) {
            if (!buffer.hasRemaining()) {
                buffer.clear();
                int read = read(channel);
                buffer.flip();
                if (read < 0) {
                    return null;
                }
                continue;
            }
            byte b = buffer.get();
            if (b == '\n') {
                return Frame.read(new String(line, 0, length, StandardCharsets.UTF_8));
            }
            if (length == MAX_FRAME) {
                throw new IOException("the agent at " + socket + " sent a line of more than " + MAX_FRAME + " bytes");
            }
            if (length == line.length) {
                line = Arrays.copyOf(line, 2 * length);
            }
            line[length++] = b;
        }
    }

    private int read(SocketChannel channel) {
        try {
            return channel.read(buffer);
        } catch (IOException e) {
            // reset: for us the same as its end
            return -1;
        }
    }

    private static final class NoAgent extends IOException {
        private static final long serialVersionUID = 1L;

        final String text;

        NoAgent(String text) {
            super(text);
            this.text = text;
        }
    }
}
