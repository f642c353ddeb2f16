package sfo.agent.group;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import sfo.agent.failover.FailoverSaga;
import sfo.agent.failover.FailoverSaga.Told;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.member.SagaOrder;

/** The sagas of one group, each made when it is first spoken to. */
final class Sagas {
    private final ActorContext<?> context;
    private final Surroundings around;
    private final ActorRef<Told> parent;
    private final Map<String, ActorRef<FailoverSaga.Command>> actors = new HashMap<>();
    private final Map<String, SagaState> states = new HashMap<>();

    Sagas(ActorContext<?> context, Surroundings around, ActorRef<Told> parent) {
        this.context = context;
        this.around = around;
        this.parent = parent;
    }

    private ActorRef<FailoverSaga.Command> actor(String id) {
        return actors.computeIfAbsent(
                id,
                name -> context.spawn(
                        FailoverSaga.create(name, around.boot(), around.repaired(), around.runner(), parent),
                        "saga-" + name));
    }

    void show(String id, Consumer<SagaState> reply) {
        actor(id).tell(new FailoverSaga.Show(reply));
    }

    /** As it was told last. */
    Optional<SagaState> last(String id) {
        return Optional.ofNullable(states.get(id));
    }

    void heard(Told news) {
        if (news instanceof Told.Moved m) {
            states.put(m.saga(), m.state());
        } else if (news instanceof Told.Adjusted a) {
            states.put(a.saga(), a.state());
        } else if (news instanceof Told.Ended e) {
            states.put(e.saga(), e.state());
        } else if (news instanceof Told.NeverOpened n) {
            states.put(n.saga(), SagaState.EMPTY);
        }
    }

    void tell(String id, SagaOrder order) {
        ActorRef<FailoverSaga.Command> saga = actor(id);
        if (order instanceof SagaOrder.Say say) {
            saga.tell(new FailoverSaga.In(say.input()));
        } else if (order instanceof SagaOrder.Prepare prepare) {
            saga.tell(new FailoverSaga.Prepare(prepare.plan(), Duration.ofMillis(prepare.afterMillis())));
        } else if (order instanceof SagaOrder.Look) {
            saga.tell(new FailoverSaga.Look());
        } else if (order instanceof SagaOrder.Adjust adjust) {
            saga.tell(new FailoverSaga.Adjust(adjust.id(), adjust.plan()));
        } else if (order instanceof SagaOrder.Open o) {
            OptionalLong until = o.openUntil();
            saga.tell(new FailoverSaga.Open(
                    o.kind(),
                    o.plan(),
                    o.claim(),
                    o.by().user(),
                    o.by().reason(),
                    o.dossier(),
                    () -> until.isEmpty() || System.nanoTime() - until.getAsLong() < 0));
        }
    }
}
