package sfo.agent.control;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Frame;

/**
 * The control socket. Lives as long as the JVM, so that an operator is answered while an actor system restarts. One
 * selector thread moves bytes and never waits; each command runs on a thread of its own. Only root and the agent's own
 * user are served, whatever the file's mode says.
 */
public final class ControlServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
    private static final int LONGEST_PATH = 100;

    /**
     * What one operator may take of the agent.
     *
     * @param connections at one time; for one more, one that has not said a whole line is closed, or it is itself
     * @param lineBytes of the longest line that is read
     * @param outBytes that wait for a reader before its command is made to wait
     * @param request in which the words have to arrive
     * @param stall after which a reader that takes nothing, while something waits for it, is cut off
     * @param answer in which a question has to be answered
     */
    public record Limits(
            int connections, int lineBytes, int outBytes, Duration request, Duration stall, Duration answer) {
        public static final Limits DEFAULT = new Limits(
                64, 64 << 10, 256 << 10, Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofMinutes(10));
    }

    private final Path path;
    private final Supplier<Operations> operations;
    private final Limits limits;
    private final Selector selector;
    private final ServerSocketChannel server;
    private final Object inode;
    private final UserPrincipal self;
    private final int selfUid;
    private final UserPrincipal root;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final ExecutorService commands = Executors.newCachedThreadPool(work -> daemon(work, "sfo-command"));
    private final Thread mover;

    /**
     * Opens the socket and serves until closed.
     *
     * @param operations asked once for each command; throws IllegalStateException, with a text for the operator, while
     *     there are none
     * @throws IOException if another agent answers there, something else than a socket lies there, or the folder is not
     *     writable
     */
    public static ControlServer start(Path socket, Supplier<Operations> operations) throws IOException {
        return start(socket, operations, Limits.DEFAULT);
    }

    static ControlServer start(Path socket, Supplier<Operations> operations, Limits limits) throws IOException {
        ControlServer control = new ControlServer(socket, operations, limits);
        control.mover.start();
        // the first command of a day, or of an emergency, shall not pay for loading the words
        control.commands.execute(Words::warmUp);
        return control;
    }

    private ControlServer(Path socket, Supplier<Operations> operations, Limits limits) throws IOException {
        this.path = socket.toAbsolutePath();
        this.operations = operations;
        this.limits = limits;
        this.server = bind(path);
        this.selector = Selector.open();
        server.configureBlocking(false);
        server.register(selector, SelectionKey.OP_ACCEPT);
        this.inode = Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS);
        this.self = Files.getOwner(path, LinkOption.NOFOLLOW_LINKS);
        this.selfUid = (Integer) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        this.root = path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("0");
        this.mover = daemon(this::move, "sfo-control");
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Bound beside its place and moved there: it is never reachable with another mode, nor missing while replaced. */
    private static ServerSocketChannel bind(Path path) throws IOException {
        if (path.toString().getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH) {
            throw new IOException("control socket " + path + ": expected a path of at most " + LONGEST_PATH
                    + " bytes, which is what the kernel allows; set sfo.socket");
        }
        refuseIfTaken(path);
        Path folder = Optional.ofNullable(path.getParent()).orElse(path);
        Files.createDirectories(folder);
        Path fresh = path.resolveSibling(path.getFileName() + "~");
        Files.deleteIfExists(fresh);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(fresh), 128);
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
            Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return server;
        } catch (IOException e) {
            server.close();
            Files.deleteIfExists(fresh);
            throw new IOException("control socket " + path + ": " + e.getMessage(), e);
        }
    }

    private static void refuseIfTaken(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .isOther()) {
            throw new IOException("control socket " + path + ": expected nothing or an old socket there, found"
                    + " something else; set sfo.socket to another path, or move it away");
        }
        try (SocketChannel other = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            throw new IOException("control socket " + path + ": another agent answers there (" + other
                    + "); see sfo --socket " + path + " status");
        } catch (ConnectException e) {
            LOG.info("replacing {}, which an agent left behind that is gone ({})", path, e.getMessage());
        }
    }

    private void move() {
        long sweep = Math.max(
                10, Math.min(limits.request().toMillis(), limits.stall().toMillis()) / 4);
        while (server.isOpen()) {
            try {
                selector.select(this::ready, sweep);
                long now = System.nanoTime();
                connections.forEach(connection -> connection.sweep(now));
                connections.removeIf(Connection::isOver);
            } catch (IOException e) {
                LOG.error("control socket {}: {}", path, e.getMessage(), e);
            } catch (ClosedSelectorException e) {
                return;
            }
        }
    }

    private void ready(SelectionKey key) {
        if (key.attachment() instanceof Connection connection) {
            connection.ready();
        } else {
            accept();
        }
    }

    private void accept() {
        try {
            SocketChannel channel = server.accept();
            if (channel == null) {
                return;
            }
            channel.configureBlocking(false);
            connections.removeIf(Connection::isOver);
            if (connections.size() >= limits.connections() && !makeRoom()) {
                refuse(
                        channel,
                        ExitCode.BUSY,
                        "the agent already talks to " + limits.connections()
                                + " operators, which is its limit; try again when one has ended");
                return;
            }
            UserPrincipal peer =
                    channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
            if (!peer.equals(self) && !peer.equals(root)) {
                refuse(
                        channel,
                        ExitCode.REFUSED,
                        "user " + peer.getName() + " may not talk to the agent: expected root or " + self.getName());
                return;
            }
            int uid = peer.equals(self) ? selfUid : 0;
            connections.add(new Connection(channel, selector, limits, uid, peer.getName(), this::begin));
        } catch (IOException e) {
            LOG.warn("control socket {}: a connection could not be accepted: {}", path, e.getMessage());
        }
    }

    /** Whoever has said nothing yet, for the longest time, gives way: connections alone keep no operator out. */
    private boolean makeRoom() {
        Optional<Connection> silent = connections.stream()
                .filter(Connection::isSilent)
                .min(Comparator.comparingLong(Connection::acceptedNanos));
        silent.ifPresent(connection -> {
            connection.giveWay();
            connections.remove(connection);
        });
        return silent.isPresent();
    }

    /** One short write into an empty buffer; whoever does not even take that is closed without a word. */
    private static void refuse(SocketChannel channel, ExitCode exit, String why) throws IOException {
        try (channel) {
            String frames = new Frame().with(Frame.ERR, "sfo: " + why + "\n").line() + "\n"
                    + new Frame().with(Frame.EXIT, exit.code()).line() + "\n";
            channel.write(ByteBuffer.wrap(frames.getBytes(StandardCharsets.UTF_8)));
        }
    }

    private void begin(Connection connection, Frame request) {
        try {
            commands.execute(() -> connection.carryOut(request, operations));
        } catch (RejectedExecutionException e) {
            connection.neverBegun("the agent is ending");
        }
    }

    /** Where operators reach it. */
    public Path socket() {
        return path;
    }

    /** How many operators are being talked to. */
    int connections() {
        connections.removeIf(Connection::isOver);
        return connections.size();
    }

    /** Ends every connection and takes the socket away, unless another agent has put its own there. Operations go on. */
    @Override
    public void close() throws IOException {
        server.close();
        connections.forEach(Connection::close);
        commands.shutdownNow();
        selector.close();
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                && inode.equals(Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS))) {
            Files.deleteIfExists(path);
        }
    }
}
