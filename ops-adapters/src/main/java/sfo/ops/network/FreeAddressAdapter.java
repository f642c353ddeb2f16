package sfo.ops.network;

import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.Nic;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.FreeAddress;

/**
 * The duplicate-address check: ARP probes (RFC 5227) and neighbour solicitations from the unspecified address, for all
 * addresses at once, with the NIC's own MAC. What it finds counts for two seconds, so that a look before, the check and a
 * look after it cost one check.
 *
 * <p>A spare NIC is looked at before it moves, by whichever comes first, this or {@link ClosedInterfaceAdapter}: once it
 * carries the failover MAC, nothing may be sent from it.
 */
final class FreeAddressAdapter implements Adapter<FreeAddress> {
    private static final String FREE = "free";
    private static final long FRESH = Duration.ofSeconds(2).toNanos();

    private record Verdict(Facts facts, long nanos) {}

    private final Ip ip;
    private final Namespace host;
    private final Needs needs;
    private final Map<FreeAddress, Verdict> verdicts = new ConcurrentHashMap<>();
    private final Map<String, ReentrantLock> spares = new ConcurrentHashMap<>();

    FreeAddressAdapter(Ip ip, Namespace host, Needs needs) {
        this.ip = ip;
        this.host = host;
        this.needs = needs;
    }

    /** Held by whoever changes a spare NIC. */
    ReentrantLock spare(String device) {
        return spares.computeIfAbsent(device, d -> new ReentrantLock());
    }

    @Override
    public Class<FreeAddress> kind() {
        return FreeAddress.class;
    }

    @Override
    public List<Lack> lacks() {
        return needs.lacks();
    }

    @Override
    public Facts inspect(FreeAddress resource, Call call) throws HostException {
        Verdict last = verdicts.get(resource);
        if (last != null && System.nanoTime() - last.nanos() < FRESH) {
            return last.facts();
        }
        Nic nic = ClosedInterfaceAdapter.nic(resource.definition(), resource.appliance());
        Facts facts;
        if (nic.use() == Nic.Use.SHARED) {
            facts = onShared(resource, nic.device(), call);
        } else {
            ReentrantLock lock = spare(nic.device());
            lock.lock();
            try {
                facts = onSpare(resource, nic.device(), call);
            } finally {
                lock.unlock();
            }
        }
        verdicts.put(resource, new Verdict(facts, System.nanoTime()));
        return facts;
    }

    @Override
    public boolean holds(FreeAddress resource, Facts facts) {
        return resource.definition().addresses().stream()
                .allMatch(address -> facts.get(address.host()).equals(FREE));
    }

    @Override
    public void apply(FreeAddress resource, Call call) throws HostException {
        if (holds(resource, inspect(resource, call))) {
            return;
        }
        // who was there a moment ago may be gone
        verdicts.remove(resource);
        Facts facts = inspect(resource, call);
        if (holds(resource, facts)) {
            return;
        }
        StringBuilder text = new StringBuilder();
        new TreeMap<>(facts.values()).forEach((address, found) -> {
            if (!found.equals(FREE)) {
                text.append(text.isEmpty() ? "" : "; ")
                        .append(address)
                        .append(" is ")
                        .append(found);
            }
        });
        throw new HostException(text + ". Take the address away there; a group gets another one by sfo group destroy "
                + resource.group() + " and sfo group create");
    }

    @Override
    public void revert(FreeAddress resource, Facts before, Call call) {
        verdicts.remove(resource);
    }

    private Facts onShared(FreeAddress resource, String device, Call call) throws HostException {
        List<Ip.Link> links = ip.links(host, call);
        return probe(
                resource, host, Nics.named(device, links, resource.definition().slot()), links, call);
    }

    private Facts onSpare(FreeAddress resource, String device, Call call) throws HostException {
        List<Ip.Link> links = ip.links(host, call);
        String slot = resource.definition().slot();
        Namespace group = Namespace.of(resource.group());
        Optional<Ip.Link> moved = group.isSound() ? ip.link(group, slot, call) : Optional.empty();
        if (moved.isPresent() && moved.get().up()) {
            return probe(resource, group, moved.get(), links, call);
        }
        if (moved.isPresent()) {
            // it moves only after it was looked at, and nothing may be sent from it now
            return free(resource.definition());
        }
        Ip.Link nic = Nics.named(device, links, slot);
        if (nic.up()) {
            return probe(resource, host, nic, links, call);
        }
        try {
            ip.act(host, List.of("link set dev " + device + " up"), call);
            return probe(resource, host, OpenInterfaceAdapter.awaitCarrier(ip, host, device, call), links, call);
        } finally {
            ip.act(host, List.of("link set dev " + device + " down"), call);
        }
    }

    private static Facts free(FailoverInterface definition) {
        Map<String, String> all = new TreeMap<>();
        definition.addresses().forEach(address -> all.put(address.host(), FREE));
        return new Facts(all);
    }

    private Facts probe(FreeAddress resource, Namespace where, Ip.Link nic, List<Ip.Link> links, Call call)
            throws HostException {
        FailoverInterface definition = resource.definition();
        Map<String, String> found = new TreeMap<>();
        Map<InetAddress, InetAddress> senders = new LinkedHashMap<>();
        for (Cidr address : definition.addresses()) {
            found.put(address.host(), FREE);
            senders.put(address.address(), Frames.address(new byte[address.isV6() ? 16 : 4]));
            for (Ip.Link link : links) {
                if (link.addresses().stream().anyMatch(a -> a.address().equals(address.address()))) {
                    found.put(address.host(), "in use by this appliance itself, on " + link.name());
                }
            }
        }
        if (!nic.carrier()) {
            throw new HostException(
                    "whether " + Addresses.text(definition.addresses()) + " is free can't be known: NIC " + nic.name()
                            + (nic.up() ? " has no carrier" : " is down") + ". Look at: ip link show " + nic.name());
        }
        try (Inquiry inquiry = new Inquiry()) {
            inquiry.neighbours(where, nic, senders, call);
            Map<InetAddress, Set<String>> answers =
                    inquiry.run(Inquiry.Rhythm.SHORT, answered -> !answered.isEmpty(), call);
            for (InetAddress address : senders.keySet()) {
                Optional<String> failure = inquiry.failure(address);
                if (answers.isEmpty() && failure.isPresent()) {
                    throw new HostException("whether " + address.getHostAddress() + " is free can't be known: "
                            + failure.get() + ". Look at: ip link show " + nic.name());
                }
            }
            answers.forEach((address, who) -> found.put(
                    address.getHostAddress(), "in use on the wire of " + nic.name() + ": " + String.join(", ", who)));
        }
        return new Facts(found);
    }
}
