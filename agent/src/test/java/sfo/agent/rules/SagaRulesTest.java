package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sfo.agent.rules.SagaRules.Act;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/** In which order inverses come. */
class SagaRulesTest {
    private static final Instant NOW = Instant.EPOCH;

    @Test
    void aStepThatStillActsIsUndoneOnlyOnceItIsOver() {
        Step one = new Step("one", Phase.NETWORK, new Resource.GroupHost("g"), List.of(), 1000, true);
        Step two = new Step("two", Phase.NETWORK, new Resource.GroupHost("h"), List.of(), 1000, true);
        Plan plan = new Plan("g", "b", "a", List.of(one, two));
        SagaState back = SagaState.EMPTY
                .apply(new SagaEvent.Opened(
                        1,
                        "g-2",
                        SagaEvent.Kind.FAILOVER,
                        plan,
                        new Claim(2, "b", "id"),
                        "boot",
                        "",
                        "",
                        Optional.empty(),
                        NOW))
                .apply(new SagaEvent.Checkpointed(2, Map.of(), NOW))
                .apply(new SagaEvent.StepIntended(3, "one", Facts.NOTHING, NOW))
                .apply(new SagaEvent.TurnedBack(4, "another appliance holds it", NOW));
        assertThat(SagaRules.next(back, true)).isEmpty();
        SagaState over = back.apply(new SagaEvent.StepDone(5, "one", 1, NOW));
        assertThat(SagaRules.next(over, true)).containsExactly(new Act.Undo(one));
    }
}
