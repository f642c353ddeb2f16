package sfo.agent.rules.member;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.plan.Plan;

/**
 * The operator's wish that is under way; one at a time.
 *
 * @param began by the monotonic clock
 * @param saga the one that carries it out, once it is known
 */
public record Operation(String wish, Wish what, long began, Instant beganAt, Optional<String> saga, Stage stage) {
    /** What it waits for. */
    public sealed interface Stage {
        /** an answer, or its saga */
        record Begun() implements Stage {}

        /** members that keep a new group's definition */
        record Collecting(GroupDefinition offered, Set<String> kept) implements Stage {}

        /** the failed holder's lease to have run out */
        record Outwaiting(Assessment assessment, Plan plan, Claim claim) implements Stage {}

        /** acknowledgements of a claim */
        record Voting(Assessment assessment, Plan plan, Claim claim, Map<String, Claim> acknowledged)
                implements Stage {}

        /** those who vote to know that its terms change */
        record Settling() implements Stage {}

        /** what is served to become {@code to} */
        record Adjusting(String id, GroupDefinition to) implements Stage {}

        /**
         * @param movedAt when home's mirrors last came nearer, by the monotonic clock
         * @param home what home said of its side then
         */
        record Mirroring(String to, long movedAt, List<MirrorState> home) implements Stage {}

        /** what is served here to be taken down, and served again then */
        record TakingDown() implements Stage {}

        /** an undo that did not come about: this appliance to serve again */
        record ServingAgain() implements Stage {}
    }

    Operation at(Stage next) {
        return new Operation(wish, what, began, beganAt, saga, next);
    }

    Operation by(String carriedOutBy) {
        return new Operation(wish, what, began, beganAt, Optional.of(carriedOutBy), stage);
    }

    boolean is(String sagaThatSpeaks) {
        return saga.equals(Optional.of(sagaThatSpeaks));
    }
}
