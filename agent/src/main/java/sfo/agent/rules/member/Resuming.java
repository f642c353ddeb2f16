package sfo.agent.rules.member;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.SagaState;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Claim;
import sfo.protocol.model.Reason;
import sfo.protocol.peer.Hello;
import sfo.protocol.plan.Plan;

/** Serving again what is held already: confirmed by peers, said by an operator, or after an undo that came to nothing. */
final class Resuming {
    /** A config backup of the one that was given a group is here within a second or two. */
    private static final Duration GIVEN = Duration.ofSeconds(20);

    private Resuming() {}

    static void byItself(Turn t, String why) {
        boolean free = t.operation.isEmpty() && t.state().openOperation().isEmpty() && t.isPast(t.resumeAfter);
        if (free && t.named() && !t.holds()) {
            resumed(t, new Operator(0, "agent", why));
        }
    }

    static String resumed(Turn t, Operator by) {
        Claim claim = t.state().claim();
        Plan plan = t.plan(t.definition(), t.me.self(), claim, List.of(), Optional.empty());
        return t.open(SagaEvent.Kind.RESUME, plan, claim, by, Optional.empty(), OptionalLong.empty());
    }

    /** After a resume that failed: not again at once, and ever more seldom. */
    static void ended(Turn t, boolean done, String why) {
        t.resumeFailure = done ? "" : why;
        t.resumesFailed = done ? 0 : Math.min(t.resumesFailed + 1, 6);
        t.resumeAfter = t.in(done ? Duration.ZERO : Duration.ofSeconds(5L << t.resumesFailed));
    }

    // --- by an operator

    static void begin(Turn t, String wish) {
        if (t.holds() && !t.broken.isEmpty()) {
            Serving.takeDown(t);
        } else if (t.holds()) {
            t.finish(Answer.refused("group " + t.me.group() + " is served by " + t.me.self() + " already", List.of()));
        } else if (!t.named()) {
            t.finish(MemberRules.wrongAppliance(t, "resume"));
        } else {
            t.act(new Act.AskClaims(wish, t.others()));
        }
    }

    static void claims(Turn t, String wish, Map<String, Hello.GroupClaim> said) {
        if (t.operation.isEmpty()
                || !t.operation.get().wish().equals(wish)
                || !(t.operation.get().what() instanceof Wish.Resume r)) {
            return;
        }
        List<Reason> reasons = GroupRules.againstResume(t.state().claim(), said);
        if (!reasons.isEmpty()) {
            t.finish(Answer.refused("refused, nothing was touched", reasons));
        } else if (t.state().openOperation().isPresent() || !t.named()) {
            t.finish(MemberRules.wrongAppliance(t, "resume"));
        } else {
            aboveItsVolumes(t, "resumed by " + r.by().user());
            if (Leasing.lease(t).isPresent()) {
                // on the operator's word, not on that of a voter
                t.claimMade(t.nextClaim(t.me.self()), "resumed by " + r.by().user());
            }
            t.carriedOutBy(resumed(t, r.by()));
        }
    }

    /** A volume may have met an offer of which a lost journal knows nothing: nobody serves under that any more. */
    private static void aboveItsVolumes(Turn t, String why) {
        long met = t.mirrors.stream()
                .mapToLong(state -> state.claim().generation())
                .max()
                .orElse(0);
        if (met > t.state().claim().generation()) {
            t.claimMade(new Claim(met + 1, t.me.self(), t.freshId()), why);
        }
    }

    // --- after an undo

    /** This appliance serves again, if nobody else claimed meanwhile; only then the operator is answered. */
    static void afterUndo(Turn t, SagaState saga, String why) {
        t.act(new Act.Warn("undo of " + t.me.group() + " did not come about: " + why));
        if (!t.named()) {
            t.finish(Answer.of(
                    ExitCode.NEEDS_ATTENTION,
                    "the undo did not come about, and " + t.heldBy() + " now: sfo status " + t.me.group()));
            return;
        }
        if (!saga.opened().orElseThrow().boot().equals(t.me.boot())) {
            return; // whoever booted since serves when that is confirmed, not before
        }
        t.stage(new Operation.Stage.ServingAgain());
        t.carriedOutBy(resumed(t, new Operator(0, "agent", "")));
    }

    // --- resolve

    static void resolve(Turn t, String wish, Wish.Resolve r) {
        String why = "resolved by " + r.by().user();
        Optional<String> open = t.state().openOperation();
        if (t.handOver.unknown()) {
            HandingOver.over(t, false, why);
            t.reply(wish, Answer.done(t.me.self() + " serves group " + t.me.group() + " again; see: sfo status"));
        } else if (t.state().conflict().isPresent() && !t.mayServe()) {
            t.reply(wish, MemberRules.onlyVotes(t, "resolve"));
        } else if (t.state().conflict().isPresent()) {
            t.claimMade(t.nextClaim(t.me.self()), why);
            // the other claim's holder may have made another one of the same version
            t.define(t.definition());
            t.reply(wish, Answer.done(t.me.self() + " holds group " + t.me.group() + " now"));
        } else if (open.isPresent() && t.operation.isEmpty()) {
            t.act(new Act.AskSaga(wish, r, open.get()));
        } else if (t.state().abstains()) {
            Hearing.caughtUp(t, why);
            t.reply(wish, Answer.done(t.me.self() + " votes in group " + t.me.group() + " again"));
        } else if (t.state().overridden().isPresent()) {
            t.store(n -> new GroupEvent.OverrideSeen(n, why, t.now.wall()));
            t.reply(wish, Answer.done("the override of group " + t.me.group() + " is acknowledged"));
        } else {
            t.reply(wish, Answer.refused("there is nothing to resolve in group " + t.me.group(), List.of()));
        }
    }

    /** As if its inverses had all been carried out: the operator says so. */
    static void close(Turn t, String wish, Wish.Resolve r, String saga, SagaState is) {
        if (is.opened().isPresent() && is.ended().isEmpty()) {
            t.reply(wish, Answer.of(ExitCode.BUSY, saga + " is still under way"));
            return;
        }
        String why = "resolved by " + r.by().user();
        if (t.state().servingSaga().equals(Optional.of(saga))) {
            t.store(n -> new GroupEvent.Released(n, why, t.now.wall()));
        }
        giveClaimBack(t, why);
        t.store(n -> new GroupEvent.OperationEnded(n, saga, why, t.now.wall()));
        t.reply(wish, Answer.done(saga + " is closed; its open items are yours"));
    }

    /** A failover that comes to nothing names the old holder, so that it may serve when it returns. */
    private static void giveClaimBack(Turn t, String why) {
        t.state().returnsTo().filter(to -> t.named()).ifPresent(to -> {
            t.claimKnown(t.backTo(to, t.state().claim()), why);
            // by whatever way it hears of that, it is bound by then
            Leasing.bound(t);
        });
    }

    // --- what sagas tell

    static void sagaEnded(Turn t, String id, SagaState saga) {
        Outcome outcome = saga.ended().orElseThrow().outcome();
        if (!t.state().openOperation().equals(Optional.of(id))) {
            if (outcome == Outcome.UNDONE && t.state().servingSaga().equals(Optional.of(id))) {
                // a higher claim that was heard while it ended well turned it back
                t.store(n -> new GroupEvent.Released(n, saga.why(), t.now.wall()));
            }
            return;
        }
        SagaEvent.Opened opened = saga.opened().orElseThrow();
        boolean served = t.state().servingSaga().isPresent();
        if (outcome == Outcome.DONE) {
            if (opened.kind() == SagaEvent.Kind.FAILOVER
                    && !t.state().servingSaga().equals(Optional.of(id))) {
                // not where it tells that an undo did not come about: the other one is back
                t.act(new Act.Down(saga.plan().from()));
            }
            // of the boot that it was made in: told again after a reboot, it holds no more
            t.store(n -> new GroupEvent.Serving(n, id, opened.boot(), t.now.wall()));
        } else if (outcome == Outcome.UNDONE) {
            undone(t, saga);
        }
        if (outcome != Outcome.NEEDS_ATTENTION) {
            t.store(n -> new GroupEvent.OperationEnded(n, id, outcome.name(), t.now.wall()));
        }
        if (outcome == Outcome.UNDONE && opened.kind() == SagaEvent.Kind.START && !served) {
            // a group that never served is none: nobody is to confirm it
            t.store(n -> new GroupEvent.Destroyed(n, t.now.wall()));
        }
        HandingOver.sagaEnded(t, saga);
        MemberRules.sagaEnded(t, id, saga);
    }

    private static void undone(Turn t, SagaState saga) {
        if (t.state().servingSaga().isPresent()) {
            t.store(n -> new GroupEvent.Released(n, saga.why(), t.now.wall()));
        }
        giveClaimBack(t, "rollback: " + saga.why());
        saga.handOver().ifPresent(over -> {
            Claim offer = saga.permitted().map(SagaEvent.Permitted::claim).orElseGet(() -> t.nextClaim(t.me.self()));
            // another one that claimed meanwhile holds it: what was offered is not taken back from that one
            if (over.opened()) {
                t.givenUntil = t.in(GIVEN);
            }
            boolean superseded = !over.opened() && !t.named();
            Claim claim = over.opened() ? offer : GroupRules.takenBack(t.state(), offer, t.me.self(), t.freshId());
            if (!superseded && claim.outranks(t.state().claim())) {
                t.claimMade(claim, over.opened() ? "handed over" : "taken back");
            }
        });
    }

    /** Its agent ended between the two journals: nothing was touched, and the claim goes back. */
    static void neverOpened(Turn t, String saga) {
        if (!t.state().openOperation().equals(Optional.of(saga))) {
            return;
        }
        if (t.me.repaired().isPresent()) {
            t.act(new Act.Warn("what " + saga + " did is not in the journal, which was repaired"));
            return;
        }
        giveClaimBack(t, "rollback: it never began");
        t.store(n -> new GroupEvent.OperationEnded(n, saga, "never began", t.now.wall()));
        if (t.operation.filter(o -> o.is(saga)).isPresent()) {
            t.finish(Answer.of(ExitCode.ROLLED_BACK, MemberRules.NOT_WRITTEN));
        }
    }
}
