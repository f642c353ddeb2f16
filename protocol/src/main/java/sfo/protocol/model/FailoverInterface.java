package sfo.protocol.model;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;

/**
 * A slot of a group: what its interface is on whichever member holds the group.
 *
 * @param slot {@code fo0} or {@code fo1}; also the interface's name inside the group host
 * @param addresses one or more, IPv4 and IPv6
 * @param gateways at most one of each family; proves the wire at open, and is the default route
 * @param nics per member (by appliance name), the NIC that it goes on
 */
public record FailoverInterface(
        String slot,
        List<Cidr> addresses,
        MacChoice mac,
        List<InetAddress> gateways,
        List<Route> routes,
        Map<String, Nic> nics) {}
