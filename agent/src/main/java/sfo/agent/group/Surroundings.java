package sfo.agent.group;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import sfo.agent.failover.StepRunner;
import sfo.config.load.Settings;
import sfo.ops.api.Host;
import sfo.protocol.model.Inventory;
import sfo.protocol.peer.Hello;
import sfo.protocol.peer.PeerMessage;

/**
 * What the actors of this package are given.
 *
 * @param storable whether the disk takes what is to be stored
 * @param known told what the hello says of a group, and whether an operation is open
 * @param repaired when the journal was repaired, if it may lack something since
 * @param boot this boot's identity: another one means that the host forgot what it served
 */
public record Surroundings(
        Settings settings,
        String boot,
        Optional<Instant> repaired,
        StepRunner runner,
        Peers peers,
        BackupSource backups,
        BooleanSupplier storable,
        BiConsumer<Hello.GroupClaim, Boolean> known) {
    /** The way to the same actors on other appliances, whatever the cluster thinks of them. Never blocks, may lose. */
    public interface Peers {
        void tell(String appliance, PeerMessage message);

        /** When anything of it was heard on another channel than its groups' heartbeats, since this agent started. */
        default Optional<Instant> lastSeen(String appliance) {
            return Optional.empty();
        }

        /** What {@code appliance} answers of a group when it is asked outside the cluster; empty if it does not answer. */
        default CompletionStage<Optional<Hello.GroupClaim>> ask(String appliance, String group) {
            return CompletableFuture.completedFuture(Optional.empty());
        }

        /** Takes a failed-over appliance out of the cluster's membership. */
        void down(String appliance);
    }

    /** The config backups that this appliance keeps of others, and makes of itself. */
    public interface BackupSource {
        /** The newest good inventory of {@code appliance}, or what is wrong with what there is. */
        CompletionStage<Newest> newestGood(String appliance, String group);

        void changed(Inventory inventory);

        /** @param lacksGroup there are good ones and no newer bad one, but they do not hold the group, or no longer */
        record Newest(Optional<Inventory> inventory, String flaw, boolean lacksGroup) {}
    }

    public String self() {
        return settings.appliance();
    }

    public Host host() {
        return runner.host();
    }
}
