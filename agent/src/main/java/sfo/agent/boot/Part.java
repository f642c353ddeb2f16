package sfo.agent.boot;

import akka.actor.typed.javadsl.ActorContext;
import java.util.List;
import sfo.protocol.peer.Hello;

/**
 * Something that lives in an agent. A part outlives the actor systems, of which there may be several in a JVM, one after
 * the other: what has to survive a restart of the actor system (a step that runs, a lock) is a field of the part; what has
 * to survive the JVM is in the journal.
 */
public interface Part extends AutoCloseable {
    /** Once, when the checks have passed and before the first actor system; parts in their order. May block. */
    default void open(AgentContext agent) {}

    /**
     * Once per actor system, with {@link AgentContext#membership} at hand: spawns this part's actors, which so are at
     * {@code /user/agent/NAME}. If one of them is to end the agent's actor system when it stops, watch it here.
     */
    void start(ActorContext<?> context, AgentContext agent);

    /** Whether a saga is open: as long as it is, the actor system is not restarted. Any thread; must not block. */
    default boolean openSaga() {
        return false;
    }

    /** For the hello. Any thread; must not block. */
    default List<Hello.GroupClaim> groups() {
        return List.of();
    }

    /** Once, when the agent ends, after its actors: in reverse order, within a second; never touches what is served. */
    @Override
    default void close() {}
}
