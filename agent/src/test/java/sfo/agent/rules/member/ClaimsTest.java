package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.claim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.GroupViews;
import sfo.agent.rules.Sample;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Reason.Weight;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.GroupMessage.Beat;

/** I1 where claims meet: ties, rollbacks, amnesia, minorities, operators on several appliances at the same moment. */
@Timeout(60)
class ClaimsTest {
    private static final Claim A1 = claim(1, "a");
    private static final Claim B2 = claim(2, "b");

    /** Members that hear one another, unless they are down; whatever is sent waits until it is delivered. */
    private static final class Wire {
        private record Letter(String from, String to, GroupMessage message) {}

        private final Map<String, OneMember> up = new TreeMap<>();
        private final List<Letter> letters = new ArrayList<>();

        Wire(OneMember... members) {
            for (OneMember member : members) {
                up.put(member.me.self(), member);
            }
        }

        /** What a member's last decision sent is on its way. */
        void post(OneMember member) {
            for (Act.Send send : member.acts(Act.Send.class)) {
                letters.add(new Letter(member.me.self(), send.to(), send.message()));
            }
        }

        boolean deliverOne(Random random) {
            if (letters.isEmpty()) {
                return false;
            }
            Letter letter = letters.remove(random.nextInt(letters.size()));
            Optional.ofNullable(up.get(letter.to())).ifPresent(to -> post(to.hears(letter.message())));
            return true;
        }

        void deliver() {
            Random anyOrder = new Random(1);
            while (deliverOne(anyOrder)) {}
        }

        /** A second passes for everyone. */
        void second() {
            for (OneMember member : up.values()) {
                post(member.at(member.millis + 1_000).tick());
            }
            deliver();
        }
    }

    private static boolean opens(OneMember member, Kind kind) {
        return member.orders().stream()
                .anyMatch(order -> order.order() instanceof SagaOrder.Open open && open.kind() == kind);
    }

    // --- ties

    @Test
    void aTieIsNeverResolvedByAgentsAndBothServeNothingNewUntilAnOperatorChooses() {
        GroupDefinition pair = Sample.group();
        OneMember a = OneMember.serving("a", pair, claim(2, "a"));
        OneMember b = OneMember.of("b", pair, B2);
        Wire wire = new Wire(a, b);
        wire.second();
        assertThat(a.state.conflict()).contains(B2);
        assertThat(b.state.conflict()).contains(claim(2, "a"));
        assertThat(a.state.claim()).isEqualTo(claim(2, "a"));
        assertThat(b.state.claim()).isEqualTo(B2);
        assertThat(a.state.openOperation()).as("nothing is released").isEmpty();
        for (OneMember each : List.of(a, b)) {
            assertThat(each.waitsFor())
                    .startsWith("two claims of generation 2 (")
                    .contains("2-a-", "2-b-", "to choose: sfo resolve files");
        }
        long stored = a.state.ordinal() + b.state.ordinal();
        wire.second();
        assertThat(a.state.ordinal() + b.state.ordinal())
                .as("it is stored once")
                .isEqualTo(stored);

        wire.post(b.wants(new Wish.Resolve(OneMember.ROOT)));
        assertThat(b.answer()).isEqualTo(Answer.done("b holds group files now"));
        assertThat(b.state.claim().generation()).isEqualTo(3);
        assertThat(b.state.claim().appliance()).isEqualTo("b");
        wire.deliver();
        assertThat(a.state.claim()).isEqualTo(b.state.claim());
        assertThat(a.state.conflict()).isEmpty();
        assertThat(a.state.openOperation()).as("it releases").contains("files-2");
    }

    // --- a rolled-back claim

    @Test
    void aRollbackNamesTheOldHolderSoThatItMayServeWhenItReturns() {
        OneMember b = OneMember.of("b", Sample.group(), A1).wants(OneMember.failover());
        b.proved(OneMember.failover(), "a");
        String saga = b.opened().saga();
        Claim taken = b.state.claim();
        assertThat(taken.appliance()).isEqualTo("b");
        assertThat(taken.generation()).isEqualTo(2);

        b.ended(saga, OneMember.over(b.saga(saga, Kind.FAILOVER, "a"), Outcome.UNDONE, "volume tank: no"));
        Claim given = b.state.claim();
        assertThat(given.generation()).isEqualTo(3);
        assertThat(given.appliance()).isEqualTo("a");
        assertThat(b.answer().exit()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(b.state.openOperation()).isEmpty();

        OneMember a = OneMember.serving("a", Sample.group(), A1).booted("next");
        assertThat(a.standing()).isEqualTo(Standing.UNCONFIRMED);
        a.hears(a.fresh(Sample.standingBy("b", given)));
        assertThat(a.state.claim()).isEqualTo(given);
        assertThat(opens(a, Kind.RESUME)).isTrue();
    }

    @Test
    void aRollbackGivesNothingBackThatAnotherHasClaimedMeanwhile() {
        OneMember b = OneMember.of("b", Sample.members("a", "b", "c"), A1)
                .stored(n -> new GroupEvent.ClaimKnown(n, B2, "", Sample.NOON))
                .stored(n -> new GroupEvent.OperationOpened(n, "files-2", Optional.of("a"), Sample.NOON));
        Claim c3 = claim(3, "c");
        b.hears(Sample.serving("c", c3));
        assertThat(b.told("files-2")).as("it goes back at once").hasSize(1);
        b.ended("files-2", Kind.FAILOVER, "a", Outcome.UNDONE, "held by c");
        assertThat(b.state.claim()).isEqualTo(c3);
    }

    /** Its operator was told that nothing came of it: by then another may serve. */
    @Test
    void votesThatComeAfterItHasGivenUpAreGivenBack() {
        GroupDefinition five = Sample.members("a", "b", "c", "d", "e");
        OneMember b = OneMember.of("b", five, A1).wants(OneMember.failover()).proved(OneMember.failover(), "a");
        Claim mine = b.voting();
        b.hears(new GroupMessage.Acknowledge("c", "files", mine, mine));
        b.hears(b.fresh(Sample.standingBy("c", mine)));
        assertThat(b.state.claim()).as("counted, and not yet its own").isEqualTo(A1);
        b.at(5_100).tick();
        assertThat(b.noMajority()).startsWith("2 of 5 ");

        b.hears(b.fresh(Sample.standingBy("d", mine)));
        Claim back = b.state.claim();
        assertThat(back.outranks(mine)).isTrue();
        assertThat(back.appliance()).isEqualTo("a");
        assertThat(back.isGivenBack()).isTrue();
        b.hears(b.fresh(Sample.standingBy("e", mine)));
        assertThat(b.state.claim()).as("once").isEqualTo(back);
        assertThat(b.orders()).isEmpty();

        OneMember a = OneMember.of("a", five, A1).hears(Sample.standingBy("b", back));
        assertThat(a.state.claim()).as("whom it names takes it").isEqualTo(back);
    }

    // --- amnesia

    @Test
    void anAmnesiacAbstainsSoThatOneOfThreeAloneClaimsNothing() {
        GroupDefinition three = Sample.members("a", "b", "c");
        OneMember b = OneMember.of("b", three, A1).forgetful();
        OneMember c = OneMember.of("c", three, A1);
        Wire wire = new Wire(b, c);
        wire.post(c.wants(OneMember.failover()).proved(OneMember.failover(), "a"));
        wire.deliver();
        assertThat(b.state.claim()).isEqualTo(A1);
        c.at(5_000).tick();
        assertThat(c.noMajority()).startsWith("1 of 3 ").endsWith(" 2 are needed");
        assertThat(c.state.claim()).isEqualTo(A1);
    }

    @Test
    void anAmnesiacVotesNotForItselfEither() {
        GroupDefinition three = Sample.members("a", "b", "c");
        OneMember b = OneMember.of("b", three, A1).forgetful();
        OneMember c = OneMember.of("c", three, A1);
        Wire wire = new Wire(b, c);
        wire.second();
        wire.post(b.wants(OneMember.failover()).proved(OneMember.failover(), "a"));
        wire.deliver();
        assertThat(c.state.claim().appliance()).as("c has voted").isEqualTo("b");
        assertThat(b.state.openOperation()).isEmpty();
        b.at(6_000).tick();
        assertThat(b.noMajority()).startsWith("1 of 3 ");
    }

    @Test
    void anAmnesiacVotesAgainOnceItHasHeardAllOthersAndNotBefore() {
        GroupDefinition three = Sample.members("a", "b", "c");
        OneMember b = OneMember.of("b", three, A1).forgetful().at(1_000);
        b.hears(b.fresh(Sample.serving("a", A1)));
        assertThat(b.state.abstains()).isTrue();
        b.hears(Sample.standingBy("c", A1));
        assertThat(b.state.abstains())
                .as("that may be older than what was lost")
                .isTrue();
        assertThat(b.waitsFor()).startsWith("to hear all other members").contains("sfo resolve files");
        b.hears(b.standsBy("c"));
        assertThat(b.state.abstains()).isFalse();
        assertThat(b.events()).contains(new GroupEvent.CaughtUp(b.state.ordinal(), "heard a, c", b.wall()));
        b.hears(new GroupMessage.Propose("c", "files", claim(2, "c")));
        assertThat(b.state.claim()).isEqualTo(claim(2, "c"));
    }

    @Test
    void anAmnesiacConfirmsNobody() {
        OneMember a = OneMember.serving("a", Sample.group(), A1).booted("next").at(1_000);
        Beat sure = a.standsBy("b");
        Beat forgot = new Beat(
                sure.from(),
                sure.group(),
                sure.boot(),
                sure.definitionVersion(),
                sure.claim(),
                false,
                true,
                sure.mirrors(),
                List.of(),
                sure.mark(),
                sure.heard(),
                true);
        assertThat(opens(a.hears(forgot), Kind.RESUME)).isFalse();
        assertThat(opens(a.hears(sure), Kind.RESUME)).isTrue();
    }

    // --- five members, two of which missed the last claim

    @Test
    void whoMissedTheLastClaimNeitherConfirmsAnOldHolderNorClaimsOverTheNewOne() {
        GroupDefinition five = Sample.members("a", "b", "c", "d", "e");
        OneMember a = OneMember.serving("a", five, A1).booted("next");
        OneMember b = OneMember.serving("b", five, B2);
        OneMember c = OneMember.of("c", five, B2);
        OneMember d = OneMember.of("d", five, B2);
        OneMember e = OneMember.of("e", five, A1);

        // a is back and hears e alone, which missed the claim as well
        e.on(new Input.Mirrors(List.of(Sample.mirror(Sync.LOST, Optional.of(Sample.NOON)))));
        Wire cutOff = new Wire(a, e);
        cutOff.second();
        cutOff.second();
        assertThat(a.standing()).as("two of five confirm nothing").isEqualTo(Standing.UNCONFIRMED);
        cutOff.post(e.wants(OneMember.failover()).proved(OneMember.failover(), "a"));
        cutOff.deliver();
        e.at(e.millis + 5_000).tick();
        assertThat(e.noMajority()).startsWith("1 of 5 ").contains(" 3 are needed");
        assertThat(e.state.claim()).isEqualTo(A1);

        // heard by all, a stands by and e knows who holds it
        Wire whole = new Wire(a, b, c, d, e);
        whole.second();
        for (OneMember each : List.of(a, b, c, d, e)) {
            assertThat(each.state.claim()).as(each.me.self()).isEqualTo(B2);
            assertThat(each.state.conflict()).as(each.me.self()).isEmpty();
        }
        assertThat(a.standing()).isEqualTo(Standing.STANDS_BY);
        assertThat(b.standing()).isEqualTo(Standing.HOLDS);

        // b dies, and e takes over from it with the votes of those that did know
        Wire survivors = new Wire(c, d, e);
        survivors.post(e.wants(OneMember.failover()));
        assertThat(e.acts(Act.Assess.class)).extracting(Act.Assess::from).containsExactly("b");
        survivors.post(e.proved(OneMember.failover(), "b"));
        survivors.deliver();
        assertThat(e.state.claim().generation()).isEqualTo(3);
        assertThat(e.state.openOperation()).contains("files-3");
        assertThat(c.state.claim()).isEqualTo(e.state.claim());
    }

    @Test
    void aProposalFromOneThatMissedTheLastClaimIsAnsweredWithThatClaim() {
        OneMember c = OneMember.of("c", Sample.members("a", "b", "c", "d", "e"), B2);
        for (Claim late : List.of(claim(2, "e"), claim(1, "e"))) {
            c.hears(new GroupMessage.Propose("e", "files", late));
            assertThat(c.events()).isEmpty();
            assertThat(c.sent())
                    .containsExactly(new Act.Send("e", new GroupMessage.Acknowledge("c", "files", late, B2)));
        }
    }

    @Test
    void aHigherClaimThatAVoterKnowsEndsTheVote() {
        OneMember e = OneMember.of("e", Sample.members("a", "b", "c", "d", "e"), A1)
                .wants(OneMember.failover())
                .proved(OneMember.failover(), "a");
        Claim mine = e.voting();
        Claim higher = claim(3, "b");
        e.hears(new GroupMessage.Acknowledge("c", "files", mine, higher));
        assertThat(e.answer().exit()).isEqualTo(ExitCode.BUSY);
        assertThat(e.answer().text()).contains("another claim came first: " + higher.tag());
        assertThat(e.state.claim()).isEqualTo(A1);
    }

    // --- a definition that changed on one side of a partition

    @Test
    void whoHasAnOlderDefinitionAsksForTheNewerOneAndVotesByIt() {
        GroupDefinition older = Sample.group();
        GroupDefinition newer = new GroupDefinition(
                "files",
                older.version() + 1,
                "a",
                List.of("a", "b", "c"),
                older.interfaces(),
                older.volumes(),
                older.shares());
        OneMember a = OneMember.serving("a", newer, A1);
        OneMember b = OneMember.of("b", older, A1);
        Wire healed = new Wire(a, b);
        healed.second();
        assertThat(b.state.definition()).contains(newer);
        assertThat(a.state.definition()).contains(newer);
        b.wants(OneMember.failover()).proved(OneMember.failover(), "a");
        assertThat(b.proposed()).as("of three, one is not enough any more").containsOnlyKeys("a", "c");
        assertThat(b.state.openOperation()).isEmpty();
    }

    @Test
    void aNewerDefinitionInTheFailedOnesBackupSaysWhoHasToVote() {
        GroupDefinition older = Sample.group();
        GroupDefinition newer = new GroupDefinition(
                "files",
                older.version() + 1,
                "a",
                List.of("a", "b", "c"),
                older.interfaces(),
                older.volumes(),
                older.shares());
        OneMember b = OneMember.of("b", older, A1).wants(OneMember.failover());
        b.proved(OneMember.failover(), new Assessment(newer, "a", List.of(), Optional.empty()));
        assertThat(b.proposed()).containsOnlyKeys("a", "c");
        assertThat(b.state.openOperation()).isEmpty();
        Claim mine = b.voting();
        b.hears(new GroupMessage.Acknowledge("c", "files", mine, mine));
        assertThat(b.state.claim()).isEqualTo(mine);
        assertThat(b.state.definition()).contains(newer);
        assertThat(b.opened().order().plan().from()).isEqualTo("a");
    }

    @Test
    void aDefinitionThatDoesNotNameThisApplianceIsNoneOfItsOwn() {
        OneMember b = OneMember.of("b", Sample.group(), A1);
        GroupDefinition without = new GroupDefinition(
                "files", 9, "a", List.of("a", "c"), Sample.group().interfaces(), List.of(), List.of());
        b.hears(new GroupMessage.Definition("a", "files", without, claim(4, "c")));
        assertThat(b.state.claim()).isEqualTo(A1);
        assertThat(b.sent())
                .containsExactly(new Act.Send(
                        "a", new GroupMessage.DefinitionKept("b", "files", 9, Optional.of("b is no member of it"))));
    }

    // --- operators on several survivors at the same moment

    private static LongStream seeds() {
        return LongStream.range(0, 60);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void ofTwoSurvivorsOfThreeThatCommandAtTheSameMomentExactlyOneWinsAndTheOtherIsToldWhy(long seed) {
        GroupDefinition three = Sample.members("a", "b", "c");
        List<OneMember> survivors = List.of(OneMember.of("b", three, A1), OneMember.of("c", three, A1));
        Contest contest = new Contest(seed, survivors);
        survivors.forEach(contest::typed);
        contest.run();
        assertThat(contest.winners).hasSize(1);
        OneMember loser = survivors.get(contest.winners.contains("b") ? 1 : 0);
        Answer answer = java.util.Objects.requireNonNull(contest.answers.get(loser.me.self()));
        assertThat(answer.exit()).as(answer.text()).isEqualTo(ExitCode.BUSY);
        assertThat(answer.text()).contains("another claim came first: 2-" + contest.winners.get(0));
        assertThat(loser.memory.operation()).isEmpty();
        assertThat(loser.state.claim().appliance()).isEqualTo(contest.winners.get(0));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void howeverManyCommandAndWheneverNoTwoTakeOverFromTheSameHolder(long seed) {
        List<String> names = List.of("a", "b", "c", "d", "e", "f", "g");
        GroupDefinition group =
                Sample.members(names.subList(0, 3 + new Random(seed).nextInt(5)).toArray(String[]::new));
        List<OneMember> survivors = group.members().stream()
                .skip(1)
                .map(name -> OneMember.of(name, group, A1))
                .toList();
        Contest contest = new Contest(seed, survivors);
        contest.run();
        assertThat(contest.winners).as("took over from a").hasSizeLessThanOrEqualTo(1);
        assertThat(contest.answers.values())
                .allMatch(answer -> answer.exit() == ExitCode.BUSY || answer.exit() == ExitCode.REFUSED);
    }

    /** Each survivor's operator types a failover once; a is dead, and whoever lives is found alive. */
    private static final class Contest {
        final List<String> winners = new ArrayList<>();
        final Map<String, Answer> answers = new TreeMap<>();

        private final Random random;
        private final Wire wire;
        private final List<OneMember> toType;
        private final List<OneMember> toProve = new ArrayList<>();

        Contest(long seed, List<OneMember> survivors) {
            random = new Random(seed);
            wire = new Wire(survivors.toArray(OneMember[]::new));
            // a vote is for one that was just heard
            wire.second();
            toType = new ArrayList<>(survivors);
        }

        void typed(OneMember member) {
            toType.remove(member);
            toProve.add(member);
            happened(member.wants(OneMember.failover()));
        }

        void run() {
            for (int turn = 0; !toType.isEmpty() || !toProve.isEmpty() || !wire.letters.isEmpty(); turn++) {
                assertThat(turn).as("they come to rest").isLessThan(20_000);
                int dice = random.nextInt(6);
                if (dice == 0 && !toType.isEmpty()) {
                    typed(toType.get(random.nextInt(toType.size())));
                } else if (dice == 1 && !toProve.isEmpty()) {
                    OneMember member = toProve.remove(random.nextInt(toProve.size()));
                    happened(proved(member));
                } else if (!wire.letters.isEmpty()) {
                    Wire.Letter letter = wire.letters.remove(random.nextInt(wire.letters.size()));
                    Optional.ofNullable(wire.up.get(letter.to())).ifPresent(to -> happened(to.hears(letter.message())));
                }
            }
            for (OneMember member : wire.up.values()) {
                happened(member.at(7_000).tick());
            }
        }

        private OneMember proved(OneMember member) {
            String from = asked.getOrDefault(member.me.self(), "a");
            List<Reason> reasons = from.equals("a")
                    ? List.of()
                    : List.of(new Reason("PEER-ALIVE", Weight.BLOCKS, from + " answers", ""));
            return member.proved(
                    OneMember.failover(),
                    new Assessment(member.state.definition().orElseThrow(), from, reasons, Optional.empty()));
        }

        private final Map<String, String> asked = new TreeMap<>();

        private void happened(OneMember member) {
            String name = member.me.self();
            member.acts(Act.Assess.class).forEach(act -> asked.put(name, act.from()));
            member.answered().ifPresent(answer -> answers.put(name, answer));
            if (opens(member, Kind.FAILOVER)
                    && member.opened().order().plan().from().equals("a")) {
                winners.add(name);
            }
            wire.post(member);
        }
    }

    @Test
    void whoseProofIsOverOnlyAfterAnotherHasClaimedTakesNothingFromThatOne() {
        GroupDefinition five = Sample.members("a", "b", "c", "d", "e");
        OneMember c = OneMember.of("c", five, A1).wants(OneMember.failover());
        c.hears(Sample.busy("b", B2));
        c.proved(OneMember.failover(), "a");
        assertThat(c.proposed()).as("no vote is asked for").isEmpty();
        assertThat(c.answer().exit()).isEqualTo(ExitCode.BUSY);
        assertThat(c.answer().text()).contains("another claim came first: " + B2.tag());
        assertThat(c.state.claim()).isEqualTo(B2);
    }

    @Test
    void whoWaitsForVotesAsAnotherClaimsByAnOverrideTakesNothingFromThatOne() {
        GroupDefinition three = Sample.members("a", "b", "c");
        OneMember c = OneMember.of("c", three, A1).wants(OneMember.failover()).proved(OneMember.failover(), "a");
        Claim mine = c.voting();
        c.hears(Sample.busy("b", B2));
        c.hears(new GroupMessage.Acknowledge("a", "files", mine, mine));
        assertThat(c.state.openOperation()).isEmpty();
        assertThat(c.answer().exit()).isEqualTo(ExitCode.BUSY);
        assertThat(c.state.claim()).isEqualTo(B2);
    }

    // --- override

    @Test
    void anOverrideClaimsWithoutVotesAndIsJournaledWithItsReason() {
        OneMember b = OneMember.of("b", Sample.members("a", "b", "c"), A1);
        Wish.Failover wish = OneMember.failover(Optional.of("c is at the workshop"));
        b.wants(wish)
                .proved(
                        wish,
                        new Assessment(
                                b.state.definition().orElseThrow(),
                                "a",
                                List.of(new Reason("DEATH-UNPROVED", Weight.BLOCKS, "", "")),
                                Optional.empty()));
        assertThat(b.proposed()).as("no vote is asked for").isEmpty();
        assertThat(b.events())
                .contains(new GroupEvent.ClaimKnown(
                        3, b.state.claim(), "failover from a, override: c is at the workshop", Sample.NOON));
        assertThat(b.state.claim().appliance()).isEqualTo("b");
        assertThat(b.opened().order().by().reason()).isEqualTo("typed by hand override: c is at the workshop");
        assertThat(b.opened().order().by().user()).isEqualTo("root");
        assertThat(b.opened().order().by().uid()).isEqualTo(1000);
    }

    @Test
    void anOverrideIsShownUntilAnOperatorAcknowledgesIt() {
        OneMember b = OneMember.of("b", Sample.group(), A1);
        Wish.Failover wish = OneMember.failover(Optional.of("its plug is in my hand"));
        b.wants(wish).proved(wish, "a");
        assertThat(b.events()).contains(new GroupEvent.Overridden(4, "its plug is in my hand", Sample.NOON));
        b.ended("files-2", Kind.FAILOVER, "a", Outcome.DONE, "");
        Reason shown = new Reason(
                "OVERRIDDEN",
                Weight.WARNS,
                "b took the group over by an override: its plug is in my hand",
                "once whatever came of that is seen to: sfo resolve files");
        assertThat(shown(b)).contains(shown);
        assertThat(shown(b.booted("next"))).as("whatever happens").containsExactly(shown);

        b.wants(new Wish.Resolve(OneMember.ROOT));
        assertThat(b.answer()).isEqualTo(Answer.done("the override of group files is acknowledged"));
        assertThat(b.events())
                .containsExactly(new GroupEvent.OverrideSeen(b.state.ordinal(), "resolved by root", Sample.NOON));
        assertThat(shown(b)).isEmpty();
        assertThat(b.wants(new Wish.Resolve(OneMember.ROOT)).answer().exit()).isEqualTo(ExitCode.REFUSED);
        OneMember without = OneMember.of("b", Sample.group(), A1)
                .wants(OneMember.failover())
                .proved(OneMember.failover(), "a");
        assertThat(without.state.overridden()).isEmpty();
    }

    private static List<Reason> shown(OneMember member) {
        return GroupViews.view(
                        new GroupViews.Known(
                                member.state,
                                GroupRules.standing(member.state, member.me.self(), member.me.boot()),
                                List.of(),
                                List.of("a"),
                                List.of(),
                                Optional.empty(),
                                ""),
                        member.me.self())
                .reasons();
    }

    @Test
    void withoutAnOverrideTheReasonIsTheOperatorsOwn() {
        OneMember b = OneMember.of("b", Sample.group(), A1)
                .wants(OneMember.failover())
                .proved(OneMember.failover(), "a");
        assertThat(b.events()).contains(new GroupEvent.ClaimKnown(3, b.state.claim(), "failover from a", Sample.NOON));
        assertThat(b.opened().order().by()).isEqualTo(OneMember.ROOT);
        assertThat(b.opened().order().kind()).isEqualTo(SagaEvent.Kind.FAILOVER);
    }

    @Test
    void allMembersOfEverySizeOfGroupAreAskedForTheirVote() {
        for (int size = 3; size <= 7; size++) {
            List<String> names =
                    Stream.of("a", "b", "c", "d", "e", "f", "g").limit(size).toList();
            OneMember b = OneMember.of("b", Sample.members(names.toArray(String[]::new)), A1)
                    .wants(OneMember.failover())
                    .proved(OneMember.failover(), "a");
            Claim mine = b.voting();
            assertThat(b.proposed().keySet())
                    .containsExactlyInAnyOrderElementsOf(
                            names.stream().filter(name -> !name.equals("b")).toList());
            assertThat(b.proposed().values()).containsOnly(mine);
            List<String> voters = names.subList(2, names.size());
            int needed = size / 2 + 1;
            for (int votes = 1; votes < needed; votes++) {
                assertThat(b.state.openOperation()).as("%d of %d", votes, size).isEmpty();
                b.hears(new GroupMessage.Acknowledge(voters.get(votes - 1), "files", mine, mine));
            }
            assertThat(b.state.openOperation()).as("%d of %d", needed, size).isPresent();
        }
    }
}
