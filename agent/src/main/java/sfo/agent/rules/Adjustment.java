package sfo.agent.rules;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Step;

/**
 * How what is served changes from one plan to another without a pause.
 *
 * @param apply steps that are new or differ, in the new plan's order
 * @param revert steps that are no more, last first; after the others
 */
public record Adjustment(List<Step> apply, List<Step> revert) {
    public static Adjustment between(Plan from, Plan to) {
        List<Step> apply = to.steps().stream()
                .filter(step -> from.step(step.id())
                        .map(old -> !old.resource().equals(step.resource()))
                        .orElse(true))
                .toList();
        List<Step> revert = new ArrayList<>(from.steps().stream()
                .filter(step -> to.step(step.id()).isEmpty())
                .toList());
        Collections.reverse(revert);
        return new Adjustment(apply, revert);
    }
}
