package sfo.ops.network;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.Route;

/**
 * The routes of a failover interface, as lines for {@code ip -batch}. With two interfaces, answers leave by the one that
 * was asked: each slot but the first has a table of its own for packets from its addresses.
 */
final class Routes {
    private Routes() {}

    static List<String> lines(FailoverInterface definition) {
        String slot = definition.slot();
        int number = number(slot);
        List<String> lines = new ArrayList<>();
        for (Route route : definition.routes()) {
            lines.add("route replace " + route.to() + " via " + route.via().getHostAddress() + " dev " + slot
                    + onLink(definition, route.via()));
        }
        for (InetAddress gateway : definition.gateways()) {
            String way = "route replace default via " + gateway.getHostAddress() + " dev " + slot
                    + onLink(definition, gateway);
            lines.add(way + " metric " + (100 + number));
            if (number > 0) {
                lines.add(way + " table " + table(number));
            }
        }
        return lines;
    }

    /** Adds the rules that lead to a slot's own table; none for the first slot. */
    static void addRules(Ip ip, Namespace group, FailoverInterface definition, Call call) throws HostException {
        int number = number(definition.slot());
        for (InetAddress gateway : number == 0 ? List.<InetAddress>of() : definition.gateways()) {
            String family = family(gateway);
            Set<String> ruled = ruled(ip, group, family, number, call);
            List<String> lines = definition.addresses().stream()
                    .filter(a -> family(a.address()).equals(family) && !ruled.contains(a.host()))
                    .map(a -> "rule add from " + a.host() + " lookup " + table(number))
                    .toList();
            ip.act(group, family, lines, call);
        }
    }

    /** Takes away the rules of a slot; its routes go with its link. */
    static void deleteRules(Ip ip, Namespace group, FailoverInterface definition, Call call) throws HostException {
        int number = number(definition.slot());
        for (InetAddress gateway : number == 0 ? List.<InetAddress>of() : definition.gateways()) {
            String family = family(gateway);
            List<String> lines = ruled(ip, group, family, number, call).stream()
                    .map(from -> "rule del from " + from + " lookup " + table(number))
                    .toList();
            ip.act(group, family, lines, call);
        }
    }

    /** A line of a batch says nothing of its family, and rules need to be told. */
    private static String family(InetAddress address) {
        return address.getAddress().length == 4 ? "-4" : "-6";
    }

    /** Routes by way of a router on a device, as {@code network>router}, in the main table. */
    static Set<String> there(String device, JsonNode routes) {
        Set<String> there = new TreeSet<>();
        for (JsonNode route : routes) {
            boolean main = route.path("table").asText("main").equals("main");
            if (main && route.path("dev").asText().equals(device) && route.hasNonNull("gateway")) {
                InetAddress router =
                        Cidr.literal("gateway", route.path("gateway").asText());
                there.add(network(route.path("dst").asText(), router) + ">" + router.getHostAddress());
            }
        }
        return there;
    }

    static Set<String> wanted(FailoverInterface definition) {
        Set<String> wanted = new TreeSet<>();
        definition.gateways().forEach(gateway -> wanted.add("default>" + gateway.getHostAddress()));
        definition
                .routes()
                .forEach(route -> wanted.add(route.to() + ">" + route.via().getHostAddress()));
        return wanted;
    }

    private static String network(String to, InetAddress router) {
        if (to.equals("default")) {
            return to;
        }
        return Cidr.parse(to.contains("/") ? to : to + "/" + router.getAddress().length * 8)
                .toString();
    }

    private static Set<String> ruled(Ip ip, Namespace group, String family, int number, Call call)
            throws HostException {
        Set<String> from = new TreeSet<>();
        for (JsonNode rule : ip.askOne(group, family, "rule show", call)) {
            if (rule.path("table").asText().equals(Integer.toString(table(number)))) {
                from.add(Cidr.literal("rule", rule.path("src").asText()).getHostAddress());
            }
        }
        return from;
    }

    private static int table(int number) {
        return 100 + number;
    }

    private static int number(String slot) {
        char last = slot.charAt(slot.length() - 1);
        return Character.isDigit(last) ? last - '0' : 0;
    }

    private static String onLink(FailoverInterface definition, InetAddress via) {
        boolean near = via.isLinkLocalAddress()
                || definition.addresses().stream().anyMatch(address -> Addresses.contains(address, via));
        return near ? "" : " onlink";
    }
}
