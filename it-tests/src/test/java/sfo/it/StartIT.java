package sfo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.fusesource.leveldbjni.JniDBFactory;
import org.iq80.leveldb.DB;
import org.iq80.leveldb.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sfo.it.harness.AgentProcess;
import sfo.it.harness.Site;

@Timeout(240)
class StartIT {
    @TempDir
    Path folder = Path.of("set by JUnit");

    @Test
    void toldToEndItEndsInOrderAndCanStartAgain() {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess a = site.start("a");
            AgentProcess b = site.start("b");
            a.awaitMembers("a=up b=up");
            b.awaitMembers("a=up b=up");

            b.terminate();
            assertThat(b.awaitExit()).isZero();
            a.awaitMembers("a=up");
            site.start("b").awaitMembers("a=up b=up");
        }
    }

    @Test
    void toldToEndWhileThePeerIsDeadItStillEnds() {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess a = site.start("a");
            AgentProcess b = site.start("b");
            a.awaitMembers("a=up b=up");
            b.kill();
            a.awaitMembers("a=up b=unreachable");

            a.terminate();
            assertThat(a.awaitExit()).isZero();
        }
    }

    @Test
    void theArchiveOfClassesThatTheBuildMadeFits() throws IOException {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess a = site.start("a");
            a.awaitMembers("a=up");
            assertThat(Files.readString(Path.of("/proc/" + a.pid() + "/maps"))).contains("/agent/target/sfo.jsa");
        }
    }

    @Test
    void aSecondAgentInOneFolderIsRefusedAndTheFirstOneGoesOn() {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess first = site.start("a");
            first.awaitMembers("a=up");
            AgentProcess second = site.start("a");
            assertThat(second.awaitExit()).isEqualTo(3);
            assertThat(second.log()).contains("another agent runs in " + site.data("a") + " with pid " + first.pid());
            assertThat(first.members()).isEqualTo("a=up");
        }
    }

    @Test
    void aJournalThatAnotherProcessUsesStopsTheStartAndIsLeftAlone() throws IOException {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess first = site.start("a");
            first.awaitMembers("a=up");
            first.kill();
            Path journal = site.data("a").resolve("journal");
            try (DB used = JniDBFactory.factory.open(journal.toFile(), new Options())) {
                assertThat(used).isNotNull();
                AgentProcess second = site.start("a");
                assertThat(second.awaitExit()).isEqualTo(3);
                assertThat(second.log()).contains("is in use by another process");
            }
            site.start("a").awaitMembers("a=up");
        }
    }

    @Test
    void aDamagedJournalIsRepairedAndTheAgentSaysSo() throws IOException {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess first = site.start("a");
            first.awaitMembers("a=up");
            first.kill();
            Files.writeString(site.data("a").resolve("journal/CURRENT"), "nonsense");

            AgentProcess second = site.start("a");
            second.awaitMembers("a=up");
            assertThat(second.log()).contains("is damaged").contains("the journal was repaired at");
            assertThat(site.data("a").resolve("journal.repaired")).exists();
        }
    }

    @Test
    void anotherAppliancesJournalStopsTheStart() throws IOException {
        try (Site site = new Site(folder, "a", "b")) {
            AgentProcess first = site.start("a");
            first.awaitMembers("a=up");
            first.kill();
            Files.move(site.data("a"), site.data("b"));
            AgentProcess second = site.start("b");
            assertThat(second.awaitExit()).isEqualTo(3);
            assertThat(second.log()).contains("is the journal of the appliance \"a\", and this one is \"b\"");
        }
    }

    @Test
    void aKeyThatDoesNotFitStopsTheStart() throws IOException {
        try (Site site = new Site(folder, "a", "b")) {
            Files.delete(folder.resolve("keys/a.key"));
            Files.copy(folder.resolve("keys/b.key"), folder.resolve("keys/a.key"));
            AgentProcess agent = site.start("a");
            assertThat(agent.awaitExit()).isEqualTo(3);
            assertThat(agent.log()).contains("a.crt is not the certificate of the key in");
        }
    }

    @Test
    void aPortThatIsTakenStopsTheStart() throws IOException {
        try (Site site = new Site(folder, "a", "b");
                java.net.ServerSocket taken = new java.net.ServerSocket()) {
            taken.bind(new java.net.InetSocketAddress(site.address("a"), 7800));
            AgentProcess agent = site.start("a");
            assertThat(agent.awaitExit()).isEqualTo(3);
            assertThat(agent.log()).contains("can't listen on " + site.address("a") + ":7800");
        }
    }
}
