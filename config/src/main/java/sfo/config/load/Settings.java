package sfo.config.load;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What an agent is told by its file.
 *
 * @param appliance this appliance's name
 * @param data durable state: journal, backups, default place of volumes; made if missing
 * @param run what does not outlive a boot: sockets, pid files; made if missing
 * @param socket the control socket
 * @param witnesses addresses that tell whether this appliance's own networks work: gateways, switches, other hosts
 * @param mirrorAddress this appliance's address on the storage network, for the mirrors' exports
 * @param witness whether this agent only votes: it serves no group, and touches nothing of its host
 */
public record Settings(
        String appliance,
        Path data,
        Path run,
        Path socket,
        Endpoint endpoint,
        Tls tls,
        List<Peer> peers,
        List<String> witnesses,
        Adapters adapters,
        String mirrorAddress,
        Backups backups,
        boolean witness) {
    /** Of an agent that can serve. */
    public Settings(
            String appliance,
            Path data,
            Path run,
            Path socket,
            Endpoint endpoint,
            Tls tls,
            List<Peer> peers,
            List<String> witnesses,
            Adapters adapters,
            String mirrorAddress,
            Backups backups) {
        this(appliance, data, run, socket, endpoint, tls, peers, witnesses, adapters, mirrorAddress, backups, false);
    }

    /** Where this agent is reached: Artery's port and the hello endpoint's. */
    public record Endpoint(String host, int port, int helloPort) {}

    /** PEM files: RSA PKCS#8 key, certificate, authority. */
    public record Tls(Path key, Path certificate, Path authority) {}

    /** @param witness whether its agent only votes */
    public record Peer(String appliance, String host, int port, int helloPort, String mirrorAddress, boolean witness) {
        /** One that can serve. */
        public Peer(String appliance, String host, int port, int helloPort, String mirrorAddress) {
            this(appliance, host, port, helloPort, mirrorAddress, false);
        }
    }

    /** The peers that can serve. */
    public List<Peer> servers() {
        return peers.stream().filter(peer -> !peer.witness()).toList();
    }

    /** @param embedded the folder of the embedded adapters; empty for the real ones */
    public record Adapters(Optional<Path> embedded) {}

    public record Backups(Duration every, int keep, Duration verifyEvery) {}
}
