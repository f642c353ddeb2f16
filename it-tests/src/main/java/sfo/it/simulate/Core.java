package sfo.it.simulate;

import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import sfo.agent.rules.DossierRules;
import sfo.agent.rules.DossierRules.Probe;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.ReadinessRules;
import sfo.agent.rules.SagaDecision;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaRules;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.member.Decision;
import sfo.agent.rules.member.Input;
import sfo.agent.rules.member.Member;
import sfo.agent.rules.member.MemberRules;
import sfo.agent.rules.member.Memory;
import sfo.agent.rules.member.Moment;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.model.Reason;

/** What decides. As it stands the product's own rules; a mutation overrides one of them. */
class Core {
    Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
        return MemberRules.on(me, state, memory, now, input);
    }

    SagaDecision saga(SagaState state, SagaInput input, boolean mayOpen, boolean released, Instant now) {
        return SagaRules.on(state, input, mayOpen, released, now);
    }

    List<Reason> readiness(ReadinessRules.Input in) {
        return ReadinessRules.assess(in);
    }

    DossierView judge(String appliance, List<Probe> probes, List<Probe> witnesses) {
        return DossierRules.judge(appliance, List.of(), probes, witnesses);
    }

    /** Whether an interface may open under a permit that ends at {@code until}. */
    boolean mayOpen(OptionalLong until, long nanos) {
        return until.isEmpty() || nanos - until.getAsLong() < 0;
    }

    /** Whether a host refuses to promote a replica under a claim lower than one that it has seen, or in mid-resync. */
    boolean volumesGuarded() {
        return true;
    }

    /** Whether what was decided is stored before it is done. */
    boolean storesFirst() {
        return true;
    }
}
