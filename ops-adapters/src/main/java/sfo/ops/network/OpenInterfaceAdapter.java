package sfo.ops.network;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Mac;
import sfo.protocol.model.Nic;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.OpenInterface;

/** Link up with its routes, announced, the wire proved by the gateway, clients' old connections reset. */
final class OpenInterfaceAdapter implements Adapter<OpenInterface> {
    private static final String STATE = "state";
    private static final String ROUTES = "routes";

    private final Ip ip;
    private final Namespace host;
    private final Announcer announcer;
    private final Needs needs;

    OpenInterfaceAdapter(Ip ip, Namespace host, Announcer announcer, Needs needs) {
        this.ip = ip;
        this.host = host;
        this.announcer = announcer;
        this.needs = needs;
    }

    @Override
    public Class<OpenInterface> kind() {
        return OpenInterface.class;
    }

    @Override
    public List<Lack> lacks() {
        return needs.lacks();
    }

    @Override
    public Facts inspect(OpenInterface resource, Call call) throws HostException {
        Namespace group = Namespace.of(resource.group());
        if (!group.isSound()) {
            return Facts.NOTHING;
        }
        String slot = resource.definition().slot();
        List<JsonNode> answers = ip.ask(group, List.of("addr show", "route show table all"), call);
        for (Ip.Link link : Ip.links(answers.get(0))) {
            if (link.name().equals(slot)) {
                return Facts.of(
                        STATE, link.up() ? "up" : "down", ROUTES, String.join(" ", Routes.there(slot, answers.get(1))));
            }
        }
        return Facts.NOTHING;
    }

    @Override
    public boolean holds(OpenInterface resource, Facts facts) {
        return facts.get(STATE).equals("up")
                && Set.of(facts.get(ROUTES).split(" ", -1)).containsAll(Routes.wanted(resource.definition()));
    }

    @Override
    public void apply(OpenInterface resource, Call call) throws HostException {
        FailoverInterface definition = resource.definition();
        String slot = definition.slot();
        Namespace group = Namespace.of(resource.group()).needed();
        Ip.Link link = ip.link(group, slot, call)
                .orElseThrow(() -> new HostException("the interface " + slot + " is not in " + group
                        + ": its own step (closed-interface) makes it, and comes first"));
        byte[] mac = new Mac(link.mac()).octets();
        List<InetAddress> addresses =
                definition.addresses().stream().map(Cidr::address).toList();
        try {
            raise(resource, group, mac, call);
            announcer.announce(group, slot, mac, addresses, call);
            prove(resource, group, link, call);
            announcer.reset(group, slot, ours(resource, addresses, call), call);
        } catch (HostException e) {
            // it answers already: do not leave it so until the roll-back comes to it
            announcer.stop(group, slot);
            try {
                ip.act(group, List.of("link set dev " + slot + " down"), Call.of(call.tag(), Duration.ofSeconds(5)));
            } catch (HostException stillUp) {
                e.addSuppressed(stillUp);
            }
            throw e;
        }
    }

    @Override
    public void revert(OpenInterface resource, Facts before, Call call) throws HostException {
        Namespace group = Namespace.of(resource.group());
        String slot = resource.definition().slot();
        if (before.get(STATE).equals("up")) {
            return;
        }
        announcer.stop(group, slot);
        try {
            if (group.isSound()) {
                ip.act(group, List.of("link set dev " + slot + " down"), call);
            }
        } catch (HostException e) {
            // looked for only now: nothing comes before the link goes down
            if (ip.link(group, slot, call).isPresent()) {
                throw e;
            }
        }
    }

    private void raise(OpenInterface resource, Namespace group, byte[] mac, Call call) throws HostException {
        FailoverInterface definition = resource.definition();
        String slot = definition.slot();
        Routes.addRules(ip, group, definition, call);
        List<String> lines = new ArrayList<>();
        if (definition.addresses().stream().anyMatch(Cidr::isV6)) {
            // the kernel forgets it whenever the link goes down, and multicast listener reports are void without
            lines.add("addr replace " + Addresses.linkLocal(mac).getHostAddress() + "/64 dev " + slot + " nodad");
        }
        lines.add("link set dev " + slot + " up");
        if (ClosedInterfaceAdapter.nic(definition, resource.appliance()).use() == Nic.Use.SPARE) {
            // hardware takes its time to find the wire, and IPv6 has no routes before
            ip.act(group, lines, call);
            awaitCarrier(ip, group, slot, call);
            lines.clear();
        }
        lines.addAll(Routes.lines(definition));
        ip.act(group, lines, call);
    }

    /** The device once it has carrier, waited for at most five seconds; as it is then, if it never has. */
    static Ip.Link awaitCarrier(Ip ip, Namespace where, String device, Call call) throws HostException {
        long end = System.nanoTime()
                + Math.min(TimeUnit.SECONDS.toNanos(5), call.left().toNanos() / 2);
        while (true) {
            Ip.Link link = Nics.named(device, ip.links(where, call), device);
            if (link.carrier() || System.nanoTime() > end) {
                return link;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    private void prove(OpenInterface resource, Namespace group, Ip.Link link, Call call) throws HostException {
        FailoverInterface definition = resource.definition();
        Map<InetAddress, InetAddress> gateways = new LinkedHashMap<>();
        definition.gateways().forEach(gateway -> sender(definition, gateway).ifPresent(s -> gateways.put(gateway, s)));
        if (gateways.isEmpty()) {
            proveByNeighbours(resource, group, link, call);
            return;
        }
        try (Inquiry inquiry = new Inquiry()) {
            inquiry.neighbours(group, link, gateways, call);
            Set<InetAddress> answered = inquiry.run(Inquiry.Rhythm.PATIENT, a -> a.size() == gateways.size(), call)
                    .keySet();
            for (Map.Entry<InetAddress, InetAddress> asked : gateways.entrySet()) {
                if (!answered.contains(asked.getKey())) {
                    String nic = ClosedInterfaceAdapter.nic(definition, resource.appliance())
                            .device();
                    throw new HostException("gateway " + asked.getKey().getHostAddress() + " does not answer "
                            + asked.getValue().getHostAddress() + " on NIC " + nic
                            + " of this appliance: look at its cable, its switch port and its VLAN, or make the group with another gateway: sfo group destroy "
                            + resource.group());
                }
            }
        }
    }

    /** Without a gateway: somebody whom this host or a client's connection knows to be there; silence is told, no more. */
    private void proveByNeighbours(OpenInterface resource, Namespace group, Ip.Link link, Call call)
            throws HostException {
        FailoverInterface definition = resource.definition();
        Map<InetAddress, InetAddress> known = new LinkedHashMap<>();
        for (Connections.Connection c : ours(
                resource, definition.addresses().stream().map(Cidr::address).toList(), call)) {
            onLink(definition, c.client()).ifPresent(sender -> known.put(c.client(), sender));
        }
        String nic =
                ClosedInterfaceAdapter.nic(definition, resource.appliance()).device();
        for (JsonNode neighbour : ip.ask(host, List.of("neigh show"), call).get(0)) {
            InetAddress address =
                    Cidr.literal("neighbour", neighbour.path("dst").asText());
            if (neighbour.path("dev").asText().equals(nic) && neighbour.hasNonNull("lladdr") && known.size() < 16) {
                onLink(definition, address).ifPresent(sender -> known.put(address, sender));
            }
        }
        if (known.isEmpty()) {
            call.progress()
                    .accept("no gateway and no known neighbour of " + definition.slot()
                            + ": only carrier proves its wire");
        } else {
            try (Inquiry inquiry = new Inquiry()) {
                inquiry.neighbours(group, link, known, call);
                if (!inquiry.run(Inquiry.Rhythm.SHORT, a -> !a.isEmpty(), call).isEmpty()) {
                    return;
                }
            }
            call.progress()
                    .accept("none of " + known.size() + " known neighbours answers " + definition.slot()
                            + " (no gateway is set)");
        }
        if (!awaitCarrier(ip, group, definition.slot(), call).carrier()) {
            throw new HostException("NIC " + nic + " has no carrier: look at its cable and its switch port");
        }
    }

    private static Optional<InetAddress> onLink(FailoverInterface definition, InetAddress address) {
        return definition.addresses().stream()
                .filter(a -> Addresses.contains(a, address))
                .map(Cidr::address)
                .findFirst();
    }

    private static Optional<InetAddress> sender(FailoverInterface definition, InetAddress gateway) {
        return onLink(definition, gateway)
                .or(() -> definition.addresses().stream()
                        .map(Cidr::address)
                        .filter(a -> a.getAddress().length == gateway.getAddress().length)
                        .findFirst());
    }

    private static List<Connections.Connection> ours(OpenInterface resource, List<InetAddress> addresses, Call call) {
        List<Connections.Connection> ours = new ArrayList<>();
        for (String text : resource.connections()) {
            try {
                Connections.Connection connection = Connections.Connection.parse(text);
                if (addresses.contains(connection.server())) {
                    ours.add(connection);
                }
            } catch (Invalid e) {
                call.progress().accept("not reset: " + e.getMessage());
            }
        }
        return ours;
    }
}
