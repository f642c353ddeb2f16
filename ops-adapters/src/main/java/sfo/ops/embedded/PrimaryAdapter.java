package sfo.ops.embedded;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.embedded.Volumes.Before;
import sfo.ops.embedded.Volumes.Entry;
import sfo.ops.embedded.Volumes.Running;
import sfo.ops.embedded.Volumes.VolumeId;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/** Promotes and releases. Facts: {@code role}, and of a primary its {@code claim}; the claim of a replica only ever grows. */
final class PrimaryAdapter implements Adapter<Resource.PrimaryVolume> {
    private final EmbeddedHost host;
    private final Volumes volumes;

    PrimaryAdapter(EmbeddedHost host, Volumes volumes) {
        this.host = host;
        this.volumes = volumes;
    }

    @Override
    public Class<Resource.PrimaryVolume> kind() {
        return Resource.PrimaryVolume.class;
    }

    @Override
    public List<Lack> lacks() {
        return List.of();
    }

    @Override
    public Facts inspect(Resource.PrimaryVolume resource, Call call) throws HostException {
        VolumeId id = new VolumeId(resource.group(), resource.volume().name());
        return host.act(() -> {
            Role role = volumes.running(id).role();
            String name = role.name().toLowerCase(Locale.ROOT);
            return role == Role.PRIMARY
                    ? Facts.of("role", name, "claim", text(volumes.need(id).claim()))
                    : Facts.of("role", name);
        });
    }

    @Override
    public boolean holds(Resource.PrimaryVolume resource, Facts facts) {
        return facts.get("role").equals("primary") && facts.get("claim").equals(text(resource.claim()));
    }

    @Override
    public void apply(Resource.PrimaryVolume resource, Call call) throws HostException {
        VolumeId id = new VolumeId(resource.group(), resource.volume().name());
        Claim claim = resource.claim();
        host.change(() -> {
            Entry entry = volumes.settle(id);
            if (entry.sync() == Sync.INCONSISTENT) {
                throw new IOException(id + " on " + host.appliance() + " is inconsistent since "
                        + entry.since().map(Instant::toString).orElse("an unknown time")
                        + ": a resync to it was cut off; resynchronise it from the appliance that has it whole");
            }
            if (entry.claim().compareTo(claim) > 0) {
                throw new IOException(id + " on " + host.appliance() + " has seen claim "
                        + entry.claim().tag() + ", higher than " + claim.tag()
                        + ": ask sfo status who holds the group");
            }
            boolean primary = volumes.running(id).role() == Role.PRIMARY;
            if (primary && entry.claim().equals(claim)) {
                return;
            }
            boolean again = entry.side() == Role.PRIMARY;
            boolean alone = again && entry.sync() != Sync.REPLICATING && entry.sync() != Sync.CLEAN;
            Sync sync = primary ? entry.sync() : Sync.SOLO;
            volumes.record(
                    id,
                    new Entry(
                            Role.PRIMARY,
                            claim,
                            sync,
                            primary || alone ? entry.since() : Optional.of(Instant.now()),
                            again && entry.written(),
                            EmbeddedMirror.before(entry),
                            resource.volume().onLinkLoss(),
                            entry.kept()));
            if (!primary) {
                volumes.runs(id, new Running(Role.PRIMARY, claim, "", "", 0, Optional.empty()));
            }
        });
    }

    @Override
    public void revert(Resource.PrimaryVolume resource, Facts before, Call call) throws HostException {
        VolumeId id = new VolumeId(resource.group(), resource.volume().name());
        if (before.get("role").equals("primary")) {
            return; // it was already primary when the step began, and its claim never goes back
        }
        host.change(() -> {
            if (volumes.running(id).role() != Role.PRIMARY) {
                return;
            }
            if (host.mounts().isMounted(id)) {
                throw new IOException(id + " is still mounted on " + host.appliance() + ": unmount it first");
            }
            boolean equal = volumes.settle(id).sync() == Sync.REPLICATING;
            EmbeddedMirror.endInOrder(id, host, volumes);
            volumes.record(id, released(volumes.need(id), equal));
            boolean secondary = before.get("role").equals("secondary");
            volumes.runs(
                    id,
                    secondary ? new Running(Role.SECONDARY, Claim.NONE, "", "", 0, Optional.empty()) : Running.NOTHING);
        });
    }

    private static Entry released(Entry entry, boolean equal) {
        if (equal) {
            return entry.with(Sync.CLEAN);
        }
        if (entry.written() || entry.before().isEmpty()) {
            return entry; // SOLO since it was: the other side lacks what was written here
        }
        // promoted, and no client wrote: as fit for another failover as it was
        Before was = entry.before().get();
        return new Entry(
                was.side(),
                entry.claim(),
                was.sync(),
                was.since(),
                false,
                Optional.empty(),
                entry.onLinkLoss(),
                entry.kept());
    }

    private static String text(Claim claim) {
        return claim.generation() + "-" + claim.appliance() + "-" + claim.id();
    }
}
