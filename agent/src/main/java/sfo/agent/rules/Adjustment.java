package sfo.agent.rules;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Resource.MirroredVolume;
import sfo.protocol.plan.Resource.OpenInterface;
import sfo.protocol.plan.Resource.PrimaryVolume;
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
                        .map(old -> !isSame(old.resource(), step.resource()))
                        .orElse(true))
                .toList();
        List<Step> revert = new ArrayList<>(from.steps().stream()
                .filter(step -> to.step(step.id()).isEmpty() && !isMirrorOf(step.resource(), to))
                .toList());
        Collections.reverse(revert);
        return new Adjustment(apply, revert);
    }

    /** Those who are connected now were not when it opened, and stay connected. */
    private static boolean isSame(Resource old, Resource now) {
        if (old instanceof OpenInterface was && now instanceof OpenInterface is) {
            return was.definition().equals(is.definition()) && was.appliance().equals(is.appliance());
        }
        return old.equals(now);
    }

    /** A mirror that came with a hand-over goes on for as long as its volume is served. */
    private static boolean isMirrorOf(Resource resource, Plan to) {
        return resource instanceof MirroredVolume mirror
                && to.steps().stream()
                        .anyMatch(step -> step.resource() instanceof PrimaryVolume primary
                                && primary.volume()
                                        .name()
                                        .equals(mirror.volume().name()));
    }
}
