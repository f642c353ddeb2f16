package sfo.agent.rules.member;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sfo.agent.rules.SagaState;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.Hello;

/** What comes in to a member of a group. {@code wish} names an operator's wish, to which the answer goes. */
public sealed interface Input {
    record Heard(GroupMessage message) implements Input {}

    /** Each second. */
    record Tick() implements Input {}

    record Wanted(String wish, Wish what) implements Input {}

    /** Whether a volume is to be mirrored. */
    record MirrorWanted(String wish, Volume volume, boolean wanted) implements Input {}

    /** The answer to {@link Act.Assess}; without an assessment it says why there is none. */
    record Assessed(String wish, Wish what, Optional<Assessment> assessment, String error) implements Input {}

    /** The answer to {@link Act.AskClaims}: of those who answered. */
    record Claims(String wish, Map<String, Hello.GroupClaim> said) implements Input {}

    /** The answer to {@link Act.AskSaga}. */
    record SagaIs(String wish, Wish what, String saga, SagaState state) implements Input {}

    /** The answer to {@link Act.OpenTargets}; {@code error} is empty if all are open. */
    record TargetsOpened(Claim offer, List<Target> targets, String error) implements Input {}

    /** The answer to {@link Act.Prove}. */
    record Proved(Claim permit, boolean dead) implements Input {}

    /** After {@link Act.ExpectWord}. */
    record NoWord(String appliance) implements Input {}

    /** The answer to {@link Act.LookAt}. */
    record LookedAt(String appliance, boolean dead, Instant at) implements Input {}

    record Mirrors(List<MirrorState> states) implements Input {}

    /** The answer to {@link Act.LookWhoIsConnected}. */
    record Connected(List<String> connections) implements Input {}

    /** Everything is released; the permit may be stored already, before a restart. */
    record SagaWantsHandOver(String saga, SagaState state) implements Input {}

    record PermitStored(SagaEvent.Permitted permit) implements Input {}

    /** What is served has changed; or, with an error, it is as before. */
    record SagaAdjusted(String saga, String id, String error) implements Input {}

    /** A server of this group ended, on an operator's word or not. */
    record ServerEnded() implements Input {}

    /** @param broken what is wrong with what is served */
    record SagaLooked(String saga, List<String> broken) implements Input {}

    record SagaEnded(String saga, SagaState state) implements Input {}

    /** The agent ended before this saga was stored: nothing was touched. */
    record SagaNeverOpened(String saga) implements Input {}

    /** After a start; and again after the journal failed: what was decided last may not be stored. */
    record JournalRead() implements Input {}

    /** The actor system ends. */
    record Stopped() implements Input {}

    /** Carrying something out went wrong in a way that nobody foresaw. */
    record Broke(String error) implements Input {}
}
