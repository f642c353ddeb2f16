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
import sfo.ops.embedded.Volumes.VolumeId;
import sfo.protocol.model.Lun;
import sfo.protocol.model.Share.Protocol;

/** A client of shares and disks in a {@link World}: finds who answers for an address, at each read and write, as clients of a moved address do. */
public final class EmbeddedClient {
    /** Where what a client opened lies on whoever holds its address now; {@code path} is below the volume's root. */
    private record Place(VolumeId volume, String path, boolean readOnly) {}

    /** What a client opened, by its name on the wire. */
    @FunctionalInterface
    private interface Opened {
        /** @throws IOException if {@code holder} does not serve it */
        Place at(World.Wire holder) throws IOException;
    }

    /** A file of a share, or a disk, at an address. It outlives a failover. */
    public final class Handle {
        private final String address;
        private final String title;
        private final Opened opened;

        private Handle(String address, String title, Opened opened) {
            this.address = address;
            this.title = title;
            this.opened = opened;
        }

        /** On disk, on both sides while the mirror is replicating, when it returns. @throws IOException if nobody took it */
        public void write(long offset, byte[] bytes) throws IOException {
            world.locked(() -> {
                World.Wire holder = holder(address);
                Place place = opened.at(holder);
                if (place.readOnly()) {
                    throw new IOException(title + " is read-only");
                }
                new Volumes(world, holder.appliance()).write(place.volume(), place.path(), offset, bytes, true);
                return true;
            });
        }

        /** @throws IOException if there is less, or nobody answers */
        public byte[] read(long offset, int length) throws IOException {
            World.Wire holder = holder(address);
            ByteBuffer buffer = ByteBuffer.allocate(length);
            try (FileChannel channel = FileChannel.open(file(holder), StandardOpenOption.READ)) {
                while (buffer.hasRemaining()) {
                    if (channel.read(buffer, offset + buffer.position()) < 0) {
                        throw new IOException(
                                title + " ends before " + (offset + length) + " on " + holder.appliance());
                    }
                }
            } catch (NoSuchFileException e) {
                throw new IOException("no " + title + " on " + holder.appliance(), e);
            }
            return buffer.array();
        }

        /** The whole file. @throws IOException if it is not there, or nobody answers */
        public byte[] readAll() throws IOException {
            return Files.readAllBytes(file(holder(address)));
        }

        private Path file(World.Wire holder) throws IOException {
            Place place = opened.at(holder);
            return Volumes.inside(new Volumes(world, holder.appliance()).data(place.volume()), place.path());
        }
    }

    private final World world;

    public EmbeddedClient(World world) {
        this.world = world;
    }

    /** Nothing is asked yet: the first read or write does. */
    public Handle open(String address, Protocol protocol, String share, String file) {
        String title = "file \"" + file + "\" in share " + share;
        return new Handle(address, title, holder -> {
            ServerAdapters.Served served = ServerAdapters.served(
                            world, holder.appliance(), holder.group(), protocol, share)
                    .orElseThrow(() -> new IOException(protocol + " share \"" + share + "\" is not served at " + address
                            + " by " + holder.appliance()));
            String path = Volumes.inside(Path.of(served.folder()), file).toString();
            return new Place(served.volume(), path, served.share().readOnly());
        });
    }

    /** A disk of an iSCSI target, likewise. */
    public Handle disk(String address, String iqn, Lun lun) {
        return new Handle(address, "LUN " + lun.number() + " of " + iqn, holder -> {
            VolumeId volume = TargetAdapters.volume(world, holder.appliance(), holder.group(), iqn, lun)
                    .orElseThrow(
                            () -> new IOException(iqn + " is not served at " + address + " by " + holder.appliance()));
            return new Place(volume, lun.path(), false);
        });
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
