package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.NOON;
import static sfo.agent.rules.Sample.claim;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.Sample;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.GroupMessage.Beat;

/** Heartbeats, what they say and what they prove; and silence. */
@Timeout(20)
class HearingTest {
    private static final Claim A1 = claim(1, "a");
    private static final Claim B2 = claim(2, "b");
    private static final GroupDefinition GROUP = Sample.group();
    private static final GroupDefinition THREE = Sample.members("a", "b", "c");
    private static final MirrorState HERE = Sample.mirror(Sync.REPLICATING, Optional.empty());

    private static boolean resumes(OneMember member) {
        return member.orders().stream()
                .anyMatch(o -> o.order() instanceof SagaOrder.Open open && open.kind() == Kind.RESUME);
    }

    // --- own heartbeats

    @Test
    void aHeartbeatSaysAllThatOthersDecideBy() {
        OneMember a = OneMember.serving("a", THREE, A1).at(1_000);
        a.on(new Input.Mirrors(List.of(HERE)));
        a.on(new Input.Connected(List.of("10.1.1.1:700 10.77.0.100:445")));
        a.hears(a.standsBy("b"));
        a.at(2_000).tick();
        Beat beat = a.beat("b");
        assertThat(beat)
                .isEqualTo(new Beat(
                        "a",
                        "files",
                        "boot",
                        3,
                        A1,
                        true,
                        false,
                        List.of(HERE),
                        List.of("10.1.1.1:700 10.77.0.100:445"),
                        "run:2000000000",
                        Map.of("b", "mark-of-b"),
                        false,
                        false));
        assertThat(a.beat("c")).isEqualTo(beat);
        assertThat(a.acts(Act.Send.class)).as("to each of the others").hasSize(2);

        OneMember b = OneMember.of("b", GROUP, A1)
                .stored(n -> new GroupEvent.Abstained(n, "", NOON))
                .tick();
        assertThat(b.beat("a").serving()).isFalse();
        assertThat(b.beat("a").standingBy()).isTrue();
        assertThat(b.beat("a").abstains()).isTrue();
        assertThat(b.beat("a").connections()).isEmpty();
    }

    @Test
    void whoServesNoMoreTellsNoConnectionsAndLooksForNone() {
        OneMember a = OneMember.serving("a", GROUP, A1).tick();
        assertThat(a.acts()).contains(new Act.LookWhoIsConnected());
        a.on(new Input.Connected(List.of("x")));
        a.stored(n -> new GroupEvent.OperationReopened(n, "files-1", "undo", NOON));
        assertThat(a.tick().acts()).doesNotContain(new Act.LookWhoIsConnected());
        a.on(new Input.Connected(List.of()));
        assertThat(a.tick().beat("b").connections())
                .as("the last look before it goes is told even then")
                .containsExactly("x");
        OneMember b = OneMember.of("b", GROUP, A1).tick();
        assertThat(b.acts()).doesNotContain(new Act.LookWhoIsConnected());
    }

    @Test
    void heartbeatsGoOutEachSecondAndWithEveryChangeAndToWhoeverIsNew() {
        OneMember b = OneMember.of("b", THREE, A1);
        b.hears(b.fresh(Sample.standingBy("c", A1)));
        assertThat(b.acts(Act.Send.class)).extracting(Act.Send::to).containsExactly("c");
        b.hears(b.fresh(Sample.standingBy("c", A1)));
        assertThat(b.acts(Act.Send.class)).isEmpty();
        b.on(new Input.Mirrors(List.of(HERE)));
        assertThat(b.beat("a").mirrors()).containsExactly(HERE);
        b.hears(new GroupMessage.Propose("c", "files", claim(2, "c")));
        assertThat(b.beat("a").claim()).isEqualTo(claim(2, "c"));
        assertThat(b.acts().get(0)).isEqualTo(new Act.TellStanding());
        b.at(10_000).tick();
        assertThat(b.events()).hasSize(1);
        assertThat(b.acts(Act.Send.class)).as("with the news, once").hasSize(2);
        assertThat(new OneMember("b").tick().acts()).isEmpty();
        assertThat(new OneMember("b").on(new Input.Mirrors(List.of())).acts()).isEmpty();
    }

    // --- others' heartbeats

    @Test
    void aHeartbeatOfAnUnknownGroupAsksForItsDefinitionAndOneOfADestroyedGroupDoesNot() {
        OneMember b = new OneMember("b").hears(Sample.serving("a", A1));
        assertThat(b.acts()).containsExactly(new Act.Send("a", new GroupMessage.AskDefinition("b", "files")));
        OneMember gone = OneMember.of("b", GROUP, A1)
                .stored(n -> new GroupEvent.Destroyed(n, NOON))
                .hears(Sample.serving("a", A1));
        assertThat(gone.acts()).isEmpty();
        assertThat(gone.events()).isEmpty();
    }

    @Test
    void whatAPeerSaysOfItsMirrorsIsPassedOn() {
        OneMember b = OneMember.of("b", GROUP, A1).hears(Sample.standingBy("a", A1));
        assertThat(b.acts(Act.PeerMirrors.class))
                .containsExactly(new Act.PeerMirrors(List.of(Sample.mirror(Sync.LOST, Optional.empty()))));
    }

    @Test
    void definitionsSpreadByHeartbeat() {
        OneMember b = OneMember.of("b", GROUP, A1);
        b.hears(versioned(Sample.serving("a", A1), 4));
        assertThat(b.sent()).containsExactly(new Act.Send("a", new GroupMessage.AskDefinition("b", "files")));
        b.hears(versioned(Sample.serving("a", A1), 2));
        assertThat(b.sent()).containsExactly(new Act.Send("a", new GroupMessage.Definition("b", "files", GROUP, A1)));
        assertThat(b.hears(versioned(Sample.serving("a", A1), 3)).sent()).isEmpty();
    }

    private static Beat versioned(Beat beat, long version) {
        return new Beat(
                beat.from(),
                beat.group(),
                beat.boot(),
                version,
                beat.claim(),
                beat.serving(),
                beat.standingBy(),
                beat.mirrors(),
                beat.connections(),
                beat.mark(),
                beat.heard(),
                beat.abstains());
    }

    @Test
    void onlyWhoHoldsIsExpectedToSpeakAgain() {
        OneMember b = OneMember.of("b", THREE, A1);
        assertThat(b.hears(Sample.serving("a", A1)).acts(Act.ExpectWord.class))
                .containsExactly(new Act.ExpectWord("a", 1_300));
        assertThat(b.hears(Sample.standingBy("c", A1)).acts(Act.ExpectWord.class))
                .isEmpty();
        assertThat(b.on(new Input.NoWord("c")).acts()).isEmpty();
        assertThat(b.on(new Input.NoWord("a")).acts()).containsExactly(new Act.LookAt(THREE, "a"));
        OneMember stranger = OneMember.of("b", GROUP, claim(3, "z"));
        assertThat(stranger.on(new Input.NoWord("z")).acts())
                .as("it is no member")
                .isEmpty();
        assertThat(OneMember.of("b", GROUP, B2).on(new Input.NoWord("b")).acts())
                .as("it is itself")
                .isEmpty();
        assertThat(new OneMember("b").on(new Input.NoWord("a")).acts()).isEmpty();
    }

    @Test
    void aConfirmationIsOfThisMomentAndOfThisRunOfTheAgent() {
        assertThat(confirmedBy(0)).isTrue();
        assertThat(confirmedBy(4_999)).isTrue();
        assertThat(confirmedBy(5_000)).isFalse();
        OneMember a = OneMember.serving("a", GROUP, A1).booted("next");
        Beat earlier = a.fresh(Sample.standingBy("b", A1));
        Beat otherRun = new Beat(
                "b",
                "files",
                earlier.boot(),
                3,
                A1,
                false,
                true,
                earlier.mirrors(),
                List.of(),
                "m",
                Map.of("a", "earlier:0"),
                false);
        assertThat(resumes(a.hears(otherRun))).isFalse();
        assertThat(resumes(a.hears(Sample.standingBy("b", A1))))
                .as("it has not heard this one at all")
                .isFalse();
        assertThat(resumes(a.hears(earlier))).isTrue();
    }

    private static boolean confirmedBy(long ageMillis) {
        OneMember a = OneMember.serving("a", GROUP, A1).booted("next").at(10_000);
        Beat beat = a.standsBy("b");
        a.at(10_000 + ageMillis).hears(beat);
        return resumes(a);
    }

    @Test
    void ofFiveThreeHaveToAgreeAtTheSameMoment() {
        GroupDefinition five = Sample.members("a", "b", "c", "d", "e");
        OneMember a = OneMember.serving("a", five, A1).booted("next").at(1_000);
        assertThat(resumes(a.hears(a.standsBy("b")))).isFalse();
        assertThat(resumes(a.hears(a.fresh(Sample.busy("c", A1)))))
                .as("it does not stand by")
                .isFalse();
        assertThat(resumes(a.hears(a.fresh(Sample.standingBy("d", Claim.NONE)))))
                .as("it does not know the claim")
                .isFalse();
        a.at(7_000);
        assertThat(resumes(a.hears(a.standsBy("d")))).as("what b said is older").isFalse();
        assertThat(resumes(a.hears(a.standsBy("b")))).isTrue();
    }

    @Test
    void anAmnesiacHolderDoesNotCountItself() {
        OneMember a =
                OneMember.serving("a", THREE, A1).booted("next").stored(n -> new GroupEvent.Abstained(n, "", NOON));
        assertThat(resumes(a.hears(a.standsBy("b")))).isFalse();
    }

    @Test
    void whatAnotherHoldsIsReleasedAtOnceAndOnce() {
        OneMember a = OneMember.serving("a", GROUP, A1).hears(Sample.serving("b", B2));
        assertThat(a.events())
                .contains(
                        new GroupEvent.ClaimKnown(6, B2, "heard from b", NOON),
                        new GroupEvent.OperationReopened(7, "files-1", "group files is held by " + B2.tag(), NOON));
        SagaInput release = new SagaInput.Release("group files is held by " + B2.tag());
        assertThat(a.told("files-1")).contains(release);
        a.hears(Sample.serving("b", B2));
        assertThat(a.events()).isEmpty();

        OneMember late = OneMember.serving("a", GROUP, A1)
                .stored(n -> new GroupEvent.ClaimKnown(n, B2, "", NOON))
                .tick();
        assertThat(late.events()).extracting(GroupEvent::ordinal).containsExactly(7L);
        assertThat(late.told("files-1")).contains(release);
        assertThat(OneMember.serving("a", GROUP, A1).tick().events()).isEmpty();
    }

    @Test
    void aBusyOrHoldingMemberDoesNotServeASecondTimeByItself() {
        OneMember holds = OneMember.serving("a", GROUP, A1);
        assertThat(resumes(holds.hears(holds.standsBy("b")))).isFalse();
        OneMember wishes = OneMember.of("a", GROUP, A1);
        wishes.wants(new Wish.Resume(OneMember.ROOT));
        assertThat(resumes(wishes.hears(wishes.standsBy("b"))))
                .as("an operator's resume is under way")
                .isFalse();
        OneMember b = OneMember.of("b", GROUP, A1);
        assertThat(resumes(b.hears(b.standsBy("a")))).isFalse();
    }

    // --- silence

    @Test
    void aSilentMembersLastSignIsStoredOnceAndItsConnectionsAreKept() {
        OneMember b = OneMember.of("b", THREE, A1).at(500).hears(Sample.serving("a", A1));
        b.at(3_500).tick();
        assertThat(b.events()).as("three seconds are not more than three").isEmpty();
        assertThat(b.memory.beats()).containsKey("a");
        b.at(3_501).tick();
        assertThat(b.events()).containsExactly(new GroupEvent.FellSilent(3, "a", NOON.plusMillis(500)));
        assertThat(b.memory.beats()).isEmpty();
        assertThat(b.memory.said()).containsKey("a");
        b.at(4_500).tick();
        assertThat(b.events()).isEmpty();
        b.at(5_000).hears(Sample.serving("a", A1)).at(9_000).tick();
        assertThat(b.events()).containsExactly(new GroupEvent.FellSilent(4, "a", NOON.plusMillis(5_000)));
    }

    @Test
    void aLastSignIsKnownAgainAfterARestart() {
        OneMember b = OneMember.of("b", GROUP, A1)
                .stored(n -> new GroupEvent.FellSilent(n, "a", NOON.minusSeconds(60)))
                .on(new Input.JournalRead());
        assertThat(b.memory.lastSigns()).containsEntry("a", NOON.minusSeconds(60));
        assertThat(b.tick().events()).isEmpty();
    }

    // --- looks

    @Test
    void aLookThatFindsLifeIsStoredOnlyWhereDeathWasKnown() {
        OneMember b = OneMember.of("b", GROUP, A1).at(1_000);
        b.on(new Input.LookedAt("a", false, b.wall()));
        assertThat(b.events()).isEmpty();
        assertThat(b.acts()).containsExactly(new Act.ExpectWord("a", 1_300));
        b.on(new Input.LookedAt("a", true, b.wall()));
        assertThat(b.state.deaths()).containsOnlyKeys("a");
        b.on(new Input.LookedAt("a", false, b.wall()));
        assertThat(b.events()).containsExactly(new GroupEvent.LookedAt(4, "a", false, b.wall()));
        assertThat(b.state.deaths()).isEmpty();
        assertThat(new OneMember("b").on(new Input.LookedAt("a", true, NOON)).events())
                .isEmpty();
    }

    @Test
    void aLookThatSomethingWasHeardAfterProvesNothingAndIsNotLookedAtAgain() {
        OneMember b = OneMember.of("b", GROUP, A1).at(1_000);
        b.seen.put("a", b.wall().plusMillis(1));
        b.on(new Input.LookedAt("a", true, b.wall()));
        assertThat(b.events()).isEmpty();
        b.on(new Input.LookedAt("a", false, b.wall()));
        assertThat(b.acts()).isEmpty();
    }

    @Test
    void byAClockThatWasSetBackNoDeathIsProved() {
        OneMember b = OneMember.of("b", GROUP, A1);
        b.on(new Input.Mirrors(List.of(Sample.mirror(Sync.LOST, Optional.of(NOON.plusSeconds(60))))));
        b.on(new Input.LookedAt("a", true, NOON));
        assertThat(b.events()).isEmpty();
    }

    @Test
    void aMirrorThatIsLostLooksAtItsHolderWhateverElseIsSaid() {
        MirrorState lost = Sample.mirror(Sync.LOST, Optional.of(NOON));
        OneMember b = OneMember.of("b", GROUP, A1).on(new Input.Mirrors(List.of(HERE)));
        assertThat(b.acts(Act.LookAt.class)).isEmpty();
        b.on(new Input.Mirrors(List.of(lost)));
        assertThat(b.acts(Act.LookAt.class)).containsExactly(new Act.LookAt(GROUP, "a"));
        assertThat(b.memory.mirrors()).containsExactly(lost);
        b.on(new Input.Mirrors(List.of(lost)));
        assertThat(b.acts(Act.LookAt.class)).isEmpty();
    }

    // --- what volumes remember

    @Test
    void aLostJournalsClaimIsFoundOnTheVolumesThatItServed() {
        Claim mine = claim(5, "b");
        MirrorState volume = volume(mine);
        OneMember b = OneMember.of("b", GROUP, A1).stored(n -> new GroupEvent.Abstained(n, "", NOON));
        b.on(new Input.Mirrors(List.of(volume(claim(4, "b")), volume)));
        assertThat(b.events())
                .containsExactly(new GroupEvent.ClaimKnown(4, mine, "found on this appliance's volumes", NOON));
        assertThat(b.tick().events()).isEmpty();

        assertThat(OneMember.of("b", GROUP, A1)
                        .on(new Input.Mirrors(List.of(volume)))
                        .events())
                .as("a whole journal knows better: it may be an offer")
                .isEmpty();
        assertThat(OneMember.of("b", GROUP, A1)
                        .stored(n -> new GroupEvent.Abstained(n, "", NOON))
                        .on(new Input.Mirrors(List.of(volume(claim(5, "c")))))
                        .events())
                .as("another's")
                .isEmpty();
        OneMember busy = OneMember.of("b", GROUP, A1)
                .stored(n -> new GroupEvent.Abstained(n, "", NOON))
                .stored(n -> new GroupEvent.OperationOpened(n, "files-1", Optional.empty(), NOON));
        assertThat(busy.on(new Input.Mirrors(List.of(volume))).events()).isEmpty();
        OneMember soon = OneMember.of("b", GROUP, A1).on(new Input.Mirrors(List.of(volume)));
        soon.stored(n -> new GroupEvent.Abstained(n, "", NOON));
        assertThat(soon.tick().state.claim()).isEqualTo(mine);
    }

    private static MirrorState volume(Claim claim) {
        return new MirrorState("files", "tank", Role.PRIMARY, claim, Sync.CLEAN, Optional.of(NOON), 0, "", "");
    }

    // --- after a start

    @Test
    void anAgentThatStartsTellsEveryoneAndAsksItsSagas() {
        OneMember a = OneMember.serving("a", GROUP, A1)
                .stored(n -> new GroupEvent.OperationReopened(n, "files-1", "undo", NOON))
                .on(new Input.JournalRead());
        assertThat(a.acts().get(0)).isEqualTo(new Act.TellStanding());
        assertThat(a.orders())
                .containsExactly(
                        new Act.Saga("files-1", new SagaOrder.Wake()),
                        new Act.Saga("files-1", new SagaOrder.Say(new SagaInput.Report())));
        assertThat(a.beat("b").claim()).isEqualTo(A1);
        assertThat(new OneMember("a").on(new Input.JournalRead()).acts()).isEmpty();
        OneMember idle = OneMember.of("b", GROUP, A1).on(new Input.JournalRead());
        assertThat(idle.orders()).isEmpty();
        assertThat(idle.acts(Act.ExpectWord.class)).containsExactly(new Act.ExpectWord("a", 1_300));
    }

    @Test
    void aJournalThatWasRepairedAbstains() {
        OneMember b =
                OneMember.of("b", GROUP, A1).repaired(NOON.minusSeconds(5)).on(new Input.JournalRead());
        assertThat(b.events())
                .containsExactly(
                        new GroupEvent.Abstained(3, "this appliance's journal was repaired", NOON.minusSeconds(5)));
        assertThat(b.on(new Input.JournalRead()).events()).isEmpty();
    }
}
