package sfo.ops.network;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalInt;

/** Frames and packets as bytes: ARP (RFC 826, 5227), neighbour discovery (RFC 4861), ICMP echo, a bare TCP segment. */
final class Frames {
    static final int ETHERNET = 14;
    static final int SOLICITATION = 135;
    static final int ADVERTISEMENT = 136;

    private static final byte[] BROADCAST = {-1, -1, -1, -1, -1, -1};
    private static final byte[] ALL_NODES = HexFormat.of().parseHex("ff020000000000000000000000000001");
    private static final HexFormat COLONS = HexFormat.ofDelimiter(":");

    /** Who says to have an address. */
    record Owner(InetAddress address, String mac) {}

    private Frames() {}

    /** Who has {@code target}? An ARP request, or a neighbour solicitation; {@code sender} may be unspecified (a probe). */
    static byte[] question(byte[] mac, InetAddress sender, InetAddress target) {
        if (target.getAddress().length == 4) {
            return arp(1, BROADCAST, mac, sender.getAddress(), new byte[6], target.getAddress());
        }
        byte[] group = HexFormat.of().parseHex("ff0200000000000000000001ff000000");
        System.arraycopy(target.getAddress(), 13, group, 13, 3);
        boolean probe = sender.isAnyLocalAddress();
        ByteBuffer body = ByteBuffer.allocate(probe ? 24 : 32);
        body.put((byte) SOLICITATION).position(8);
        body.put(target.getAddress());
        if (!probe) {
            body.put((byte) 1).put((byte) 1).put(mac);
        }
        return icmp6(mac, sender.getAddress(), group, body.array());
    }

    /** {@code address} is at {@code mac} now: gratuitous ARP (request and reply, since hosts differ), or an advertisement. */
    static byte[][] announcement(byte[] mac, InetAddress address) {
        byte[] ip = address.getAddress();
        if (ip.length == 4) {
            return new byte[][] {arp(1, BROADCAST, mac, ip, new byte[6], ip), arp(2, BROADCAST, mac, ip, BROADCAST, ip)
            };
        }
        ByteBuffer body = ByteBuffer.allocate(32);
        body.put((byte) ADVERTISEMENT).position(4);
        body.putInt(0x20000000); // override, not solicited
        body.put(ip).put((byte) 2).put((byte) 1).put(mac);
        return new byte[][] {icmp6(mac, ip, ALL_NODES, body.array())};
    }

    /** The owner that an ARP packet or a neighbour advertisement names, if the frame is one. */
    static Optional<Owner> owner(byte[] frame) {
        if (frame.length < ETHERNET + 28) {
            return Optional.empty();
        }
        int type = get16(frame, 12);
        if (type == RawSocket.ETH_P_ARP) {
            return owner(Arrays.copyOfRange(frame, 28, 32), Arrays.copyOfRange(frame, 22, 28));
        }
        if (type != RawSocket.ETH_P_IPV6 || frame.length < ETHERNET + 64 || frame[20] != 58) {
            return Optional.empty();
        }
        if ((frame[ETHERNET + 40] & 0xff) != ADVERTISEMENT) {
            return Optional.empty();
        }
        return owner(Arrays.copyOfRange(frame, ETHERNET + 48, ETHERNET + 64), Arrays.copyOfRange(frame, 6, 12));
    }

    private static Optional<Owner> owner(byte[] ip, byte[] mac) {
        return Optional.of(new Owner(address(ip), COLONS.formatHex(mac)));
    }

    /** An ICMP echo request; the kernel adds the checksum of ICMPv6. */
    static byte[] echo(boolean v6, int id, int sequence) {
        byte[] packet = ByteBuffer.allocate(16)
                .put((byte) (v6 ? 128 : 8))
                .put(new byte[3])
                .putShort((short) id)
                .putShort((short) sequence)
                .array();
        if (!v6) {
            put16(packet, 2, checksum(packet, 0));
        }
        return packet;
    }

    /** The sequence number, if {@code packet} (as a raw ICMP socket gets it: IPv4 with its header) replies to our echo. */
    static OptionalInt echoReply(boolean v6, byte[] packet, int id) {
        int start = v6 || packet.length == 0 ? 0 : (packet[0] & 0x0f) * 4;
        if (packet.length < start + 8 || (packet[start] & 0xff) != (v6 ? 129 : 0) || get16(packet, start + 4) != id) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(get16(packet, start + 6));
    }

    /** A TCP segment without data, as a whole IP packet. ACK with numbers that fit nothing makes its receiver say what fits. */
    static byte[] segment(InetAddress from, int fromPort, InetAddress to, int toPort) {
        byte[] source = from.getAddress();
        byte[] target = to.getAddress();
        byte[] tcp = ByteBuffer.allocate(20)
                .putShort((short) fromPort)
                .putShort((short) toPort)
                .putInt(0)
                .putInt(0)
                .put((byte) 0x50)
                .put((byte) 0x10)
                .putShort((short) 1024)
                .array();
        put16(tcp, 16, checksum(tcp, pseudo(source, target, tcp.length, 6)));
        if (source.length == 16) {
            return ip6(source, target, 6, tcp);
        }
        byte[] packet = ByteBuffer.allocate(40)
                .put((byte) 0x45)
                .put((byte) 0)
                .putShort((short) 40)
                .putInt(0)
                .put((byte) 64)
                .put((byte) 6)
                .putShort((short) 0)
                .put(source)
                .put(target)
                .put(tcp)
                .array();
        put16(packet, 10, checksum(Arrays.copyOf(packet, 20), 0));
        return packet;
    }

    private static byte[] arp(int operation, byte[] to, byte[] mac, byte[] sender, byte[] targetMac, byte[] target) {
        return ByteBuffer.allocate(ETHERNET + 28)
                .put(to)
                .put(mac)
                .putShort((short) RawSocket.ETH_P_ARP)
                .putShort((short) 1)
                .putShort((short) 0x0800)
                .put((byte) 6)
                .put((byte) 4)
                .putShort((short) operation)
                .put(mac)
                .put(sender)
                .put(targetMac)
                .put(target)
                .array();
    }

    private static byte[] icmp6(byte[] mac, byte[] from, byte[] group, byte[] body) {
        put16(body, 2, checksum(body, pseudo(from, group, body.length, 58)));
        byte[] packet = ip6(from, group, 58, body);
        packet[7] = (byte) 255; // neighbour discovery is void with less
        return ByteBuffer.allocate(ETHERNET + packet.length)
                .put((byte) 0x33)
                .put((byte) 0x33)
                .put(group, 12, 4)
                .put(mac)
                .putShort((short) RawSocket.ETH_P_IPV6)
                .put(packet)
                .array();
    }

    private static byte[] ip6(byte[] from, byte[] to, int next, byte[] body) {
        return ByteBuffer.allocate(40 + body.length)
                .putInt(0x60000000)
                .putShort((short) body.length)
                .put((byte) next)
                .put((byte) 64)
                .put(from)
                .put(to)
                .put(body)
                .array();
    }

    private static int pseudo(byte[] from, byte[] to, int length, int protocol) {
        return sum(from) + sum(to) + length + protocol;
    }

    /** The Internet checksum (RFC 1071) of {@code data}, over {@code initial}; zero for data that carries its own. */
    static int checksum(byte[] data, int initial) {
        int sum = initial + sum(data);
        while (sum >> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return ~sum & 0xffff;
    }

    private static int sum(byte[] data) {
        int sum = 0;
        for (int i = 0; i < data.length; i++) {
            sum += (data[i] & 0xff) << (i % 2 == 0 ? 8 : 0);
        }
        return sum;
    }

    private static int get16(byte[] data, int at) {
        return ((data[at] & 0xff) << 8) | (data[at + 1] & 0xff);
    }

    private static void put16(byte[] data, int at, int value) {
        data[at] = (byte) (value >> 8);
        data[at + 1] = (byte) value;
    }

    static InetAddress address(byte[] octets) {
        try {
            return InetAddress.getByAddress(octets);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address of " + octets.length + " octets", e);
        }
    }
}
