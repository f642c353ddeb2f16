package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.agent.rules.Sample;
import sfo.protocol.control.ExitCode;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.peer.GroupMessage;

/** Five members of which a is dead, and another one claims while b is on its way to: one decision at a time. */
@Timeout(20)
class TwoSurvivorsTest {
    private static final Claim C2 = Sample.claim(2, "c");

    private final OneMember b = OneMember.of("b", Sample.members("a", "b", "c", "d", "e"), Sample.claim(1, "a"));

    private Claim asksForVotes() {
        b.wants(OneMember.failover()).at(500).proved(OneMember.failover(), "a");
        return b.voting();
    }

    /** What it proves by then is that a is dead, not that c is. */
    @ParameterizedTest
    @ValueSource(strings = {"", "the operator's word"})
    void whileItProvesAnotherClaimsAndItsProofIsOfNoUseAnyMore(String override) {
        Wish.Failover wish = OneMember.failover(Optional.of(override).filter(text -> !text.isEmpty()));
        b.wants(wish).at(100).hears(new GroupMessage.Propose("c", "files", C2));
        assertThat(b.sent()).containsExactly(new Act.Send("c", new GroupMessage.Acknowledge("b", "files", C2, C2)));

        b.at(500).proved(wish, "a");
        assertThat(b.events()).isEmpty();
        assertThat(b.answer().exit()).isEqualTo(ExitCode.BUSY);
        assertThat(b.answer().text()).contains("another claim came first: " + C2.tag());
        assertThat(b.memory.operation()).isEmpty();
    }

    @Test
    void whileItAsksForVotesItYieldsToTheHigher() {
        asksForVotes();
        assertThat(b.proposed()).hasSize(4);
        b.at(600).hears(new GroupMessage.Propose("c", "files", C2));
        assertThat(b.answer().exit()).isEqualTo(ExitCode.BUSY);
    }

    @Test
    void whileItAsksForVotesItDoesNotYieldToTheLower() {
        asksForVotes();
        Claim lower = Sample.claim(2, "a");
        b.at(600).hears(new GroupMessage.Propose("a", "files", lower));
        assertThat(b.sent())
                .containsExactly(
                        new Act.Send("a", new GroupMessage.Acknowledge("b", "files", lower, Sample.claim(1, "a"))));
        assertThat(b.memory.operation()).isPresent();
    }

    @Test
    void aMinorityIsRefusedInTheEndAndSaysWhatItTakes() {
        Claim mine = asksForVotes();
        b.at(600).hears(new GroupMessage.Acknowledge("c", "files", mine, mine));
        assertThat(b.events()).isEmpty();
        b.at(5_001).tick();
        assertThat(b.noMajority()).contains("2 of 5", "3 are needed");
        assertThat(b.answer().reasons().get(0).mend()).contains("--override \"REASON\"");
    }

    /** Its own claim is no other's; and it opens when enough have acknowledged that, not before. */
    @Test
    void aHeartbeatThatOvertakesAVotersWordIsNoVoteAndStopsNothing() {
        Claim mine = asksForVotes();
        b.at(600)
                .hears(new GroupMessage.Beat(
                        "d", "files", "boot-d", 1, mine, false, true, List.of(), List.of(), "mark", Map.of(), false));
        b.at(650).hears(new GroupMessage.Acknowledge("d", "files", mine, mine));
        assertThat(b.events()).isEmpty();
        assertThat(b.memory.operation()).isPresent();
        b.at(700).hears(new GroupMessage.Acknowledge("c", "files", mine, mine));
        assertThat(b.events()).hasAtLeastOneElementOfType(GroupEvent.OperationOpened.class);
    }
}
