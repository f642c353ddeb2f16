package sfo.protocol.control;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Reason;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;

/** What operators are shown, as text or, by {@code --json}, as it is. Times are UTC, durations milliseconds. */
public final class Views {
    private Views() {}

    public enum GroupState {
        NORMAL,
        DEGRADED,
        FAILING_OVER,
        ROLLING_BACK,
        FAILED_OVER,
        UNDOING,
        NEEDS_ATTENTION,
        /** known here, served by nobody this appliance can name, or waiting for confirmation after a boot */
        STANDING_BY,
        /** this appliance votes on its claims, and never serves it */
        WITNESS
    }

    public record StatusView(
            String appliance, String version, String bootIdentity, List<MemberView> members, List<GroupView> groups) {}

    /**
     * @param state of the membership view: {@code up}, {@code joining}, {@code unreachable}, {@code down}, {@code absent}
     * @param lastSeen its last sign of life on any channel, as seen from here
     * @param witness whether its agent only votes
     */
    public record MemberView(
            String appliance,
            String address,
            String state,
            boolean self,
            boolean leader,
            Optional<Instant> lastSeen,
            boolean witness) {
        public MemberView(
                String appliance,
                String address,
                String state,
                boolean self,
                boolean leader,
                Optional<Instant> lastSeen) {
            this(appliance, address, state, self, leader, lastSeen, false);
        }
    }

    /**
     * @param servedHere whether this appliance serves it now
     * @param waiting what a standing-by appliance waits for and how to end that; empty if nothing
     * @param operation the open operation, if one is under way
     */
    public record GroupView(
            GroupDefinition definition,
            GroupState state,
            Claim claim,
            boolean servedHere,
            String waiting,
            List<MirrorState> mirrors,
            List<BackupView> backups,
            List<Reason> reasons,
            Optional<SagaView> operation) {}

    /** A config backup of {@code appliance} that is kept on {@code keptBy}. */
    public record BackupView(
            String appliance,
            long sequence,
            Instant made,
            String sha256,
            long bytes,
            String keptBy,
            boolean good,
            String detail) {}

    /** @param verdict {@code DEAD}, {@code ALIVE} or {@code UNKNOWN} */
    public record DossierView(String appliance, String verdict, List<EvidenceView> evidence) {}

    /** @param finding {@code ALIVE}, {@code SILENT} or {@code PROVES_NOTHING} */
    public record EvidenceView(String channel, String finding, String detail) {}

    /** @param kind {@code failover}, {@code undo}, {@code start}, {@code resume}, {@code handover} */
    public record SagaView(
            String id,
            String group,
            String kind,
            Claim claim,
            String state,
            String operator,
            String reason,
            Instant started,
            Optional<Instant> ended,
            List<StepView> steps,
            Optional<DossierView> dossier,
            List<String> openItems) {}

    /** @param state {@code waiting}, {@code running}, {@code done}, {@code failed}, {@code undoing}, {@code undone}, {@code open} */
    public record StepView(String id, Phase phase, String title, String state, long millis, String detail) {}

    public record CheckView(
            String group, boolean ready, boolean lossless, List<Reason> reasons, Optional<DossierView> dossier) {}

    public record PlanView(Plan plan, String hash, long estimatedMillis) {}

    /** A checkpoint: per step, what was true before it. */
    public record CheckpointView(String saga, Instant made, Map<String, Map<String, String>> facts) {}

    /**
     * What an appliance offers to a group that is being made: its NICs with addresses and use, and what it lacks.
     *
     * @param witness whether its agent only votes
     * @param peers the appliances that its settings name; empty from older agents
     */
    public record SurveyView(
            String appliance,
            List<NicView> nics,
            List<PluginView> plugins,
            @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean witness,
            @JsonInclude(JsonInclude.Include.NON_EMPTY) List<String> peers) {
        public SurveyView {
            peers = Objects.requireNonNullElse(peers, List.of());
        }

        /** Of one that could serve. */
        public SurveyView(String appliance, List<NicView> nics, List<PluginView> plugins) {
            this(appliance, nics, plugins, false, List.of());
        }
    }

    /** @param use {@code free}, or why the NIC can't be a spare one */
    public record NicView(String device, String mac, boolean carrier, List<String> addresses, String use) {}

    /** An adapter: what it makes, the version found, what it lacks here (with how to get it). */
    public record PluginView(String name, String family, String version, boolean usable, List<String> lacks) {}
}
