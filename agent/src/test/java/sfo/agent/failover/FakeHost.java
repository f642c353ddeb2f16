package sfo.agent.failover;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.Host;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.api.LifeProbe;
import sfo.ops.api.LunFiles;
import sfo.ops.exec.Exec;
import sfo.ops.volume.Mirror;
import sfo.protocol.control.Views;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/** A host on which group hosts are there or not, and acts fail, hang or lie as a test says. By the group host's name. */
final class FakeHost implements Host {
    final Set<String> there = ConcurrentHashMap.newKeySet();
    final List<String> acts = new CopyOnWriteArrayList<>();
    /** What fails ({@code inspect one}, {@code apply one}, {@code revert one}), and how often. */
    final Map<String, Integer> failing = new ConcurrentHashMap<>();
    /** Acts that report a time-out although they did it. */
    final Set<String> lying = ConcurrentHashMap.newKeySet();
    /** Acts that wait until they are let go. */
    final Map<String, CountDownLatch> held = new ConcurrentHashMap<>();

    Runnable onAct = () -> {};
    Runnable onLook = () -> {};
    /** Ends processes that really run. */
    boolean endsOrphans;

    @Override
    public List<Adapter<? extends Resource>> adapters() {
        return List.of(new GroupHosts());
    }

    private void await(String what) throws HostException {
        CountDownLatch latch = held.get(what);
        if (latch != null) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new HostException("interrupted", e);
            }
        }
    }

    private void act(String what, Runnable change) throws HostException {
        onAct.run();
        acts.add(what);
        await(what);
        fail(what);
        change.run();
        if (lying.contains(what)) {
            throw new HostException("time ran out");
        }
    }

    private void fail(String what) throws HostException {
        int left = failing.getOrDefault(what, 0);
        if (left > 0) {
            failing.put(what, left - 1);
            throw new HostException("no carrier");
        }
    }

    private final class GroupHosts implements Adapter<Resource.GroupHost> {
        @Override
        public Class<Resource.GroupHost> kind() {
            return Resource.GroupHost.class;
        }

        @Override
        public List<Lack> lacks() {
            return List.of();
        }

        @Override
        public Facts inspect(Resource.GroupHost resource, Call call) throws HostException {
            onLook.run();
            acts.add("inspect " + resource.group());
            await("inspect " + resource.group());
            fail("inspect " + resource.group());
            return there.contains(resource.group()) ? Facts.of("there", "yes") : Facts.NOTHING;
        }

        @Override
        public boolean holds(Resource.GroupHost resource, Facts facts) {
            return !facts.isNothing();
        }

        @Override
        public void apply(Resource.GroupHost resource, Call call) throws HostException {
            act("apply " + resource.group(), () -> there.add(resource.group()));
        }

        @Override
        public void revert(Resource.GroupHost resource, Facts before, Call call) throws HostException {
            act("revert " + resource.group(), () -> {
                if (before.isNothing()) {
                    there.remove(resource.group());
                }
            });
        }
    }

    /** Applies and reverts, in their order. */
    List<String> changes() {
        List<String> changes = new ArrayList<>(acts);
        changes.removeIf(a -> a.startsWith("inspect"));
        return changes;
    }

    @Override
    public Mirror mirror() {
        throw new UnsupportedOperationException();
    }

    @Override
    public LunFiles lunFiles() {
        throw new UnsupportedOperationException();
    }

    @Override
    public LifeProbe probe() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Path mountPoint(String group, String volume) {
        return Path.of("/", group, volume);
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
    public void passUntil(GroupDefinition group, long nanos, Call call) {
        // nothing here has a lease
    }

    @Override
    public List<String> startedAtBoot(List<String> volumesAndAddresses) {
        return List.of();
    }

    @Override
    public void whenServerEnds(Consumer<String> listener) {}

    @Override
    public int endOrphans(String tag, Call call) throws HostException {
        return endsOrphans ? new Exec().endOrphans(tag, call) : 0;
    }
}
