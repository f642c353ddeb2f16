package sfo.ops.network;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;

/**
 * Tells the wire where a failover address is now, and clients that their old connections are gone: at once, and again in
 * the background, since a first frame is easily lost (a switch port that still learns, a NIC that just got carrier).
 */
final class Announcer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Announcer.class);
    private static final List<Long> AGAIN = List.of(100L, 300L, 1000L, 3000L, 10_000L);

    private record Key(Namespace where, String device, String what) {}

    private interface Packet {
        void send() throws HostException;
    }

    /** One announcement that is being repeated; each is itself, so no record. */
    private static final class Running {
        private final List<RawSocket> sockets;
        private final List<Packet> packets;
        private final List<Future<?>> repeats = new ArrayList<>();

        Running(List<RawSocket> sockets, List<Packet> packets) {
            this.sockets = sockets;
            this.packets = packets;
        }

        void send() throws HostException {
            for (Packet packet : packets) {
                packet.send();
            }
        }

        synchronized void repeat(Future<?> at) {
            repeats.add(at);
        }

        synchronized void end() {
            repeats.forEach(at -> at.cancel(false));
            sockets.forEach(RawSocket::close);
        }
    }

    private final Map<Key, Running> running = new ConcurrentHashMap<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "announcer");
        thread.setDaemon(true);
        return thread;
    });

    /** Gratuitous ARP and unsolicited neighbour advertisements; the first ones are sent when this returns. */
    void announce(Namespace where, String device, byte[] mac, List<InetAddress> addresses, Call call)
            throws HostException {
        RawSocket socket = RawSocket.frames(where, device, RawSocket.ETH_P_ARP, call);
        List<Packet> packets = new ArrayList<>();
        for (InetAddress address : addresses) {
            for (byte[] frame : Frames.announcement(mac, address)) {
                packets.add(() -> socket.send(frame));
            }
        }
        start(new Key(where, device, "announce"), new Running(List.of(socket), packets), call);
    }

    /**
     * Makes clients notice that their connections ended: each gets an acknowledgement that fits nothing, answers with
     * what would fit, and this host, which knows no such connection, resets it.
     */
    void reset(Namespace where, String device, List<Connections.Connection> connections, Call call)
            throws HostException {
        if (connections.isEmpty()) {
            return;
        }
        RawSocket v4 = RawSocket.packets(where, false, call);
        RawSocket v6 = RawSocket.packets(where, true, call);
        List<Packet> packets = new ArrayList<>();
        for (Connections.Connection c : connections) {
            byte[] segment = Frames.segment(c.server(), c.serverPort(), c.client(), c.clientPort());
            RawSocket socket = c.client().getAddress().length == 4 ? v4 : v6;
            packets.add(() -> {
                try {
                    socket.send(segment, c.client());
                } catch (HostException e) {
                    // one client that no route leads to any more must not keep the others from being told
                    LOG.info("the connection {} is not reset: {}", c, e.getMessage());
                }
            });
        }
        start(new Key(where, device, "reset"), new Running(List.of(v4, v6), packets), call);
    }

    private void start(Key key, Running next, Call call) throws HostException {
        call.check("announcing " + key.device());
        Running former = running.put(key, next);
        if (former != null) {
            former.end();
        }
        try {
            next.send();
        } catch (HostException e) {
            stop(key, next);
            throw e;
        }
        for (long millis : AGAIN) {
            next.repeat(timer.schedule(() -> again(key, next, millis), millis, TimeUnit.MILLISECONDS));
        }
    }

    private void again(Key key, Running one, long millis) {
        try {
            one.send();
        } catch (HostException e) {
            LOG.warn("{} of {} in {} ends early: {}", key.what(), key.device(), key.where(), e.getMessage());
            stop(key, one);
        }
        if (millis == AGAIN.get(AGAIN.size() - 1)) {
            stop(key, one);
        }
    }

    /** Ends what goes on for one device. */
    void stop(Namespace where, String device) {
        running.forEach((key, one) -> {
            if (key.where().equals(where) && key.device().equals(device)) {
                stop(key, one);
            }
        });
    }

    /** Ends what goes on in a namespace: an open socket would keep it alive after its name is gone. */
    void stop(Namespace where) {
        running.forEach((key, one) -> {
            if (key.where().equals(where)) {
                stop(key, one);
            }
        });
    }

    private void stop(Key key, Running one) {
        running.remove(key, one);
        one.end();
    }

    @Override
    public void close() {
        running.forEach(this::stop);
        timer.shutdownNow();
    }
}
