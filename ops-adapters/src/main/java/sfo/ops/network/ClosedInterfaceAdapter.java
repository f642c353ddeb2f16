package sfo.ops.network;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.Mac;
import sfo.protocol.model.Nic;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.ClosedInterface;

/**
 * The failover interface in the group host, named as its slot, with MAC and addresses, and down. On a shared NIC it is a
 * macvlan, made right in the group host; a spare NIC moves there itself ({@link SpareNic}). Whether it was opened since is
 * {@link OpenInterfaceAdapter}'s: it {@link #holds} either way, so that a saga that goes on after a restart finds it done.
 */
final class ClosedInterfaceAdapter implements Adapter<ClosedInterface> {
    static final String NIC = "nic";
    static final String PLACE = "place";
    static final String IN_GROUP_HOST = "group host";
    static final String MAC = "mac";
    static final String ADDRESSES = "addresses";
    static final String STATE = "state";

    private final Ip ip;
    private final Namespace host;
    private final Announcer announcer;
    private final FreeAddressAdapter free;
    private final SpareNic spare;
    private final Needs needs;

    ClosedInterfaceAdapter(Ip ip, Namespace host, Announcer announcer, FreeAddressAdapter free, Needs needs) {
        this.ip = ip;
        this.host = host;
        this.announcer = announcer;
        this.free = free;
        this.spare = new SpareNic(ip, host, free);
        this.needs = needs;
    }

    /** Where this appliance puts the interface. @throws HostException if the group does not say */
    static Nic nic(FailoverInterface definition, String appliance) throws HostException {
        Nic nic = definition.nics().get(appliance);
        if (nic == null) {
            throw new HostException("the group does not say on which NIC of " + appliance + " " + definition.slot()
                    + " goes: make the group with one for it: sfo group destroy, sfo group create");
        }
        return nic;
    }

    @Override
    public Class<ClosedInterface> kind() {
        return ClosedInterface.class;
    }

    @Override
    public List<Lack> lacks() {
        return needs.lacks();
    }

    @Override
    public Facts inspect(ClosedInterface resource, Call call) throws HostException {
        Nic nic = nic(resource.definition(), resource.appliance());
        if (nic.use() == Nic.Use.SHARED) {
            return shared(resource, call);
        }
        ReentrantLock lock = free.spare(nic.device());
        lock.lock();
        try {
            return spare.inspect(resource, nic.device(), call);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean holds(ClosedInterface resource, Facts facts) {
        FailoverInterface definition = resource.definition();
        Nic nic = definition.nics().get(resource.appliance());
        return nic != null
                && facts.get(PLACE).equals(IN_GROUP_HOST)
                && facts.get(NIC).equals(nic.device())
                && facts.get(ADDRESSES).equals(Addresses.text(definition.addresses()))
                && definition
                        .mac()
                        .mac()
                        .map(mac -> facts.get(MAC).equals(mac.value()))
                        .orElse(true);
    }

    @Override
    public void apply(ClosedInterface resource, Call call) throws HostException {
        Nic nic = nic(resource.definition(), resource.appliance());
        announcer.stop(Namespace.of(resource.group()), resource.definition().slot());
        if (nic.use() == Nic.Use.SHARED) {
            Wanted wanted = new Wanted(
                    resource.definition().addresses(),
                    resource.definition().mac().mac(),
                    false);
            make(resource, nic.device(), wanted, call);
            return;
        }
        ReentrantLock lock = free.spare(nic.device());
        lock.lock();
        try {
            spare.apply(resource, nic.device(), call);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void revert(ClosedInterface resource, Facts before, Call call) throws HostException {
        Nic nic = nic(resource.definition(), resource.appliance());
        Namespace group = Namespace.of(resource.group());
        String slot = resource.definition().slot();
        announcer.stop(group, slot);
        if (nic.use() == Nic.Use.SPARE) {
            ReentrantLock lock = free.spare(nic.device());
            lock.lock();
            try {
                spare.revert(resource, nic.device(), before, call);
            } finally {
                lock.unlock();
            }
        } else if (!before.isNothing()) {
            Wanted wanted = new Wanted(
                    Addresses.parse(before.get(ADDRESSES)),
                    Optional.of(new Mac(before.get(MAC))),
                    before.get(STATE).equals("up"));
            make(resource, before.get(NIC), wanted, call);
        } else if (group.isSound()) {
            List<String> lines = new ArrayList<>();
            if (ip.link(group, slot, call).isPresent()) {
                lines.add("link set dev " + slot + " down");
                lines.add("link del dev " + slot);
            }
            ip.act(group, lines, call);
            Routes.deleteRules(ip, group, resource.definition(), call);
        }
    }

    /** @param mac empty for whatever it has */
    record Wanted(List<Cidr> addresses, Optional<Mac> mac, boolean up) {}

    private Facts shared(ClosedInterface resource, Call call) throws HostException {
        Namespace group = Namespace.of(resource.group());
        if (!group.isSound()) {
            return Facts.NOTHING;
        }
        Optional<Ip.Link> link = ip.link(group, resource.definition().slot(), call);
        if (link.isEmpty()) {
            return Facts.NOTHING;
        }
        String below = ip.links(host, call).stream()
                .filter(l ->
                        l.index() == link.get().parent() && link.get().kind().equals("macvlan"))
                .map(Ip.Link::name)
                .findFirst()
                .orElse("none of this host's");
        return facts(link.get(), below);
    }

    static Facts facts(Ip.Link link, String nic) {
        return Facts.of(
                NIC,
                nic,
                PLACE,
                IN_GROUP_HOST,
                MAC,
                link.mac(),
                ADDRESSES,
                Addresses.text(link.given()),
                STATE,
                link.up() ? "up" : "down");
    }

    private void make(ClosedInterface resource, String device, Wanted wanted, Call call) throws HostException {
        String slot = resource.definition().slot();
        Namespace group = Namespace.of(resource.group()).needed();
        Ip.Link nic = Nics.named(device, ip.links(host, call), slot);
        Optional<Ip.Link> there = ip.link(group, slot, call);
        boolean fits = there.isPresent()
                && there.get().kind().equals("macvlan")
                && there.get().parent() == nic.index();
        if (there.isPresent() && !fits) {
            ip.act(group, List.of("link set dev " + slot + " down", "link del dev " + slot), call);
        }
        if (!fits) {
            String mac = wanted.mac().map(m -> " address " + m.value()).orElse("");
            ip.act(
                    host,
                    List.of("link add link " + device + " name " + slot + mac + " netns " + group.argument()
                            + " type macvlan mode bridge"),
                    call);
            there = Optional.of(Ip.Link.fresh(slot, wanted.mac()));
        }
        settle(ip, group, there.get(), wanted, call);
    }

    /** Makes a device that is in the group host quiet, and gives it MAC and addresses; these come last: they tell that it is done. */
    static void settle(Ip ip, Namespace group, Ip.Link link, Wanted wanted, Call call) throws HostException {
        String on = " dev " + link.name();
        List<String> lines = new ArrayList<>();
        if (link.up() && !wanted.up()) {
            ip.act(group, List.of("link set" + on + " down"), call);
        }
        Sysctls.write(
                group, link.name(), Sysctls.quiet(wanted.addresses().stream().anyMatch(Cidr::isV6)), call);
        if (wanted.mac().isPresent() && !link.mac().equals(wanted.mac().get().value())) {
            lines.add("link set" + on + " address " + wanted.mac().get());
        }
        Set<String> has = new TreeSet<>();
        for (Cidr address : link.given()) {
            has.add(address.toString());
            if (!wanted.addresses().contains(address)) {
                lines.add("addr del " + address + on);
            }
        }
        for (Cidr address : wanted.addresses()) {
            if (!has.contains(address.toString())) {
                lines.add("addr add " + address + on
                        + (address.isV6() ? " nodad" : address.prefix() < 31 ? " brd +" : ""));
            }
        }
        if (wanted.up() && !link.up()) {
            lines.add("link set" + on + " up");
        }
        ip.act(group, lines, call);
    }
}
