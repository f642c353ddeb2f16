package sfo.agent.rules;

import java.util.List;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.plan.Step;

/** What a saga does, in order, once the events of the same decision are stored. */
public sealed interface SagaAct {
    /** Inspect every step's resource; {@link SagaInput.CheckpointTaken} answers. */
    record TakeCheckpoint() implements SagaAct {}

    /** {@link SagaInput.Applied} answers. */
    record Apply(Step step) implements SagaAct {}

    /** After a restart: end what is left of its commands, ask the host, apply if it does not hold; the same answers. */
    record Settle(Step step) implements SagaAct {}

    /**
     * {@link SagaInput.Reverted} answers.
     *
     * @param failures how often that failed before: to be waited for
     */
    record Revert(Step step, int failures) implements SagaAct {}

    /** Ask the host whether all of them still hold; {@link SagaInput.Checked} answers. */
    record Check(List<Step> done) implements SagaAct {}

    /** Change what is served to the plan whose intent is stored; {@link SagaInput.AdjustOver} answers. */
    record Adjust() implements SagaAct {}

    /** Make the plan from before hold again; {@link SagaInput.AdjustOver} answers with {@code why}. */
    record AdjustBack(String why) implements SagaAct {}

    // --- what its group's member is told

    record TellMoved() implements SagaAct {}

    /** Everything is released: the group can be offered. */
    record TellReleased() implements SagaAct {}

    record TellPermitStored(SagaEvent.Permitted permit) implements SagaAct {}

    record TellAdjusted(String error) implements SagaAct {}

    record TellEnded() implements SagaAct {}

    record TellNeverOpened() implements SagaAct {}
}
