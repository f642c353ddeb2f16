package sfo.ops.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** The folder that the appliances of a demo share: power, cables, and who answers on the wire. Safe across processes. */
public final class World {
    /** The other end of an appliance's own cable, for {@link #cutLink}: cut, it reaches nobody and has no carrier. */
    public static final String SWITCH = "switch";

    private static final long LOCK_SECONDS = 10;
    private static final Map<Path, ReentrantLock> IN_THIS_JVM = new ConcurrentHashMap<>();

    /** @param boot how often it was switched on; changes with every power cut, not with a restart of its agent */
    public record Power(boolean on, long boot) {}

    /** Who answers for an address, with which MAC, for which group; it counts only while that boot has power. */
    public record Wire(String address, String appliance, long boot, String mac, String group) {}

    /** Something that reads and changes files. */
    @FunctionalInterface
    interface Work<T> {
        T run() throws IOException;
    }

    private final Path root;

    private World(Path root) {
        this.root = root;
    }

    /** @throws IOException if the folder can't be made */
    public static World at(Path root) throws IOException {
        Files.createDirectories(root);
        return new World(root.toRealPath());
    }

    public Path root() {
        return root;
    }

    /** What of an appliance outlives a power cut. */
    public Path appliance(String name) {
        return root.resolve(name);
    }

    /** What of an appliance is gone at a power cut. */
    public Path run(String name) {
        return appliance(name).resolve("run");
    }

    /** An appliance that was never switched on is off, boot 0. */
    public Power power(String appliance) throws IOException {
        Path file = root.resolve("power").resolve(appliance);
        try {
            String text = Files.readString(file).strip();
            String[] words = text.split("\\s+", 3);
            boolean on = words[0].equals("on");
            if ((on || words[0].equals("off")) && words.length <= 2) {
                return new Power(on, words.length == 2 ? Long.parseLong(words[1]) : 1);
            }
            throw new IOException(file + " says \"" + text + "\": expected \"on 1\" or \"off 1\"");
        } catch (NoSuchFileException never) {
            return new Power(false, 0);
        } catch (NumberFormatException e) {
            throw new IOException(file + ": expected \"on\" or \"off\" and a number", e);
        }
    }

    /** Has power now, as before if it had it already; else it boots, with nothing left of what does not outlive one. */
    public long switchOn(String appliance) throws IOException {
        return locked(() -> {
            Power power = power(appliance);
            if (power.on()) {
                return power.boot();
            }
            Disk.deleteTree(run(appliance));
            Files.createDirectories(run(appliance));
            setPower(appliance, new Power(true, power.boot() + 1));
            return power.boot() + 1;
        });
    }

    /** From here on it serves, answers and writes nothing. Whoever calls this also kills its agent. */
    public void cutPower(String appliance) throws IOException {
        locked(() -> {
            setPower(appliance, new Power(false, power(appliance).boot()));
            return true;
        });
    }

    /** Cuts all networks between two appliances, or between one and the {@link #SWITCH}. */
    public void cutLink(String one, String other) throws IOException {
        locked(() -> {
            Disk.replace(link(one, other), "cut\n".getBytes(StandardCharsets.UTF_8));
            return true;
        });
    }

    public void mendLink(String one, String other) throws IOException {
        locked(() -> Files.deleteIfExists(link(one, other)));
    }

    /** Whether its own cable is plugged in. */
    public boolean carrier(String appliance) {
        return !Files.exists(link(appliance, SWITCH));
    }

    /** Whether both have power and a frame of one reaches the other. */
    public boolean linked(String one, String other) throws IOException {
        return power(one).on()
                && power(other).on()
                && carrier(one)
                && carrier(other)
                && !Files.exists(link(one, other));
    }

    /** Those with power and carrier that answer for an address now. More than one is what must never be. */
    public List<Wire> holders(String address) throws IOException {
        Path folder = root.resolve("wire").resolve(address);
        List<Wire> found = new ArrayList<>();
        for (String appliance : Disk.names(folder)) {
            Optional<Wire> wire = Disk.read(folder.resolve(appliance), Wire.class);
            if (wire.isPresent()
                    && power(appliance).equals(new Power(true, wire.get().boot()))
                    && carrier(appliance)
                    && Leases.pass(this, appliance, wire.get().group())) {
                found.add(wire.get());
            }
        }
        return found;
    }

    void answer(Wire wire) throws IOException {
        Disk.write(root.resolve("wire").resolve(wire.address()).resolve(wire.appliance()), wire);
    }

    void silence(String address, String appliance) throws IOException {
        Files.deleteIfExists(root.resolve("wire").resolve(address).resolve(appliance));
    }

    /** All appliances that were ever switched on. */
    public List<String> appliances() throws IOException {
        return Disk.names(root.resolve("power"));
    }

    /** Runs {@code work} while no other thread or process changes this world; may be nested. */
    <T> T locked(Work<T> work) throws IOException {
        ReentrantLock lock = IN_THIS_JVM.computeIfAbsent(root, r -> new ReentrantLock());
        if (lock.isHeldByCurrentThread()) {
            return work.run();
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LOCK_SECONDS);
        lock.lock();
        try (FileChannel channel =
                FileChannel.open(root.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            FileLock held = channel.tryLock();
            while (held == null) {
                if (System.nanoTime() > deadline) {
                    throw new IOException(root.resolve(".lock") + " is held by another process for " + LOCK_SECONDS
                            + " s: is an agent or client of this world stopped?");
                }
                LockSupport.parkNanos(200_000);
                held = channel.tryLock();
            }
            return work.run();
        } finally {
            lock.unlock();
        }
    }

    private void setPower(String appliance, Power power) throws IOException {
        String text = (power.on() ? "on " : "off ") + power.boot() + "\n";
        Disk.replace(root.resolve("power").resolve(appliance), text.getBytes(StandardCharsets.UTF_8));
    }

    private Path link(String one, String other) {
        boolean ordered = other.equals(SWITCH) || (!one.equals(SWITCH) && one.compareTo(other) <= 0);
        return root.resolve("links").resolve(ordered ? one + "-" + other : other + "-" + one);
    }
}
