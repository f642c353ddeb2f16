package sfo.agent.boot;

import java.util.List;
import sfo.agent.control.ControlPart;
import sfo.agent.group.AgentOperations;
import sfo.agent.group.GroupsPart;
import sfo.config.load.Settings;
import sfo.ops.api.Host;
import sfo.ops.api.HostException;
import sfo.ops.api.NoHost;
import sfo.ops.embedded.EmbeddedHost;
import sfo.ops.linux.LinuxHost;

/** The one place that says what an agent is made of. */
final class Parts {
    private Parts() {}

    static List<Part> of(Settings settings) {
        GroupsPart groups = new GroupsPart(host(settings));
        return List.of(groups, new ControlPart(agent -> {
            AgentOperations operations = new AgentOperations(agent, groups);
            return () -> {
                groups.registry();
                return operations;
            };
        }));
    }

    private static Host host(Settings settings) {
        if (settings.witness()) {
            return new NoHost();
        }
        if (settings.adapters().embedded().isEmpty()) {
            return new LinuxHost(settings);
        }
        try {
            return EmbeddedHost.open(settings);
        } catch (HostException e) {
            throw new StartRefused(String.valueOf(e.getMessage()), e);
        }
    }
}
