package sfo.agent.rules.member;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.Sample;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Requests;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Terms;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.GroupMessage.Beat;

/** The pair a and b of group "files" with its witness w: who they are, and what they say. */
final class Voting {
    static final Instant NOON = Instant.parse("2026-05-04T12:00:00Z");
    static final Claim A1 = Sample.claim(1, "a");
    static final Claim B2 = Sample.claim(2, "b");
    static final Terms NONE = new Terms(List.of(), Optional.empty());

    private Voting() {}

    static Terms witness(int lease) {
        return new Terms(List.of("w"), lease == 0 ? Optional.empty() : Optional.of(new Lease(lease)));
    }

    static GroupDefinition group(Terms terms) {
        return Sample.group().under(1).on(terms);
    }

    static Member member(String self) {
        return new Member("files", self, "boot", Optional.empty(), "run:", (group, volume) -> "/srv/" + volume);
    }

    static Moment at(long millis) {
        return new Moment(NOON.plusMillis(millis), millis * 1_000_000, "moment-" + millis, Map.of());
    }

    /** a was given the group, and is known to be bound by a lease, if there is one. */
    static GroupState heldByA(GroupDefinition group) {
        GroupState held = GroupState.EMPTY
                .apply(new GroupEvent.Defined(1, group, NOON))
                .apply(new GroupEvent.ClaimKnown(2, A1, "created", NOON));
        return group.gated() ? held.apply(new GroupEvent.Leased(3, A1, NOON)) : held;
    }

    static GroupState servedByA(GroupDefinition group) {
        GroupState held = heldByA(group);
        return held.apply(new GroupEvent.Serving(held.ordinal() + 1, "files-1", "boot", NOON));
    }

    /** @param heard the mark that it heard last of whoever is told this; empty if none */
    static Input says(String from, Claim claim, long version, Map<String, String> heard) {
        boolean serves = claim.appliance().equals(from);
        List<MirrorState> mirrors =
                from.equals("w") ? List.of() : List.of(Sample.side(serves ? Sync.SOLO : Sync.CLEAN));
        return new Input.Heard(new Beat(
                from,
                "files",
                "boot-" + from,
                version,
                claim,
                serves,
                !serves,
                mirrors,
                List.of(),
                "m",
                heard,
                false,
                serves));
    }

    static Wish failover() {
        return new Wish.Failover(
                new Requests.Failover(
                        "files", Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), false, false),
                new Requests.Operator(0, "root", ""));
    }

    /** a is dead, and everything is fit. */
    static Input assessed(GroupState state) {
        Assessment dead = new Assessment(state.definition().orElseThrow(), "a", List.of(), Optional.empty());
        return new Input.Assessed("w", failover(), Optional.of(dead), "");
    }

    static GroupState after(GroupState state, Decision decision) {
        GroupState next = state;
        for (GroupEvent event : decision.events()) {
            next = next.apply(event);
        }
        return next;
    }

    static List<GroupMessage> sent(Decision decision, String to) {
        return decision.acts().stream()
                .filter(act -> act instanceof Act.Send s && s.to().equals(to))
                .map(act -> ((Act.Send) act).message())
                .toList();
    }

    static Answer answer(Decision decision) {
        return decision.acts().stream()
                .filter(Act.Reply.class::isInstance)
                .map(act -> ((Act.Reply) act).answer())
                .findFirst()
                .orElseThrow();
    }

    static boolean answers(Decision decision) {
        return decision.acts().stream().anyMatch(Act.Reply.class::isInstance);
    }

    static List<Long> passes(Decision decision) {
        return decision.acts().stream()
                .filter(Act.PassUntil.class::isInstance)
                .map(act -> ((Act.PassUntil) act).nanos())
                .toList();
    }
}
