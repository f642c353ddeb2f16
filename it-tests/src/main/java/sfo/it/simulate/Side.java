package sfo.it.simulate;

import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.plan.Facts;

/** One appliance's side of the mirrored volume: on its disk, but for what runs. */
final class Side {
    Role role = Role.IDLE;
    Sync sync = Sync.NEW;
    Claim claim = Claim.NONE;
    Optional<Instant> since = Optional.empty();
    String link = "";
    /** Numbers of the records that it has. */
    Set<Integer> data = new TreeSet<>();
    /** Records that were written here while nobody else got them, since it was promoted. */
    boolean written;

    /** When the link was last seen alive, by this side's clock. */
    Instant linkLived = Instant.EPOCH;

    /** Whose claim may connect, while this side takes writes. */
    Claim offered = Claim.NONE;

    void is(Sync now, Instant at) {
        if (sync != now) {
            sync = now;
            since = Optional.of(at);
        }
    }

    MirrorState state(String group, String volume) {
        return new MirrorState(group, volume, role, claim, sync, since, 0, link, "");
    }

    Facts facts() {
        return Facts.of(
                "role",
                role.name(),
                "sync",
                sync.name(),
                "since",
                since.map(Instant::toString).orElse(""));
    }

    /** Daemons end with the power; what is on disk stays. */
    void powerCut() {
        if (role == Role.PRIMARY) {
            // as good as its replica, unless it was alone
            is(sync == Sync.REPLICATING ? Sync.LOST : Sync.SOLO, linkLived);
        } else if (sync == Sync.REPLICATING) {
            sync = Sync.LOST; // nobody knows when, but for since when it had been replicating
        }
        role = Role.IDLE;
        link = "";
        offered = Claim.NONE;
    }
}
