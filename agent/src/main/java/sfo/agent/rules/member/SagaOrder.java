package sfo.agent.rules.member;

import java.util.Optional;
import java.util.OptionalLong;
import sfo.agent.rules.SagaInput;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.plan.Plan;

/** What a saga is told by its group's member. */
public sealed interface SagaOrder {
    /** @param openUntil where it needs a permit: by the monotonic clock, until when it may open */
    record Open(
            SagaEvent.Kind kind,
            Plan plan,
            Claim claim,
            Operator by,
            Optional<DossierView> dossier,
            OptionalLong openUntil)
            implements SagaOrder {}

    /**
     * You may be opened with this plan in a moment: look already at what it would change.
     *
     * @param afterMillis until then nothing else is to be disturbed
     */
    record Prepare(Plan plan, long afterMillis) implements SagaOrder {}

    /** Change what is served to another plan of the same claim. */
    record Adjust(String id, Plan plan) implements SagaOrder {}

    /** Look whether what is served is as it was served. */
    record Look() implements SagaOrder {}

    /** Read your journal: what was being changed as the agent ended is changed back. */
    record Wake() implements SagaOrder {}

    record Say(SagaInput input) implements SagaOrder {}
}
