package sfo.agent.boot;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import sfo.agent.membership.HelloClient;
import sfo.agent.membership.HelloWatch;
import sfo.agent.membership.Membership;
import sfo.agent.membership.PeerLink;
import sfo.config.load.Settings;
import sfo.protocol.control.Views;

/** What an agent offers to its parts. Usable from any thread; nothing blocks. */
public interface AgentContext {
    Settings settings();

    String version();

    String bootIdentity();

    /** What the start had to repair, until an operator acknowledges it. */
    Optional<JournalRepair> journalRepair();

    /** Why nothing can be stored on this appliance's disk any more; empty while all is well. */
    Optional<String> diskFault();

    /** What peers answered to hellos, and when anything was last heard of them. */
    HelloWatch hellos();

    /** For a hello at this very moment. */
    HelloClient helloClient();

    PeerLink peers();

    /** The actor system that runs now; empty while it is restarted. */
    Optional<ActorSystem<Void>> system();

    /**
     * The membership actor of the actor system that runs now.
     *
     * @throws IllegalStateException before the first actor system has started
     */
    ActorRef<Membership.Command> membership();

    /** Asks {@link #membership}; fails within 2 s if there is no answer, as while the actor system is restarted. */
    CompletionStage<List<Views.MemberView>> members();

    /** Ends the actor system that runs now, and starts another one; nothing happens if that is under way. */
    void restart(String why);
}
