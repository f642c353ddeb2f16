package sfo.ops.volume;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Target;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.MirroredVolume;

/** Has a primary volume mirrored to a target of equal content, in a hand-over. */
final class MirroredAdapter implements Adapter<MirroredVolume> {
    private static final Duration POLL = Duration.ofMillis(2);

    private final QemuMirror mirror;

    MirroredAdapter(QemuMirror mirror) {
        this.mirror = mirror;
    }

    @Override
    public Class<MirroredVolume> kind() {
        return MirroredVolume.class;
    }

    @Override
    public List<Lack> lacks() {
        return Tools.lacks(Map.of("qemu-storage-daemon", "qemu-system-common"), true);
    }

    @Override
    public Facts inspect(MirroredVolume resource, Call call) throws HostException {
        Facts[] found = {Facts.NOTHING};
        mirror.with(resource.group(), resource.volume().name(), side -> {
            side.examine(call);
            MirrorRecord record = side.record().orElse(null);
            if (record != null && record.role() == Role.PRIMARY && record.sync() == Sync.REPLICATING) {
                found[0] = Facts.of(
                        "mirrors-to", record.target().map(Target::export).orElse(""));
            }
        });
        return found[0];
    }

    @Override
    public boolean holds(MirroredVolume resource, Facts facts) {
        return facts.get("mirrors-to").equals(resource.target().export());
    }

    @Override
    public void apply(MirroredVolume resource, Call call) throws HostException {
        mirror.connect(
                resource.group(),
                resource.volume(),
                resource.claim(),
                resource.target(),
                true,
                Mirror.Consent.NEEDLESS,
                call);
        while (!holds(resource, inspect(resource, call))) {
            call.check("starting the mirror of " + resource.volume().name() + " to "
                    + resource.target().host());
            if (mirror.state(resource.group(), resource.volume(), call).sync() == Sync.SOLO) {
                throw new HostException("the mirror of " + resource.volume().name() + " to "
                        + resource.target().host() + " broke off as it began");
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    @Override
    public void revert(MirroredVolume resource, Facts before, Call call) throws HostException {
        if (before.isNothing()) {
            mirror.disconnect(resource.group(), resource.volume(), call);
        }
    }
}
