package sfo.agent.rules.member;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.Target;
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

    /** Replay the inverses, then hand over to {@code to}. */
    record Undo(String to, Operator by) implements SagaOrder {}

    /** Replay the inverses: another appliance holds the group. */
    record Release(String why) implements SagaOrder {}

    record StorePermit(Claim claim, List<Target> targets, long validMillis) implements SagaOrder {}

    record HandedOver(boolean opened, String why) implements SagaOrder {}

    /** Change what is served to another plan of the same claim. */
    record Adjust(Plan plan) implements SagaOrder {}

    /** Say again how it ended, if it has, or that it never began. */
    record Report() implements SagaOrder {}
}
