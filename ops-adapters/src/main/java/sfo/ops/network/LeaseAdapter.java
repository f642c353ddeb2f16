package sfo.ops.network;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.exec.Exec;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.IsolationLease;

/**
 * The isolation lease: per interface a table of the netdev family in the group host, whose two chains, where frames of any
 * protocol come in from the device and go out to it, drop all of them unless the one element of a set is there. That has a
 * timeout: the kernel takes it away by itself. A renewal is one process, {@code nft}.
 */
final class LeaseAdapter implements Adapter<IsolationLease> {
    private final Exec exec;
    /** By group, until when frames may pass. */
    private final Map<String, Long> until = new ConcurrentHashMap<>();
    /** By group, when what was last written ends. */
    private final Map<String, Long> written = new ConcurrentHashMap<>();

    LeaseAdapter(Exec exec) {
        this.exec = exec;
    }

    @Override
    public Class<IsolationLease> kind() {
        return IsolationLease.class;
    }

    @Override
    public List<Lack> lacks() {
        return Exec.find("nft").isPresent()
                ? List.of()
                : List.of(new Lack("the command nft", "apt-get install nftables"));
    }

    @Override
    public Facts inspect(IsolationLease resource, Call call) throws HostException {
        Namespace host = Namespace.of(resource.group());
        if (!host.isSound()) {
            return Facts.NOTHING;
        }
        Exec.Output table = nft(host, "list table " + table(resource.slot()), call);
        if (!table.ok()) {
            return Facts.NOTHING;
        }
        boolean whole =
                table.out().contains("hook ingress device") && table.out().contains("hook egress device");
        return Facts.of("lease", whole ? "both ways" : "broken");
    }

    @Override
    public boolean holds(IsolationLease resource, Facts facts) {
        return facts.get("lease").equals("both ways");
    }

    @Override
    public void apply(IsolationLease resource, Call call) throws HostException {
        Namespace host = Namespace.of(resource.group()).needed();
        String slot = resource.slot();
        String script = "add table " + table(slot) + "\ndelete table " + table(slot) + "\ntable " + table(slot)
                + """
                 {
                  set open { type iface_index; flags timeout; }
                  chain in {
                    type filter hook ingress device "SLOT" priority -500; policy drop;
                    meta iif @open accept
                  }
                  chain out {
                    type filter hook egress device "SLOT" priority -500; policy drop;
                    meta oif @open accept
                  }
                }
                """.replace("SLOT", slot) + added(slot, until.getOrDefault(resource.group(), System.nanoTime()));
        Exec.Output made = nft(host, script, call);
        if (!made.ok()) {
            throw new HostException("no isolation lease on " + slot + " in " + host + ": "
                    + made.err().strip()
                    + ": it takes a kernel of 5.16 or newer with CONFIG_NETFILTER_EGRESS (see: uname -r); or make the"
                    + " group without --lease");
        }
    }

    @Override
    public void revert(IsolationLease resource, Facts before, Call call) throws HostException {
        Namespace host = Namespace.of(resource.group());
        if (!before.isNothing() || !host.isSound()) {
            return;
        }
        until.remove(resource.group());
        written.remove(resource.group());
        Exec.Output gone = nft(host, "delete table " + table(resource.slot()), call);
        if (!gone.ok() && !isMissing(gone)) {
            throw new HostException("the isolation lease on " + resource.slot() + " in " + host + " stays: "
                    + gone.err().strip());
        }
    }

    /** See {@link sfo.ops.api.Host#passUntil}. */
    void passUntil(GroupDefinition group, long nanos, Call call) throws HostException {
        until.put(group.name(), nanos);
        Namespace host = Namespace.of(group.name());
        if (!host.isSound()) {
            return;
        }
        boolean runs = written.getOrDefault(group.name(), Long.MIN_VALUE / 2) - System.nanoTime() > 0;
        StringBuilder script = new StringBuilder();
        for (FailoverInterface slot : group.interfaces()) {
            // one that ran out meanwhile is not there, and all of it fails: a renewal that is late revives nothing
            script.append(
                    runs
                            ? "delete element " + element(slot.slot(), "") + "\n"
                            : "flush set " + table(slot.slot()) + " open\n");
            script.append(added(slot.slot(), nanos));
        }
        Exec.Output renewed = nft(host, script.toString(), call);
        if (renewed.ok()) {
            written.put(group.name(), nanos);
        } else {
            written.remove(group.name());
            if (!isMissing(renewed)) {
                throw new HostException("nft in " + host + ": " + renewed.err().strip());
            }
        }
    }

    private Exec.Output nft(Namespace host, String script, Call call) throws HostException {
        return exec.run(call, List.of("ip", "netns", "exec", host.toString(), "nft", "-f", "-"), script);
    }

    private static boolean isMissing(Exec.Output output) {
        return output.err().contains("No such file or directory");
    }

    private static String table(String slot) {
        return "netdev lease_" + slot;
    }

    private static String element(String slot, String timeout) {
        return table(slot) + " open { \"" + slot + "\"" + timeout + " }";
    }

    /** Nothing if that is past. */
    private static String added(String slot, long until) {
        long millis = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
        return millis <= 0 ? "" : "add element " + element(slot, " timeout " + millis + "ms") + "\n";
    }
}
