package sfo.agent.membership;

import akka.actor.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Adapter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.config.load.Settings;
import sfo.protocol.peer.PeerMessage;

/**
 * The way to actors of other appliances, by their address alone: it asks nothing about membership, since an unreachable
 * member keeps others from being members. Nothing tells whether a message arrived. Usable from any thread.
 */
public final class PeerLink {
    private static final Logger log = LoggerFactory.getLogger(PeerLink.class);

    private final Map<String, Settings.Peer> peers;
    private final Supplier<Optional<ActorSystem<Void>>> system;

    /** @param system the one that runs now; empty while it is restarted: what is sent then is lost */
    public PeerLink(List<Settings.Peer> peers, Supplier<Optional<ActorSystem<Void>>> system) {
        this.peers = peers.stream().collect(Collectors.toMap(Settings.Peer::appliance, Function.identity()));
        this.system = system;
    }

    /**
     * @param actorName of an actor below {@code /user/agent}
     * @throws IllegalArgumentException if {@code appliance} is no peer
     */
    public void tell(String appliance, String actorName, PeerMessage message) {
        Settings.Peer peer = peers.get(appliance);
        if (peer == null) {
            throw new IllegalArgumentException("appliance \"" + appliance + "\": expected one of " + peers.keySet()
                    + "; other appliances are named by sfo.peers in the settings file");
        }
        Optional<ActorSystem<Void>> running = system.get();
        if (running.isEmpty()) {
            log.debug("not sent to {}: the actor system restarts: {}", appliance, message);
            return;
        }
        Adapter.toClassic(running.get())
                .actorSelection(address(peer.host(), peer.port()) + "/user/agent/" + actorName)
                .tell(message, ActorRef.noSender());
    }

    /** The address of an appliance's actor system. */
    public static String address(String host, int port) {
        return "akka://sfo@" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
