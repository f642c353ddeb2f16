package sfo.protocol.plan;

import java.util.List;

/**
 * One act of a plan.
 *
 * @param id unique within the plan, such as {@code storage.volume.tank}
 * @param after ids of the steps that must have succeeded before; the others run in parallel
 * @param limitMillis when it is taken to have failed (and its outcome is unknown until inspected)
 * @param essential whether its failure rolls the plan back; else it is reported
 */
public record Step(
        String id, Phase phase, Resource resource, List<String> after, long limitMillis, boolean essential) {}
