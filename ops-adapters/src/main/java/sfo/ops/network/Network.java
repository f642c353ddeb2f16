package sfo.ops.network;

import java.util.List;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.api.LifeProbe;
import sfo.ops.exec.Exec;
import sfo.protocol.control.Views.NicView;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.plan.Resource;

/** Everything of this package for one host. Closing it ends announcements that still go on; what is served stays. */
public final class Network implements AutoCloseable {
    private final Namespace host;
    private final Ip ip;
    private final Needs needs;
    private final Announcer announcer = new Announcer();

    private final LeaseAdapter lease;
    private final Connections connections = new Connections();

    /** @param host where the appliance's NICs are: {@link Namespace#OWN}, but for tests */
    public Network(Exec exec, Namespace host) {
        this.host = host;
        this.ip = new Ip(exec);
        this.needs = new Needs(exec);
        this.lease = new LeaseAdapter(exec);
    }

    /** Of group host, free address, closed interface, its lease, and open interface; to be called once. */
    public List<Adapter<? extends Resource>> adapters() {
        FreeAddressAdapter free = new FreeAddressAdapter(ip, host, needs);
        return List.of(
                new GroupHostAdapter(ip, announcer, needs),
                free,
                new ClosedInterfaceAdapter(ip, host, announcer, free, needs),
                lease,
                new OpenInterfaceAdapter(ip, host, announcer, needs));
    }

    /** What all of it lacks on this host. */
    public List<Lack> lacks() {
        return needs.lacks();
    }

    public LifeProbe probe() {
        return new WireProbe(ip, host);
    }

    /** See {@link sfo.ops.api.Host#nics}. */
    public List<NicView> nics(Call call) throws HostException {
        return new Nics(ip, host).survey(call);
    }

    /** See {@link sfo.ops.api.Host#connections}; starts no process. */
    public List<String> connections(String group) throws HostException {
        return connections.of(group);
    }

    /** See {@link sfo.ops.api.Host#passUntil}. */
    public void passUntil(GroupDefinition group, long nanos, Call call) throws HostException {
        lease.passUntil(group, nanos, call);
    }

    @Override
    public void close() {
        announcer.close();
    }
}
