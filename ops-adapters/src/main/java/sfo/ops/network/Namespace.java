package sfo.ops.network;

import com.sun.jna.LastErrorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;

/**
 * A network namespace: the agent's own, or a named one.
 *
 * @param name empty for the agent's own
 */
public record Namespace(Optional<String> name) {
    /** The one that the agent runs in. */
    public static final Namespace OWN = new Namespace(Optional.empty());

    static final Path FOLDER = Path.of("/var/run/netns");
    static final String PREFIX = "sfo-";

    public static Namespace named(String name) {
        return new Namespace(Optional.of(name));
    }

    /** The group host of a group. */
    public static Namespace of(String group) {
        return named(PREFIX + group);
    }

    /** All group hosts that are here, of whichever group. */
    static List<Namespace> groupHosts() throws HostException {
        if (!Files.isDirectory(FOLDER)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(PREFIX))
                    .sorted()
                    .map(Namespace::named)
                    .filter(Namespace::isSound)
                    .toList();
        } catch (IOException e) {
            throw new HostException("cannot list " + FOLDER + ": " + e.getMessage(), e);
        }
    }

    /** Whether there is something by this name, sound or broken. */
    boolean isThere() {
        return name.isEmpty() || Files.exists(path(), LinkOption.NOFOLLOW_LINKS);
    }

    /** Whether it can be entered. A creation that was cut off leaves a plain file, which is none. */
    boolean isSound() {
        try {
            Object kind = Files.getAttribute(Path.of("/proc/self/ns/net"), "unix:dev");
            return kind.equals(Files.getAttribute(path(), "unix:dev"));
        } catch (IOException notThere) {
            return false;
        }
    }

    /** @throws HostException if the group host is not here, or broken */
    Namespace needed() throws HostException {
        if (isSound()) {
            return this;
        }
        throw new HostException("the group host " + this + (isThere() ? " is broken" : " is not here")
                + ": its own step (group-host) makes it, and comes first");
    }

    Path path() {
        return name.map(FOLDER::resolve).orElse(Path.of("/proc/self/ns/net"));
    }

    /** How {@code ip link set DEVICE netns} is told of it. */
    String argument() {
        return name.orElseGet(() -> Long.toString(ProcessHandle.current().pid()));
    }

    /** Processes whose network this is, the agent excepted. */
    List<ProcessHandle> processes() throws HostException {
        String link;
        try {
            link = "net:[" + Files.getAttribute(path(), "unix:ino") + "]";
        } catch (IOException e) {
            throw new HostException("cannot read " + path() + ": " + e.getMessage(), e);
        }
        long self = ProcessHandle.current().pid();
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            return all.filter(process -> process.pid() != self && link.equals(networkOf(process.pid())))
                    .toList();
        }
    }

    private static String networkOf(long pid) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/net")).toString();
        } catch (IOException gone) {
            return "";
        }
    }

    /** Runs {@code work} in this namespace, on a thread of its own that ends with it; sockets opened there stay there. */
    public <T> T call(Callable<T> work, Call call) throws HostException {
        FutureTask<T> task = new FutureTask<>(() -> {
            enter();
            return work.call();
        });
        Thread thread = new Thread(task, "netns-" + this);
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get(call.left().toMillis() + 1, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HostException("interrupted in network namespace " + this, e);
        } catch (TimeoutException e) {
            throw new HostException("time ran out in network namespace " + this, e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof HostException known) {
                throw known;
            }
            throw new HostException("in network namespace " + this + ": " + e.getCause(), e);
        }
    }

    private void enter() throws HostException {
        if (name.isEmpty()) {
            return;
        }
        try {
            int fd = Libc.open(path().toString(), Libc.O_RDONLY_CLOEXEC);
            try {
                Libc.setns(fd, Libc.CLONE_NEWNET);
            } finally {
                Libc.close(fd);
            }
        } catch (LastErrorException e) {
            throw new HostException("cannot enter network namespace " + this + ": " + Libc.words(e), e);
        }
    }

    @Override
    public String toString() {
        return name.orElse("of the agent");
    }
}
