package sfo.protocol.events;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.model.Claim;
import sfo.protocol.model.Target;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Plan;

/** What a saga did and is about to do. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
@JsonSubTypes({
    @JsonSubTypes.Type(value = SagaEvent.Opened.class, name = "saga-opened"),
    @JsonSubTypes.Type(value = SagaEvent.Checkpointed.class, name = "checkpointed"),
    @JsonSubTypes.Type(value = SagaEvent.StepIntended.class, name = "step-intended"),
    @JsonSubTypes.Type(value = SagaEvent.StepDone.class, name = "step-done"),
    @JsonSubTypes.Type(value = SagaEvent.StepFailed.class, name = "step-failed"),
    @JsonSubTypes.Type(value = SagaEvent.TurnedBack.class, name = "turned-back"),
    @JsonSubTypes.Type(value = SagaEvent.InverseIntended.class, name = "inverse-intended"),
    @JsonSubTypes.Type(value = SagaEvent.StepUndone.class, name = "step-undone"),
    @JsonSubTypes.Type(value = SagaEvent.InverseFailed.class, name = "inverse-failed"),
    @JsonSubTypes.Type(value = SagaEvent.UndoRequested.class, name = "undo-requested"),
    @JsonSubTypes.Type(value = SagaEvent.Permitted.class, name = "permitted"),
    @JsonSubTypes.Type(value = SagaEvent.HandOverEnded.class, name = "hand-over-ended"),
    @JsonSubTypes.Type(value = SagaEvent.AdjustIntended.class, name = "adjust-intended"),
    @JsonSubTypes.Type(value = SagaEvent.AdjustEnded.class, name = "adjust-ended"),
    @JsonSubTypes.Type(value = SagaEvent.Ended.class, name = "saga-ended")
})
public sealed interface SagaEvent extends StoredEvent {
    /** Why a plan is carried out. */
    enum Kind {
        /** the first start of a group on its home */
        START,
        FAILOVER,
        /** served again after a reboot of the holder, or after a hand-over that failed */
        RESUME,
        /** on the returning appliance, by the survivor's permit */
        HAND_OVER
    }

    /**
     * @param boot the boot identity in which the plan began: another one means that the host forgot everything
     * @param user who commanded it (user name and uid), or the agent itself
     */
    record Opened(
            long ordinal,
            String saga,
            Kind kind,
            Plan plan,
            Claim claim,
            String boot,
            String user,
            String reason,
            Optional<DossierView> dossier,
            Instant at)
            implements SagaEvent {}

    /** By step id, what was true before anything was touched. */
    record Checkpointed(long ordinal, Map<String, Facts> before, Instant at) implements SagaEvent {}

    /** The step's resource will be applied; its inverse is: revert that resource to {@code before}. */
    record StepIntended(long ordinal, String step, Facts before, Instant at) implements SagaEvent {}

    record StepDone(long ordinal, String step, long millis, Instant at) implements SagaEvent {}

    record StepFailed(long ordinal, String step, String why, long millis, Instant at) implements SagaEvent {}

    /** From here on inverses are replayed, last first. */
    record TurnedBack(long ordinal, String why, Instant at) implements SagaEvent {}

    record InverseIntended(long ordinal, String step, Instant at) implements SagaEvent {}

    record StepUndone(long ordinal, String step, long millis, Instant at) implements SagaEvent {}

    record InverseFailed(long ordinal, String step, String why, int attempt, Instant at) implements SagaEvent {}

    record UndoRequested(long ordinal, String to, String user, String reason, Instant at) implements SagaEvent {}

    /** The permit that is about to be sent: from here on only its answer, or proof, tells who serves. */
    record Permitted(long ordinal, Claim claim, List<Target> targets, long validMillis, Instant at)
            implements SagaEvent {}

    record HandOverEnded(long ordinal, boolean opened, String why, Instant at) implements SagaEvent {}

    /**
     * What is served will be changed to {@code plan} (a share or volume came or went).
     *
     * @param before of the steps that the plan so far does not have
     */
    record AdjustIntended(long ordinal, Plan plan, Map<String, Facts> before, Instant at) implements SagaEvent {}

    /** The adjusted plan holds, or the one before it holds again. */
    record AdjustEnded(long ordinal, boolean done, String why, Instant at) implements SagaEvent {}

    record Ended(long ordinal, Outcome outcome, List<String> openItems, Instant at) implements SagaEvent {}

    enum Outcome {
        /** the plan holds: this appliance serves */
        DONE,
        /** the host equals the checkpoint */
        UNDONE,
        NEEDS_ATTENTION
    }
}
