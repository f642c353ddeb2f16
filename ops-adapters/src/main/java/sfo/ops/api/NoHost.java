package sfo.ops.api;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import sfo.ops.volume.Mirror;
import sfo.protocol.control.Views;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.plan.Resource;

/** The host of an agent that only votes: nothing of it is offered, and nothing ever touched. */
public final class NoHost implements Host {
    private static final String WHY = "this agent only votes, and does nothing to its host";

    @Override
    public List<Adapter<? extends Resource>> adapters() {
        return List.of();
    }

    @Override
    public Mirror mirror() {
        throw new IllegalStateException(WHY);
    }

    @Override
    public LunFiles lunFiles() {
        throw new IllegalStateException(WHY);
    }

    @Override
    public LifeProbe probe() {
        throw new IllegalStateException(WHY);
    }

    @Override
    public Path mountPoint(String group, String volume) {
        throw new IllegalStateException(WHY);
    }

    @Override
    public List<Views.NicView> nics(Call call) {
        return List.of();
    }

    @Override
    public List<Views.PluginView> plugins() {
        return List.of();
    }

    @Override
    public List<String> connections(String group) {
        return List.of();
    }

    @Override
    public void passUntil(GroupDefinition group, long nanos, Call call) throws HostException {
        throw new HostException(WHY);
    }

    @Override
    public List<String> startedAtBoot(List<String> volumesAndAddresses) {
        return List.of();
    }

    @Override
    public void whenServerEnds(Consumer<String> listener) {}

    @Override
    public int endOrphans(String tag, Call call) {
        return 0;
    }
}
