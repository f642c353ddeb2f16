package sfo.ops.iscsi;

import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.share.GroupServers;
import sfo.ops.share.Tools;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.AnsweringTargets;

/**
 * Asks every disk as an initiator inside the group host, by the failover address, while its interface may still be down.
 * Asked once: a server that takes orders has all of its targets. Facts: {@code silent}, those that did not answer.
 */
public final class AnsweringTargetsAdapter implements Adapter<AnsweringTargets> {
    @Override
    public Class<AnsweringTargets> kind() {
        return AnsweringTargets.class;
    }

    @Override
    public List<Lack> lacks() {
        return Tools.lacks(Map.of());
    }

    @Override
    public Facts inspect(AnsweringTargets resource, Call call) throws HostException {
        if (!Files.exists(GroupServers.namespace(resource.group()))) {
            return Facts.NOTHING;
        }
        return Facts.of("silent", silent(resource, call));
    }

    @Override
    public boolean holds(AnsweringTargets resource, Facts facts) {
        return "".equals(facts.values().get("silent"));
    }

    /** @throws HostException that names those that do not answer */
    @Override
    public void apply(AnsweringTargets resource, Call call) throws HostException {
        String silent = silent(resource, call);
        if (!silent.isEmpty()) {
            throw new HostException("iSCSI targets of " + resource.group() + " do not answer inside the group host at "
                    + resource.address() + ": " + silent);
        }
    }

    /** Nothing to put back. */
    @Override
    public void revert(AnsweringTargets resource, Facts before, Call call) {}

    private static String silent(AnsweringTargets resource, Call call) throws HostException {
        Map<String, String> silent = IscsiProbe.silent(resource.group(), resource.address(), resource.targets(), call);
        return silent.entrySet().stream()
                .map(one -> one.getKey() + " (" + one.getValue() + ")")
                .collect(Collectors.joining(", "));
    }
}
