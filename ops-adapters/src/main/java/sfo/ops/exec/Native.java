package sfo.ops.exec;

import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.NativeLong;
import com.sun.jna.ptr.IntByReference;
import java.io.IOException;
import java.time.Duration;

/**
 * The few system calls about another process's sockets that the JDK lacks. Needs root (or the process's own user); a
 * socket that was fetched is closed again before a method returns, so that its owner's death still ends its connections.
 */
public final class Native {
    private static final int SYS_PIDFD_OPEN = 434;
    private static final int SYS_PIDFD_GETFD = 438;
    private static final int SOL_SOCKET = 1;
    private static final int SO_KEEPALIVE = 9;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_KEEPIDLE = 4;
    private static final int TCP_KEEPINTVL = 5;
    private static final int TCP_KEEPCNT = 6;
    private static final int TCP_INFO = 11;
    private static final int TCP_USER_TIMEOUT = 18;
    private static final int LAST_DATA_RECEIVED = 52;
    private static final int LAST_ACK_RECEIVED = 56;
    private static final int TCP_INFO_BYTES = 104;

    /** The part of libc that is called. */
    interface C extends Library {
        NativeLong syscall(NativeLong number, Object... arguments);

        int setsockopt(int fd, int level, int name, IntByReference value, int length);

        int getsockopt(int fd, int level, int name, Memory value, IntByReference length);

        int close(int fd);
    }

    private interface OnSocket<T> {
        T with(int fd) throws IOException;
    }

    private Native() {}

    /**
     * Lets a TCP socket of process {@code pid} give up when its peer has been silent for {@code limit}, idle or not. On a
     * listening socket it holds for every connection that it accepts.
     */
    public static void limitSilence(long pid, int fd, Duration limit) throws IOException {
        onSocket(pid, fd, socket -> {
            set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
            set(socket, IPPROTO_TCP, TCP_KEEPIDLE, 1);
            set(socket, IPPROTO_TCP, TCP_KEEPINTVL, 1);
            set(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
            set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, (int) limit.toMillis());
            return true;
        });
    }

    /** How long a TCP connection of process {@code pid} has heard nothing from its peer, data or acknowledgement. */
    public static Duration silence(long pid, int fd) throws IOException {
        return onSocket(pid, fd, socket -> {
            try (Memory info = new Memory(TCP_INFO_BYTES)) {
                info.clear();
                check(
                        libc().getsockopt(socket, IPPROTO_TCP, TCP_INFO, info, new IntByReference(TCP_INFO_BYTES)),
                        "getsockopt TCP_INFO");
                long data = Integer.toUnsignedLong(info.getInt(LAST_DATA_RECEIVED));
                long ack = Integer.toUnsignedLong(info.getInt(LAST_ACK_RECEIVED));
                return Duration.ofMillis(Math.min(data, ack));
            }
        });
    }

    private static <T> T onSocket(long pid, int fd, OnSocket<T> act) throws IOException {
        int process = (int) call(SYS_PIDFD_OPEN, (int) pid, 0, 0);
        check(process, "pidfd_open of process " + pid);
        try {
            int socket = (int) call(SYS_PIDFD_GETFD, process, fd, 0);
            check(socket, "pidfd_getfd of socket " + fd + " of process " + pid);
            try {
                return act.with(socket);
            } finally {
                libc().close(socket);
            }
        } finally {
            libc().close(process);
        }
    }

    private static long call(int number, int a, int b, int c) {
        return libc().syscall(
                        new NativeLong(number),
                        new NativeLong(a),
                        new NativeLong(b),
                        new NativeLong(c),
                        new NativeLong(0))
                .longValue();
    }

    private static void set(int fd, int level, int name, int value) throws IOException {
        check(
                libc().setsockopt(fd, level, name, new IntByReference(value), Integer.BYTES),
                "setsockopt " + level + "/" + name);
    }

    private static void check(int outcome, String what) throws IOException {
        if (outcome < 0) {
            throw new IOException(what + " failed, errno " + com.sun.jna.Native.getLastError());
        }
    }

    private static C libc() {
        return Holder.LIBC;
    }

    private static final class Holder {
        static final C LIBC = com.sun.jna.Native.load("c", C.class);
    }
}
