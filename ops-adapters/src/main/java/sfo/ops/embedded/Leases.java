package sfo.ops.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import sfo.ops.api.Adapter;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.IsolationLease;

/** An isolation lease is a file with a deadline, by the machine's monotonic clock, that whoever looks at the wire honours. */
final class Leases {
    /** @param until by {@link System#nanoTime()}, which all processes of a machine share */
    record Deadline(long until) {}

    private Leases() {}

    private static Path folder(World world, String appliance, String group) {
        return NetworkAdapters.groupHost(world, appliance, group).resolve("leases");
    }

    static void renew(World world, String appliance, String group, long nanos) throws IOException {
        for (String slot : Disk.names(folder(world, appliance, group))) {
            Disk.write(folder(world, appliance, group).resolve(slot), new Deadline(nanos));
        }
    }

    /** Whether frames pass: each lease that is there still runs. */
    static boolean pass(World world, String appliance, String group) throws IOException {
        Path folder = folder(world, appliance, group);
        for (String slot : Disk.names(folder)) {
            boolean over = Disk.read(folder.resolve(slot), Deadline.class)
                    .filter(lease -> System.nanoTime() - lease.until() >= 0)
                    .isPresent();
            if (over) {
                return false;
            }
        }
        return true;
    }

    static Adapter<IsolationLease> adapter(EmbeddedHost host) {
        return new Simple<>(IsolationLease.class, host) {
            private Path file(IsolationLease r) {
                return folder(host.world(), host.appliance(), r.group()).resolve(r.slot());
            }

            @Override
            Facts look(IsolationLease r) {
                return Files.exists(file(r)) ? Facts.of("lease", "there") : Facts.NOTHING;
            }

            @Override
            public boolean holds(IsolationLease r, Facts facts) {
                return !facts.isNothing();
            }

            @Override
            void make(IsolationLease r) throws IOException {
                Disk.write(file(r), new Deadline(host.passesUntil(r.group())));
            }

            @Override
            void putBack(IsolationLease r, Facts before) throws IOException {
                if (before.isNothing()) {
                    Files.deleteIfExists(file(r));
                }
            }
        };
    }
}
