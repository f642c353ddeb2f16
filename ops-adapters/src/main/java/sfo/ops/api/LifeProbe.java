package sfo.ops.api;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/** Looks for signs of life on the wire, several times over a few hundred milliseconds, never with a failover MAC. */
public interface LifeProbe {
    /**
     * What came of probing one address.
     *
     * @param device the NIC that leads to it; empty if none does
     * @param carrier whether that NIC has carrier
     * @param answered whether anything answered: ARP or neighbour discovery, or ICMP echo
     * @param detail for people: what was sent, what came back, from which MAC
     */
    record Finding(InetAddress address, Optional<String> device, boolean carrier, boolean answered, String detail) {}

    /** Probes all addresses at once; {@code device} forces the NIC (for an address that no route leads to). */
    List<Finding> probe(List<InetAddress> addresses, Optional<String> device, Call call) throws HostException;
}
