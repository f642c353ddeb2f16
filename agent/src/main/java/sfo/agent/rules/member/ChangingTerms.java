package sfo.agent.rules.member;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.LeaseRules;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Terms;

/**
 * Who votes, and the lease, change while the group is served. First both the former and the new terms hold, at whoever
 * knows of it: a majority of each, the shorter lease for the holder, the longer one for those who wait, the gate as it
 * was. The holder lets the former ones go when a majority of each knows: from then on nobody finds votes by the former
 * terms alone, since nobody votes by another definition than the one by which he is asked. A gate is made before it is
 * relied on, and taken away when nobody relies on it any more. Whoever holds the group next goes on with it.
 */
final class ChangingTerms {
    private ChangingTerms() {}

    /** @param both the definition by which the former and the new terms hold; or the former alone again */
    static void begin(Turn t, GroupDefinition both) {
        Optional<Terms> former = both.former();
        Set<String> heard = known(t, 0);
        if (former.isPresent() && !GroupRules.isMajority(both.on(former.get()), heard)) {
            t.finish(Answer.refused(
                    "nothing was touched: a majority of those who vote has to know of it first, and "
                            + String.join(", ", missing(t, heard)) + " is not heard; see: sfo members",
                    List.of()));
            return;
        }
        if (former.isEmpty()) {
            Defining.adjust(t, both);
        } else {
            t.define(both);
            settle(t);
        }
    }

    /** Waits until the former terms may go. */
    static void settle(Turn t) {
        t.stage(new Operation.Stage.Settling());
        t.show("terms", "known to those who vote", "running", 0, "");
        end(t);
    }

    /** On the holder, at every word of the others: lets the former terms go as soon as it may. */
    static void end(Turn t) {
        boolean free = t.operation.isEmpty() || t.operation.get().stage() instanceof Operation.Stage.Settling;
        boolean may = t.exists()
                && t.definition().former().isPresent()
                && t.holds()
                && t.state().openOperation().isEmpty()
                && free
                && GroupRules.isMajority(t.definition(), known(t, t.state().version()))
                && t.isPast(t.termsSince + longerLease(t.definition()).toNanos());
        if (!may) {
            return;
        }
        if (t.operation.isEmpty()) {
            Wish.Change itself = new Wish.Change(GroupDefinition::settled, "", new Operator(0, "agent", ""));
            t.operation = Optional.of(new Operation(
                    "", itself, t.now.nanos(), t.now.wall(), Optional.empty(), new Operation.Stage.Settling()));
        }
        Defining.adjust(t, t.definition().settled());
    }

    static void settling(Turn t) {
        if (!t.holds()) {
            t.finish(Defining.heldElsewhere(t));
            return;
        }
        Duration limit = MemberRules.MEMBERS_ANSWER.plus(longerLease(t.definition()));
        if (t.isPast(t.operation.orElseThrow().began() + limit.toNanos())) {
            List<String> missing = missing(t, known(t, t.state().version()));
            back(t);
            t.finish(Answer.of(
                    ExitCode.ROLLED_BACK,
                    "not changed, the former terms hold: " + String.join(", ", missing) + " did not confirm within "
                            + limit.toSeconds() + " s that it knows the new ones"));
        } else {
            end(t);
        }
    }

    /** Whoever knows of both votes by the former terms too: they may always hold alone again. */
    static void back(Turn t) {
        t.definition().former().ifPresent(former -> t.define(t.definition().towards(former)));
    }

    /** What was passed by a longer lease runs out before those who wait know only the shorter one. */
    private static Duration longerLease(GroupDefinition group) {
        Optional<Lease> former = group.former().flatMap(Terms::lease);
        boolean shortened = former.isPresent() && !LeaseRules.shortest(group).equals(former);
        return shortened ? LeaseRules.lasts(former.get()) : Duration.ZERO;
    }

    /** Who is heard and knows that definition, or a newer one. */
    private static Set<String> known(Turn t, long version) {
        Set<String> all = new TreeSet<>(Set.of(t.me.self()));
        t.beats.values().stream()
                .filter(beat -> beat.definitionVersion() >= version)
                .forEach(beat -> all.add(beat.from()));
        return all;
    }

    private static List<String> missing(Turn t, Set<String> known) {
        return t.others().stream().filter(voter -> !known.contains(voter)).toList();
    }
}
