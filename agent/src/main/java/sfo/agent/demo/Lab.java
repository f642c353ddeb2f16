package sfo.agent.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.stream.Stream;
import sfo.ops.exec.Exec;

/**
 * Two appliances, {@code a} and {@code b}, and a client on this machine, for the demo and for scenarios. Each appliance
 * has a folder that outlives its power cuts, with the agent's settings, data and log. Closing takes everything away, and
 * so do Ctrl-C and, at the latest when another lab is made, the death of this process. Not for use by several threads.
 */
public interface Lab extends AutoCloseable {
    List<String> APPLIANCES = List.of("a", "b");
    String GROUP = "demo";
    String ADDRESS = "10.77.0.100";

    /** Below it all that it writes. */
    Path folder();

    /** The NIC of each appliance that a group may use. */
    String nic();

    /** What an operator types on {@code a} so that it serves the group: a mirrored volume, exported by NFS and by SMB. */
    default List<List<String>> served() {
        return Stream.of(
                        "group create %1$s --member a --member b --home a --nic a=%2$s --nic b=%2$s --address %3$s/24"
                                + " --gateway 10.77.0.254 -y",
                        "cdp create %1$s/tank --size 256M",
                        "share create %1$s n --nfs --volume tank",
                        "share create %1$s s --smb --guest --volume tank")
                .map(line -> List.of(line.formatted(GROUP, nic(), ADDRESS).split(" ")))
                .toList();
    }

    /** Switches an appliance on, and starts its agent; what it had on disk before is there. Returns before the agent serves. */
    void powerOn(String appliance) throws IOException;

    /** Cuts its power: returns when no process, mount or NIC of it is left. Only its disks remain. */
    void cutPower(String appliance) throws IOException;

    /** Kills the agent alone (kill -9); what it serves goes on. */
    void killAgent(String appliance) throws IOException;

    /** Starts the agent of an appliance that has power and none. */
    void startAgent(String appliance) throws IOException;

    /** Whether the agent's process runs. */
    boolean agentRuns(String appliance);

    /** Runs the product's own client, {@code sfo words…}, on an appliance. @throws IOException if it does not end in time */
    Exec.Output sfo(String appliance, Duration limit, List<String> words) throws IOException;

    /** The control socket of its agent, as this process reaches it; nobody answers there while it has no power. */
    Path socket(String appliance);

    /** Clients of the group's shares, not yet at work. */
    List<Workload> clients() throws IOException;

    /**
     * What is true of an appliance's host, asked without the product: by section, lines that do not change by themselves
     * (no counters, times, or process ids).
     */
    NavigableMap<String, NavigableSet<String>> dump(String appliance) throws IOException;

    /** Where an appliance's agent writes its log. */
    Path log(String appliance);

    /** Idempotent. What could not be removed is said on standard error. */
    @Override
    void close();
}
