package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

class LookRulesTest {
    private static final Step SMB = step("smb", Phase.SERVERS);
    private static final Step NFS = step("nfs", Phase.SERVERS);
    private static final Step MOUNT = step("mount", Phase.STORAGE);

    private static Step step(String id, Phase phase) {
        return new Step(id, phase, new Resource.GroupHost(id), List.of(), 1000, true);
    }

    @Test
    void aServerIsStartedAgainWhenTwoLooksMissItAndNothingBelowItIsGone() {
        assertThat(LookRules.toMend(List.of(SMB, NFS), List.of(SMB))).containsExactly(SMB);
        assertThat(LookRules.toMend(List.of(SMB), List.of())).isEmpty();
        assertThat(LookRules.toMend(List.of(), List.of(SMB))).isEmpty();
        assertThat(LookRules.toMend(List.of(SMB, MOUNT), List.of(SMB, MOUNT))).isEmpty();
        assertThat(LookRules.toMend(List.of(MOUNT), List.of(MOUNT))).isEmpty();
        assertThat(LookRules.toMend(List.of(SMB), List.of(SMB, MOUNT))).containsExactly(SMB);
    }
}
