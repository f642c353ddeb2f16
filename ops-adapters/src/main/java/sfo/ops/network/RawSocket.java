package sfo.ops.network;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;

/** A packet or raw IP socket in a network namespace. One thread at a time sends or receives. */
final class RawSocket implements AutoCloseable {
    static final int ETH_P_ALL = 0x0003;
    static final int ETH_P_ARP = 0x0806;
    static final int ETH_P_IPV6 = 0x86dd;

    /** The kernel makes whoever closes a packet socket wait until no CPU uses it, tens of milliseconds: not for a step. */
    private static final ExecutorService CLOSER = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "socket-closer");
        thread.setDaemon(true);
        return thread;
    });

    private final int fd;
    private final String what;
    private final byte[] buffer = new byte[65536];
    private boolean closed;

    private RawSocket(int fd, String what) {
        this.fd = fd;
        this.what = what;
    }

    /** Whole Ethernet frames of one type on one device; of IPv6 only neighbour advertisements come in. */
    static RawSocket frames(Namespace where, String device, int type, Call call) throws HostException {
        return where.call(
                () -> open(Libc.AF_PACKET, 0, name(type) + " frames of " + device, socket -> {
                    if (type == ETH_P_IPV6) {
                        advertisementsOnly(socket);
                    }
                    int index = Libc.if_nametoindex(device);
                    Libc.bind(socket, linkLayer(index, type), 20);
                    // an answer to a probe from the unspecified address goes to all nodes, which the NIC may filter
                    Libc.setsockopt(socket, Libc.SOL_PACKET, Libc.PACKET_ADD_MEMBERSHIP, allMulticast(index), 16);
                }),
                call);
    }

    /** ICMP (or ICMPv6) by way of the kernel's routes; {@code device} binds it to one device. */
    static RawSocket icmp(Namespace where, boolean v6, Optional<String> device, Call call) throws HostException {
        return where.call(
                () -> open(
                        v6 ? Libc.AF_INET6 : Libc.AF_INET,
                        v6 ? Libc.IPPROTO_ICMPV6 : Libc.IPPROTO_ICMP,
                        "ICMP",
                        socket -> {
                            if (device.isPresent()) {
                                byte[] name = (device.get() + "\0").getBytes(StandardCharsets.US_ASCII);
                                Libc.setsockopt(socket, Libc.SOL_SOCKET, Libc.SO_BINDTODEVICE, name, name.length);
                            }
                        }),
                call);
    }

    /** Whole IP packets, sent by way of the kernel's routes. */
    static RawSocket packets(Namespace where, boolean v6, Call call) throws HostException {
        return where.call(
                () -> open(v6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.IPPROTO_RAW, "IP packets", socket -> {}), call);
    }

    private interface Setup {
        void on(int socket);
    }

    private static RawSocket open(int family, int protocol, String what, Setup setup) throws HostException {
        int fd = -1;
        try {
            fd = Libc.socket(family, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, protocol);
            setup.on(fd);
            RawSocket socket = new RawSocket(fd, what);
            fd = -1;
            return socket;
        } catch (LastErrorException e) {
            throw new HostException("cannot open a socket for " + what + ": " + Libc.words(e), e);
        } finally {
            if (fd >= 0) {
                Libc.close(fd);
            }
        }
    }

    /** Sends a frame on the device that it is bound to. */
    void send(byte[] frame) throws HostException {
        send(frame, new byte[0]);
    }

    /** Sends to an IP address, by the kernel's routes. */
    void send(byte[] packet, InetAddress to) throws HostException {
        byte[] octets = to.getAddress();
        ByteBuffer address = ByteBuffer.allocate(octets.length == 4 ? 16 : 28).order(ByteOrder.nativeOrder());
        address.putShort((short) (octets.length == 4 ? Libc.AF_INET : Libc.AF_INET6))
                .position(octets.length == 4 ? 4 : 8);
        address.put(octets);
        send(packet, address.array());
    }

    private synchronized void send(byte[] data, byte[] to) throws HostException {
        if (closed) {
            throw new HostException("cannot send " + what + ": the socket is closed");
        }
        try {
            if (to.length == 0) {
                Libc.send(fd, data, new NativeLong(data.length), Libc.MSG_DONTWAIT);
            } else {
                Libc.sendto(fd, data, new NativeLong(data.length), Libc.MSG_DONTWAIT, to, to.length);
            }
        } catch (LastErrorException e) {
            throw new HostException("cannot send " + what + ": " + Libc.words(e), e);
        }
    }

    /** What has come in, if anything; does not wait. */
    Optional<byte[]> receive() throws HostException {
        try {
            int length = Libc.recv(fd, buffer, new NativeLong(buffer.length), Libc.MSG_DONTWAIT)
                    .intValue();
            return Optional.of(java.util.Arrays.copyOf(buffer, length));
        } catch (LastErrorException e) {
            if (e.getErrorCode() == Libc.EAGAIN || e.getErrorCode() == Libc.EINTR) {
                return Optional.empty();
            }
            throw new HostException("cannot receive " + what + ": " + Libc.words(e), e);
        }
    }

    /** Waits until one of them has something, or the time is over. */
    static void await(List<RawSocket> sockets, long millis) throws HostException {
        ByteBuffer fds = ByteBuffer.allocate(8 * sockets.size()).order(ByteOrder.nativeOrder());
        for (RawSocket socket : sockets) {
            fds.putInt(socket.fd).putShort(Libc.POLLIN).putShort((short) 0);
        }
        try {
            Libc.poll(fds.array(), new NativeLong(sockets.size()), (int) Math.max(0, millis));
        } catch (LastErrorException e) {
            if (e.getErrorCode() != Libc.EINTR) {
                throw new HostException("cannot wait for packets: " + Libc.words(e), e);
            }
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            CLOSER.execute(() -> Libc.close(fd));
        }
    }

    private static String name(int type) {
        return switch (type) {
            case ETH_P_ARP -> "ARP";
            case ETH_P_IPV6 -> "IPv6";
            default -> "Ethernet";
        };
    }

    private static byte[] linkLayer(int index, int type) {
        ByteBuffer address = ByteBuffer.allocate(20).order(ByteOrder.nativeOrder());
        address.putShort((short) Libc.AF_PACKET)
                .put((byte) (type >> 8))
                .put((byte) type)
                .putInt(index);
        return address.array();
    }

    private static byte[] allMulticast(int index) {
        return ByteBuffer.allocate(16)
                .order(ByteOrder.nativeOrder())
                .putInt(index)
                .putShort((short) 2)
                .array();
    }

    /** A classic BPF program: next header is ICMPv6, type is neighbour advertisement; so busy NICs do not wake us. */
    private static void advertisementsOnly(int socket) {
        int[][] program = {
            {0x30, 0, 0, Frames.ETHERNET + 6},
            {0x15, 0, 3, Libc.IPPROTO_ICMPV6},
            {0x30, 0, 0, Frames.ETHERNET + 40},
            {0x15, 0, 1, Frames.ADVERTISEMENT},
            {0x06, 0, 0, 65535},
            {0x06, 0, 0, 0},
        };
        Memory code = new Memory(8L * program.length);
        for (int i = 0; i < program.length; i++) {
            code.setShort(8L * i, (short) program[i][0]);
            code.setByte(8L * i + 2, (byte) program[i][1]);
            code.setByte(8L * i + 3, (byte) program[i][2]);
            code.setInt(8L * i + 4, program[i][3]);
        }
        Memory header = new Memory(2L * Native.POINTER_SIZE);
        header.clear();
        header.setShort(0, (short) program.length);
        header.setPointer(Native.POINTER_SIZE, code);
        Libc.setsockopt(socket, Libc.SOL_SOCKET, Libc.SO_ATTACH_FILTER, header, 2 * Native.POINTER_SIZE);
        code.close();
        header.close();
    }
}
