package sfo.agent.rules.member;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.SagaInput;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.plan.Plan;

/** What a group is: made, changed, told to its members, and no more. */
final class Defining {
    private Defining() {}

    // --- what peers say

    static void tell(Turn t, String to) {
        t.state()
                .definition()
                .ifPresent(d -> t.send(
                        to,
                        new GroupMessage.Definition(
                                t.me.self(), t.me.group(), d, t.state().claim())));
    }

    static void told(Turn t, GroupMessage.Definition m) {
        GroupDefinition definition = m.definition();
        boolean votes = definition.voters().contains(t.me.self());
        boolean newer = definition.version() > t.state().version();
        boolean taken = m.claim().isNone()
                && t.exists()
                && !t.state().claim().isNone()
                && definition.version() != t.state().version();
        // a group is told to those who vote before anyone holds it; and one that is only to vote has not voted yet
        boolean forgotten = t.state().definition().isEmpty()
                && !m.claim().isNone()
                && definition.electorates().get(0).contains(t.me.self());
        boolean serves =
                t.named() && !t.standsBy() && !m.claim().outranks(t.state().claim());
        if (taken) {
            String why =
                    "a group of that name is there already: on " + t.me.self() + " type sfo group show " + t.me.group();
            t.send(
                    m.from(),
                    new GroupMessage.DefinitionKept(
                            t.me.self(), t.me.group(), t.state().version(), Optional.of(why)));
            return;
        }
        if (newer && serves) {
            keepOwn(t, m);
        } else if (newer && (votes || t.state().definition().isPresent())) {
            // one that votes no more is told so, too
            boolean voted = t.exists();
            t.store(n -> new GroupEvent.Defined(n, definition, t.now.wall()));
            if (!voted) {
                t.holderHeard = t.now.nanos(); // what its heartbeats confirm from now on is to be waited for
            }
        }
        if (forgotten) {
            t.abstain("nothing was known here of a group that " + m.claim().appliance() + " holds", t.now.wall());
        }
        if (votes && m.claim().outranks(t.state().claim()) && !GroupRules.isOwnOffer(t.state(), m.claim())) {
            t.claimKnown(m.claim(), "with the definition");
        }
        Optional<String> refused = votes ? Optional.empty() : Optional.of(t.me.self() + " is no member of it");
        t.send(
                m.from(),
                new GroupMessage.DefinitionKept(
                        t.me.self(), t.me.group(), t.state().version(), refused));
    }

    /**
     * What is served here was made by this appliance's own definition, its gate too; the other one was changed by one that
     * held the group before, and was cut off.
     */
    private static void keepOwn(Turn t, GroupMessage.Definition other) {
        if (t.operation.isEmpty()) {
            t.define(t.definition().above(other.definition().version()));
            tell(t, other.from());
        }
    }

    static void destroyed(Turn t, String by) {
        Claim claim = t.state().claim();
        boolean may = t.state().servingSaga().isEmpty()
                && (claim.isNone() || claim.appliance().equals(by));
        if (t.exists() && may) {
            t.store(n -> new GroupEvent.Destroyed(n, t.now.wall()));
        }
    }

    // --- create

    static void create(Turn t, Wish.Create c) {
        GroupDefinition definition = c.definition();
        if (t.exists()) {
            t.finish(Answer.refused(
                    "group \"" + t.me.group() + "\" is there already: sfo group show " + t.me.group(), List.of()));
        } else if (!definition.home().equals(t.me.self())) {
            t.finish(Answer.refused(
                    "a group is created on its home: type it on " + definition.home() + ", or name " + t.me.self()
                            + " as home",
                    List.of()));
        } else {
            t.show("members", "stored on every member", "running", 0, "");
            offer(t, definition.under(t.nextClaim(t.me.self()).generation()));
        }
    }

    private static void offer(Turn t, GroupDefinition definition) {
        t.stage(new Operation.Stage.Collecting(definition, Set.of()));
        t.others(definition).forEach(m -> offer(t, m, definition));
    }

    private static void offer(Turn t, String to, GroupDefinition definition) {
        t.send(to, new GroupMessage.Definition(t.me.self(), t.me.group(), definition, Claim.NONE));
    }

    static void kept(Turn t, GroupMessage.DefinitionKept m) {
        if (t.operation.isEmpty()
                || !(t.operation.get().stage() instanceof Operation.Stage.Collecting s)
                || !(t.operation.get().what() instanceof Wish.Create c)) {
            return;
        }
        if (m.refused().isPresent()) {
            abandon(t, s.offered(), m.from() + " refuses it: " + m.refused().get());
            return;
        }
        if (m.version() > s.offered().version()) {
            // there they remember one that was destroyed
            GroupDefinition above = s.offered().above(m.version());
            offer(t, above.under(above.generation() + 1));
        } else if (m.version() == s.offered().version()) {
            Set<String> kept = new HashSet<>(s.kept());
            kept.add(m.from());
            t.stage(new Operation.Stage.Collecting(s.offered(), Set.copyOf(kept)));
            if (kept.containsAll(t.others(s.offered()))) {
                start(t, s.offered(), c);
            }
        }
    }

    static void collecting(Turn t, Operation.Stage.Collecting s) {
        List<String> missing = t.others(s.offered()).stream()
                .filter(m -> !s.kept().contains(m))
                .toList();
        if (!MemberRules.isLate(t)) {
            missing.forEach(m -> offer(t, m, s.offered()));
        } else {
            abandon(
                    t,
                    s.offered(),
                    "no answer from " + String.join(", ", missing) + " within " + MemberRules.MEMBERS_ANSWER.toSeconds()
                            + " s: is its agent running?");
        }
    }

    private static void abandon(Turn t, GroupDefinition definition, String why) {
        for (String member : t.others(definition)) {
            t.send(member, new GroupMessage.Destroyed(t.me.self(), t.me.group()));
        }
        t.finish(Answer.refused("group " + t.me.group() + " was not created: " + why, List.of()));
    }

    private static void start(Turn t, GroupDefinition definition, Wish.Create c) {
        long generation =
                Math.max(definition.generation(), t.nextClaim(t.me.self()).generation());
        Claim claim = new Claim(generation, t.me.self(), t.freshId());
        t.store(n -> new GroupEvent.Defined(n, definition, t.now.wall()));
        t.claimMade(claim, "created");
        Plan plan = t.plan(definition, t.me.self(), claim, List.of(), Optional.empty());
        t.stage(new Operation.Stage.Begun());
        t.carriedOutBy(t.open(SagaEvent.Kind.START, plan, claim, c.by(), Optional.empty(), OptionalLong.empty()));
    }

    // --- change, destroy

    static void change(Turn t, Wish.Change c) {
        if (!t.holds()) {
            t.finish(MemberRules.wrongAppliance(t, "change"));
            return;
        }
        GroupDefinition changed;
        try {
            changed = c.change().apply(t.definition());
        } catch (IllegalArgumentException refused) {
            t.finish(Answer.of(ExitCode.USAGE, String.valueOf(refused.getMessage())));
            return;
        }
        boolean same = changed.equals(t.definition().above(t.definition().version()));
        if (same && changed.former().isPresent()) {
            ChangingTerms.settle(t); // it is on its way
        } else if (changed.agreed().equals(t.definition().agreed())) {
            adjust(t, changed);
        } else {
            ChangingTerms.begin(t, changed);
        }
    }

    static void adjust(Turn t, GroupDefinition changed) {
        String saga = t.state().servingSaga().orElseThrow();
        t.carriedOutBy(saga);
        t.stage(new Operation.Stage.Adjusting(changed));
        t.saga(
                saga,
                new SagaOrder.Adjust(t.plan(changed, t.me.self(), t.state().claim(), List.of(), Optional.empty())));
    }

    /** What is served has changed, or was changed back: the definition follows. */
    static void adjusted(Turn t, Input.SagaAdjusted told) {
        if (t.operation.isEmpty()
                || !(t.operation.get().stage() instanceof Operation.Stage.Adjusting s)
                || !(t.operation.get().what() instanceof Wish.Change c)) {
            return;
        }
        if (!told.error().isEmpty()) {
            if (s.to().former().isEmpty()) {
                ChangingTerms.back(t);
            }
            t.finish(Answer.of(ExitCode.ROLLED_BACK, "not changed, everything is served as before: " + told.error()));
            return;
        }
        t.define(s.to());
        t.finish(Answer.done(c.done()));
    }

    static void destroy(Turn t, Wish.Destroy c) {
        boolean mine = t.holds() || (t.named() && t.standsBy());
        if (!mine) {
            t.finish(MemberRules.wrongAppliance(t, "destroy"));
        } else if (!t.definition().volumes().isEmpty()) {
            t.finish(Answer.refused(
                    "group " + t.me.group() + " still has volumes: sfo cdp destroy " + t.me.group() + "/"
                            + t.definition().volumes().get(0).name(),
                    List.of()));
        } else if (!t.holds()) {
            t.store(n -> new GroupEvent.Destroyed(n, t.now.wall()));
            t.finish(destroyed(t));
        } else {
            String saga = t.state().servingSaga().orElseThrow();
            t.carriedOutBy(saga);
            t.store(n -> new GroupEvent.OperationReopened(n, saga, "destroy", t.now.wall()));
            t.saga(saga, new SagaInput.Release("destroyed by " + c.by().user()));
        }
    }

    static Answer destroyed(Turn t) {
        return Answer.done("group " + t.me.group() + " is destroyed");
    }
}
