package sfo.it.harness;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The way to one port of an agent. Cut, it has no connection left and takes none, as if nobody listened. */
final class Cable implements AutoCloseable {
    private final InetSocketAddress from;
    private final InetSocketAddress to;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private Optional<ServerSocket> listener = Optional.empty();
    private Optional<Thread> acceptor = Optional.empty();

    /**
     * Not plugged in yet.
     *
     * @param from where others reach it
     * @param to where the agent listens
     */
    Cable(InetSocketAddress from, InetSocketAddress to) {
        this.from = from;
        this.to = to;
    }

    synchronized void plug() {
        if (listener.isPresent()) {
            return;
        }
        try {
            ServerSocket server = new ServerSocket();
            server.setReuseAddress(true);
            server.bind(from, 50);
            listener = Optional.of(server);
            acceptor = Optional.of(daemon(() -> accept(server)));
        } catch (IOException e) {
            throw new UncheckedIOException(from.toString(), e);
        }
    }

    synchronized void unplug() {
        listener.ifPresent(Cable::shut);
        listener = Optional.empty();
        // the port is free when nobody waits on it any more
        acceptor.ifPresent(Cable::ended);
        acceptor = Optional.empty();
        sockets.forEach(Cable::shut);
        sockets.clear();
    }

    private void accept(ServerSocket server) {
        while (!server.isClosed()) {
            try {
                Socket near = server.accept();
                Socket far = new Socket();
                sockets.add(near);
                sockets.add(far);
                daemon(() -> join(server, near, far));
            } catch (IOException e) {
                // closed: unplugged
                return;
            }
        }
    }

    private void join(ServerSocket server, Socket near, Socket far) {
        try {
            far.connect(to, 1000);
            daemon(() -> carry(far, near));
            if (server.isClosed()) {
                throw new IOException("unplugged meanwhile");
            }
            carry(near, far);
        } catch (IOException e) {
            shut(near);
            shut(far);
        }
    }

    private void carry(Socket one, Socket other) {
        try {
            InputStream in = one.getInputStream();
            OutputStream out = other.getOutputStream();
            byte[] bytes = new byte[16 << 10];
            for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
                out.write(bytes, 0, read);
                out.flush();
            }
        } catch (IOException e) {
            // ended, or unplugged: the same to both ends
        } finally {
            shut(one);
            shut(other);
            sockets.remove(one);
            sockets.remove(other);
        }
    }

    private static void shut(AutoCloseable socket) {
        try {
            socket.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static void ended(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "cable");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Override
    public void close() {
        unplug();
    }
}
