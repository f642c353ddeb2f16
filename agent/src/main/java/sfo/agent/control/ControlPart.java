package sfo.agent.control;

import akka.actor.typed.javadsl.ActorContext;
import java.io.IOException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import sfo.agent.boot.AgentContext;
import sfo.agent.boot.Part;
import sfo.agent.boot.StartRefused;

/** The control socket as a part of an agent: operators are answered also while its actor system restarts. */
public final class ControlPart implements Part {
    private final Function<AgentContext, Supplier<Operations>> operations;
    private @Nullable ControlServer server;

    /** @param operations as {@link ControlServer#start} wants them */
    public ControlPart(Function<AgentContext, Supplier<Operations>> operations) {
        this.operations = operations;
    }

    @Override
    public void open(AgentContext agent) {
        try {
            server = ControlServer.start(agent.settings().socket(), operations.apply(agent));
        } catch (IOException e) {
            throw new StartRefused("control socket " + agent.settings().socket() + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void start(ActorContext<?> context, AgentContext agent) {
        // nothing of it lives in the actor system
    }

    @Override
    public void close() {
        if (server == null) {
            return;
        }
        try {
            server.close();
        } catch (IOException e) {
            LoggerFactory.getLogger(ControlPart.class).warn("the control socket did not close", e);
        }
    }
}
