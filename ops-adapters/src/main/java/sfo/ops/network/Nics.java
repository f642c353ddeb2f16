package sfo.ops.network;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.control.Views.NicView;
import sfo.protocol.model.Cidr;

/** The host's NICs, and what speaks against each as a spare one. */
final class Nics {
    /** A device that only pairs with or stands on another one does not take it away from it. */
    private static final Set<String> PAIRS = Set.of("veth");

    private final Ip ip;
    private final Namespace host;

    Nics(Ip ip, Namespace host) {
        this.ip = ip;
        this.host = host;
    }

    List<NicView> survey(Call call) throws HostException {
        Survey survey = look(call);
        return survey.links().stream()
                .filter(Ip.Link::ethernet)
                .map(link -> new NicView(
                        link.name(),
                        link.mac(),
                        link.carrier(),
                        link.addresses().stream().map(Cidr::toString).toList(),
                        survey.use(link).orElse("free")))
                .toList();
    }

    /** Why {@code device} can't be moved into a group host; empty if it can. */
    Optional<String> whyNotSpare(Ip.Link device, Call call) throws HostException {
        return look(call).use(device);
    }

    /** The device of the host. @throws HostException that names those that are there, if it is not */
    static Ip.Link named(String device, List<Ip.Link> links, String slot) throws HostException {
        for (Ip.Link link : links) {
            if (link.name().equals(device)) {
                return link;
            }
        }
        List<String> there =
                links.stream().filter(Ip.Link::ethernet).map(Ip.Link::name).toList();
        throw new HostException("NIC " + device + " for " + slot + " is not on this appliance, which has "
                + (there.isEmpty() ? "none" : String.join(", ", there))
                + ": plug it in, or make the group on another one: sfo group destroy, sfo group create");
    }

    private Survey look(Call call) throws HostException {
        List<JsonNode> answers = ip.ask(host, List.of("addr show", "route show table all"), call);
        List<Ip.Link> groups = new ArrayList<>();
        for (Namespace group : Namespace.groupHosts()) {
            try {
                ip.links(group, call).stream()
                        .filter(l -> l.kind().equals("macvlan"))
                        .forEach(groups::add);
            } catch (HostException e) {
                if (group.isSound()) {
                    throw e;
                }
                // that group was taken away meanwhile
            }
        }
        return new Survey(Ip.links(answers.get(0)), answers.get(1), groups);
    }

    /** @param groups macvlans in group hosts, which would be lost with the device below them */
    private record Survey(List<Ip.Link> links, JsonNode routes, List<Ip.Link> groups) {
        Optional<String> use(Ip.Link link) {
            if (!link.ethernet()) {
                return Optional.of("no Ethernet device");
            }
            if (!link.master().isEmpty()) {
                return Optional.of("a port of " + link.master());
            }
            if (!link.given().isEmpty()) {
                return Optional.of("has the address " + link.given().get(0));
            }
            for (Ip.Link other : links) {
                if (other.parentName().equals(link.name()) && !PAIRS.contains(other.kind())) {
                    return Optional.of("carries " + other.name());
                }
                if (other.master().equals(link.name())) {
                    return Optional.of("has the port " + other.name());
                }
            }
            for (Ip.Link group : groups) {
                if (group.parent() == link.index() && group.parentName().isEmpty()) {
                    return Optional.of("carries " + group.name() + " of a group");
                }
            }
            return route(link.name());
        }

        private Optional<String> route(String device) {
            for (JsonNode route : routes) {
                String to = route.path("dst").asText();
                boolean byItself = to.startsWith("fe80:") || to.startsWith("ff00:");
                boolean unicast = route.path("type").asText("unicast").equals("unicast");
                if (route.path("dev").asText().equals(device) && unicast && !byItself) {
                    return Optional.of(
                            to.equals("default")
                                    ? "the default route goes over it"
                                    : "a route to " + to + " goes over it");
                }
            }
            return Optional.empty();
        }
    }
}
