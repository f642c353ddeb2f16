package sfo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sfo.it.harness.AgentProcess;
import sfo.it.harness.Site;
import sfo.it.harness.WhenAskedFor;
import sfo.protocol.peer.Hello;

@Timeout(240)
class MembershipIT {
    @TempDir
    Path folder = Path.of("set by JUnit");

    @ParameterizedTest
    @CsvSource({"a,b", "b,a"})
    void eitherStartsFirstAndAloneAndTheOtherJoins(String first, String second) {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess early = site.start(first);
            early.awaitMembers(first + "=up");
            Hello.Cluster formed = cluster(early);

            AgentProcess late = site.start(second);
            early.awaitMembers("a=up b=up");
            late.awaitMembers("a=up b=up");
            assertThat(cluster(late)).isEqualTo(formed);
            assertThat(early.log()).doesNotContain("restarts the actor system");
        }
    }

    @Test
    void threeThatStartAtOnceEndUpInOneCluster() {
        try (Site site = new Site(folder, "a", "b", "c")) {
            List<AgentProcess> all = List.of(site.start("c"), site.start("a"), site.start("b"));
            all.forEach(agent -> agent.awaitMembers("a=up b=up c=up"));
            assertThat(all.stream().map(MembershipIT::cluster).distinct()).hasSize(1);
        }
    }

    @Test
    void islandsMergeWhenTheyMeetButNotWhileASagaIsOpenOnTheYoungerOne() {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess a = site.start("a");
            a.awaitMembers("a=up");
            Hello.Cluster older = cluster(a);
            a.freeze();
            AgentProcess b = site.start("b");
            b.awaitMembers("b=up");
            b.tell("saga open");
            b.awaitLog("obeyed [saga, open]");

            a.thaw();
            b.awaitLog("joins when the operation that is under way here has ended");
            assertThat(a.members()).isEqualTo("a=up");
            assertThat(b.members()).isEqualTo("b=up");

            b.tell("saga closed");
            a.awaitMembers("a=up b=up");
            b.awaitMembers("a=up b=up");
            assertThat(cluster(b)).isEqualTo(older);
            assertThat(a.log()).doesNotContain("restarts the actor system");
        }
    }

    @Test
    void oneThatWasDownedWhileItWasFrozenComesBackByItself() {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess a = site.start("a");
            a.awaitMembers("a=up");
            AgentProcess b = site.start("b");
            b.awaitMembers("a=up b=up");
            long uid = b.hello().orElseThrow().uid();
            long pid = b.pid();

            b.freeze();
            a.awaitMembers("a=up b=unreachable");
            a.tell("down b");
            a.awaitMembers("a=up");
            b.thaw();

            b.awaitLog("was left behind");
            a.awaitMembers("a=up b=up");
            b.awaitMembers("a=up b=up");
            assertThat(b.hello().orElseThrow().uid()).isNotEqualTo(uid);
            assertThat(b.pid()).isEqualTo(pid);
            a.tell("say b again");
            b.awaitLog("heard again from a");
        }
    }

    @Test
    @WhenAskedFor
    void oneThatWasDownedThoughItIsWellComesBackByItselfWhenItsOperationHasEnded() {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess a = site.start("a");
            a.awaitMembers("a=up");
            AgentProcess b = site.start("b");
            b.awaitMembers("a=up b=up");
            long uid = b.hello().orElseThrow().uid();
            b.tell("saga open");
            b.awaitLog("obeyed [saga, open]");

            a.tell("down b");
            a.awaitMembers("a=up");
            b.awaitLog("joins when the operation that is under way here has ended");
            assertThat(b.hello().orElseThrow().uid()).isEqualTo(uid);

            b.tell("saga closed");
            a.awaitMembers("a=up b=up");
            b.awaitMembers("a=up b=up");
            assertThat(b.hello().orElseThrow().uid()).isNotEqualTo(uid);
        }
    }

    @Test
    @WhenAskedFor
    void oneThatWasFrozenAndNotDownedIsReachableAgainWithoutARestart() {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess a = site.start("a");
            AgentProcess b = site.start("b");
            b.awaitMembers("a=up b=up");
            a.awaitMembers("a=up b=up");
            b.freeze();
            a.awaitMembers("a=up b=unreachable");
            b.thaw();
            a.awaitMembers("a=up b=up");
            b.awaitMembers("a=up b=up");
            assertThat(a.log() + b.log()).doesNotContain("restarts the actor system");
        }
    }

    @Test
    void aRestartedAgentReplacesItsOldIncarnation() {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess a = site.start("a");
            a.awaitMembers("a=up");
            AgentProcess b = site.start("b");
            a.awaitMembers("a=up b=up");
            Hello before = b.hello().orElseThrow();
            b.kill();

            AgentProcess again = site.start("b");
            again.awaitMembers("a=up b=up");
            a.awaitMembers("a=up b=up");
            Hello after = again.hello().orElseThrow();
            assertThat(after.uid()).isNotEqualTo(before.uid());
            assertThat(after.bootIdentity()).isEqualTo(before.bootIdentity());
            assertThat(a.hello().orElseThrow().lists(after.uid())).isTrue();
            assertThat(a.hello().orElseThrow().lists(before.uid())).isFalse();
        }
    }

    @Test
    void anActorSystemIsRestartedWithinTheJvm() {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess a = site.start("a");
            AgentProcess b = site.start("b");
            b.awaitMembers("a=up b=up");
            long uid = b.hello().orElseThrow().uid();
            b.tell("restart");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> b.hello().filter(hello -> hello.uid() != uid).isPresent());
            b.awaitMembers("a=up b=up");
            a.awaitMembers("a=up b=up");
        }
    }

    /** Akka alone waits for the connections to the frozen one, as long as TCP does. */
    @Test
    void anActorSystemIsRestartedWhileThePeerIsFrozen() {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess a = site.start("a");
            a.awaitMembers("a=up");
            AgentProcess b = site.start("b");
            b.awaitMembers("a=up b=up");
            long uid = b.hello().orElseThrow().uid();
            a.freeze();
            b.awaitMembers("a=unreachable b=up");

            b.tell("restart");
            b.awaitMembers("b=up");
            assertThat(b.hello().orElseThrow().uid()).isNotEqualTo(uid);
        }
    }

    /** An unreachable member keeps others from joining; what agents say to one another must not depend on that. */
    @Test
    @WhenAskedFor
    void oneThatADeadMemberKeepsFromJoiningIsHeardAllTheSameAndJoinsWhenThatIsDowned() {
        try (Site site = new Site(folder, "a", "b", "c")) {
            AgentProcess a = site.start("a");
            a.awaitMembers("a=up");
            AgentProcess b = site.start("b");
            AgentProcess c = site.start("c");
            List.of(a, b, c).forEach(agent -> agent.awaitMembers("a=up b=up c=up"));

            c.kill();
            a.awaitMembers("a=up b=up c=unreachable");
            b.kill();
            AgentProcess again = site.start("b");
            again.awaitLog("joins the cluster of a");
            again.tell("say a here");
            a.awaitLog("heard here from b");
            a.tell("say b there");
            again.awaitLog("heard there from a");

            a.tell("down c");
            a.awaitMembers("a=up b=up");
            again.awaitMembers("a=up b=up");
        }
    }

    private static Hello.Cluster cluster(AgentProcess agent) {
        // a hello that a busy machine answers too late is asked again
        return Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> agent.hello().flatMap(Hello::cluster), Optional::isPresent)
                .orElseThrow();
    }
}
