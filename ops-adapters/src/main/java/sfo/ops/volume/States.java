package sfo.ops.volume;

import java.util.Optional;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;

/** A side as the others see it. */
final class States {
    private States() {}

    /** @param trouble what kept the daemons from being asked; empty if they answered */
    static MirrorState of(Side side, Volume volume, String trouble, Call call) throws HostException {
        MirrorRecord record = side.record().orElse(null);
        if (record == null) {
            return new MirrorState(
                    side.group,
                    volume.name(),
                    Role.IDLE,
                    Claim.NONE,
                    Sync.NEW,
                    Optional.empty(),
                    0,
                    "",
                    "not created here");
        }
        if (record.role() == Role.PRIMARY) {
            return primary(side, record, trouble, call);
        }
        String detail = trouble.isEmpty() ? side.detail() : trouble;
        if (record.role() == Role.SECONDARY && record.sync() == Sync.REPLICATING && !side.connected()) {
            // equal, and promised to a primary that has not connected yet
            return state(record, Role.SECONDARY, Sync.CLEAN, 0, "waits for its primary");
        }
        return state(record, record.role(), record.sync(), 0, detail);
    }

    private static MirrorState primary(Side side, MirrorRecord record, String trouble, Call call) {
        boolean core = side.coreDaemon.running();
        boolean front = side.frontDaemon.running();
        if (!core && !front && !record.ofThisBoot()) {
            MirrorRecord ended = side.ended(record);
            String how = ended.sync() == Sync.SOLO ? "alone" : "replicating";
            return state(ended, Role.IDLE, ended.sync(), 0, "was primary, and " + how + ", when it ended");
        }
        if (!core || !front || !trouble.isEmpty()) {
            String down = !core ? "its core daemon does not run" : "its front daemon does not run";
            return state(
                    record,
                    Role.PRIMARY,
                    Sync.FAILED,
                    0,
                    (trouble.isEmpty() ? down : trouble) + "; run: sfo resume " + record.group());
        }
        String detail = record.target()
                .map(target -> (record.sync() == Sync.SOLO ? "last mirrored to " : "mirrors to ") + shown(target))
                .orElse("never mirrored under this claim");
        if (!side.detail().isEmpty()) {
            detail = detail + "; " + side.detail();
        }
        long behind = 0;
        if (record.sync() != Sync.REPLICATING) {
            try {
                behind = side.behind(call);
            } catch (HostException e) {
                detail = detail + "; " + e.getMessage();
            }
        }
        return state(record, Role.PRIMARY, record.sync(), behind, detail);
    }

    private static String shown(Target target) {
        return target.host() + ":" + target.port() + " " + target.export();
    }

    private static MirrorState state(MirrorRecord record, Role role, Sync sync, long behind, String detail) {
        return new MirrorState(
                record.group(),
                record.volume().name(),
                role,
                record.claim(),
                sync,
                Optional.of(record.since()),
                behind,
                record.session(),
                detail);
    }
}
