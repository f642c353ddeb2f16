package sfo.ops.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.LunFiles;
import sfo.ops.embedded.Volumes.VolumeId;
import sfo.protocol.model.Lun;
import sfo.protocol.model.MirrorState.Sync;

/** Files of LUNs below a world; sparse, since nothing here runs out of room by itself. */
final class EmbeddedLuns implements LunFiles {
    private final EmbeddedHost host;

    EmbeddedLuns(EmbeddedHost host) {
        this.host = host;
    }

    @Override
    public boolean make(String group, Lun lun, Call call) throws HostException {
        VolumeId id = new VolumeId(group, lun.volume());
        return host.act(() -> host.world().locked(() -> {
            if (!host.mounts().isMounted(id)) {
                throw new IOException(id + " is not mounted on " + host.appliance());
            }
            Path file = Volumes.inside(host.volumes().data(id), lun.path());
            if (Files.exists(file)) {
                need(file, lun);
                return false;
            }
            host.volumes().write(id, lun.path(), lun.bytes() - 1, new byte[1], false);
            return true;
        }));
    }

    @Override
    public void remove(String group, Lun lun, Call call) throws HostException {
        VolumeId id = new VolumeId(group, lun.volume());
        host.change(() -> {
            Files.deleteIfExists(Volumes.inside(host.volumes().data(id), lun.path()));
            if (host.volumes().settle(id).sync() == Sync.REPLICATING) {
                String peer = host.volumes().running(id).peer();
                Path replica = new Volumes(host.world(), peer).data(id);
                Files.deleteIfExists(Volumes.inside(replica, lun.path()));
            }
        });
    }

    /** @throws IOException unless the file is there and has the LUN's size */
    static void need(Path file, Lun lun) throws IOException {
        long bytes = Files.exists(file) ? Files.size(file) : -1;
        if (bytes != lun.bytes()) {
            throw new IOException("LUN " + lun.number() + ": " + file
                    + (bytes < 0 ? " is not there" : " has " + bytes + " bytes: expected " + lun.bytes()));
        }
    }
}
