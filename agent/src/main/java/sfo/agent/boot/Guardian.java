package sfo.agent.boot;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import java.util.List;
import java.util.function.Consumer;
import sfo.agent.membership.GroupJoiner;
import sfo.agent.membership.Membership;

/**
 * {@code /user/agent}: the parent of {@code membership}, {@code joiner} and the parts' actors. If one of the first two
 * fails, the actor system ends, and the agent starts another one.
 */
final class Guardian {
    private Guardian() {}

    static Behavior<Void> create(
            Agent agent,
            List<Part> parts,
            Behavior<Membership.Command> members,
            Consumer<ActorRef<Membership.Command>> known) {
        return Behaviors.setup(root -> {
            Behavior<Void> children = Behaviors.setup(context -> {
                ActorRef<Membership.Command> membership = context.spawn(members, "membership");
                context.watch(membership);
                known.accept(membership);
                parts.forEach(part -> part.start(context, agent));
                // last: a part's actors are there before a peer can reach them as members
                context.watch(context.spawn(GroupJoiner.create(agent), "joiner"));
                return Behaviors.ignore();
            });
            root.watch(root.spawn(children, "agent"));
            return Behaviors.ignore();
        });
    }
}
