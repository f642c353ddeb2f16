package sfo.agent.rules.member;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import sfo.agent.rules.SagaInput;
import sfo.protocol.events.GroupEvent;

/** A holder looks now and then whether what it serves is still as it was served. */
final class Serving {
    private static final Duration WELL = Duration.ofSeconds(60);
    static final Duration BROKEN = Duration.ofSeconds(5);

    private Serving() {}

    static void tick(Turn t) {
        if (!t.holds()) {
            t.broken = List.of();
        }
        boolean free = t.operation.isEmpty() && t.state().openOperation().isEmpty();
        if (free && t.holds() && t.isPast(t.lookAfter)) {
            t.lookAfter = t.in(WELL);
            t.saga(t.state().servingSaga().orElseThrow(), new SagaOrder.Look());
        }
    }

    /** Perhaps by itself: it looks as soon as nothing else is done. */
    static void serverEnded(Turn t) {
        t.lookAfter = t.in(Duration.ZERO);
    }

    static void looked(Turn t, Input.SagaLooked in) {
        if (!t.state().servingSaga().equals(Optional.of(in.saga()))) {
            return;
        }
        if (!in.broken().isEmpty()) {
            t.lookAfter = t.in(BROKEN);
        }
        if (!in.broken().equals(t.broken)) {
            t.act(new Act.Warn("group " + t.me.group() + ": "
                    + (in.broken().isEmpty() ? "everything is served again" : String.join("; ", in.broken()))));
        }
        t.broken = in.broken();
    }

    // --- an operator has all of it taken down and served again

    static void takeDown(Turn t) {
        String saga = t.state().servingSaga().orElseThrow();
        t.carriedOutBy(saga);
        t.stage(new Operation.Stage.TakingDown());
        t.store(n -> new GroupEvent.OperationReopened(n, saga, "resume", t.now.wall()));
        t.saga(saga, new SagaInput.Release("taken down, to be served again"));
    }

    /** Whether that is so; then it is served again. */
    static boolean takenDown(Turn t, String saga) {
        Optional<Wish.Resume> wish = t.operation
                .filter(o -> o.is(saga) && o.stage() instanceof Operation.Stage.TakingDown)
                .filter(o -> t.standsBy() && t.named())
                .map(Operation::what)
                .filter(Wish.Resume.class::isInstance)
                .map(Wish.Resume.class::cast);
        wish.ifPresent(resume -> {
            t.broken = List.of();
            t.stage(new Operation.Stage.Begun());
            t.carriedOutBy(Resuming.resumed(t, resume.by()));
        });
        return wish.isPresent();
    }
}
