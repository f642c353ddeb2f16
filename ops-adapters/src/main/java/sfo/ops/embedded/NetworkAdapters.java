package sfo.ops.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import sfo.ops.api.Adapter;
import sfo.ops.faults.Faults;
import sfo.protocol.json.Json;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.Mac;
import sfo.protocol.model.Nic;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/** A group host is a folder; an interface is a file in it; one that is open also answers on the wire. */
final class NetworkAdapters {
    /** @param up whether it answers */
    record Interface(String slot, String device, String mac, List<String> addresses, boolean up) {
        Interface turned(boolean on) {
            return new Interface(slot, device, mac, addresses, on);
        }
    }

    private final EmbeddedHost host;

    NetworkAdapters(EmbeddedHost host) {
        this.host = host;
    }

    List<Adapter<? extends Resource>> all() {
        Faults faults = host.faults();
        return List.of(
                faults.around(groupHost()),
                faults.around(closed()),
                faults.around(Leases.adapter(host)),
                faults.around(free()),
                faults.around(open()));
    }

    static Path groupHost(World world, String appliance, String group) {
        return world.run(appliance).resolve("hosts").resolve(group);
    }

    private Path folder(String group) {
        return groupHost(host.world(), host.appliance(), group);
    }

    private Path interfaces(String group) {
        return folder(group).resolve("interfaces");
    }

    private Optional<Interface> read(String group, String slot) throws IOException {
        return Disk.read(interfaces(group).resolve(slot), Interface.class);
    }

    private void put(String group, Interface wanted) throws IOException {
        World world = host.world();
        if (!wanted.up()) {
            for (String address : wanted.addresses()) {
                world.silence(address, host.appliance());
            }
        }
        Disk.write(interfaces(group).resolve(wanted.slot()), wanted);
        if (wanted.up()) {
            long boot = world.power(host.appliance()).boot();
            for (String address : wanted.addresses()) {
                world.answer(new World.Wire(address, host.appliance(), boot, wanted.mac(), group));
            }
        }
    }

    private void remove(String group, String slot) throws IOException {
        Optional<Interface> there = read(group, slot);
        if (there.isPresent()) {
            put(group, there.get().turned(false));
            Files.deleteIfExists(interfaces(group).resolve(slot));
        }
    }

    private Interface wanted(FailoverInterface definition, boolean up) throws IOException {
        Nic nic = definition.nics().get(host.appliance());
        if (nic == null) {
            throw new IOException(
                    "interface " + definition.slot() + " has no NIC on " + host.appliance() + " (it has one on "
                            + String.join(", ", new TreeSet<>(definition.nics().keySet())) + ")");
        }
        List<String> addresses =
                definition.addresses().stream().map(Cidr::host).sorted().toList();
        String mac = definition.mac().mac().map(Mac::value).orElse(host.nicMac(nic.device()));
        return new Interface(definition.slot(), nic.device(), mac, addresses, up);
    }

    private static Facts facts(Optional<Interface> there) {
        return there.map(i -> Facts.of("interface", Json.text(i.turned(false)), "up", String.valueOf(i.up())))
                .orElse(Facts.NOTHING);
    }

    private boolean matches(FailoverInterface definition, Facts facts, boolean up) {
        try {
            return facts.equals(facts(Optional.of(wanted(definition, up))));
        } catch (IOException noNicHere) {
            return false;
        }
    }

    private void needGroupHost(String group) throws IOException {
        if (!Files.isDirectory(folder(group))) {
            throw new IOException("group host " + group + " is not there on " + host.appliance());
        }
    }

    private void putBack(String group, String slot, Facts before) throws IOException {
        if (before.isNothing()) {
            remove(group, slot);
        } else {
            Interface was = Json.read(before.get("interface"), Interface.class);
            put(group, was.turned(Boolean.parseBoolean(before.get("up"))));
        }
    }

    private Adapter<Resource.GroupHost> groupHost() {
        return new Simple<>(Resource.GroupHost.class, host) {
            @Override
            Facts look(Resource.GroupHost r) {
                return Files.isDirectory(folder(r.group())) ? Facts.of("group-host", "there") : Facts.NOTHING;
            }

            @Override
            public boolean holds(Resource.GroupHost r, Facts facts) {
                return !facts.isNothing();
            }

            @Override
            void make(Resource.GroupHost r) throws IOException {
                Files.createDirectories(interfaces(r.group()));
            }

            @Override
            void putBack(Resource.GroupHost r, Facts before) throws IOException {
                if (before.isNothing()) {
                    for (String slot : Disk.names(interfaces(r.group()))) {
                        remove(r.group(), slot);
                    }
                    Disk.deleteTree(folder(r.group()));
                } else {
                    make(r);
                }
            }
        };
    }

    private Adapter<Resource.ClosedInterface> closed() {
        return new Simple<>(Resource.ClosedInterface.class, host) {
            @Override
            Facts look(Resource.ClosedInterface r) throws IOException {
                return facts(read(r.group(), r.definition().slot()));
            }

            @Override
            public boolean holds(Resource.ClosedInterface r, Facts facts) {
                // open, it is more than that: a saga that goes on after a restart finds this step done either way
                return matches(r.definition(), facts, false) || matches(r.definition(), facts, true);
            }

            @Override
            void make(Resource.ClosedInterface r) throws IOException {
                needGroupHost(r.group());
                remove(r.group(), r.definition().slot());
                put(r.group(), wanted(r.definition(), false));
            }

            @Override
            void putBack(Resource.ClosedInterface r, Facts before) throws IOException {
                NetworkAdapters.this.putBack(r.group(), r.definition().slot(), before);
            }
        };
    }

    private Optional<String> otherHolder(FailoverInterface definition) throws IOException {
        for (Cidr address : definition.addresses()) {
            for (World.Wire wire : host.world().holders(address.host())) {
                if (!wire.appliance().equals(host.appliance())
                        && host.world().linked(host.appliance(), wire.appliance())) {
                    return Optional.of(address.host() + " answers from " + wire.mac() + " (" + wire.appliance() + ")");
                }
            }
        }
        return Optional.empty();
    }

    private Adapter<Resource.FreeAddress> free() {
        return new Simple<>(Resource.FreeAddress.class, host) {
            @Override
            Facts look(Resource.FreeAddress r) throws IOException {
                return otherHolder(r.definition())
                        .map(who -> Facts.of("in-use", who))
                        .orElse(Facts.of("free", "yes"));
            }

            @Override
            public boolean holds(Resource.FreeAddress r, Facts facts) {
                return facts.get("free").equals("yes");
            }

            @Override
            void make(Resource.FreeAddress r) throws IOException {
                Optional<String> other = otherHolder(r.definition());
                if (other.isPresent()) {
                    throw new IOException(other.get() + ": the address is in use");
                }
            }

            @Override
            void putBack(Resource.FreeAddress r, Facts before) {
                // it only looks
            }
        };
    }

    private Adapter<Resource.OpenInterface> open() {
        return new Simple<>(Resource.OpenInterface.class, host) {
            @Override
            Facts look(Resource.OpenInterface r) throws IOException {
                return facts(read(r.group(), r.definition().slot()));
            }

            @Override
            public boolean holds(Resource.OpenInterface r, Facts facts) {
                return matches(r.definition(), facts, true);
            }

            @Override
            void make(Resource.OpenInterface r) throws IOException {
                needGroupHost(r.group());
                String slot = r.definition().slot();
                if (read(r.group(), slot).isEmpty()) {
                    throw new IOException("interface " + slot + " is not in group host " + r.group() + " on "
                            + host.appliance() + ": it must be there, closed, before it opens");
                }
                Optional<String> other = otherHolder(r.definition());
                if (other.isPresent()) {
                    throw new IOException(other.get() + ": it must go before " + slot + " opens here");
                }
                if (!host.world().carrier(host.appliance())) {
                    throw new IOException("no carrier on " + host.appliance() + ": " + slot + " can't be announced");
                }
                put(r.group(), wanted(r.definition(), true));
            }

            @Override
            void putBack(Resource.OpenInterface r, Facts before) throws IOException {
                String slot = r.definition().slot();
                if (before.isNothing()) {
                    Optional<Interface> there = read(r.group(), slot);
                    if (there.isPresent()) {
                        put(r.group(), there.get().turned(false));
                    }
                } else {
                    NetworkAdapters.this.putBack(r.group(), slot, before);
                }
            }
        };
    }
}
