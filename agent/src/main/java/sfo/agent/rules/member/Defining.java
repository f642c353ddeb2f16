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
        if (m.claim().isNone()) {
            offered(t, m);
            return;
        }
        GroupDefinition definition = m.definition();
        boolean votes = definition.voters().contains(t.me.self());
        boolean newer = definition.version() > t.state().version();
        // a group is told to those who vote before anyone holds it; and one that is only to vote has not voted yet
        boolean forgotten = t.state().definition().isEmpty()
                && definition.electorates().get(0).contains(t.me.self());
        boolean serves =
                t.named() && !t.standsBy() && !m.claim().outranks(t.state().claim());
        if (newer && serves) {
            keepOwn(t, m);
        } else if (newer && (votes || t.state().definition().isPresent())) {
            keep(t, definition); // one that votes no more is told so, too
        }
        if (forgotten) {
            t.abstain("nothing was known here of a group that " + m.claim().appliance() + " holds", t.now.wall());
        }
        if (votes && m.claim().outranks(t.state().claim()) && !GroupRules.isOwnOffer(t.state(), m.claim())) {
            t.claimKnown(m.claim(), "with the definition");
        }
        answer(t, m, t.state().version(), votes ? Optional.empty() : Optional.of(t.me.self() + " is no member of it"));
    }

    private static void keep(Turn t, GroupDefinition definition) {
        boolean voted = t.exists();
        t.store(n -> new GroupEvent.Defined(n, definition, t.now.wall()));
        if (!voted) {
            t.holderHeard = t.now.nanos(); // what its heartbeats confirm from now on is to be waited for
        }
    }

    private static void answer(Turn t, GroupMessage.Definition m, long version, Optional<String> refused) {
        t.send(m.from(), new GroupMessage.DefinitionKept(t.me.self(), t.me.group(), version, refused));
    }

    /**
     * The group is to be made; nobody holds it yet. Above what is remembered of one of that name, and of its claims, lest
     * those hold the new one.
     */
    private static void offered(Turn t, GroupMessage.Definition m) {
        GroupDefinition offer = m.definition();
        boolean kept = t.exists() && offer.equals(t.definition());
        Optional<String> refused = Optional.empty();
        if (!offer.voters().contains(t.me.self())) {
            refused = Optional.of(t.me.self() + " is no member of it");
        } else if (t.exists() && isHeld(t) && !kept) {
            refused = Optional.of("a group of that name is there already: on " + t.me.self() + " type sfo group show "
                    + t.me.group());
        } else if (t.operation.filter(o -> o.what() instanceof Wish.Create).isPresent()) {
            refused = Optional.of("one of that name is being made on " + t.me.self() + ", too");
        }
        long generation = t.state().claim().generation();
        boolean above = offer.version() > t.state().version() && offer.generation() > generation;
        if (refused.isEmpty() && above && !kept) {
            keep(t, offer);
        }
        boolean fits = kept || above;
        GroupDefinition least = fits ? offer : offer.above(t.state().version()).under(generation + 1);
        answer(t, m, least.version(), refused);
    }

    /** Whether the claim that is known is of this group, and not of one of the same name that was destroyed. */
    private static boolean isHeld(Turn t) {
        Claim claim = t.state().claim();
        return !claim.isNone() && claim.generation() >= t.definition().generation();
    }

    /**
     * What is served here was made by this appliance's own definition, its gate too; the other one was changed by one that
     * held the group before, and was cut off.
     */
    private static void keepOwn(Turn t, GroupMessage.Definition other) {
        boolean older = other.definition().generation() <= t.state().claim().generation();
        if (t.operation.isEmpty() && older) {
            t.define(t.definition().above(other.definition().version()));
            tell(t, other.from());
        }
    }

    static void destroyed(Turn t, GroupMessage.Destroyed m) {
        if (!t.exists() || t.state().servingSaga().isPresent()) {
            return;
        }
        String holder =
                isHeld(t) ? t.state().claim().appliance() : t.definition().home();
        boolean may = m.offer() == 0
                ? m.from().equals(holder)
                : !isHeld(t) && m.offer() == t.state().version();
        if (may) {
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
        if (t.exists()) {
            t.finish(Answer.refused("group " + t.me.group() + " was not created: " + t.heldBy(), List.of()));
        } else if (m.version() > s.offered().version()) {
            offer(t, s.offered().above(m.version() - 1)); // there they remember one that was destroyed
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
            t.send(member, new GroupMessage.Destroyed(t.me.self(), t.me.group(), definition.version()));
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
        String id = t.freshId();
        t.carriedOutBy(saga);
        t.stage(new Operation.Stage.Adjusting(id, changed));
        Plan plan = t.plan(changed, t.me.self(), t.state().claim(), List.of(), Optional.empty());
        t.saga(saga, new SagaOrder.Adjust(id, plan));
    }

    /** What is served has changed, or was changed back: the definition follows. */
    static void adjusted(Turn t, Input.SagaAdjusted told) {
        if (t.operation.isEmpty()
                || !(t.operation.get().stage() instanceof Operation.Stage.Adjusting s)
                || !(t.operation.get().what() instanceof Wish.Change c)
                || !s.id().equals(told.id())) {
            return;
        }
        if (!t.named()) {
            t.finish(heldElsewhere(t));
        } else if (told.error().isEmpty()) {
            t.define(s.to());
            t.finish(Answer.done(c.done()));
        } else {
            if (s.to().former().isEmpty()) {
                ChangingTerms.back(t);
            }
            t.finish(Answer.of(ExitCode.ROLLED_BACK, "not changed, everything is served as before: " + told.error()));
        }
    }

    static Answer heldElsewhere(Turn t) {
        return Answer.of(
                ExitCode.NEEDS_ATTENTION,
                t.heldBy() + " meanwhile: what becomes of the change is decided there; see: sfo group show "
                        + t.me.group());
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
