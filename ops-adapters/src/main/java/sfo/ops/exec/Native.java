package sfo.ops.exec;

import com.sun.jna.LastErrorException;
import com.sun.jna.NativeLong;
import com.sun.jna.ptr.IntByReference;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The few system calls about file systems, and about sockets of other processes and of libraries, that the JDK lacks. Needs root (or the process's own user); a
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
    /** How often an idle connection is tried within its limit. */
    private static final int BEATS = 4;

    private static final int STATVFS_BYTES = 112;
    private static final int FILES = 40;
    private static final int FILES_FREE = 56;
    private static final int STATE = 0;
    private static final int ESTABLISHED = 1;
    private static final int LISTEN = 10;
    private static final int LAST_DATA_RECEIVED = 52;
    private static final int LAST_ACK_RECEIVED = 56;
    private static final int TCP_INFO_BYTES = 104;
    /** EBADF, ENOTSOCK: closed since it was listed. ENOPROTOOPT, EOPNOTSUPP: not TCP. */
    private static final Set<Integer> NOT_THIS = Set.of(9, 88, 92, 95);

    /** The part of libc that is called. */
    private static final class C {
        static {
            com.sun.jna.Native.register(C.class, "c");
        }

        private C() {}

        static native NativeLong syscall(NativeLong number, NativeLong a, NativeLong b, NativeLong c)
                throws LastErrorException;

        static native int setsockopt(int fd, int level, int name, IntByReference value, int length)
                throws LastErrorException;

        static native int getsockopt(int fd, int level, int name, ByteBuffer value, IntByReference length)
                throws LastErrorException;

        static native int close(int fd);

        static native int statvfs(String path, ByteBuffer found) throws LastErrorException;
    }

    /**
     * A TCP socket that listens or is connected.
     *
     * @param fd its number in its process
     * @param silence how long it has heard nothing from its peer, data or acknowledgement; empty if it listens
     */
    public record Tcp(int fd, Optional<Duration> silence) {}

    private Native() {}

    /**
     * The TCP sockets of process {@code pid} now. From here on each gives up when its peer has been silent for {@code
     * limit}, idle or not; one that listens hands that on to every connection that it accepts. Costs the same however many
     * connections the host has.
     */
    public static List<Tcp> boundSilence(long pid, Duration limit) throws IOException {
        List<Tcp> found = new ArrayList<>();
        try (DirectoryStream<Path> fds = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            int process = call("pidfd_open of process " + pid, SYS_PIDFD_OPEN, (int) pid, 0, 0);
            try {
                for (Path fd : fds) {
                    if (isSocket(fd)) {
                        fetched(process, Integer.parseInt(fd.getFileName().toString()), limit)
                                .ifPresent(found::add);
                    }
                }
            } finally {
                C.close(process);
            }
        }
        return found;
    }

    /** As {@link #boundSilence(long, Duration)} of one socket alone; empty if it is none that listens or is connected. */
    public static Optional<Tcp> boundSilence(long pid, int fd, Duration limit) throws IOException {
        int process = call("pidfd_open of process " + pid, SYS_PIDFD_OPEN, (int) pid, 0, 0);
        try {
            return fetched(process, fd, limit);
        } finally {
            C.close(process);
        }
    }

    /** How many more files that file system has room for; empty if it knows no limit but its bytes. */
    public static OptionalLong freeFiles(Path on) throws IOException {
        ByteBuffer found = ByteBuffer.allocateDirect(STATVFS_BYTES).order(ByteOrder.nativeOrder());
        try {
            C.statvfs(on.toString(), found);
        } catch (LastErrorException e) {
            throw new IOException("statvfs of " + on + ": " + e.getMessage(), e);
        }
        return found.getLong(FILES) == 0 ? OptionalLong.empty() : OptionalLong.of(found.getLong(FILES_FREE));
    }

    /** As {@link #boundSilence(long, Duration)} of this process's own, by which its listeners end what peers without power have left open. */
    public static void boundOwnSilence(Duration limit) throws IOException {
        try (DirectoryStream<Path> fds = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path fd : fds) {
                if (isSocket(fd)) {
                    int number = Integer.parseInt(fd.getFileName().toString());
                    try {
                        bound(number, number, limit);
                    } catch (LastErrorException e) {
                        refused(number, e);
                    }
                }
            }
        }
    }

    private static boolean isSocket(Path fd) {
        try {
            return Files.readSymbolicLink(fd).toString().startsWith("socket:");
        } catch (IOException closedMeanwhile) {
            return false;
        }
    }

    private static Optional<Tcp> fetched(int process, int fd, Duration limit) throws IOException {
        int socket = -1;
        try {
            socket = syscall(SYS_PIDFD_GETFD, process, fd, 0);
            return bound(fd, socket, limit);
        } catch (LastErrorException e) {
            refused(fd, e);
            return Optional.empty();
        } finally {
            if (socket >= 0) {
                C.close(socket);
            }
        }
    }

    /** {@code socket} is its number here, {@code fd} where it was found. */
    private static Optional<Tcp> bound(int fd, int socket, Duration limit) {
        ByteBuffer info = get(socket, TCP_INFO, TCP_INFO_BYTES);
        int state = info.get(STATE);
        if (state != ESTABLISHED && state != LISTEN) {
            return Optional.empty();
        }
        if (get(socket, TCP_USER_TIMEOUT, Integer.BYTES).getInt(0) != limit.toMillis()) {
            int beat = (int) Math.max(1, limit.toSeconds() / BEATS);
            set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
            set(socket, IPPROTO_TCP, TCP_KEEPIDLE, beat);
            set(socket, IPPROTO_TCP, TCP_KEEPINTVL, beat);
            set(socket, IPPROTO_TCP, TCP_KEEPCNT, BEATS - 1);
            set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, (int) limit.toMillis());
        }
        if (state == LISTEN) {
            return Optional.of(new Tcp(fd, Optional.empty()));
        }
        long data = Integer.toUnsignedLong(info.getInt(LAST_DATA_RECEIVED));
        long ack = Integer.toUnsignedLong(info.getInt(LAST_ACK_RECEIVED));
        return Optional.of(new Tcp(fd, Optional.of(Duration.ofMillis(Math.min(data, ack)))));
    }

    /** Nothing to bound, if it is no TCP socket, or none any more. */
    private static void refused(int fd, LastErrorException e) throws IOException {
        if (!NOT_THIS.contains(e.getErrorCode())) {
            throw new IOException("the silence of socket " + fd + " cannot be bounded: " + e.getMessage(), e);
        }
    }

    private static int call(String what, int number, int a, int b, int c) throws IOException {
        try {
            return syscall(number, a, b, c);
        } catch (LastErrorException e) {
            throw new IOException(what + " failed: " + e.getMessage(), e);
        }
    }

    private static int syscall(int number, int a, int b, int c) {
        return C.syscall(new NativeLong(number), new NativeLong(a), new NativeLong(b), new NativeLong(c))
                .intValue();
    }

    private static ByteBuffer get(int socket, int name, int bytes) {
        ByteBuffer value = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        C.getsockopt(socket, IPPROTO_TCP, name, value, new IntByReference(bytes));
        return value;
    }

    private static void set(int socket, int level, int name, int value) {
        C.setsockopt(socket, level, name, new IntByReference(value), Integer.BYTES);
    }
}
