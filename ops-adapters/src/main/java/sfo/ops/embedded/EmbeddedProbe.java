package sfo.ops.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.LifeProbe;
import sfo.protocol.control.Views;

/**
 * Probes the world: failover addresses answer where they are open, NICs' addresses while their appliance has power, and
 * witnesses always; each only over whole cables. Loopback addresses prove nothing: all appliances here share them.
 */
final class EmbeddedProbe implements LifeProbe {
    private final EmbeddedHost host;
    private final List<String> witnesses;

    EmbeddedProbe(EmbeddedHost host, List<String> witnesses) {
        this.host = host;
        this.witnesses = List.copyOf(witnesses);
    }

    @Override
    public List<Finding> probe(List<InetAddress> addresses, Optional<String> device, Call call) throws HostException {
        return host.act(() -> {
            List<Finding> findings = new ArrayList<>();
            for (InetAddress address : addresses) {
                findings.add(probe(address, device));
            }
            return findings;
        });
    }

    private Finding probe(InetAddress address, Optional<String> forced) throws IOException {
        World world = host.world();
        String text = address.getHostAddress();
        if (address.isLoopbackAddress() && forced.isEmpty()) {
            return new Finding(
                    address, Optional.empty(), false, false, text + " is loopback: all appliances here share it");
        }
        boolean carrier = world.carrier(host.appliance());
        Optional<String> owner = owner(text);
        boolean storage = owner.isPresent();
        Optional<String> device =
                forced.isPresent() ? forced : Optional.of(storage ? EmbeddedHost.STORAGE_NIC : EmbeddedHost.FRONT_NIC);
        if (!carrier) {
            return new Finding(address, device, false, false, device.get() + " has no carrier");
        }
        Optional<String> mac = Optional.empty();
        if (witnesses.contains(text)) {
            mac = Optional.of("02:00:00:00:00:fe");
        } else if (owner.isPresent() && world.linked(host.appliance(), owner.get())) {
            mac = Optional.of(host.mac(owner.get(), EmbeddedHost.STORAGE_NIC));
        } else {
            for (World.Wire wire : world.holders(text)) {
                if (wire.appliance().equals(host.appliance()) || world.linked(host.appliance(), wire.appliance())) {
                    mac = Optional.of(wire.mac());
                }
            }
        }
        String detail =
                mac.map(m -> "ARP for " + text + " answered by " + m).orElse("ARP for " + text + " not answered");
        return new Finding(address, device, true, mac.isPresent(), detail);
    }

    private Optional<String> owner(String address) throws IOException {
        for (String appliance : host.world().appliances()) {
            for (Views.NicView nic : host.nics(appliance)) {
                if (nic.addresses().stream().anyMatch(a -> a.startsWith(address + "/"))) {
                    return Optional.of(appliance);
                }
            }
        }
        return Optional.empty();
    }
}
