package sfo.ops.share;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;

/** Runs work whose sockets are to be in a group's network namespace. */
final class InGroupHost {
    private static final int O_RDONLY_CLOEXEC = 0x80000;
    private static final int CLONE_NEWNET = 0x40000000;

    private InGroupHost() {}

    /** System calls that the JDK lacks; loaded with the first use, so that hosts without servers need no library. */
    private static final class Libc {
        static {
            Native.register(Libc.class, "c");
        }

        static native int open(String path, int flags) throws LastErrorException;

        static native int setns(int fd, int kind) throws LastErrorException;

        static native int close(int fd) throws LastErrorException;
    }

    /** On a thread of its own, which ends with the work: a thread that changed its namespace serves nobody else. */
    static <T> T call(String group, Callable<T> work, Call call) throws HostException {
        FutureTask<T> task = new FutureTask<>(() -> {
            enter(group);
            return work.call();
        });
        Thread thread = new Thread(task, "in-group-host-" + group);
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get(call.left().toMillis() + 1, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HostException("interrupted in the group host of " + group, e);
        } catch (TimeoutException e) {
            throw new HostException("time ran out while asking in the group host of " + group, e);
        } catch (ExecutionException e) {
            throw new HostException("in the group host of " + group + ": " + e.getMessage(), e);
        }
    }

    private static void enter(String group) throws HostException {
        String path = GroupServers.namespace(group).toString();
        try {
            int fd = Libc.open(path, O_RDONLY_CLOEXEC);
            try {
                Libc.setns(fd, CLONE_NEWNET);
            } finally {
                Libc.close(fd);
            }
        } catch (LastErrorException e) {
            throw new HostException("cannot enter " + path + ": errno " + e.getErrorCode(), e);
        }
    }
}
