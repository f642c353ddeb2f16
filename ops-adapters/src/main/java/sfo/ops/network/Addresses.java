package sfo.ops.network;

import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import sfo.protocol.model.Cidr;

/** Arithmetic on addresses. */
final class Addresses {
    private Addresses() {}

    static boolean contains(Cidr network, InetAddress address) {
        byte[] a = network.address().getAddress();
        byte[] b = address.getAddress();
        if (a.length != b.length) {
            return false;
        }
        for (int bit = 0; bit < network.prefix(); bit++) {
            int shift = 7 - bit % 8;
            if (((a[bit / 8] ^ b[bit / 8]) >> shift & 1) != 0) {
                return false;
            }
        }
        return true;
    }

    /** One form for one set, for facts. */
    static String text(Collection<Cidr> addresses) {
        return addresses.stream().map(Cidr::toString).sorted().collect(Collectors.joining(" "));
    }

    static List<Cidr> parse(String text) {
        return text.isBlank()
                ? List.of()
                : List.of(text.split(" ")).stream().map(Cidr::parse).toList();
    }

    /** The link-local address that belongs to a MAC (RFC 4291, appendix A). */
    static InetAddress linkLocal(byte[] mac) {
        byte[] ip = new byte[16];
        ip[0] = (byte) 0xfe;
        ip[1] = (byte) 0x80;
        System.arraycopy(mac, 0, ip, 8, 3);
        System.arraycopy(mac, 3, ip, 13, 3);
        ip[8] ^= 2;
        ip[11] = (byte) 0xff;
        ip[12] = (byte) 0xfe;
        return Frames.address(ip);
    }
}
