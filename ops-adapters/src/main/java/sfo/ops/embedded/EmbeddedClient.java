package sfo.ops.embedded;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Collectors;
import sfo.protocol.model.Share.Protocol;

/** A client of shares in a {@link World}: finds who answers for an address, at each read and write, as clients of a moved address do. */
public final class EmbeddedClient {
    /** A file of a share at an address. It outlives a failover. */
    public final class Handle {
        private final String address;
        private final Protocol protocol;
        private final String share;
        private final String file;

        private Handle(String address, Protocol protocol, String share, String file) {
            this.address = address;
            this.protocol = protocol;
            this.share = share;
            this.file = file;
        }

        /** On disk, on both sides while the mirror is replicating, when it returns. @throws IOException if nobody took it */
        public void write(long offset, byte[] bytes) throws IOException {
            world.locked(() -> {
                World.Wire holder = holder(address);
                ServerAdapters.Served served = served(holder);
                if (served.share().readOnly()) {
                    throw new IOException("share " + share + " is read-only");
                }
                new Volumes(world, holder.appliance()).write(served.volume(), path(served), offset, bytes, true);
                return true;
            });
        }

        /** @throws IOException if there is less, or nobody answers */
        public byte[] read(long offset, int length) throws IOException {
            World.Wire holder = holder(address);
            ServerAdapters.Served served = served(holder);
            Path data = new Volumes(world, holder.appliance()).data(served.volume());
            ByteBuffer buffer = ByteBuffer.allocate(length);
            try (FileChannel channel = FileChannel.open(Volumes.inside(data, path(served)), StandardOpenOption.READ)) {
                while (buffer.hasRemaining()) {
                    if (channel.read(buffer, offset + buffer.position()) < 0) {
                        throw new IOException(file + " ends before " + (offset + length) + " on " + holder.appliance());
                    }
                }
            } catch (NoSuchFileException e) {
                throw new IOException("no file \"" + file + "\" in share " + share + " on " + holder.appliance(), e);
            }
            return buffer.array();
        }

        /** The whole file. @throws IOException if it is not there, or nobody answers */
        public byte[] readAll() throws IOException {
            World.Wire holder = holder(address);
            ServerAdapters.Served served = served(holder);
            return Files.readAllBytes(
                    Volumes.inside(new Volumes(world, holder.appliance()).data(served.volume()), path(served)));
        }

        private ServerAdapters.Served served(World.Wire holder) throws IOException {
            return ServerAdapters.served(world, holder.appliance(), holder.group(), protocol, share)
                    .orElseThrow(() -> new IOException(protocol + " share \"" + share + "\" is not served at " + address
                            + " by " + holder.appliance()));
        }

        private String path(ServerAdapters.Served served) throws IOException {
            Path folder = Path.of(served.folder());
            return Volumes.inside(folder, file).toString();
        }
    }

    private final World world;

    public EmbeddedClient(World world) {
        this.world = world;
    }

    /** Nothing is asked yet: the first read or write does. */
    public Handle open(String address, Protocol protocol, String share, String file) {
        return new Handle(address, protocol, share, file);
    }

    /**
     * Who answers for an address.
     *
     * @throws ConnectException if nobody does
     * @throws IOException if more than one does, which must never be
     */
    public World.Wire holder(String address) throws IOException {
        List<World.Wire> holders = world.holders(address);
        if (holders.isEmpty()) {
            throw new ConnectException("nobody answers for " + address);
        }
        if (holders.size() > 1) {
            throw new IOException(address + " is answered by "
                    + holders.stream().map(World.Wire::appliance).collect(Collectors.joining(" and ")));
        }
        return holders.get(0);
    }
}
