package sfo.ops.network;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.model.Cidr;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.ClosedInterface;
import sfo.protocol.plan.Resource.FreeAddress;

/** A NIC that itself moves into the group host, and back with its former name, MAC, addresses, settings and state. */
final class SpareNic {
    private static final String ON_HOST = "host";
    private static final String SETTING = "setting ";

    private final Ip ip;
    private final Namespace host;
    private final FreeAddressAdapter free;
    private final Nics nics;

    SpareNic(Ip ip, Namespace host, FreeAddressAdapter free) {
        this.ip = ip;
        this.host = host;
        this.free = free;
        this.nics = new Nics(ip, host);
    }

    Facts inspect(ClosedInterface resource, String device, Call call) throws HostException {
        Optional<Ip.Link> moved = inGroupHost(resource, device, call);
        if (moved.isPresent()) {
            return ClosedInterfaceAdapter.facts(moved.get(), device);
        }
        Optional<Ip.Link> link = ip.link(host, device, call);
        if (link.isEmpty()) {
            return Facts.NOTHING;
        }
        Map<String, String> facts = new TreeMap<>();
        facts.put(ClosedInterfaceAdapter.NIC, device);
        facts.put(ClosedInterfaceAdapter.PLACE, ON_HOST);
        facts.put(ClosedInterfaceAdapter.MAC, link.get().mac());
        facts.put(ClosedInterfaceAdapter.ADDRESSES, Addresses.text(link.get().given()));
        facts.put(ClosedInterfaceAdapter.STATE, link.get().up() ? "up" : "down");
        Sysctls.read(host, device, call).forEach((key, value) -> facts.put(SETTING + key, value));
        return new Facts(facts);
    }

    void apply(ClosedInterface resource, String device, Call call) throws HostException {
        String slot = resource.definition().slot();
        Namespace group = Namespace.of(resource.group()).needed();
        Optional<Ip.Link> moved = inGroupHost(resource, device, call);
        if (moved.isEmpty()) {
            Ip.Link nic = Nics.named(device, ip.links(host, call), slot);
            Optional<String> use = nics.whyNotSpare(nic, call);
            if (use.isPresent()) {
                throw new HostException("NIC " + device + " can't be moved into " + group + ": " + use.get()
                        + ". Free it, or make the group with it shared, or on another one: sfo group destroy "
                        + resource.group() + ", sfo group create");
            }
            free.apply(new FreeAddress(resource.group(), resource.definition(), resource.appliance()), call);
            ip.act(
                    host,
                    List.of(
                            "link set dev " + device + " down",
                            "link set dev " + device + " netns " + group.argument() + " name " + slot),
                    call);
        } else if (!moved.get().name().equals(slot)) {
            ip.act(
                    group,
                    List.of("link set dev " + device + " down", "link set dev " + device + " name " + slot),
                    call);
        }
        Ip.Link link = Nics.named(slot, ip.links(group, call), slot);
        ClosedInterfaceAdapter.settle(
                ip,
                group,
                link,
                new ClosedInterfaceAdapter.Wanted(
                        resource.definition().addresses(),
                        resource.definition().mac().mac(),
                        false),
                call);
    }

    void revert(ClosedInterface resource, String device, Facts before, Call call) throws HostException {
        if (!before.get(ClosedInterfaceAdapter.PLACE).equals(ON_HOST)) {
            // it was in the group host before, or nowhere: what is there of it goes down, and stays
            Optional<Ip.Link> moved = inGroupHost(resource, device, call);
            if (moved.isPresent() && !before.get(ClosedInterfaceAdapter.STATE).equals("up")) {
                ip.act(
                        Namespace.of(resource.group()),
                        List.of("link set dev " + moved.get().name() + " down"),
                        call);
            }
            return;
        }
        Namespace group = Namespace.of(resource.group());
        Optional<Ip.Link> moved = inGroupHost(resource, device, call);
        if (moved.isPresent()) {
            String name = moved.get().name();
            List<String> lines = new ArrayList<>(List.of(
                    "link set dev " + name + " down",
                    "addr flush dev " + name,
                    "link set dev " + name + " address " + before.get(ClosedInterfaceAdapter.MAC)));
            lines.add("link set dev " + name + " netns " + host.argument() + " name " + device);
            ip.act(group, lines, call);
            Routes.deleteRules(ip, group, resource.definition(), call);
        }
        backOnHost(resource, device, before, call);
    }

    private void backOnHost(ClosedInterface resource, String device, Facts before, Call call) throws HostException {
        Map<String, String> settings = new LinkedHashMap<>();
        before.values().forEach((key, value) -> {
            if (key.startsWith(SETTING)) {
                settings.put(key.substring(SETTING.length()), value);
            }
        });
        Ip.Link link =
                Nics.named(device, ip.links(host, call), resource.definition().slot());
        List<String> lines = new ArrayList<>();
        if (!link.mac().equals(before.get(ClosedInterfaceAdapter.MAC))) {
            lines.add("link set dev " + device + " address " + before.get(ClosedInterfaceAdapter.MAC));
        }
        for (Cidr address : Addresses.parse(before.get(ClosedInterfaceAdapter.ADDRESSES))) {
            if (!link.given().contains(address)) {
                lines.add("addr add " + address + " dev " + device);
            }
        }
        boolean wasUp = before.get(ClosedInterfaceAdapter.STATE).equals("up");
        if (link.up() != wasUp) {
            lines.add("link set dev " + device + (wasUp ? " up" : " down"));
        }
        Sysctls.write(host, device, settings, call);
        ip.act(host, lines, call);
    }

    /** By its slot, or by its own name where a move was cut off before it was renamed. */
    private Optional<Ip.Link> inGroupHost(ClosedInterface resource, String device, Call call) throws HostException {
        Namespace group = Namespace.of(resource.group());
        if (!group.isSound()) {
            return Optional.empty();
        }
        List<Ip.Link> links = ip.links(group, call);
        return links.stream()
                .filter(l -> l.name().equals(resource.definition().slot()))
                .findFirst()
                .or(() -> links.stream().filter(l -> l.name().equals(device)).findFirst());
    }
}
