package sfo.ops.embedded;

import java.util.List;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.embedded.Volumes.Running;
import sfo.ops.embedded.Volumes.VolumeId;
import sfo.ops.volume.Mirror;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/** The forward mirror of a hand-over. Facts: {@code export} that it replicates to; nothing if it does not replicate. */
final class MirroredAdapter implements Adapter<Resource.MirroredVolume> {
    private final EmbeddedHost host;
    private final Volumes volumes;
    private final EmbeddedMirror mirror;

    MirroredAdapter(EmbeddedHost host, Volumes volumes, EmbeddedMirror mirror) {
        this.host = host;
        this.volumes = volumes;
        this.mirror = mirror;
    }

    @Override
    public Class<Resource.MirroredVolume> kind() {
        return Resource.MirroredVolume.class;
    }

    @Override
    public List<Lack> lacks() {
        return List.of();
    }

    @Override
    public Facts inspect(Resource.MirroredVolume resource, Call call) throws HostException {
        VolumeId id = new VolumeId(resource.group(), resource.volume().name());
        return host.act(() -> {
            Running running = volumes.running(id);
            boolean replicates = running.role() == Role.PRIMARY
                    && volumes.settle(id).sync() == Sync.REPLICATING
                    && volumes.connected(id, running);
            return replicates ? Facts.of("export", running.export(), "host", running.peer()) : Facts.NOTHING;
        });
    }

    @Override
    public boolean holds(Resource.MirroredVolume resource, Facts facts) {
        return facts.get("export").equals(resource.target().export())
                && facts.get("host").equals(resource.target().host());
    }

    @Override
    public void apply(Resource.MirroredVolume resource, Call call) throws HostException {
        mirror.connect(
                resource.group(),
                resource.volume(),
                resource.claim(),
                resource.target(),
                true,
                Mirror.Consent.NEEDLESS,
                call);
    }

    @Override
    public void revert(Resource.MirroredVolume resource, Facts before, Call call) throws HostException {
        if (before.isNothing()) {
            mirror.disconnect(resource.group(), resource.volume(), call);
        }
    }
}
