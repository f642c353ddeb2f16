package sfo.ops.embedded;

import java.io.IOException;
import java.util.List;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/** An adapter whose acts are short work on files, under the world's lock, on an appliance that has power. */
abstract class Simple<R extends Resource> implements Adapter<R> {
    private final Class<R> kind;
    private final EmbeddedHost host;

    Simple(Class<R> kind, EmbeddedHost host) {
        this.kind = kind;
        this.host = host;
    }

    abstract Facts look(R resource) throws IOException;

    abstract void make(R resource) throws IOException;

    abstract void putBack(R resource, Facts before) throws IOException;

    @Override
    public final Class<R> kind() {
        return kind;
    }

    @Override
    public final List<Lack> lacks() {
        return List.of();
    }

    @Override
    public final Facts inspect(R resource, Call call) throws HostException {
        return host.act(() -> look(resource));
    }

    @Override
    public final void apply(R resource, Call call) throws HostException {
        host.change(() -> make(resource));
    }

    @Override
    public final void revert(R resource, Facts before, Call call) throws HostException {
        host.change(() -> putBack(resource, before));
    }
}
