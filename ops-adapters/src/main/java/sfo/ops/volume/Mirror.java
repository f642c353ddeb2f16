package sfo.ops.volume;

import java.util.function.BiConsumer;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.plan.Resource;

/**
 * A volume's side of a mirror on this appliance, beyond what steps do: the secondary's export, the resync, the states.
 * What a state depends on is recorded on disk (fsync) before it takes effect, so that neither a crash of the agent nor of
 * the appliance makes a replica look better than it is. Methods block, are idempotent, and end within the call's deadline.
 */
public interface Mirror {
    /** The step adapters that make a volume primary, and mirrored in a hand-over. */
    Adapter<Resource.PrimaryVolume> primary();

    Adapter<Resource.MirroredVolume> mirrored();

    /** What is true of it here, from the daemons and from what was recorded. Never fails for a broken mirror: it says so. */
    MirrorState state(String group, Volume volume, Call call) throws HostException;

    /** Makes the backing (a sparse file of the volume's size; a device must be large enough) and the record NEW. */
    void create(String group, Volume volume, Call call) throws HostException;

    /** Puts the file system on a volume that is primary and has none; refused if it has something on it. */
    void format(String group, Volume volume, Call call) throws HostException;

    /** Ends the daemons and forgets the record; a backing file of ours is removed. Refused while it is primary. */
    void destroy(String group, Volume volume, Call call) throws HostException;

    /**
     * Opens the export, under a name that carries {@code claim}, for the primary that made it; any other export of the
     * volume is closed first. What is here stays as fit as it was until {@link #targetBegins}; {@code equal}: both sides
     * are known to be equal. What a former primary wrote alone is copied aside first: refused until that is done. Refused
     * while primary here, or for a claim lower than the recorded one.
     */
    Target openTarget(String group, Volume volume, Claim claim, boolean equal, Call call) throws HostException;

    /**
     * The primary reaches the export and is about to copy: records INCONSISTENT, on disk when this returns. Refused for
     * another claim or target than the export's.
     */
    void targetBegins(String group, Volume volume, Claim claim, Target target, Call call) throws HostException;

    /**
     * The primary says that this side has everything: records REPLICATING. Refused for another claim than the export's, and
     * for another {@link MirrorState#link}: what was complete then may be in the middle of a resync now.
     */
    void targetSynced(String group, Volume volume, Claim claim, String link, Call call) throws HostException;

    /** Closes the export. A replica in sync is recorded CLEAN if the primary ended in order, else LOST since now. */
    void closeTarget(String group, Volume volume, boolean inOrder, Call call) throws HostException;

    /**
     * Primary: begins to mirror to {@code target}, copying everything, or only what changed since the link broke where
     * that is known for certain, or nothing if {@code equal}. Returns when it has begun; {@link #watch} tells the rest.
     *
     * @param consent asked when the export is reached, before the first byte is copied; not if {@code equal}
     */
    void connect(String group, Volume volume, Claim claim, Target target, boolean equal, Consent consent, Call call)
            throws HostException;

    /** The secondary's word that it has recorded what is about to happen to it: see {@link #targetBegins}. */
    @FunctionalInterface
    interface Consent {
        /** Both sides are equal: nothing is copied. */
        Consent NEEDLESS = () -> {};

        void ask() throws HostException;
    }

    /**
     * Clients may write to the primary volume from now on. Until then, what is released again counts as what it was
     * before its promotion; from then on it has writes of its own, unless it was mirrored to the end.
     */
    default void serves(String group, Volume volume, Call call) throws HostException {}

    /** Primary: ends the mirror in order, the last write delivered; the volume goes on SOLO. */
    void disconnect(String group, Volume volume, Call call) throws HostException;

    /** {@code listener} is told group and volume whenever the state of one may have changed. Called on any thread. */
    void watch(BiConsumer<String, String> listener);
}
