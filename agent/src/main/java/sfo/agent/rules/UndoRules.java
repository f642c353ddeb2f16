package sfo.agent.rules;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Reason.Weight;
import sfo.protocol.peer.GroupMessage.Beat;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Step;

/** Whether a group may go back to its home now, and which reasons an operator can set aside. */
public final class UndoRules {
    /** How long an undo waits while nothing is copied, and home's side of its mirrors stays what it is. */
    public static final Duration MIRROR_BEGINS = Duration.ofSeconds(20);

    private UndoRules() {}

    /** Why the group cannot be handed to {@code to}; {@code beat} is its last heartbeat, if it is heard. */
    public static List<Reason> mayReturn(String to, Optional<Beat> beat, String group) {
        if (beat.isEmpty()) {
            return List.of(new Reason(
                    "HOME-SILENT",
                    Weight.BLOCKS,
                    to + " is not heard: an undo needs it back and standing by",
                    "start " + to + " and its agent, then: sfo undo " + group));
        }
        if (!beat.get().standingBy()) {
            return List.of(new Reason(
                    "HOME-BUSY",
                    Weight.BLOCKS,
                    to + " does not stand by: "
                            + (beat.get().serving() ? "it serves" : "an operation is under way there"),
                    "sfo status " + group + " on " + to));
        }
        List<Reason> reasons = new ArrayList<>();
        for (MirrorState state : beat.get().mirrors()) {
            if (state.sync() == Sync.SOLO) {
                reasons.add(new Reason(
                        "MIRROR-DIVERGED",
                        Weight.LOSSY,
                        to + " has writes on volume " + state.volume() + " since "
                                + state.since().map(Object::toString).orElse("an unknown time")
                                + " that were never received here",
                        "to give them up (they are kept aside): sfo undo " + group + " --accept-loss"));
            } else if (state.sync() == Sync.FAILED) {
                reasons.add(new Reason(
                        "MIRROR-FAILED",
                        Weight.BLOCKS,
                        "volume " + state.volume() + " on " + to + " has failed: " + state.detail(),
                        "sfo cdp show " + group + " " + state.volume() + " on " + to));
            }
        }
        return reasons;
    }

    /** What is still to be mirrored back, for people; empty if both sides have everything. */
    public static Optional<String> notYetMirrored(List<MirrorState> mine, Optional<Beat> other) {
        for (MirrorState state : mine) {
            boolean there = other.stream()
                    .flatMap(b -> b.mirrors().stream())
                    .anyMatch(o -> o.volume().equals(state.volume())
                            && o.role() == Role.SECONDARY
                            && o.sync() == Sync.REPLICATING);
            if (state.sync() != Sync.REPLICATING || !there) {
                return Optional.of("volume " + state.volume() + " is " + state.sync()
                        + (state.bytesBehind() > 0 ? ", " + (state.bytesBehind() >> 20) + " MiB behind" : ""));
            }
        }
        return Optional.empty();
    }

    /** Whether something is being mirrored back at this moment: an undo waits for that as long as it takes. */
    public static boolean isCopied(List<MirrorState> mine) {
        return mine.stream().anyMatch(s -> s.sync() == Sync.SYNCING);
    }

    /** Reasons that stand in the way, once the operator's override and acceptance of loss are taken into account. */
    public static List<Reason> refusing(List<Reason> reasons, Optional<String> override, boolean acceptLoss) {
        return reasons.stream()
                .filter(r -> !(r.weight() == Weight.WARNS
                        || (r.weight() == Weight.LOSSY && acceptLoss)
                        || (override.isPresent() && isOfDeath(r))))
                .toList();
    }

    /** What a written reason can set aside: doubts about the other's death, nothing else. */
    private static boolean isOfDeath(Reason reason) {
        return List.of("PEER-ALIVE", "ADDRESS-ANSWERS", "DEATH-UNPROVED", "LEASE-UNKNOWN")
                .contains(reason.code());
    }

    /** What a holder can tell of the others' readiness. */
    public static List<Reason> holderReadiness(
            GroupDefinition group, String self, List<MirrorState> mirrors, List<String> heard, List<String> broken) {
        List<Reason> reasons = new ArrayList<>();
        for (String what : broken) {
            reasons.add(new Reason(
                    "NOT-SERVED",
                    Weight.WARNS,
                    what,
                    "servers are started again by themselves; to take all down and serve it again: sfo resume "
                            + group.name()));
        }
        for (String member : group.members()) {
            if (!member.equals(self) && !heard.contains(member)) {
                reasons.add(new Reason(
                        "MEMBER-SILENT", Weight.BLOCKS, member + " is not heard", "start its agent: sfo agent"));
            }
        }
        for (String witness : group.witnesses()) {
            if (!heard.contains(witness)) {
                reasons.add(new Reason(
                        "WITNESS-SILENT",
                        Weight.WARNS,
                        witness + ", which votes on this group, is not heard",
                        "start its agent: sfo agent"));
            }
        }
        if (group.former().isPresent()) {
            reasons.add(new Reason(
                    "TERMS-CHANGE",
                    Weight.WARNS,
                    "its lease or its witnesses are being changed; until a majority of those who vote knows it, both the"
                            + " former and the new ones hold",
                    "look at the others: sfo members; or type the former ones again: sfo group set " + group.name()));
        }
        for (MirrorState state : mirrors) {
            if (state.sync() != Sync.REPLICATING) {
                reasons.add(new Reason(
                        "MIRROR-BEHIND",
                        Weight.LOSSY,
                        "volume " + state.volume() + " is " + state.sync() + " since "
                                + state.since().map(Object::toString).orElse("an unknown time"),
                        "sfo cdp show " + group.name() + " " + state.volume()));
            }
        }
        return reasons;
    }

    /** The order in which an undo replays the inverses. */
    public static Plan reversed(Plan plan) {
        List<Step> steps = new ArrayList<>(plan.steps());
        Collections.reverse(steps);
        return new Plan(plan.group(), plan.appliance(), plan.from(), steps);
    }
}
