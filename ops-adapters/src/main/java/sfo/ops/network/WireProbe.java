package sfo.ops.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.LifeProbe;
import sfo.protocol.model.Cidr;

/**
 * Signs of life by ARP or neighbour discovery (for addresses on the NIC's own network) and by ICMP echo, three times over
 * 300 ms, all addresses at once. It ends early when all have answered.
 */
final class WireProbe implements LifeProbe {
    private final Ip ip;
    private final Namespace host;

    WireProbe(Ip ip, Namespace host) {
        this.ip = ip;
        this.host = host;
    }

    /** @param near whether it is asked for by ARP or neighbour discovery: no router is between */
    private record Way(Optional<Ip.Link> device, boolean near, boolean own) {
        boolean usable() {
            return device.isPresent() && !own;
        }
    }

    @Override
    public List<Finding> probe(List<InetAddress> addresses, Optional<String> device, Call call) throws HostException {
        Map<InetAddress, Way> ways = ways(addresses, device, call);
        try (Inquiry inquiry = new Inquiry()) {
            Map<Ip.Link, Map<InetAddress, InetAddress>> near = new LinkedHashMap<>();
            List<InetAddress> asked = new ArrayList<>();
            for (Map.Entry<InetAddress, Way> entry : ways.entrySet()) {
                Way way = entry.getValue();
                if (way.usable() && way.device().get().carrier()) {
                    asked.add(entry.getKey());
                    if (way.near() && way.device().get().ethernet()) {
                        Ip.Link nic = way.device().get();
                        near.computeIfAbsent(nic, n -> new LinkedHashMap<>())
                                .put(entry.getKey(), nic.senderFor(entry.getKey()));
                    }
                }
            }
            for (Map.Entry<Ip.Link, Map<InetAddress, InetAddress>> group : near.entrySet()) {
                inquiry.neighbours(host, group.getKey(), group.getValue(), call);
            }
            inquiry.echo(host, device, asked, call);
            Map<InetAddress, Set<String>> answers =
                    inquiry.run(Inquiry.Rhythm.SHORT, answered -> answered.containsAll(asked), call);
            return addresses.stream()
                    .map(address ->
                            finding(address, ways.getOrDefault(address, NONE), answers, inquiry.failure(address)))
                    .toList();
        }
    }

    private static final Way NONE = new Way(Optional.empty(), false, false);

    /** By one process: two would take a good part of the time in which an answer may come. */
    private Map<InetAddress, Way> ways(List<InetAddress> addresses, Optional<String> device, Call call)
            throws HostException {
        List<String> questions = new ArrayList<>(List.of("addr show"));
        addresses.forEach(a -> questions.add("route get " + a.getHostAddress()));
        List<JsonNode> answers = ip.askAny(host, questions, call);
        List<Ip.Link> links = answers.isEmpty() ? List.of() : Ip.links(answers.get(0));
        if (links.isEmpty()) {
            throw new HostException(
                    "ip does not show the NICs of this host: expected at least lo; try: ip -j addr show");
        }
        Map<InetAddress, JsonNode> routes = new HashMap<>();
        for (JsonNode answer : answers) {
            for (JsonNode route : answer) {
                if (route.hasNonNull("dst")) {
                    routes.put(Cidr.literal("address", route.path("dst").asText()), route);
                }
            }
        }
        Map<InetAddress, Way> ways = new LinkedHashMap<>();
        for (InetAddress address : addresses) {
            JsonNode route = routes.getOrDefault(address, MissingNode.getInstance());
            boolean own = route.path("type").asText().equals("local")
                    || links.stream()
                            .anyMatch(l -> l.addresses().stream()
                                    .anyMatch(a -> a.address().equals(address)));
            String name = device.orElse(route.path("dev").asText());
            Optional<Ip.Link> link =
                    links.stream().filter(l -> l.name().equals(name)).findFirst();
            ways.put(address, new Way(link, device.isPresent() || !route.hasNonNull("gateway"), own));
        }
        return ways;
    }

    private static Finding finding(
            InetAddress address, Way way, Map<InetAddress, Set<String>> answers, Optional<String> failure) {
        if (way.own()) {
            return new Finding(
                    address,
                    Optional.empty(),
                    false,
                    false,
                    "is an address of this appliance itself: that it answers proves nothing");
        }
        if (way.device().isEmpty()) {
            return new Finding(address, Optional.empty(), false, false, "no NIC leads to it");
        }
        Ip.Link nic = way.device().get();
        Optional<String> name = Optional.of(nic.name());
        if (!nic.carrier()) {
            return new Finding(address, name, false, false, nic.name() + (nic.up() ? " has no carrier" : " is down"));
        }
        String asked = way.near() ? "ARP or neighbour discovery, and ICMP echo, on " : "ICMP echo by way of ";
        Set<String> heard = answers.getOrDefault(address, Set.of());
        if (!heard.isEmpty()) {
            return new Finding(address, name, true, true, asked + nic.name() + ": " + String.join(", ", heard));
        }
        // what could not be asked proves no more than a NIC without carrier
        return new Finding(
                address,
                name,
                failure.isEmpty(),
                false,
                asked + nic.name() + ": " + failure.orElse("silence on 3 tries over 300 ms"));
    }
}
