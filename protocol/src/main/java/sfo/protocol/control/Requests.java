package sfo.protocol.control;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Mac;
import sfo.protocol.model.Share;
import sfo.protocol.model.Volume;

/** What operators ask for, once parsed. */
public final class Requests {
    private Requests() {}

    /** Who asked: the uid at the other end of the socket (SO_PEERCRED), and why, in the operator's words or empty. */
    public record Operator(int uid, String user, String reason) {}

    /**
     * @param from the failed appliance; by default the holder
     * @param plan the hash that the plan must have, if given
     * @param override the written reason to go on against the dossier or the majority, if given
     */
    public record Failover(
            String group,
            Optional<String> from,
            Optional<Mac> mac,
            Optional<String> plan,
            Optional<String> override,
            boolean acceptLoss,
            boolean dryRun) {}

    public record Undo(String group, boolean acceptLoss, boolean dryRun) {}

    /**
     * Who is to vote, and for how long a holder is to pass frames unconfirmed.
     *
     * @param lease what it becomes; empty if it stays
     * @param more witnesses to add
     * @param fewer witnesses that are to vote no more
     */
    public record TermsChange(String group, Optional<Optional<Lease>> lease, List<String> more, List<String> fewer) {}

    /** A share to add; the agent gives it its id. */
    public record NewShare(
            String group,
            String name,
            Share.Protocol protocol,
            String volume,
            String path,
            boolean readOnly,
            boolean guest,
            List<String> clients,
            Map<String, String> options) {}

    /** What is empty stays as it is. */
    public record ShareChange(
            String group,
            String name,
            Share.Protocol protocol,
            Optional<Boolean> readOnly,
            Optional<Boolean> guest,
            Optional<List<String>> clients,
            Map<String, String> options) {}

    /** A disk to add: a new file, or one that is there already and has that size. */
    public record NewLun(String volume, long bytes) {}

    /**
     * A target to add; the agent gives it its id, and each LUN its number and serial.
     *
     * @param iqn by default one made of the group's name and its own
     */
    public record NewTarget(
            String group,
            String name,
            Optional<String> iqn,
            List<NewLun> luns,
            List<String> initiators,
            List<String> clients) {}

    /** What is empty stays as it is. */
    public record TargetChange(
            String group,
            String name,
            Optional<List<String>> initiators,
            Optional<List<String>> clients,
            List<NewLun> added,
            List<Integer> removed) {}

    /** @param backing per member, the file or device; what is missing lies in the agent's data folder */
    public record NewVolume(
            String group,
            String name,
            long bytes,
            Volume.FileSystem fileSystem,
            Volume.Mode mode,
            Volume.LinkLoss onLinkLoss,
            Map<String, String> backing) {}

    public enum VolumeVerb {
        ENABLE,
        DISABLE,
        RESYNC,
        DESTROY
    }
}
