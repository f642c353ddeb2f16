package sfo.agent.rules.member;

import java.util.Locale;
import java.util.function.UnaryOperator;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.model.GroupDefinition;

/** What operators can want of a group. */
public sealed interface Wish {
    record Create(GroupDefinition definition, Operator by) implements Wish {}

    record Destroy(Operator by) implements Wish {}

    /** Changes what travels; refused by an IllegalArgumentException of {@code change} whose message is for the operator. */
    record Change(UnaryOperator<GroupDefinition> change, String done, Operator by) implements Wish {}

    record Check() implements Wish {}

    record ShowPlan(boolean undo) implements Wish {}

    record Failover(Requests.Failover request, Operator by) implements Wish {}

    record Undo(Requests.Undo request, Operator by) implements Wish {}

    record Resume(Operator by) implements Wish {}

    record Resolve(Operator by) implements Wish {}

    /** For people. */
    default String word() {
        return getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }
}
