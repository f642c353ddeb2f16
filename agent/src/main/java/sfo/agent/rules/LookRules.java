package sfo.agent.rules;

import java.util.List;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/**
 * What follows from a look at what a holder serves: a server that ended leaves its address answering for nothing (I6), so
 * it is started again; nothing else is touched without an operator.
 */
public final class LookRules {
    private LookRules() {}

    /** Whether a step leaves something that has to stay as it is. A mirror's link comes and goes with its peer, and is told apart. */
    public static boolean isLookedAt(Step step) {
        return !step.resource().isProof() && !(step.resource() instanceof Resource.MirroredVolume);
    }

    /**
     * The steps to apply again. One look proves little on a machine that does much else, and a server can't run on a volume
     * that is gone.
     *
     * @param missing what does not hold
     * @param before what did not hold at the look before
     */
    public static List<Step> toMend(List<Step> missing, List<Step> before) {
        boolean serversAlone = missing.stream().allMatch(step -> step.phase() == Phase.SERVERS);
        return serversAlone ? missing.stream().filter(before::contains).toList() : List.of();
    }
}
