package sfo.agent.rules;

import java.util.ArrayList;
import java.util.List;
import sfo.protocol.model.Claim;
import sfo.protocol.peer.GroupMessage.Beat;

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
        return named && state.openOperation().isEmpty() ? Standing.UNCONFIRMED : Standing.STANDS_BY;
    }

    public sealed interface Conclusion {
        /** A higher claim is known now: store it. */
        record Adopt(Claim claim) implements Conclusion {}

        /** Another claim of the same generation: an operator has to resolve it; nothing is released. */
        record Conflict(Claim other) implements Conclusion {}

        /** Serve nothing of the group any more: {@code claim} is higher. */
        record Release(Claim claim) implements Conclusion {}

        /** The peer knows of no higher claim than ours, and serves nothing: serve again. */
        record Confirmed() implements Conclusion {}

        record AskDefinition() implements Conclusion {}

        record SendDefinition() implements Conclusion {}

        /** The appliance that was permitted to serve does so: commit. */
        record PermitUsed() implements Conclusion {}

        /** The appliance that was permitted to serve knows the permit, does not serve, and has nothing under way. */
        record PermitUnused() implements Conclusion {}
    }

    /**
     * What follows from a peer's heartbeat.
     *
     * @param permit the claim of a permit that this appliance gave and whose outcome it waits for, else NONE
     */
    public static List<Conclusion> onBeat(GroupState state, String self, String boot, Claim permit, Beat beat) {
        List<Conclusion> all = new ArrayList<>();
        if (beat.definitionVersion() > state.version()) {
            all.add(new Conclusion.AskDefinition());
        } else if (beat.definitionVersion() < state.version()) {
            all.add(new Conclusion.SendDefinition());
        }
        if (beat.claim().conflictsWith(state.claim())) {
            all.add(new Conclusion.Conflict(beat.claim()));
            return all;
        }
        if (!permit.isNone()
                && beat.from().equals(permit.appliance())
                && beat.claim().equals(permit)) {
            if (beat.serving()) {
                all.add(new Conclusion.PermitUsed());
            } else if (beat.standingBy()) {
                all.add(new Conclusion.PermitUnused());
            }
            return all;
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
                && isPair(state)) {
            all.add(new Conclusion.Confirmed());
        }
        return all;
    }

    private static boolean isPair(GroupState state) {
        return state.definition().map(d -> d.members().size() == 2).orElse(false);
    }

    /** How many acknowledgements, our own among them, make a claim valid: one of a pair, else a majority of all. */
    public static int needed(int members) {
        return members <= 2 ? 1 : members / 2 + 1;
    }
}
