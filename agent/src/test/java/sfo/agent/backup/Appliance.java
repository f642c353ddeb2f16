package sfo.agent.backup;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.AskPattern;
import akka.pattern.StatusReply;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import sfo.config.load.Settings;
import sfo.protocol.model.Inventory;

/** An actor system with nothing but {@link Backups}, in no cluster: links need none. */
final class Appliance implements AutoCloseable {
    static final Backups.Pace PACE = new Backups.Pace(
            Duration.ofMillis(200), Duration.ofMillis(1500), Duration.ofMillis(800), Duration.ofSeconds(30));
    /** Gives a round up soon, where a peer is heard and yet gets nothing. */
    static final Backups.Pace HURRIED =
            new Backups.Pace(PACE.hello(), PACE.silent(), PACE.answer(), Duration.ofSeconds(3));

    private final ActorTestKit kit;
    final ActorRef<Backups.Command> backups;

    /** @param port where it listens, if that is not where it is reached */
    Appliance(Settings settings, int port, Backups.Pace pace) {
        Config config = ConfigFactory.parseString(
                        """
                        akka.loglevel = WARNING
                        akka.log-dead-letters = off
                        akka.actor.provider = cluster
                        akka.cluster.downing-provider-class = ""
                        akka.cluster.jmx.enabled = off
                        akka.remote.artery.canonical { hostname = "127.0.0.1", port = %d }
                        akka.remote.artery.bind.port = %d
                        akka.remote.artery.transport = tcp
                        # peers come and go all the time here: looked for soon, and not waited for
                        akka.remote.artery.advanced {
                          outbound-restart-backoff = 100 ms
                          outbound-max-restarts = 100000
                          handshake-retry-interval = 100 ms
                          inject-handshake-interval = 100 ms
                          shutdown-flush-timeout = 100 ms
                        }
                        akka.actor.serialization-bindings { "sfo.protocol.peer.PeerMessage" = jackson-cbor }
                        akka.actor.allow-java-serialization = off
                        akka.coordinated-shutdown.exit-jvm = off
                        """.formatted(settings.endpoint().port(), port))
                .withFallback(ConfigFactory.load());
        kit = ActorTestKit.create("backup-test", config);
        backups = kit.spawn(Backups.create(settings, pace, Clock.systemUTC()), "backups");
    }

    void has(Inventory inventory) {
        backups.tell(new Backups.InventoryChanged(inventory));
    }

    <T> T ask(Function<ActorRef<StatusReply<T>>, Backups.Command> command) throws Exception {
        return AskPattern.askWithStatus(backups, command::apply, Duration.ofSeconds(40), kit.scheduler())
                .toCompletableFuture()
                .get(40, TimeUnit.SECONDS);
    }

    ActorTestKit kit() {
        return kit;
    }

    @Override
    public void close() {
        kit.shutdownTestKit();
    }
}
