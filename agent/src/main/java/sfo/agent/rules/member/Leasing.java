package sfo.agent.rules.member;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import sfo.agent.rules.LeaseRules;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Reason.Weight;

/**
 * Keeping the isolation lease, and waiting for another's. A claim that an appliance makes itself passes by its own word
 * until it is first confirmed: whoever is alone after a failover serves. From then on it passes only while it is confirmed;
 * it stores that before it tells, and nobody claims before having been told.
 */
final class Leasing {
    /** What a renewal has to add at least to be worth a process. */
    private static final Duration WORTH = Duration.ofMillis(400);

    private Leasing() {}

    /** By which the holder passes frames. */
    static Optional<Lease> lease(Turn t) {
        return t.state().definition().flatMap(LeaseRules::shortest);
    }

    /** From here on the holder of the claim is known to pass frames only while it is confirmed. */
    static void bound(Turn t) {
        boolean binds = t.state().definition().filter(LeaseRules::binds).isPresent();
        if (binds && !LeaseRules.isBound(t.state())) {
            t.store(n -> new GroupEvent.Leased(n, t.state().claim(), t.now.wall()));
        }
    }

    /** On the holder, whenever it may have been confirmed. */
    static void renew(Turn t) {
        boolean makesOrServes =
                t.state().servingSaga().isPresent() || t.state().openOperation().isPresent();
        if (!t.exists() || lease(t).isEmpty() || !t.named() || !makesOrServes) {
            t.passUntil = t.now.nanos();
            return;
        }
        if (t.state().conflict().isPresent()) {
            return;
        }
        OptionalLong confirmed = LeaseRules.confirmed(
                t.definition(), t.me.self(), t.state().claim(), t.me.incarnation(), t.beats.values());
        if (confirmed.isPresent()) {
            bound(t);
        }
        if (confirmed.isPresent() || !LeaseRules.isBound(t.state())) {
            long until = confirmed.orElse(t.now.nanos())
                    + LeaseRules.lasts(lease(t).get()).toNanos();
            if (until - t.passUntil > WORTH.toNanos() && !t.isPast(until)) {
                t.passUntil = until;
                t.act(new Act.PassUntil(t.definition(), until));
            }
        }
    }

    /** Whether nothing passes here, though it is held here: for want of a confirmation. */
    static boolean isPaused(boolean holds, Memory memory, Optional<GroupDefinition> group, long nanos) {
        return holds && group.filter(GroupDefinition::gated).isPresent() && nanos - memory.passUntil() >= 0;
    }

    // --- those who would claim

    /** As long as anybody waits for a lease. */
    static Duration longest(Turn t) {
        return waitedFor(t).map(LeaseRules::waits).orElse(Duration.ZERO);
    }

    static Duration left(Turn t) {
        return LeaseRules.left(waitedFor(t), t.holderHeard, t.now.nanos());
    }

    private static Optional<Lease> waitedFor(Turn t) {
        return t.state().definition().flatMap(LeaseRules::longest);
    }

    /** Why nobody may claim here without a word of the operator. */
    static List<Reason> against(Turn t) {
        return !LeaseRules.binds(t.definition()) || LeaseRules.isBound(t.state())
                ? List.of()
                : List.of(new Reason(
                        "LEASE-UNKNOWN",
                        Weight.BLOCKS,
                        t.state().claim().appliance() + " was never heard to be bound by the lease under "
                                + t.state().claim().tag() + ": if it lives, it serves on",
                        "if you know that " + t.state().claim().appliance() + " is off: sfo failover " + t.me.group()
                                + " --override \"REASON\""));
    }
}
