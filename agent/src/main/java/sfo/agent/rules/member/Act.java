package sfo.agent.rules.member;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Progress;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.GroupMessage;

/** What is to be done, in order, once the events of the same decision are stored. */
public sealed interface Act {
    record Send(String to, GroupMessage message) implements Act {}

    /** The hello, the mirrors' keeper and the config backups are told how this appliance stands to the group now. */
    record TellStanding() implements Act {}

    /** The wish is over. */
    record Reply(String wish, Answer answer) implements Act {}

    record Show(String wish, Progress news) implements Act {}

    record Saga(String saga, SagaOrder order) implements Act {}

    /**
     * Validates a failover, touching nothing; {@link Input.Assessed} answers.
     *
     * @param said what {@code from} said of its mirrors when it served last
     * @param death when it was dead, as far as that was looked at
     * @param given whether this appliance has just given it the group: then it need not have sent a config backup since
     * @param prove whether its death is to be proved too
     */
    record Assess(
            String wish,
            Wish what,
            GroupDefinition known,
            String from,
            List<MirrorState> said,
            Optional<Instant> death,
            boolean given,
            boolean prove)
            implements Act {}

    /** Proves the death of the appliance that was permitted to serve; {@link Input.Proved} answers. */
    record Prove(Claim permit, GroupDefinition group, String appliance) implements Act {}

    /** Waits for the next word of an appliance, from now on; {@link Input.NoWord} if there is none within {@code millis}. */
    record ExpectWord(String appliance, long millis) implements Act {}

    /** Looks on every channel whether an appliance is dead; {@link Input.LookedAt} answers. */
    record LookAt(GroupDefinition group, String appliance) implements Act {}

    /** Takes the mirrors' writes on this side, where it ended in order; {@link Input.TargetsOpened} answers. */
    record OpenTargets(Claim offer, List<Volume> volumes) implements Act {}

    /** Asks members outside the cluster which claim they know; {@link Input.Claims} answers. */
    record AskClaims(String wish, List<String> members) implements Act {}

    /** {@link Input.SagaIs} answers. */
    record AskSaga(String wish, Wish what, String saga) implements Act {}

    /** Whether what the replicas of this group alone have may be given up. */
    record AcceptLoss(boolean accepted) implements Act {}

    /** What a peer says of its side of the mirrors. */
    record PeerMirrors(List<MirrorState> states) implements Act {}

    /** Begins or ends a volume's mirror. */
    record KeepMirror(String wish, Volume volume, boolean wanted) implements Act {}

    /** {@link Input.Connected} answers. */
    record LookWhoIsConnected() implements Act {}

    /** Takes a failed-over appliance out of the cluster's membership. */
    record Down(String appliance) implements Act {}

    /** Frames of the group's interfaces pass here until then, by the monotonic clock, and no longer. */
    record PassUntil(GroupDefinition group, long nanos) implements Act {}

    /** For the log. */
    record Warn(String text) implements Act {}
}
