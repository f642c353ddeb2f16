package sfo.agent.rules;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Reason;
import sfo.protocol.peer.GroupMessage.Beat;
import sfo.protocol.peer.Hello;

/** What a member of a group concludes from what it remembers and what a peer says. */
public final class GroupRules {
    private GroupRules() {}

    /** How an appliance stands to a group. */
    public enum Standing {
        /** it serves: its saga ended well in this boot, and it knows of no higher claim */
        HOLDS,
        /** its claim is the highest that it knows, but it booted since: it serves nothing until it is confirmed */
        UNCONFIRMED,
        /** it serves although another one holds the group: to be released at once */
        SUPERSEDED,
        STANDS_BY
    }

    public static Standing standing(GroupState state, String self, String boot) {
        boolean named = state.claim().appliance().equals(self);
        boolean serves = state.servingSaga().isPresent() && state.servingBoot().equals(boot);
        if (serves) {
            return named ? Standing.HOLDS : Standing.SUPERSEDED;
        }
        // a claim lower than the one that the group was defined under is of one that was destroyed
        boolean current = state.definition()
                .filter(d -> d.generation() > state.claim().generation())
                .isEmpty();
        return named && current && state.openOperation().isEmpty() ? Standing.UNCONFIRMED : Standing.STANDS_BY;
    }

    public sealed interface Conclusion {
        /** A higher claim is known now: store it. */
        record Adopt(Claim claim) implements Conclusion {}

        /** Another claim of the same generation: an operator has to resolve it; nothing is released. */
        record Conflict(Claim other) implements Conclusion {}

        /** Serve nothing of the group any more: {@code claim} is higher. */
        record Release(Claim claim) implements Conclusion {}

        /**
         * A majority, of this very moment, knows of no higher claim than ours, and the peer serves nothing, nor has it written
         * anything that we lack: serve again.
         */
        record Confirmed() implements Conclusion {}

        record AskDefinition() implements Conclusion {}

        record SendDefinition() implements Conclusion {}

        /** The appliance that was permitted to serve does so: commit. */
        record PermitUsed() implements Conclusion {}

        /** The appliance that was permitted to serve has given the claim back: it never opens under that permit. */
        record PermitUnused() implements Conclusion {}
    }

    /**
     * What follows from a peer's heartbeat.
     *
     * @param permit the claim of a permit that this appliance gave and whose outcome it waits for, else NONE
     * @param agreed how many voters, this one among them, are known to share the highest claim at this very moment: an
     *     older heartbeat confirms nothing, for another one may have claimed since; see {@link #agreeing}
     */
    public static List<Conclusion> onBeat(
            GroupState state, String self, String boot, Claim permit, Beat beat, long agreed) {
        List<Conclusion> all = new ArrayList<>();
        if (beat.definitionVersion() > state.version()) {
            all.add(new Conclusion.AskDefinition());
        } else if (beat.definitionVersion() < state.version()) {
            all.add(new Conclusion.SendDefinition());
        }
        boolean permitted = !permit.isNone() && beat.from().equals(permit.appliance());
        if (permitted && beat.claim().equals(permit) && beat.serving()) {
            all.add(new Conclusion.PermitUsed());
        }
        if (isOwnOffer(state, beat.claim())) {
            return all;
        }
        if (beat.claim().conflictsWith(state.claim())) {
            all.add(new Conclusion.Conflict(beat.claim()));
            return all;
        }
        if (permitted
                && beat.claim().compareTo(permit) > 0
                && beat.claim().appliance().equals(self)) {
            all.add(new Conclusion.PermitUnused());
        }
        Claim highest = state.claim();
        if (beat.claim().compareTo(highest) > 0) {
            highest = beat.claim();
            all.add(new Conclusion.Adopt(highest));
        }
        boolean named = highest.appliance().equals(self);
        if (state.servingSaga().isPresent() && !named) {
            all.add(new Conclusion.Release(highest));
        } else if (named
                && state.conflict().isEmpty()
                && state.openOperation().isEmpty()
                && !(state.servingSaga().isPresent() && state.servingBoot().equals(boot))
                && beat.claim().equals(highest)
                // it may know the claim, and still be on its way to release what it served
                && beat.standingBy()
                && !beat.abstains()
                && toldOfEveryVolume(state, beat)
                && hasNothingAlone(beat)
                && agreed >= majority(state)) {
            all.add(new Conclusion.Confirmed());
        }
        return all;
    }

    /** An agent that has just started has not looked at its volumes yet; a witness has none. */
    private static boolean toldOfEveryVolume(GroupState state, Beat beat) {
        return state.definition().stream()
                .flatMap(d -> d.volumes().stream())
                .filter(volume -> volume.backing().containsKey(beat.from()))
                .allMatch(volume ->
                        beat.mirrors().stream().anyMatch(m -> m.volume().equals(volume.name())));
    }

    /** What it wrote alone nobody serves by himself without: it may have held the group after the claim that it knows now. */
    public static boolean hasNothingAlone(Beat beat) {
        return beat.mirrors().stream().noneMatch(m -> m.sync() == Sync.SOLO);
    }

    /** The id of the claim that an undo offers to {@code to}: the same after a restart, since mirrors may know it. */
    public static String offerId(String saga, String to) {
        return UUID.nameUUIDFromBytes((saga + "/" + to).getBytes(StandardCharsets.UTF_8))
                .toString();
    }

    /**
     * Whether {@code claim} is the one that this appliance's own undo, still open, has offered. It is not known for a claim
     * before the outcome is: said back to the receiver, it would look like a confirmation.
     */
    public static boolean isOwnOffer(GroupState state, Claim claim) {
        return state.openOperation()
                .filter(saga -> claim.id().equals(offerId(saga, claim.appliance())))
                .isPresent();
    }

    /**
     * The claim after a hand-over that came to nothing: higher than the offer, and than the one by which the receiver may
     * have given the offer back.
     */
    public static Claim takenBack(GroupState state, Claim offer, String self, String id) {
        long back = offer.generation() + 1;
        return new Claim(Math.max(state.claim().generation(), back) + 1, self, id);
    }

    /**
     * Why {@code self} must not serve under {@code mine} though an operator says so.
     *
     * @param said by member, what it answered of this group a moment ago
     */
    public static List<Reason> againstResume(Claim mine, Map<String, Hello.GroupClaim> said) {
        List<Reason> reasons = new ArrayList<>();
        new TreeMap<>(said).forEach((member, its) -> {
            boolean other = its.claim().outranks(mine) || its.claim().conflictsWith(mine);
            if (other || its.servedHere()) {
                reasons.add(new Reason(
                        "HELD-ELSEWHERE",
                        Reason.Weight.BLOCKS,
                        its.servedHere()
                                ? member + " says that it serves the group"
                                : member + " knows of claim " + its.claim().tag() + ", not of " + mine.tag(),
                        "sfo status " + its.group() + " on " + member));
            }
        });
        return reasons;
    }

    private static int majority(GroupState state) {
        return state.definition().stream()
                .flatMap(d -> d.electorates().stream())
                .mapToInt(voters -> majority(voters.size()))
                .max()
                .orElse(Integer.MAX_VALUE);
    }

    private static int majority(int voters) {
        return voters / 2 + 1;
    }

    /** How many are of one mind; none while the voters change, unless that is a majority of the former and of the new ones. */
    public static long agreeing(GroupDefinition group, Set<String> those) {
        return isMajority(group, those) ? those.size() : 0;
    }

    /** Whether those are a majority of all voters; while they change, of the former and of the new ones. */
    public static boolean isMajority(GroupDefinition group, Set<String> those) {
        return group.electorates().stream().allMatch(voters -> among(voters, those) >= majority(voters.size()));
    }

    /** How many acknowledgements, our own among them, make a claim valid: one of a pair, else a majority of all voters. */
    public static int needed(int voters) {
        return voters <= 2 ? 1 : majority(voters);
    }

    /** Whether the acknowledgements of those make a claim valid; while the voters change, for the former and for the new ones. */
    public static boolean suffice(GroupDefinition group, Set<String> those) {
        return group.electorates().stream().allMatch(voters -> among(voters, those) >= needed(voters.size()));
    }

    private static long among(Set<String> voters, Set<String> those) {
        return those.stream().filter(voters::contains).count();
    }
}
