package sfo.ops.network;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;

/** The system calls that the JDK lacks, as they are. A failed one throws with its errno. */
final class Libc {
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int AF_PACKET = 17;
    static final int SOCK_RAW = 3;
    static final int SOCK_CLOEXEC = 0x80000;
    static final int IPPROTO_ICMP = 1;
    static final int IPPROTO_ICMPV6 = 58;
    static final int IPPROTO_RAW = 255;
    static final int MSG_DONTWAIT = 0x40;
    static final int SOL_SOCKET = 1;
    static final int SO_BINDTODEVICE = 25;
    static final int SO_ATTACH_FILTER = 26;
    static final int SOL_PACKET = 263;
    static final int PACKET_ADD_MEMBERSHIP = 1;
    static final short POLLIN = 1;
    static final int O_RDONLY_CLOEXEC = 0x80000;
    static final int CLONE_NEWNET = 0x40000000;

    static final int EAGAIN = 11;
    static final int EINTR = 4;

    static {
        Native.register(Libc.class, "c");
    }

    private Libc() {}

    static native int socket(int domain, int type, int protocol) throws LastErrorException;

    static native int bind(int fd, byte[] address, int length) throws LastErrorException;

    static native NativeLong sendto(int fd, byte[] data, NativeLong length, int flags, byte[] to, int toLength)
            throws LastErrorException;

    static native NativeLong send(int fd, byte[] data, NativeLong length, int flags) throws LastErrorException;

    static native NativeLong recv(int fd, byte[] buffer, NativeLong length, int flags) throws LastErrorException;

    static native int setsockopt(int fd, int level, int option, byte[] value, int length) throws LastErrorException;

    static native int setsockopt(int fd, int level, int option, Pointer value, int length) throws LastErrorException;

    static native int poll(byte[] fds, NativeLong count, int millis) throws LastErrorException;

    static native int open(String path, int flags) throws LastErrorException;

    static native int close(int fd) throws LastErrorException;

    static native int setns(int fd, int kind) throws LastErrorException;

    static native int if_nametoindex(String name) throws LastErrorException;

    /** The words for an errno, as far as the product meets them. */
    static String words(LastErrorException e) {
        return switch (e.getErrorCode()) {
            case 1 -> "not permitted (EPERM): root or CAP_NET_ADMIN, CAP_NET_RAW and CAP_SYS_ADMIN are needed";
            case 2 -> "no such file (ENOENT)";
            case 19 -> "no such device (ENODEV)";
            case 22 -> "invalid argument (EINVAL)";
            case 100 -> "the interface is down (ENETDOWN)";
            case 101 -> "network unreachable (ENETUNREACH)";
            case 113 -> "no route to host (EHOSTUNREACH)";
            default -> "errno " + e.getErrorCode();
        };
    }
}
