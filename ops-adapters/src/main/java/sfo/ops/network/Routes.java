package sfo.ops.network;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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

    static List<String> lines(Ip ip, Namespace group, FailoverInterface definition, Call call) throws HostException {
        String slot = definition.slot();
        int number = number(slot);
        List<String> lines = new ArrayList<>();
        for (Route route : definition.routes()) {
            lines.add("route replace " + route.to() + " via " + route.via().getHostAddress() + " dev " + slot
                    + onLink(definition, route.via()));
        }
        Set<String> ruled = number > 0 && !definition.gateways().isEmpty() ? ruled(ip, group, number, call) : Set.of();
        for (InetAddress gateway : definition.gateways()) {
            String way = "route replace default via " + gateway.getHostAddress() + " dev " + slot
                    + onLink(definition, gateway);
            lines.add(way + " metric " + (100 + number));
            if (number == 0) {
                continue;
            }
            lines.add(way + " table " + table(number));
            for (Cidr address : definition.addresses()) {
                boolean sameFamily = address.address().getAddress().length == gateway.getAddress().length;
                if (sameFamily && !ruled.contains(address.host())) {
                    lines.add("rule add from " + address.host() + " lookup " + table(number));
                }
            }
        }
        return lines;
    }

    /** Takes away the rules of a slot; its routes go with its link. */
    static List<String> withoutRules(Ip ip, Namespace group, FailoverInterface definition, Call call)
            throws HostException {
        int number = number(definition.slot());
        if (number == 0 || definition.gateways().isEmpty()) {
            return List.of();
        }
        return ruled(ip, group, number, call).stream()
                .map(from -> "rule del from " + from + " lookup " + table(number))
                .toList();
    }

    private static Set<String> ruled(Ip ip, Namespace group, int number, Call call) throws HostException {
        Set<String> from = new HashSet<>();
        // "-6" holds for a whole batch: one question per family
        for (String family : List.of("-4", "-6")) {
            for (JsonNode rule : ip.askOne(group, family, "rule show", call)) {
                if (rule.path("table").asText().equals(Integer.toString(table(number)))) {
                    from.add(Cidr.literal("rule", rule.path("src").asText()).getHostAddress());
                }
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
