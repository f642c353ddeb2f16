package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.Sample;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.peer.GroupMessage;

/** On a disk that takes nothing more: what can be done without is not stored, and heartbeats go on. */
@Timeout(20)
class UnstorableTest {
    private static final Instant NOON = Instant.parse("2026-05-04T12:00:00Z");
    private static final GroupState HELD = GroupState.EMPTY
            .apply(new GroupEvent.Defined(1, Sample.group(), NOON))
            .apply(new GroupEvent.ClaimKnown(2, Sample.claim(1, "a"), "created", NOON));
    private static final Member B =
            new Member("files", "b", "boot", Optional.empty(), "run:", (group, volume) -> "/srv/" + volume);

    private static Decision on(GroupState state, Memory memory, long millis, boolean storable, Input input) {
        Moment now = new Moment(NOON.plusMillis(millis), millis * 1_000_000, "moment-" + millis, Map.of(), storable);
        return MemberRules.on(B, state, memory, now, input);
    }

    private static Input beat() {
        return new Input.Heard(new GroupMessage.Beat(
                "a", "files", "boot-a", 3, HELD.claim(), true, false, List.of(), List.of(), "mark", Map.of(), false));
    }

    private static boolean saysSomething(Decision decision) {
        return decision.acts().stream()
                .anyMatch(act -> act instanceof Act.Send s && s.message() instanceof GroupMessage.Beat);
    }

    @Test
    void oneThatFellSilentCountsAsSilentAndHeartbeatsGoOn() {
        Memory heard = on(HELD, Memory.fresh(0), 0, false, beat()).memory();
        assertThat(heard.beats()).containsKey("a");
        Decision silent = on(HELD, heard, 3_001, false, new Input.Tick());
        assertThat(silent.events()).isEmpty();
        assertThat(silent.memory().beats()).isEmpty();
        assertThat(saysSomething(silent)).isTrue();
        Decision later = on(HELD, silent.memory(), 4_001, false, new Input.Tick());
        assertThat(saysSomething(later)).isTrue();
        assertThat(on(HELD, later.memory(), 5_001, true, new Input.Tick()).events())
                .as("as soon as it can be stored")
                .containsExactly(new GroupEvent.FellSilent(3, "a", NOON));
    }

    @Test
    void aDeathIsNotStoredButThatOneIsNotDeadAfterAllIs() {
        Input dead = new Input.LookedAt("a", true, NOON);
        assertThat(on(HELD, Memory.fresh(0), 0, false, dead).events()).isEmpty();
        GroupEvent.LookedAt stored = new GroupEvent.LookedAt(3, "a", true, NOON);
        assertThat(on(HELD, Memory.fresh(0), 0, true, dead).events()).containsExactly(stored);
        Input alive = new Input.LookedAt("a", false, NOON.plusSeconds(1));
        assertThat(on(HELD.apply(stored), Memory.fresh(0), 1_000, false, alive).events())
                .as("else a replica would count as in sync that is not")
                .containsExactly(new GroupEvent.LookedAt(4, "a", false, NOON.plusSeconds(1)));
    }
}
