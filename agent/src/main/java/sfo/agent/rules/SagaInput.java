package sfo.agent.rules;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.Target;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Plan;

/** What comes in to a saga. An {@code error} is empty if all went well. */
public sealed interface SagaInput {
    /** Begin; the event's ordinal is 1. */
    record Open(SagaEvent.Opened event) implements SagaInput {}

    /**
     * The journal was read: after a start, or {@code again} because it failed.
     *
     * @param sameBoot the host forgot nothing
     * @param repaired when the journal was repaired, if it may lack events since
     */
    record JournalRead(boolean again, boolean sameBoot, Optional<Instant> repaired) implements SagaInput {}

    record CheckpointTaken(Map<String, Facts> before, String error) implements SagaInput {}

    record Applied(String step, String error, long millis) implements SagaInput {}

    record Reverted(String step, String error, long millis) implements SagaInput {}

    /** After a restart: all that was done is still there, but for {@code missing}, if that is not empty. */
    record Checked(String missing) implements SagaInput {}

    /** Replay the inverses, then hand over. */
    record Undo(String to, String user, String reason) implements SagaInput {}

    /** Replay the inverses: another appliance holds the group. */
    record Release(String why) implements SagaInput {}

    record StorePermit(Claim claim, List<Target> targets, long validMillis) implements SagaInput {}

    record HandedOver(boolean opened, String why) implements SagaInput {}

    /** What is served is to change to {@code plan}; {@code before} of the steps that it adds. */
    record AdjustPrepared(Plan plan, Map<String, Facts> before, String error) implements SagaInput {}

    record AdjustOver(String error) implements SagaInput {}

    /** Say again how it ended, if it has, or that it never began. */
    record Report() implements SagaInput {}
}
