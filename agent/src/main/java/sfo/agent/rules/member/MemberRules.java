package sfo.agent.rules.member;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.SagaViews;
import sfo.agent.rules.UndoRules;
import sfo.agent.rules.member.Operation.Stage;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Reason.Weight;
import sfo.protocol.peer.GroupMessage;

/** What a member of a group does about whatever comes in. */
public final class MemberRules {
    /** Without a heartbeat for this long a member counts as silent. */
    public static final Duration SILENT = Duration.ofSeconds(3);

    static final Duration MEMBERS_ANSWER = Duration.ofSeconds(5);
    static final String NOT_WRITTEN = "nothing was touched: the journal could not be written; see the log";

    private MemberRules() {}

    /**
     * Decides.
     *
     * @param state what the journal holds
     * @param memory of the decision before, or {@link Memory#fresh}
     */
    public static Decision on(Member me, GroupState state, Memory memory, Moment now, Input input) {
        Turn t = new Turn(me, state, memory, now);
        if (input instanceof Input.Heard in) {
            Hearing.heard(t, in.message());
        } else if (input instanceof Input.Tick) {
            tick(t);
        } else if (input instanceof Input.Wanted in) {
            wanted(t, in.wish(), in.what());
        } else if (input instanceof Input.MirrorWanted in) {
            mirrorWanted(t, in);
        } else if (input instanceof Input.Assessed in) {
            FailingOver.assessed(t, in);
        } else if (input instanceof Input.Claims in) {
            Resuming.claims(t, in.wish(), in.said());
        } else if (input instanceof Input.SagaIs in) {
            sagaIs(t, in);
        } else if (input instanceof Input.TargetsOpened in) {
            HandingOver.targetsOpened(t, in);
        } else if (input instanceof Input.Proved in) {
            HandingOver.proved(t, in);
        } else if (input instanceof Input.Mirrors in) {
            Hearing.mirrors(t, in.states());
            waiting(t);
        } else if (input instanceof Input.NoWord in) {
            Hearing.lookAt(t, in.appliance());
        } else if (input instanceof Input.LookedAt in) {
            Hearing.lookedAt(t, in);
        } else if (input instanceof Input.Connected in) {
            // the last look before it goes is told even then
            if (t.state().openOperation().isEmpty()) {
                t.clients.put(me.self(), in.connections());
            }
        } else if (input instanceof Input.SagaWantsHandOver in) {
            HandingOver.begin(t, in);
        } else if (input instanceof Input.PermitStored in) {
            HandingOver.permitStored(t, in.permit());
        } else if (input instanceof Input.SagaAdjusted in) {
            Defining.adjusted(t, in);
        } else if (input instanceof Input.ServerEnded) {
            Serving.serverEnded(t);
        } else if (input instanceof Input.SagaLooked in) {
            Serving.looked(t, in);
        } else if (input instanceof Input.SagaEnded in) {
            Resuming.sagaEnded(t, in.saga(), in.state());
        } else if (input instanceof Input.SagaNeverOpened in) {
            Resuming.neverOpened(t, in.saga());
        } else if (input instanceof Input.JournalRead) {
            journalRead(t);
        } else if (input instanceof Input.Stopped) {
            // what is stored goes on with the next actor system, but nobody answers for it there
            t.finish(Answer.of(
                    ExitCode.NEEDS_ATTENTION, "the agent's actor system was restarted; see: sfo status " + me.group()));
        } else if (input instanceof Input.Broke in) {
            if (t.operation.filter(o -> o.saga().isEmpty()).isPresent()) {
                t.finish(Answer.of(ExitCode.ROLLED_BACK, "nothing was touched: " + in.error()));
            }
        }
        return t.end();
    }

    /** What a member waits for, for people; empty if for nothing. */
    public static String waitsFor(Member me, GroupState state, Memory memory, long nanos) {
        if (state.conflict().isPresent()) {
            return "two claims of generation " + state.claim().generation() + " ("
                    + state.claim().tag() + " and " + state.conflict().get().tag() + "); to choose: sfo resolve "
                    + me.group();
        }
        if (state.abstains()) {
            return "to hear all other members: until then it votes for nobody, since it may have forgotten claims; if one"
                    + " of them is gone for good: sfo resolve " + me.group();
        }
        boolean unconfirmed = GroupRules.standing(state, me.self(), me.boot()) == Standing.UNCONFIRMED;
        if (unconfirmed && !memory.resumeFailure().isEmpty()) {
            return "to serve again, which failed: " + memory.resumeFailure()
                    + "; it tries again by itself, more and more seldom; to try now: sfo resume " + me.group();
        }
        Optional<String> alone = memory.beats().values().stream()
                .filter(beat -> unconfirmed && !GroupRules.hasNothingAlone(beat))
                .map(GroupMessage.Beat::from)
                .findFirst();
        if (alone.isPresent()) {
            return "for an operator's word: " + alone.get() + " has writes that " + me.self()
                    + " never received; to serve without them (they are kept aside): sfo resume " + me.group();
        }
        boolean holds = GroupRules.standing(state, me.self(), me.boot()) == Standing.HOLDS;
        if (Leasing.isPaused(holds, memory, state.definition(), nanos)) {
            return "paused: its lease has run out, and nothing passes its interfaces until a majority of those who"
                    + " vote confirms it; look at the others: sfo members";
        }
        return unconfirmed
                ? "for another member to confirm that " + me.self() + " still holds it; if none is alive: sfo resume "
                        + me.group()
                : HandingOver.waiting(memory.handOver(), me.group());
    }

    private static void wanted(Turn t, String wish, Wish what) {
        if (!t.exists() && !(what instanceof Wish.Create)) {
            t.reply(wish, Answer.of(ExitCode.USAGE, "no group \"" + t.me.group() + "\" is known on " + t.me.self()));
        } else if (t.exists() && !t.mayServe() && !(what instanceof Wish.Resolve)) {
            t.reply(wish, onlyVotes(t, what.word()));
        } else if (what instanceof Wish.Check c) {
            FailingOver.check(t, wish, c);
        } else if (what instanceof Wish.ShowPlan p) {
            FailingOver.showPlan(t, wish, p);
        } else if (what instanceof Wish.Resolve r) {
            Resuming.resolve(t, wish, r);
        } else if (t.operation.isPresent() || t.state().openOperation().isPresent()) {
            String under = t.operation
                    .map(o -> o.what().word())
                    .orElse(t.state().openOperation().orElse(""));
            t.reply(wish, busy(t.me.group(), under));
        } else {
            t.operation = Optional.of(
                    new Operation(wish, what, t.now.nanos(), t.now.wall(), Optional.empty(), new Stage.Begun()));
            begin(t, wish, what);
        }
    }

    /** @param under what is under way, as its operator typed it */
    public static Answer busy(String group, String under) {
        return Answer.of(
                ExitCode.BUSY,
                "another operation is under way for group " + group + ": " + under + "; see it with: sfo status "
                        + group);
    }

    private static void begin(Turn t, String wish, Wish what) {
        if (what instanceof Wish.Create c) {
            Defining.create(t, c);
        } else if (what instanceof Wish.Destroy d) {
            Defining.destroy(t, d);
        } else if (what instanceof Wish.Change c) {
            Defining.change(t, c);
        } else if (what instanceof Wish.Failover f) {
            FailingOver.begin(t, wish, f);
        } else if (what instanceof Wish.Undo u) {
            Undoing.begin(t, wish, u);
        } else if (what instanceof Wish.Resume) {
            Resuming.begin(t, wish);
        }
    }

    /** Stored first: the keeper of the mirrors forgets it with its agent. */
    private static void mirrorWanted(Turn t, Input.MirrorWanted in) {
        String volume = in.volume().name();
        if (t.state().unmirrored().contains(volume) == in.wanted()) {
            t.store(n -> new GroupEvent.MirrorWanted(n, volume, in.wanted(), t.now.wall()));
        }
        t.act(new Act.KeepMirror(in.wish(), in.volume(), in.wanted()));
    }

    private static void sagaIs(Turn t, Input.SagaIs in) {
        if (in.what() instanceof Wish.Resolve r) {
            Resuming.close(t, in.wish(), r, in.saga(), in.state());
        } else {
            t.reply(in.wish(), FailingOver.planned(UndoRules.reversed(in.state().plan())));
        }
    }

    private static void tick(Turn t) {
        Hearing.tick(t);
        HandingOver.tick(t);
        FailingOver.proposeAgain(t);
        Serving.tick(t);
        ChangingTerms.end(t);
        waiting(t);
    }

    /** Whatever the operation under way waits for may have come, or be late. */
    private static void waiting(Turn t) {
        t.operation.ifPresent(o -> {
            if (o.stage() instanceof Stage.Collecting s) {
                Defining.collecting(t, s);
            } else if (o.stage() instanceof Stage.Outwaiting s && o.what() instanceof Wish.Failover f) {
                FailingOver.outwaiting(t, f, s);
            } else if (o.stage() instanceof Stage.Voting s) {
                FailingOver.voting(t, s);
            } else if (o.stage() instanceof Stage.Settling) {
                ChangingTerms.settling(t);
            } else if (o.stage() instanceof Stage.Mirroring s && o.what() instanceof Wish.Undo u) {
                Undoing.mirroring(t, s, u);
            }
        });
    }

    static boolean isLate(Turn t) {
        return t.isPast(t.operation.orElseThrow().began() + MEMBERS_ANSWER.toNanos());
    }

    static Answer wrongAppliance(Turn t, String what) {
        String holder = t.state().claim().appliance();
        return Answer.refused(
                "group " + t.me.group() + " is not served by " + t.me.self() + ": type it on "
                        + (holder.isEmpty() ? "its holder" : holder),
                List.of(new Reason(
                        "WRONG-APPLIANCE",
                        Weight.BLOCKS,
                        what + " was typed on " + t.me.self() + ", the holder is " + holder,
                        "type it on " + holder)));
    }

    static Answer onlyVotes(Turn t, String what) {
        String where = String.join(" or ", t.definition().members());
        return Answer.refused(
                t.me.self() + " only votes on group " + t.me.group() + ", and never serves it: type it on " + where,
                List.of(new Reason(
                        "WITNESS",
                        Weight.BLOCKS,
                        what + " was typed on " + t.me.self() + ", a witness of the group",
                        "type it on " + where)));
    }

    private static void journalRead(Turn t) {
        t.operation
                .filter(o -> o.saga().isEmpty() || !o.saga().equals(t.state().openOperation()))
                .ifPresent(o -> t.finish(
                        o.stage() instanceof Stage.Adjusting || o.stage() instanceof Stage.Settling
                                ? Answer.of(
                                        ExitCode.NEEDS_ATTENTION,
                                        "the journal could not be written: what is served may have changed already;"
                                                + " type it again")
                                : Answer.of(ExitCode.ROLLED_BACK, NOT_WRITTEN)));
        if (!t.exists()) {
            return;
        }
        t.lastSigns.putAll(t.state().lastSigns());
        t.act(new Act.TellStanding());
        t.state().servingSaga().ifPresent(saga -> t.saga(saga, new SagaOrder.Wake()));
        t.state().openOperation().ifPresent(saga -> t.saga(saga, new SagaInput.Report()));
        t.me.repaired()
                .filter(at -> !t.state().abstained().equals(Optional.of(at)))
                .ifPresent(at -> t.abstain("this appliance's journal was repaired", at));
        Hearing.beats(t).forEach(t::act);
        // one that dies before its first heartbeat comes would be looked at too late
        Hearing.expectWord(t, t.state().claim().appliance());
    }

    /** The operator is answered, and what comes next is begun. */
    static void sagaEnded(Turn t, String id, SagaState saga) {
        Optional<SagaEvent.HandOverEnded> notHandedOver = saga.handOver().filter(h -> !h.opened());
        if (notHandedOver.isPresent()) {
            Resuming.afterUndo(t, saga, notHandedOver.get().why());
            return;
        }
        if (Serving.takenDown(t, id)) {
            return;
        }
        boolean done = saga.ended().orElseThrow().outcome() == Outcome.DONE;
        SagaEvent.Kind kind = saga.opened().orElseThrow().kind();
        if (kind == SagaEvent.Kind.RESUME && saga.undo().isEmpty()) {
            Resuming.ended(t, done, saga.why());
        }
        t.operation.filter(o -> o.is(id)).ifPresent(o -> {
            if (o.what() instanceof Wish.Destroy) {
                t.store(n -> new GroupEvent.Destroyed(n, t.now.wall()));
                t.finish(Defining.destroyed(t));
                return;
            }
            boolean back = o.what() instanceof Wish.Undo
                    && (o.stage() instanceof Stage.ServingAgain || saga.undo().isEmpty());
            t.finish(SagaViews.answer(saga, back, t.millisSince(o.began())));
        });
    }
}
