package sfo.it.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.member.Assessment;
import sfo.agent.rules.member.Decision;
import sfo.agent.rules.member.Input;
import sfo.agent.rules.member.Member;
import sfo.agent.rules.member.Memory;
import sfo.agent.rules.member.Moment;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Terms;
import sfo.protocol.peer.GroupMessage;

/** I1 to I4, I6, I7: under random schedules everything holds, and what is broken on purpose is found. */
@Timeout(600)
class SimulationTest {
    private static final int SCHEDULES = Integer.getInteger("sfo.seeds", 1000);
    /** The same each time: other schedules are the command's. */
    private static final long FIRST = Long.getLong("sfo.seed", 1);

    private static final int SEARCH = 4000;
    private static final Path PAGE = Path.of("docs/invariants.md");
    private static final String AGAIN = "the decisions have changed; write the page again, as it says itself";

    @Test
    void everythingHolds() {
        Optional<Simulation.Result> failed = search(new Core(), FIRST, SCHEDULES);
        assertThat(failed.map(SimulationTest::story))
                .as("%d schedules from seed %d", SCHEDULES, FIRST)
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void whatIsBrokenIsFoundAsThePageSays(Mutation way) throws IOException {
        InvariantsPage.Found said = InvariantsPage.read(Files.readString(PAGE)).stream()
                .filter(found -> found.way() == way)
                .findFirst()
                .orElseThrow(() -> new AssertionError(way + " is not on the page: " + AGAIN));
        assertThat(Simulation.run(way.core, said.seed()).violation().map(v -> v.invariant))
                .as("%s, seed %d: %s", way, said.seed(), AGAIN)
                .contains(said.invariant());
    }

    @Test
    void aReplicaWhosePrimaryDiedWithItsLinkIsTakenOverWithoutLossHoweverLate() {
        List<Action> story = List.of(
                new Action(5_000, Action.Kind.POWER_CUT, 0, 1, 0), new Action(65_000, Action.Kind.FAILOVER, 1, 0, 0));
        int taken = 0;
        for (long seed = 0; seed < 50; seed++) {
            Simulation.Result result = Simulation.run(new Core(), seed, 2, story);
            assertThat(result.violation()).as("seed %d", seed).isEmpty();
            taken += result.story().stream().anyMatch(line -> line.contains("b answers failover: DONE")) ? 1 : 0;
        }
        // a word that was on its way for seconds is a sign of life, and then an operator is asked
        assertThat(taken).isGreaterThanOrEqualTo(45);
    }

    /** Too rare for random schedules. */
    @Test
    void oneThatLostItsJournalConfirmsNobodyAndIfItDidTwoWouldServe() {
        Core forgetful = new Core() {
            @Override
            Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
                Decision d = super.member(me, state, memory, now, input);
                if (d.events().stream().noneMatch(GroupEvent.Abstained.class::isInstance)) {
                    return d;
                }
                List<GroupEvent> events = new ArrayList<>(d.events());
                long last = events.get(events.size() - 1).ordinal();
                events.add(new GroupEvent.CaughtUp(last + 1, "at once", now.wall()));
                return new Decision(d.memory(), events, d.acts());
            }
        };
        // b takes over from a with c's vote; then a and c, which has forgotten that, meet without b
        List<Action> story = List.of(
                new Action(1_000, Action.Kind.POWER_CUT, 0, 1, 0),
                new Action(3_000, Action.Kind.FAILOVER, 1, 0, 0),
                new Action(12_000, Action.Kind.CUT_APART, 1, 0, 0),
                new Action(12_000, Action.Kind.CUT_APART, 1, 2, 0),
                new Action(14_000, Action.Kind.LOSE_JOURNAL, 2, 0, 0),
                new Action(16_000, Action.Kind.POWER_ON, 2, 0, 0),
                new Action(16_000, Action.Kind.POWER_ON, 0, 1, 0),
                new Action(60_000, Action.Kind.HEAL, 0, 1, 0));
        twoServeOnlyIf(forgetful, LongStream.range(0, 20), 3, story);
    }

    /** It takes a member that reaches neither the holder nor the witness, and the gateway all the same. */
    @Test
    void oneOfAPairNeedsTheWitnessAndIfItDidNotTwoWouldServe() {
        Core alone = new Core() {
            @Override
            Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
                if (!(input instanceof Input.Assessed a) || a.assessment().isEmpty()) {
                    return super.member(me, state, memory, now, input);
                }
                Assessment was = a.assessment().get();
                GroupDefinition pair =
                        was.group().on(new Terms(List.of(), was.group().lease()));
                Assessment without = new Assessment(pair, was.from(), was.reasons(), was.dossier());
                return super.member(
                        me,
                        state,
                        memory,
                        now,
                        new Input.Assessed(a.wish(), a.what(), Optional.of(without), a.error()));
            }
        };
        List<Action> story = List.of(
                new Action(1_000, Action.Kind.CUT_APART, 1, 0, 0),
                new Action(1_000, Action.Kind.CUT_APART, 1, 2, 0),
                new Action(9_000, Action.Kind.FAILOVER, 1, 0, 0),
                new Action(40_000, Action.Kind.HEAL, 0, 1, 0));
        twoServeOnlyIf(alone, ofKind(4), 2, story);
    }

    /** It takes four members, two of which lose sight of the holder when the others lost it long ago. */
    @Test
    void aWitnessHasOneVoteAndIfItHadTwoTwoWouldServe() {
        Core twice = new Core() {
            @Override
            Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
                Decision once = super.member(me, state, memory, now, input);
                boolean votes = input instanceof Input.Heard h
                        && h.message() instanceof GroupMessage.Acknowledge a
                        && a.from().equals("e")
                        && a.highest().equals(a.proposed());
                if (!votes || !once.events().isEmpty()) {
                    return once;
                }
                GroupMessage.Acknowledge vote = (GroupMessage.Acknowledge) ((Input.Heard) input).message();
                GroupMessage again = new GroupMessage.Acknowledge("d", vote.group(), vote.proposed(), vote.highest());
                return super.member(me, state, once.memory(), now, new Input.Heard(again));
            }
        };
        List<Action> story = List.of(
                new Action(1_000, Action.Kind.CUT_APART, 0, 1, 0),
                new Action(1_000, Action.Kind.CUT_APART, 0, 4, 0),
                new Action(12_000, Action.Kind.CUT_APART, 0, 2, 0),
                new Action(12_000, Action.Kind.CUT_APART, 0, 3, 0),
                new Action(12_000, Action.Kind.FAILOVER, 1, 0, 0),
                new Action(60_000, Action.Kind.HEAL, 0, 1, 0));
        twoServeOnlyIf(twice, ofKind(4), 4, story);
    }

    /** It takes a cut between the holder and the other member, and seconds later one between the holder and the witness. */
    @Test
    void aWitnessThatConfirmedTheHolderWaitsAndIfItDidNotTwoWouldServe() {
        Core hasty = new Core() {
            @Override
            Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
                boolean serves = state.definition()
                        .filter(d -> d.members().contains(me.self()))
                        .isPresent();
                return serves
                        ? super.member(me, state, memory, now, input)
                        : Mutation.CLAIM_DURING_THE_LEASE.core.member(me, state, memory, now, input);
            }
        };
        List<Action> story = List.of(
                new Action(1_000, Action.Kind.CUT_APART, 0, 1, 0),
                new Action(9_000, Action.Kind.CUT_APART, 0, 2, 0),
                new Action(9_000, Action.Kind.FAILOVER, 1, 0, 0),
                new Action(40_000, Action.Kind.HEAL, 0, 1, 0));
        twoServeOnlyIf(hasty, ofKind(4), 2, story);
    }

    /** It takes a change that the other member does not hear of. */
    @Test
    void newTermsHoldOnceAMajorityOfTheFormerVotersKnowsAndIfTheyHeldAtOnceTwoWouldServe() {
        Core atOnce = new Core() {
            @Override
            Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
                Decision d = super.member(me, state, memory, now, input);
                List<GroupEvent> events = d.events().stream()
                        .map(e -> e instanceof GroupEvent.Defined g
                                        && g.definition().former().isPresent()
                                ? new GroupEvent.Defined(
                                        g.ordinal(),
                                        g.definition().on(g.definition().terms()),
                                        g.at())
                                : e)
                        .toList();
                return new Decision(d.memory(), events, d.acts());
            }
        };
        // to a lease; then to a witness, too, of which b, cut off, does not know
        List<Action> story = List.of(
                new Action(1_000, Action.Kind.CHANGE_TERMS, 0, 1, 5),
                new Action(20_000, Action.Kind.CUT_APART, 1, 0, 0),
                new Action(20_000, Action.Kind.CUT_APART, 1, 2, 0),
                new Action(20_010, Action.Kind.CHANGE_TERMS, 0, 1, 4),
                new Action(30_000, Action.Kind.FAILOVER, 1, 0, 0),
                new Action(60_000, Action.Kind.HEAL, 0, 1, 0));
        twoServeOnlyIf(atOnce, ofKind(8), 2, story);
    }

    /** Seeds of worlds with an appliance beside the members that may vote. */
    private static LongStream ofKind(long kind) {
        return LongStream.iterate(kind, seed -> seed < 200, seed -> seed + 10);
    }

    private static void twoServeOnlyIf(Core broken, LongStream seeds, int members, List<Action> story) {
        long found = seeds.filter(seed -> {
                    assertThat(Simulation.run(new Core(), seed, members, story).violation())
                            .as("seed %d", seed)
                            .isEmpty();
                    return Simulation.run(broken, seed, members, story)
                            .violation()
                            .filter(v -> v.invariant.equals("I1"))
                            .isPresent();
                })
                .count();
        assertThat(found).isPositive();
    }

    @Test
    void theSameSeedIsTheSameStory() {
        Simulation.Result one = Simulation.run(new Core(), 7);
        Simulation.Result again = Simulation.run(new Core(), 7);
        assertThat(again.story()).isEqualTo(one.story());
        assertThat(again.events()).isEqualTo(one.events());
    }

    @Test
    void aFailingStoryIsMadeShort() {
        Simulation.Result found =
                search(Mutation.TRUST_UNREACHABLE.core, 1, SEARCH).orElseThrow();
        Simulation.Result shortest = Simulation.shrink(Mutation.TRUST_UNREACHABLE.core, found);
        assertThat(shortest.actions()).hasSizeLessThanOrEqualTo(found.actions().size());
        assertThat(shortest.violation().orElseThrow().invariant)
                .isEqualTo(found.violation().orElseThrow().invariant);
        for (Action action : shortest.actions()) {
            List<Action> less =
                    shortest.actions().stream().filter(a -> !a.equals(action)).toList();
            assertThat(Simulation.run(Mutation.TRUST_UNREACHABLE.core, shortest.seed(), shortest.members(), less)
                            .violation()
                            .filter(v -> v.invariant.equals(shortest.violation().orElseThrow().invariant)))
                    .as("without %s", action)
                    .isEmpty();
        }
    }

    private static Optional<Simulation.Result> search(Core core, long first, int count) {
        return LongStream.range(first, first + count)
                .parallel()
                .mapToObj(seed -> Simulation.run(core, seed))
                .filter(result -> result.violation().isPresent())
                .findAny();
    }

    private static String story(Simulation.Result failed) {
        Simulation.Result shortest = Simulation.shrink(new Core(), failed);
        return failed.violation().orElseThrow().getMessage() + "; again: it-tests/bin/simulate --seeds 1 --seed "
                + failed.seed() + "\n" + shortest.actions() + "\n" + String.join("\n", shortest.story());
    }
}
