package sfo.agent.rules.member;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.UndoRules;
import sfo.protocol.control.Answer;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Reason;
import sfo.protocol.peer.GroupMessage;

/** On the survivor, while it still serves: brings home up to date, then begins to hand over. */
final class Undoing {
    private Undoing() {}

    static void begin(Turn t, String wish, Wish.Undo u) {
        if (!t.holds()) {
            t.finish(MemberRules.wrongAppliance(t, "undo"));
            return;
        }
        String home = t.definition().home();
        if (home.equals(t.me.self())) {
            t.finish(Answer.refused(
                    "there is nothing to undo: " + home + " is the home of group " + t.me.group(), List.of()));
            return;
        }
        List<Reason> reasons = against(t, home, u);
        if (!reasons.isEmpty()) {
            t.finish(servesOn(t, reasons));
        } else if (u.request().dryRun()) {
            t.operation = Optional.empty();
            FailingOver.showPlan(t, wish, new Wish.ShowPlan(true));
        } else {
            if (u.request().acceptLoss()) {
                t.act(new Act.AcceptLoss(true));
            }
            Operation.Stage.Mirroring stage = new Operation.Stage.Mirroring(home, t.now.nanos(), List.of());
            t.stage(stage);
            mirroring(t, stage, u);
        }
    }

    private static List<Reason> against(Turn t, String to, Wish.Undo u) {
        return UndoRules.refusing(
                UndoRules.mayReturn(to, Optional.ofNullable(t.beats.get(to)), t.me.group()),
                Optional.empty(),
                u.request().acceptLoss());
    }

    private static Answer servesOn(Turn t, List<Reason> reasons) {
        return Answer.refused("refused, " + t.me.self() + " serves on", reasons);
    }

    static void mirroring(Turn t, Operation.Stage.Mirroring s, Wish.Undo u) {
        List<Reason> reasons = against(t, s.to(), u);
        if (!reasons.isEmpty()) {
            giveUp(t, servesOn(t, reasons));
            return;
        }
        Optional<GroupMessage.Beat> beat = Optional.ofNullable(t.beats.get(s.to()));
        Optional<String> behind = UndoRules.notYetMirrored(t.mirrors, beat);
        if (behind.isPresent()) {
            List<MirrorState> home = beat.map(GroupMessage.Beat::mirrors).orElse(s.home());
            boolean moves = UndoRules.isCopied(t.mirrors) || !home.equals(s.home());
            long movedAt = moves ? t.now.nanos() : s.movedAt();
            Duration idle = Duration.ofNanos(t.now.nanos() - movedAt);
            t.stage(new Operation.Stage.Mirroring(s.to(), movedAt, home));
            if (idle.compareTo(UndoRules.MIRROR_BEGINS) > 0) {
                giveUp(
                        t,
                        Answer.refused(
                                t.me.self() + " serves on: nothing was mirrored to " + s.to() + " for "
                                        + idle.toSeconds() + " s; " + behind.get() + " (" + details(t) + ")",
                                List.of()));
            } else {
                t.show("resync", "brings " + s.to() + " up to date", "running", 0, behind.get());
            }
            return;
        }
        t.show(
                "resync",
                s.to() + " has everything",
                "done",
                t.millisSince(t.operation.orElseThrow().began()),
                "");
        if (!t.holds() || t.state().openOperation().isPresent()) {
            t.finish(MemberRules.wrongAppliance(t, "undo"));
            return;
        }
        String saga = t.state().servingSaga().orElseThrow();
        t.stage(new Operation.Stage.Begun());
        t.carriedOutBy(saga);
        t.store(n -> new GroupEvent.OperationReopened(n, saga, "undo", t.now.wall()));
        t.saga(saga, new SagaInput.Undo(s.to(), u.by().user(), u.by().reason()));
    }

    private static String details(Turn t) {
        return t.mirrors.stream()
                .filter(s -> s.sync() != MirrorState.Sync.REPLICATING)
                .map(MirrorState::detail)
                .collect(Collectors.joining("; "));
    }

    /** Nothing was touched; what the operator would have given up for this undo is given up no more. */
    private static void giveUp(Turn t, Answer answer) {
        t.act(new Act.AcceptLoss(false));
        t.finish(answer);
    }
}
