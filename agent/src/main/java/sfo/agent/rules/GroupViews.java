package sfo.agent.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sfo.protocol.control.Views;
import sfo.protocol.control.Views.GroupState;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Reason;

/** How a group is shown. */
public final class GroupViews {
    private GroupViews() {}

    /**
     * What a member knows.
     *
     * @param heard members that are heard
     * @param broken what is wrong with what is served
     * @param waiting what it waits for; empty if nothing
     */
    public record Known(
            sfo.agent.rules.GroupState state,
            GroupRules.Standing standing,
            List<MirrorState> mirrors,
            List<String> heard,
            List<String> broken,
            Optional<SagaState> saga,
            String waiting) {}

    public static Views.GroupView view(Known k, String self) {
        return view(k, self, List.of());
    }

    /** @param host what is wrong with the appliance itself */
    public static Views.GroupView view(Known k, String self, List<Reason> host) {
        GroupDefinition definition = k.state().definition().orElseThrow();
        boolean holds = k.standing() == GroupRules.Standing.HOLDS;
        List<Reason> reasons = new ArrayList<>(host);
        if (holds) {
            reasons.addAll(UndoRules.holderReadiness(definition, self, k.mirrors(), k.heard(), k.broken()));
        }
        k.state()
                .overridden()
                .ifPresent(why -> reasons.add(new Reason(
                        "OVERRIDDEN",
                        Reason.Weight.WARNS,
                        self + " took the group over by an override: " + why,
                        "once whatever came of that is seen to: sfo resolve " + definition.name())));
        Optional<Views.SagaView> operation = k.state().openOperation().isPresent()
                ? k.saga().filter(s -> s.opened().isPresent()).map(SagaViews::view)
                : Optional.empty();

        return new Views.GroupView(
                definition,
                state(k, definition, self, reasons),
                k.state().claim(),
                // on its way back it has let go, or is about to
                holds && k.state().openOperation().isEmpty(),
                lost(k)
                        ? "for an operator's word: the journal was repaired and lacks what "
                                + k.state().openOperation().orElseThrow()
                                + " did; a boot of this appliance takes down whatever it left, then: sfo resolve "
                                + definition.name()
                        : k.waiting(),
                k.mirrors(),
                List.of(),
                reasons,
                operation);
    }

    /** The operation that is open is not in the journal. */
    private static boolean lost(Known k) {
        return k.state().openOperation().isPresent()
                && k.saga().filter(s -> s.opened().isEmpty()).isPresent();
    }

    private static GroupState state(Known k, GroupDefinition definition, String self, List<Reason> reasons) {
        boolean open = k.state().openOperation().isPresent();
        Optional<SagaState> saga = k.saga().filter(s -> open && s.opened().isPresent());
        boolean stuck = lost(k)
                || saga.flatMap(SagaState::ended)
                        .filter(e -> e.outcome() == SagaEvent.Outcome.NEEDS_ATTENTION)
                        .isPresent();
        if (k.state().conflict().isPresent() || stuck || (open && !k.waiting().isEmpty())) {
            return GroupState.NEEDS_ATTENTION;
        }
        if (!definition.members().contains(self)) {
            return GroupState.WITNESS;
        }
        if (open) {
            return operation(k.state(), saga);
        }
        if (k.standing() != GroupRules.Standing.HOLDS) {
            return GroupState.STANDING_BY;
        }
        if (!k.state().claim().appliance().equals(definition.home())) {
            return GroupState.FAILED_OVER;
        }
        return reasons.isEmpty() ? GroupState.NORMAL : GroupState.DEGRADED;
    }

    /** Also while its saga is still read from the journal, after a restart. */
    private static GroupState operation(sfo.agent.rules.GroupState state, Optional<SagaState> saga) {
        boolean back = saga.filter(SagaState::back).isPresent();
        if (!back && !state.servingSaga().equals(state.openOperation())) {
            return GroupState.FAILING_OVER;
        }
        return back && saga.get().undo().isEmpty() ? GroupState.ROLLING_BACK : GroupState.UNDOING;
    }
}
