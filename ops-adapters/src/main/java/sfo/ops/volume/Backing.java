package sfo.ops.volume;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import sfo.ops.api.HostException;
import sfo.ops.exec.Durable;
import sfo.protocol.model.Volume;

/** The file or block device below a volume. */
record Backing(Path path, Volume volume) {
    /** @throws HostException if it is a file that nobody knows, or a device that is too small */
    void check() throws HostException {
        if (Files.isRegularFile(path)) {
            throw new HostException(
                    path + " exists already, and no record tells what is in it; remove it, or give volume "
                            + volume.name() + " another backing");
        }
        if (isDevice()) {
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
                if (channel.size() < volume.bytes()) {
                    throw new HostException(path + " has " + channel.size() + " bytes; volume " + volume.name()
                            + " needs " + volume.bytes());
                }
            } catch (IOException e) {
                throw new HostException("cannot look at " + path + ": " + e.getMessage(), e);
            }
        }
    }

    /** A sparse file of the volume's size, durable; nothing for a device. */
    void make() throws HostException {
        if (isDevice()) {
            return;
        }
        try {
            Path folder = path.toAbsolutePath().getParent();
            if (folder == null) {
                throw new IOException("it is no file in a folder");
            }
            Files.createDirectories(folder);
            try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
                if (file.length() > volume.bytes()) {
                    throw new HostException(path + " has " + file.length() + " bytes; expected " + volume.bytes()
                            + " or less: a volume never shrinks");
                }
                file.setLength(volume.bytes());
                file.getFD().sync();
            }
            Durable.sync(folder);
        } catch (IOException e) {
            throw new HostException("cannot make " + path + ": " + e.getMessage(), e);
        }
    }

    /** Removes a file; a device stays as it is. */
    void remove() throws HostException {
        try {
            if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                Durable.delete(path);
            }
        } catch (IOException e) {
            throw new HostException("cannot remove " + path + ": " + e.getMessage(), e);
        }
    }

    /** What a core daemon needs to know of it. */
    List<String> arguments() throws HostException {
        if (!Files.exists(path)) {
            throw new HostException("the backing of volume " + volume.name() + ", " + path + ", is not there");
        }
        return Core.arguments(path, isDevice(), volume.bytes());
    }

    boolean isDevice() {
        return Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path);
    }
}
