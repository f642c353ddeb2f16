package sfo.ops.api;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import sfo.ops.volume.Mirror;
import sfo.protocol.control.Views;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.plan.Resource;

/** Everything that an agent asks of its host, real or embedded. */
public interface Host {
    List<Adapter<? extends Resource>> adapters();

    /** Another one after each boot, if this host has one of its own; else the agent's is meant. */
    default Optional<String> bootIdentity() {
        return Optional.empty();
    }

    Mirror mirror();

    LunFiles lunFiles();

    LifeProbe probe();

    /** Where a volume of a group is mounted on any host. */
    Path mountPoint(String group, String volume);

    /** The NICs that a group may use, with what speaks against each as a spare one. */
    List<Views.NicView> nics(Call call) throws HostException;

    List<Views.PluginView> plugins();

    /** Clients' TCP connections to the group's servers now, {@code "client:port server:port"}; cheap enough for each second. */
    List<String> connections(String group) throws HostException;

    /**
     * Frames of the group's interfaces that have a lease pass until then, by {@link System#nanoTime()}, whatever becomes of
     * this process. Where there is no such interface yet, it is kept for the one that is made.
     */
    void passUntil(GroupDefinition group, long nanos, Call call) throws HostException;

    /**
     * Lines of this host's own start-up settings that would also start what travels with these volumes and addresses
     * (fstab, enabled units, network settings), each as {@code file:line: text}.
     */
    List<String> startedAtBoot(List<String> volumesAndAddresses) throws HostException;

    /** {@code listener} is told the group when a server of it ended, however it came. Called on any thread. */
    void whenServerEnds(Consumer<String> listener);

    /** Ends what a command of this step left running. */
    int endOrphans(String tag, Call call) throws HostException;
}
