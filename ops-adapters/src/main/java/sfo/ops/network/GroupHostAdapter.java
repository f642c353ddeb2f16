package sfo.ops.network;

import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.GroupHost;

/** The group's network namespace, {@code sfo-GROUP}, with loopback up. Its revert ends whatever still runs in it. */
final class GroupHostAdapter implements Adapter<GroupHost> {
    private static final Facts BROKEN = Facts.of("namespace", "broken");

    private final Ip ip;
    private final Announcer announcer;
    private final Needs needs;

    GroupHostAdapter(Ip ip, Announcer announcer, Needs needs) {
        this.ip = ip;
        this.announcer = announcer;
        this.needs = needs;
    }

    @Override
    public Class<GroupHost> kind() {
        return GroupHost.class;
    }

    @Override
    public List<Lack> lacks() {
        return needs.lacks();
    }

    @Override
    public Facts inspect(GroupHost resource, Call call) throws HostException {
        Namespace host = Namespace.of(resource.group());
        if (!host.isThere()) {
            return Facts.NOTHING;
        }
        if (!host.isSound()) {
            return BROKEN;
        }
        boolean up = ip.link(host, "lo", call).map(Ip.Link::up).orElse(false);
        return Facts.of("namespace", host.toString(), "loopback", up ? "up" : "down");
    }

    @Override
    public boolean holds(GroupHost resource, Facts facts) {
        return facts.equals(Facts.of("namespace", Namespace.of(resource.group()).toString(), "loopback", "up"));
    }

    @Override
    public void apply(GroupHost resource, Call call) throws HostException {
        Namespace host = Namespace.of(resource.group());
        if (host.isThere() && !host.isSound()) {
            // left by a creation that was cut off between the name and the namespace
            ip.run(call, "netns", "del", host.toString());
        }
        if (!host.isThere()) {
            ip.run(call, "netns", "add", host.toString());
        }
        ip.act(host, List.of("link set dev lo up"), call);
    }

    @Override
    public void revert(GroupHost resource, Facts before, Call call) throws HostException {
        Namespace host = Namespace.of(resource.group());
        if (!before.isNothing() && !before.equals(BROKEN)) {
            return;
        }
        announcer.stop(host);
        if (host.isSound()) {
            endProcesses(host, call);
        }
        if (host.isThere()) {
            ip.run(call, "netns", "del", host.toString());
        }
    }

    private static void endProcesses(Namespace host, Call call) throws HostException {
        for (List<ProcessHandle> left = host.processes(); !left.isEmpty(); left = host.processes()) {
            left.forEach(ProcessHandle::destroyForcibly);
            for (ProcessHandle process : left) {
                await(process, host, call);
            }
        }
    }

    private static void await(ProcessHandle process, Namespace host, Call call) throws HostException {
        try {
            process.onExit().get(call.left().toMillis() + 1, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HostException("interrupted while ending process " + process.pid() + " in " + host, e);
        } catch (ExecutionException | TimeoutException e) {
            String command = process.info().command().orElse("?");
            throw new HostException(
                    "process " + process.pid() + " (" + command + ") in the group host " + host
                            + " does not end, though it was killed: look what it waits for with: cat /proc/"
                            + process.pid() + "/stack",
                    e);
        }
    }
}
