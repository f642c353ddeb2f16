package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.Sample;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.peer.GroupMessage;

/** Five members of which a is dead, and another one claims while b is on its way to: one decision at a time. */
@Timeout(20)
class TwoSurvivorsTest {
    private static final Instant NOON = Instant.parse("2026-05-04T12:00:00Z");
    private static final GroupDefinition FIVE = new GroupDefinition(
            "files", 1, "a", List.of("a", "b", "c", "d", "e"), Sample.group().interfaces(), List.of(), List.of());
    private static final GroupState HELD = GroupState.EMPTY
            .apply(new GroupEvent.Defined(1, FIVE, NOON))
            .apply(new GroupEvent.ClaimKnown(2, Sample.claim(1, "a"), "created", NOON));
    private static final Claim C2 = Sample.claim(2, "c");
    private static final Input PROPOSED = new Input.Heard(new GroupMessage.Propose("c", "files", C2));
    private static final Member B =
            new Member("files", "b", "boot", Optional.empty(), "run:", (group, volume) -> "/srv/" + volume);

    private static Wish.Failover failover(Optional<String> override) {
        return new Wish.Failover(
                new Requests.Failover(
                        "files", Optional.empty(), Optional.empty(), Optional.empty(), override, false, false),
                new Requests.Operator(0, "root", ""));
    }

    private static Decision on(GroupState state, Memory memory, long millis, Input input) {
        Moment now = new Moment(NOON.plusMillis(millis), millis * 1_000_000, "moment-" + millis, Map.of());
        return MemberRules.on(B, state, memory, now, input);
    }

    private static Input assessed(Wish.Failover wish) {
        Assessment dead = new Assessment(FIVE, "a", List.of(), Optional.empty());
        return new Input.Assessed("w", wish, Optional.of(dead), "");
    }

    private static Answer answer(Decision decision) {
        return decision.acts().stream()
                .filter(Act.Reply.class::isInstance)
                .map(act -> ((Act.Reply) act).answer())
                .findFirst()
                .orElseThrow();
    }

    private static Claim proposal(Decision decision) {
        return decision.acts().stream()
                .filter(act -> act instanceof Act.Send s && s.message() instanceof GroupMessage.Propose)
                .map(act -> ((GroupMessage.Propose) ((Act.Send) act).message()).claim())
                .findFirst()
                .orElseThrow();
    }

    /** What it proves by then is that a is dead, not that c is. */
    @ParameterizedTest
    @ValueSource(strings = {"", "the operator's word"})
    void whileItProvesAnotherClaimsAndItsProofIsOfNoUseAnyMore(String override) {
        Wish.Failover wish = failover(Optional.of(override).filter(text -> !text.isEmpty()));
        Decision begun = on(HELD, Memory.fresh(0), 0, new Input.Wanted("w", wish));
        Decision votes = on(HELD, begun.memory(), 100, PROPOSED);
        assertThat(votes.acts()).contains(new Act.Send("c", new GroupMessage.Acknowledge("b", "files", C2, C2)));

        GroupState knows = HELD;
        for (GroupEvent event : votes.events()) {
            knows = knows.apply(event);
        }
        Decision late = on(knows, votes.memory(), 500, assessed(wish));
        assertThat(late.events()).isEmpty();
        assertThat(answer(late).exit()).isEqualTo(ExitCode.BUSY);
        assertThat(answer(late).text()).contains("another claim came first: " + C2.tag());
        assertThat(late.memory().operation()).isEmpty();
    }

    @Test
    void whileItAsksForVotesTheLowerYieldsAndTheHigherDoesNot() {
        Wish.Failover wish = failover(Optional.empty());
        Decision begun = on(HELD, Memory.fresh(0), 0, new Input.Wanted("w", wish));
        Decision voting = on(HELD, begun.memory(), 500, assessed(wish));
        assertThat(voting.acts())
                .filteredOn(act -> act instanceof Act.Send s && s.message() instanceof GroupMessage.Propose)
                .hasSize(4);
        Decision yielded = on(HELD, voting.memory(), 600, PROPOSED);
        assertThat(answer(yielded).exit()).isEqualTo(ExitCode.BUSY);

        Claim lower = Sample.claim(2, "a");
        Decision stays = on(HELD, voting.memory(), 600, new Input.Heard(new GroupMessage.Propose("a", "files", lower)));
        assertThat(stays.acts())
                .containsExactly(new Act.Send("a", new GroupMessage.Acknowledge("b", "files", lower, HELD.claim())));
        assertThat(stays.memory().operation()).isPresent();
    }

    @Test
    void aMinorityIsRefusedInTheEndAndSaysWhatItTakes() {
        Wish.Failover wish = failover(Optional.empty());
        Decision begun = on(HELD, Memory.fresh(0), 0, new Input.Wanted("w", wish));
        Decision voting = on(HELD, begun.memory(), 500, assessed(wish));
        Claim mine = proposal(voting);
        Decision one =
                on(HELD, voting.memory(), 600, new Input.Heard(new GroupMessage.Acknowledge("c", "files", mine, mine)));
        assertThat(one.events()).isEmpty();
        Decision late = on(HELD, one.memory(), 5_001, new Input.Tick());
        assertThat(answer(late).exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(answer(late).reasons()).singleElement().satisfies(reason -> {
            assertThat(reason.code()).isEqualTo("NO-MAJORITY");
            assertThat(reason.text()).contains("2 of 5", "3 are needed");
            assertThat(reason.mend()).contains("--override \"REASON\"");
        });
    }

    /** Its own claim is no other's; and it opens when enough have acknowledged that, not before. */
    @Test
    void aHeartbeatThatOvertakesAVotersWordIsNoVoteAndStopsNothing() {
        Wish.Failover wish = failover(Optional.empty());
        Decision begun = on(HELD, Memory.fresh(0), 0, new Input.Wanted("w", wish));
        Decision voting = on(HELD, begun.memory(), 500, assessed(wish));
        Claim mine = proposal(voting);
        Input told = new Input.Heard(new GroupMessage.Beat(
                "d", "files", "boot-d", 1, mine, false, true, List.of(), List.of(), "mark", Map.of(), false));
        Decision early = on(HELD, voting.memory(), 600, told);
        GroupState knows = HELD;
        for (GroupEvent event : early.events()) {
            knows = knows.apply(event);
        }
        Decision one =
                on(knows, early.memory(), 650, new Input.Heard(new GroupMessage.Acknowledge("d", "files", mine, mine)));
        assertThat(one.events()).isEmpty();
        assertThat(one.memory().operation()).isPresent();
        Decision enough =
                on(knows, one.memory(), 700, new Input.Heard(new GroupMessage.Acknowledge("c", "files", mine, mine)));
        assertThat(enough.events()).hasAtLeastOneElementOfType(GroupEvent.OperationOpened.class);
    }
}
