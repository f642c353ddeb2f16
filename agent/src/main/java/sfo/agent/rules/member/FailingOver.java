package sfo.agent.rules.member;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.SagaViews;
import sfo.agent.rules.UndoRules;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Reason.Weight;
import sfo.protocol.model.Terms;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.plan.Plan;

/** On the survivor: proved, validated, planned, claimed. */
final class FailingOver {
    /** The proof's questions are out by then; before, anything else would only delay them. */
    private static final Duration PROOF_ASKS = Duration.ofMillis(100);

    private FailingOver() {}

    // --- check, plan

    /** Whom a failover is from: by default the holder. */
    private static String failed(Turn t, Optional<String> from) {
        String holder = t.state().claim().appliance();
        return from.orElse(holder.equals(t.me.self()) ? t.otherMembers().get(0) : holder);
    }

    static void check(Turn t, String wish, Wish.Check c) {
        if (t.holds()) {
            List<Reason> reasons = UndoRules.holderReadiness(
                    t.definition(), t.me.self(), t.mirrors, List.copyOf(t.beats.keySet()), t.broken);
            t.reply(wish, checked(t, reasons, Optional.empty()));
        } else {
            String from = failed(t, Optional.empty());
            t.act(new Act.Assess(wish, c, t.definition(), from, t.said(from), death(t, from), given(t, from), false));
        }
    }

    /** What it serves is what this appliance gave it: nobody could have changed that unheard in so short a time. */
    private static boolean given(Turn t, String to) {
        return !t.isPast(t.givenUntil) && t.state().claim().appliance().equals(to);
    }

    /** Nothing was heard of it since. */
    static Optional<Instant> death(Turn t, String of) {
        return Optional.ofNullable(t.state().deaths().get(of))
                .filter(at -> t.lastSign(of).filter(at::isBefore).isEmpty());
    }

    private static Answer checked(Turn t, List<Reason> reasons, Optional<Views.DossierView> dossier) {
        boolean ready = reasons.stream().noneMatch(r -> r.weight() == Weight.BLOCKS);
        boolean lossless = reasons.stream().noneMatch(r -> r.weight() == Weight.LOSSY);
        return new Answer(
                ready && lossless ? ExitCode.DONE : ExitCode.REFUSED,
                (t.holds() ? "as far as its holder " + t.me.self() + " can tell, " : "") + "a failover of group "
                        + t.me.group() + " would be "
                        + (ready && lossless ? "carried out" : ready ? "lossy" : "refused"),
                reasons,
                Optional.of(new Views.CheckView(t.me.group(), ready, lossless, reasons, dossier)));
    }

    static void showPlan(Turn t, String wish, Wish.ShowPlan p) {
        if (p.undo()) {
            t.state()
                    .servingSaga()
                    .ifPresentOrElse(
                            saga -> t.act(new Act.AskSaga(wish, p, saga)),
                            () -> t.reply(wish, MemberRules.wrongAppliance(t, "plan --undo")));
        } else if (t.holds()) {
            t.reply(
                    wish,
                    Answer.refused(
                            "group " + t.me.group() + " is served by " + t.me.self()
                                    + ": a failover is planned on another member; type it on "
                                    + String.join(" or ", t.otherMembers()),
                            List.of()));
        } else {
            String from = failed(t, Optional.empty());
            Plan plan = t.plan(t.definition(), from, t.nextClaim(t.me.self()), List.of(), Optional.empty());
            t.reply(wish, planned(plan));
        }
    }

    static Answer planned(Plan plan) {
        return Answer.done(
                plan.steps().size() + " steps", new Views.PlanView(plan, plan.hash(), SagaViews.estimate(plan)));
    }

    // --- prove, validate, plan

    static void begin(Turn t, String wish, Wish.Failover f) {
        Standing standing = t.standing();
        String from = failed(t, f.request().from());
        Claim held = t.state().claim();
        if (standing == Standing.HOLDS || standing == Standing.SUPERSEDED) {
            t.finish(Answer.refused(
                    "group " + t.me.group() + " is already served by " + t.me.self(),
                    List.of(new Reason(
                            "ALREADY-HOLDS", Weight.BLOCKS, t.me.self() + " holds " + held.tag(), "sfo status"))));
        } else if (t.named()) {
            // whoever took over from it may be silent now: its own replica is no proof that nobody did
            t.finish(Answer.refused(
                    "group " + t.me.group() + " is held by " + t.me.self() + " already, which does not serve it",
                    List.of(new Reason(
                            "HELD-HERE",
                            Weight.BLOCKS,
                            "by what is known here " + t.me.self() + " holds " + held.tag()
                                    + "; it serves once another member confirms that, or on your word",
                            "sfo resume " + t.me.group()))));
        } else if (!t.otherMembers().contains(from)) {
            t.finish(Answer.of(
                    ExitCode.USAGE,
                    "\"" + from + "\" is no other member of group " + t.me.group() + ": expected one of "
                            + String.join(", ", t.otherMembers())));
        } else if (isOfAnother(t, from)) {
            t.finish(Answer.refused(
                    "group " + t.me.group() + " is not held by " + from,
                    List.of(new Reason(
                            "WRONG-HOLDER",
                            Weight.BLOCKS,
                            held.appliance() + " holds it: " + held.tag(),
                            "sfo failover " + t.me.group() + " --from " + held.appliance()))));
        } else {
            t.show("prove", "proves that " + from + " is dead; validates", "running", 0, "");
            t.act(new Act.Assess(wish, f, t.definition(), from, t.said(from), death(t, from), given(t, from), true));
            if (!f.request().dryRun()) {
                Claim next = t.nextClaim(t.me.self());
                t.prepare(
                        t.plan(
                                t.definition(),
                                from,
                                next,
                                List.of(),
                                f.request().mac()),
                        next,
                        PROOF_ASKS);
            }
        }
    }

    /** Whether another appliance than {@code from} is known to hold the group. */
    private static boolean isOfAnother(Turn t, String from) {
        Claim held = t.state().claim();
        return !held.isNone() && !held.appliance().equals(from);
    }

    static void assessed(Turn t, Input.Assessed in) {
        if (in.what() instanceof Wish.Check) {
            t.reply(
                    in.wish(),
                    in.assessment()
                            .map(a -> checked(t, a.reasons(), a.dossier()))
                            .orElseGet(() -> unproved(t, "check", in.error())));
        } else if (in.what() instanceof Wish.Failover f
                && t.operation.filter(o -> o.wish().equals(in.wish())).isPresent()) {
            in.assessment()
                    .ifPresentOrElse(a -> assessed(t, f, a), () -> t.finish(unproved(t, "failover", in.error())));
        }
    }

    /** A busy host may have been too slow to look: what was not seen proves nothing. */
    private static Answer unproved(Turn t, String verb, String error) {
        return Answer.refused(
                "refused, nothing was touched: looking failed",
                List.of(new Reason("LOOK-FAILED", Weight.BLOCKS, error, "sfo " + verb + " " + t.me.group())));
    }

    private static void assessed(Turn t, Wish.Failover f, Assessment a) {
        Requests.Failover request = f.request();
        Operation operation = t.operation.orElseThrow();
        long proving = t.millisSince(operation.began());
        // it may be rolled back, and the next one comes too late to prove that the replica is in sync
        a.dossier()
                .ifPresent(d -> Hearing.lookedAt(
                        t, new Input.LookedAt(a.from(), d.verdict().equals("DEAD"), operation.beganAt())));
        if (isOfAnother(t, a.from())) {
            // nothing was proved of that one
            t.finish(anotherFirst(t));
            return;
        }
        List<Reason> reasons = new ArrayList<>(a.reasons());
        reasons.addAll(Leasing.against(t));
        List<Reason> refusing = UndoRules.refusing(reasons, request.override(), request.acceptLoss());
        Claim claim = t.nextClaim(t.me.self(), Optional.of(a.group()));
        Plan plan = t.plan(a.group(), a.from(), claim, List.of(), request.mac());
        if (!refusing.isEmpty()) {
            t.show(
                    "prove",
                    "proves and validates",
                    "failed",
                    proving,
                    refusing.get(0).code());
            Views.CheckView view = new Views.CheckView(t.me.group(), false, reasons.isEmpty(), reasons, a.dossier());
            t.finish(new Answer(ExitCode.REFUSED, "refused, nothing was touched", refusing, Optional.of(view)));
            return;
        }
        if (request.plan().isPresent() && !request.plan().get().equals(plan.hash())) {
            t.finish(Answer.refused(
                    "the plan has changed: its hash is " + plan.hash() + ", not "
                            + request.plan().get() + "; look at it with: sfo plan " + t.me.group(),
                    List.of()));
            return;
        }
        t.show("prove", a.from() + " is dead; backup and replicas are fit", "done", proving, "");
        if (request.dryRun()) {
            t.finish(planned(plan));
        } else {
            outwaiting(t, f, new Operation.Stage.Outwaiting(a, plan, claim));
        }
    }

    // --- lease

    static void outwaiting(Turn t, Wish.Failover f, Operation.Stage.Outwaiting s) {
        Duration left = Leasing.left(t);
        if (f.request().override().isEmpty() && !left.isZero()) {
            t.stage(s);
            if (heardSince(t, s.assessment().from())) {
                t.finish(justHeard(s.assessment()));
                return;
            }
            t.show("lease", "waits until the lease has run out", "running", 0, (left.toSeconds() + 1) + " s left");
            return;
        }
        Assessment a = s.assessment();
        Plan plan = s.plan();
        Claim claim = s.claim();
        if (GroupRules.suffice(a.group(), Set.of(t.me.self()))
                || f.request().override().isPresent()) {
            claimed(t, f, a, plan, claim);
        } else {
            takeOver(t, a.group());
            t.stage(new Operation.Stage.Voting(a, plan, claim, Map.of()));
            t.others(a.group()).forEach(voter -> propose(t, voter, a.group(), claim));
        }
    }

    /** The failed one's backup may hold a newer definition than it had told anybody. */
    private static void takeOver(Turn t, GroupDefinition group) {
        if (group.version() > t.state().version()) {
            t.store(n -> new GroupEvent.Defined(n, group, t.now.wall()));
        }
    }

    private static void propose(Turn t, String to, GroupDefinition group, Claim claim) {
        String heard = Optional.ofNullable(t.beats.get(to))
                .map(GroupMessage.Beat::mark)
                .orElse("");
        t.send(to, new GroupMessage.Propose(t.me.self(), t.me.group(), claim, group.version(), heard));
    }

    // --- claim

    /**
     * An appliance that serves, or is about to, acknowledges no other claim: it lives. Of two that ask for votes at once
     * the lower yields; the higher acknowledges nothing but its own. Nobody votes by another definition than his own: who
     * votes, and how long they wait, may differ. A proposal that waited for a frozen appliance to go on finds no vote: its
     * operator was told by then that nothing came of it.
     */
    static void proposed(Turn t, GroupMessage.Propose m) {
        if (t.state().abstains()) {
            t.send(m.from(), new GroupMessage.Acknowledge(t.me.self(), t.me.group(), m.claim(), Claim.NONE));
            return;
        }
        long version = m.definitionVersion();
        if (version > t.state().version()) {
            t.send(m.from(), new GroupMessage.AskDefinition(t.me.self(), t.me.group()));
        } else if (version != 0 && version < t.state().version()) {
            Defining.tell(t, m.from());
        }
        // an older agent names no version, and knows of no terms
        boolean alike = version == 0
                ? t.definition()
                        .equals(t.definition()
                                .on(new Terms(List.of(), t.definition().lease())))
                : version == t.state().version() && Hearing.isFresh(t, Optional.of(m.heard()));
        Optional<Claim> mine = voting(t).map(Operation.Stage.Voting::claim);
        boolean yields = mine.map(c -> c.compareTo(m.claim()) < 0).orElse(true)
                && (t.me.self().equals(t.state().claim().appliance())
                        || Leasing.left(t).isZero());
        boolean votes = t.standsBy() && alike && yields;
        if (votes) {
            mine.ifPresent(lower -> t.finish(anotherFirst(t, m.claim())));
            if (m.claim().outranks(t.state().claim())) {
                t.claimKnown(m.claim(), "proposed by " + m.from());
            }
        }
        // heard from one who voted already, it is known here, and yet no vote: the lease confirmed here may still run
        boolean heardOnly = !votes && t.state().claim().equals(m.claim());
        Claim known = heardOnly ? Claim.NONE : t.state().claim();
        t.send(m.from(), new GroupMessage.Acknowledge(t.me.self(), t.me.group(), m.claim(), known));
    }

    private static Optional<Operation.Stage.Voting> voting(Turn t) {
        return t.operation
                .map(Operation::stage)
                .filter(Operation.Stage.Voting.class::isInstance)
                .map(Operation.Stage.Voting.class::cast);
    }

    /** Whether it waits for votes for that claim. */
    static boolean asksFor(Turn t, Claim claim) {
        return voting(t).filter(s -> s.claim().equals(claim)).isPresent();
    }

    private static Answer anotherFirst(Turn t) {
        return anotherFirst(t, t.state().claim());
    }

    private static Answer anotherFirst(Turn t, Claim other) {
        return Answer.of(
                ExitCode.BUSY,
                "another claim came first: " + other.tag() + "; see it with: sfo status " + t.me.group());
    }

    static void acknowledged(Turn t, GroupMessage.Acknowledge m) {
        voting(t).ifPresent(s -> {
            Map<String, Claim> all = new HashMap<>(s.acknowledged());
            all.put(m.from(), m.highest());
            Operation.Stage.Voting now =
                    new Operation.Stage.Voting(s.assessment(), s.plan(), s.claim(), Map.copyOf(all));
            t.stage(now);
            voting(t, now);
        });
    }

    /** One that waits for a lease, or has to learn first what the group is, does not acknowledge before. */
    static void proposeAgain(Turn t) {
        voting(t)
                .ifPresent(s -> t.others(s.assessment().group()).stream()
                        .filter(voter -> !s.claim().equals(s.acknowledged().get(voter)))
                        .forEach(voter -> propose(t, voter, s.assessment().group(), s.claim())));
    }

    private static boolean heardSince(Turn t, String from) {
        return t.lastSign(from)
                .filter(at -> at.isAfter(t.operation.orElseThrow().beganAt()))
                .isPresent();
    }

    private static Answer justHeard(Assessment a) {
        return Answer.refused(a.from() + " has just been heard: it lives", List.of());
    }

    static void voting(Turn t, Operation.Stage.Voting s) {
        GroupDefinition group = s.assessment().group();
        Set<String> yes = new HashSet<>(t.state().abstains() ? Set.of() : Set.of(t.me.self()));
        s.acknowledged().forEach((voter, highest) -> {
            if (highest.equals(s.claim())) {
                yes.add(voter);
            }
        });
        Optional<Claim> higher = s.acknowledged().values().stream()
                .filter(c -> c.compareTo(s.claim()) > 0)
                .findFirst();
        if (GroupRules.suffice(group, yes)) {
            claimed(t, (Wish.Failover) t.operation.orElseThrow().what(), s.assessment(), s.plan(), s.claim());
        } else if (higher.isPresent()) {
            t.finish(anotherFirst(t, higher.get()));
        } else if (t.isPast(t.operation.orElseThrow().began()
                + MemberRules.MEMBERS_ANSWER.plus(Leasing.longest(t)).toNanos())) {
            int voters = group.voters().size();
            t.finish(Answer.refused(
                    "refused, nothing was touched: no majority",
                    List.of(new Reason(
                            "NO-MAJORITY",
                            Weight.BLOCKS,
                            yes.size() + " of " + voters + " who vote acknowledged the claim, "
                                    + GroupRules.needed(voters) + " are needed",
                            "start the agents of the others, or, if you know that none of them serves the group: sfo"
                                    + " failover " + t.me.group() + " --override \"REASON\""))));
        }
    }

    private static Answer changedMeanwhile(Turn t) {
        return Answer.refused(
                "group " + t.me.group() + " was changed meanwhile; look at it with: sfo group show " + t.me.group(),
                List.of());
    }

    /** Else those who voted confirm it to this appliance, which serves by that, beside one that may live. */
    private static void giveBack(Turn t, Operation.Stage.Voting s, String why) {
        t.claimKnown(t.backTo(s.assessment().from(), s.claim()), "rollback: " + why);
        Leasing.bound(t);
    }

    private static void claimed(Turn t, Wish.Failover f, Assessment a, Plan plan, Claim claim) {
        boolean sign = f.request().override().isEmpty() && heardSince(t, a.from());
        boolean free = claim.outranks(t.state().claim()) && !isOfAnother(t, a.from());
        if (t.state().openOperation().isPresent() || !free) {
            Optional<Answer> busy = t.state().openOperation().map(open -> MemberRules.busy(t.me.group(), open));
            t.finish(sign ? justHeard(a) : busy.orElseGet(() -> anotherFirst(t)));
            return;
        }
        // the plan, who votes and the lease are those of the definition that was assessed
        boolean changed = t.state().version() > a.group().version();
        if (sign || changed) {
            String why = sign ? a.from() + " was heard" : "the group was changed";
            voting(t).ifPresent(s -> giveBack(t, s, why));
            t.finish(sign ? justHeard(a) : changedMeanwhile(t));
            return;
        }
        takeOver(t, a.group());
        // what it said last is what it said when it was alive
        t.beats.remove(a.from());
        Optional<String> override = f.request().override();
        t.claimMade(
                claim,
                "failover from " + a.from()
                        + override.map(o -> ", override: " + o).orElse(""));
        override.ifPresent(o -> t.store(n -> new GroupEvent.Overridden(n, o, t.now.wall())));
        Requests.Operator by = override.map(
                        o -> new Requests.Operator(f.by().uid(), f.by().user(), f.by().reason() + " override: " + o))
                .orElse(f.by());
        t.stage(new Operation.Stage.Begun());
        t.carriedOutBy(t.open(SagaEvent.Kind.FAILOVER, plan, claim, by, a.dossier(), OptionalLong.empty()));
    }
}
