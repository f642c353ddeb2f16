package sfo.agent.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.agent.membership.Islands.Verdict;
import sfo.protocol.model.Claim;
import sfo.protocol.peer.Hello;

class IslandsTest {
    private static final Hello.Cluster OLD = new Hello.Cluster("old", Instant.ofEpochSecond(1));
    private static final Hello.Cluster YOUNG = new Hello.Cluster("young", Instant.ofEpochSecond(2));

    @Test
    void joinsTheOldestClusterThatAnswers() {
        assertThat(Islands.toJoin(List.of(hello("c", 3, YOUNG, 3), hello("b", 2, OLD, 2), looking("a", 1))))
                .map(Hello::appliance)
                .contains("b");
        assertThat(Islands.toJoin(List.of(looking("a", 1)))).isEmpty();
    }

    @Test
    void ofThoseThatStartTogetherTheLowestNameForms() {
        assertThat(Islands.formsFirst("a", List.of(looking("b", 2), looking("c", 3))))
                .isTrue();
        assertThat(Islands.formsFirst("b", List.of(looking("a", 1), looking("c", 3))))
                .isFalse();
        assertThat(Islands.formsFirst("b", List.of())).isTrue();
    }

    @Test
    void membersOfOneClusterStay() {
        Hello a = hello("a", 1, OLD, 1, 2);
        Hello b = hello("b", 2, OLD, 1, 2);
        assertThat(judgements(a, b)).containsExactly(Verdict.STAY, Verdict.STAY);
    }

    @Test
    void whoeverLooksForAClusterIsNoIsland() {
        assertThat(judgements(looking("a", 1), hello("b", 2, OLD, 2))).containsExactly(Verdict.STAY, Verdict.STAY);
    }

    @Test
    void ofTwoIslandsTheYoungerYields() {
        assertThat(judgements(hello("a", 1, YOUNG, 1), hello("b", 2, OLD, 2)))
                .containsExactly(Verdict.YIELD, Verdict.STAY);
    }

    @Test
    void theOneThatWasDownedWhileItWasFrozenYieldsThoughItStillSeesTheOther() {
        Hello frozen = hello("a", 1, OLD, 1, 2);
        Hello survivor = hello("b", 2, OLD, 2);
        assertThat(judgements(frozen, survivor)).containsExactly(Verdict.YIELD, Verdict.STAY);
    }

    @Test
    void aSurvivorStaysWhileTheOneThatItDownedStillNamesTheOldCluster() {
        Hello survivor = new Hello(
                "a",
                "1",
                "boot",
                1,
                Optional.of(OLD),
                List.of(new Hello.Member("a", "address", 1, "up"), new Hello.Member("b", "address", 2, "down")),
                false,
                List.of());
        Hello downed = hello("b", 2, OLD);
        assertThat(Islands.judge(survivor, downed)).isEqualTo(Verdict.STAY);
        assertThat(Islands.judge(survivor, hello("b", 2, OLD, 1, 2))).isEqualTo(Verdict.STAY);
        assertThat(Islands.judge(hello("b", 2, OLD, 1, 2), survivor)).isEqualTo(Verdict.YIELD);
    }

    @Test
    void ofTwoThatDownedEachOtherTheHigherClaimStays() {
        Hello a = claiming(hello("a", 1, OLD, 1), 4);
        Hello b = claiming(hello("b", 2, OLD, 2), 5);
        assertThat(judgements(a, b)).containsExactly(Verdict.YIELD, Verdict.STAY);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void twoThatAreApartNeverBothYieldAndNeverBothStay(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 2000; i++) {
            Hello a = claiming(some("a", 1, random), random.nextInt(3));
            Hello b = claiming(some("b", 2, random), random.nextInt(3));
            List<Verdict> verdicts = judgements(a, b);
            boolean together = a.lists(2) && b.lists(1);
            assertThat(verdicts.stream().filter(v -> v == Verdict.YIELD).count())
                    .as("seed %d: %s and %s", seed, a, b)
                    .isEqualTo(together ? 0 : 1);
        }
    }

    private static Hello some(String name, long uid, Random random) {
        long other = uid == 1 ? 2 : 1;
        Hello.Cluster cluster = random.nextBoolean() ? OLD : YOUNG;
        return random.nextBoolean() ? hello(name, uid, cluster, uid, other) : hello(name, uid, cluster, uid);
    }

    private static List<Verdict> judgements(Hello one, Hello other) {
        return List.of(Islands.judge(one, other), Islands.judge(other, one));
    }

    private static Hello looking(String name, long uid) {
        return new Hello(name, "1", "boot", uid, Optional.empty(), List.of(), false, List.of());
    }

    private static Hello hello(String name, long uid, Hello.Cluster cluster, long... members) {
        List<Hello.Member> listed = new ArrayList<>();
        Arrays.stream(members).forEach(m -> listed.add(new Hello.Member("m" + m, "address", m, "up")));
        return new Hello(name, "1", "boot", uid, Optional.of(cluster), listed, false, List.of());
    }

    private static Hello claiming(Hello hello, long generation) {
        return new Hello(
                hello.appliance(),
                hello.version(),
                hello.bootIdentity(),
                hello.uid(),
                hello.cluster(),
                hello.members(),
                hello.openSaga(),
                List.of(new Hello.GroupClaim("g", 1, new Claim(generation, hello.appliance(), "id"), true)));
    }
}
