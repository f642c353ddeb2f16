package sfo.ops.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Nic;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

@Timeout(60)
class LeasesTest {
    private static final String ADDRESS = "10.77.0.100";
    private static final FailoverInterface SLOT = new FailoverInterface(
            "fo0",
            List.of(Cidr.parse(ADDRESS + "/24")),
            new MacChoice(MacChoice.Kind.NONE, Optional.empty()),
            List.of(),
            List.of(),
            Map.of("a", new Nic("eth0", Nic.Use.SHARED)));
    private static final GroupDefinition GROUP = new GroupDefinition(
            "g", 1, "a", List.of("a", "b"), List.of(SLOT), List.of(), List.of(), Optional.of(new Lease(5)));
    private static final Resource.IsolationLease LEASE = new Resource.IsolationLease("g", "fo0");
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();

    private static Call call() {
        return Call.within(Duration.ofSeconds(20));
    }

    @SuppressWarnings("unchecked")
    private static <R extends Resource> Adapter<R> adapter(EmbeddedHost host, R resource) {
        return (Adapter<R>) host.adapters().stream()
                .filter(adapter -> adapter.kind() == resource.getClass())
                .findFirst()
                .orElseThrow();
    }

    private static <R extends Resource> void make(EmbeddedHost host, R resource) throws Exception {
        adapter(host, resource).apply(resource, call());
    }

    @Test
    void nobodyAnswersOnceTheLeaseHasRunOutThoughTheInterfaceIsOpen(@TempDir Path folder) throws Exception {
        EmbeddedHost host = EmbeddedHost.open(folder, "a", "127.0.0.1", List.of(), () -> {});
        World world = World.at(folder);
        host.passUntil(GROUP, System.nanoTime() + MINUTE, call());
        make(host, new Resource.GroupHost("g"));
        make(host, new Resource.ClosedInterface("g", SLOT, "a"));
        make(host, LEASE);
        make(host, new Resource.OpenInterface("g", SLOT, "a", List.of()));
        assertThat(world.holders(ADDRESS)).hasSize(1);
        host.passUntil(GROUP, System.nanoTime() - 1, call());
        assertThat(world.holders(ADDRESS)).isEmpty();
        host.passUntil(GROUP, System.nanoTime() + MINUTE, call());
        assertThat(world.holders(ADDRESS)).hasSize(1);
    }

    @Test
    void aLeaseThatWasNeverGrantedLetsNothingPassAndItsRevertTakesItAway(@TempDir Path folder) throws Exception {
        EmbeddedHost host = EmbeddedHost.open(folder, "a", "127.0.0.1", List.of(), () -> {});
        World world = World.at(folder);
        make(host, new Resource.GroupHost("g"));
        make(host, new Resource.ClosedInterface("g", SLOT, "a"));
        make(host, LEASE);
        make(host, new Resource.OpenInterface("g", SLOT, "a", List.of()));
        assertThat(world.holders(ADDRESS)).isEmpty();
        Adapter<Resource.IsolationLease> adapter = adapter(host, LEASE);
        assertThat(adapter.holds(LEASE, adapter.inspect(LEASE, call()))).isTrue();
        adapter.revert(LEASE, Facts.NOTHING, call());
        assertThat(adapter.inspect(LEASE, call())).isEqualTo(Facts.NOTHING);
        assertThat(world.holders(ADDRESS)).hasSize(1);
    }
}
