package sfo.agent.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Views;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Terms;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/** What operators see, to the letter. */
class RenderTest {
    private static final Instant NOW = FakeOperations.NOW;

    private static Views.SagaView saga() {
        return new Views.SagaView(
                "saga-g1-4",
                "g1",
                "failover",
                new Claim(4, "b", "ffff"),
                "done",
                "root (sudo by ann)",
                "power supply of a",
                NOW.minusSeconds(60),
                Optional.of(NOW.minusMillis(58_766)),
                List.of(new Views.StepView("storage.volume.tank", Phase.STORAGE, "volume tank", "done", 212, "")),
                Optional.of(dossier()),
                List.of("mount /srv/x is busy: sfo resolve g1"));
    }

    private static Views.DossierView dossier() {
        return new Views.DossierView(
                "a",
                "DEAD",
                List.of(
                        new Views.EvidenceView("hello", "SILENT", "3 probes in 300 ms, gateway answered"),
                        new Views.EvidenceView("arp eth1", "PROVES_NOTHING", "no carrier")));
    }

    @Test
    void status() throws Exception {
        FakeOperations agent = new FakeOperations();
        String text = Render.status(agent.status().toCompletableFuture().get(), NOW, 80);
        assertThat(text).isEqualTo("""
                appliance b   version 0.1.0   members: a unreachable, b up

                GROUP  STATE     HOLDER  HOME  GEN  ADDRESS, MAC
                g1     DEGRADED  a       a     3    10.77.0.100/24  02:77:00:00:01:00

                g1
                  mirror tank  secondary, lost for 12m
                  backups      a's on b 4m old
                  lossy  MIRROR-BEHIND  the replica of tank on b lost its primary 12 minutes
                                        ago; what a wrote since is not here
                                        -> sfo failover g1 --accept-loss, or bring a back
                """);
        assertThat(text.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }

    @Test
    void whoVotesAndWhatStillHolds() {
        GroupDefinition changing = FakeOperations.G1
                .on(new Terms(List.of(), Optional.of(new Lease(5))))
                .towards(new Terms(List.of("w"), Optional.of(new Lease(10))));
        assertThat(Render.groupFully(FakeOperations.view(changing, "a"), NOW, 80))
                .contains("""
                  members    a, b; home a
                """, """
                  witnesses  w
                  lease      10 s
                  before     witnesses none, lease 5 s
                """);
        assertThat(Tables.members(
                        List.of(new Views.MemberView("w", "10.77.0.13:7800", "up", true, true, Optional.of(NOW), true)),
                        NOW,
                        80))
                .contains("witness, leader");
    }

    @Test
    void oneGroup() {
        assertThat(Render.groupFully(FakeOperations.view(FakeOperations.G1, "a"), NOW, 80))
                .startsWith("""
                group g1   DEGRADED   holder a   generation 3
                  members  a, b; home a
                  fo0      10.77.0.100/24  02:77:00:00:01:00
                           on a=eth0, b=eth0
                           gateway 10.77.0.254
                  volume   tank, 100G
                  shares   docs (smb)
                  target   vm, iqn.2024-07.internal.simple-failover:g1:vm, 1 disk
                  mirror tank  secondary, lost for 12m
                """);
    }

    @Test
    void withoutAGroupItSaysHowToMakeOne() {
        assertThat(Render.status(new Views.StatusView("a", "0.1.0", "x", List.of(), List.of()), NOW, 80))
                .contains("sfo group create");
    }

    @Test
    void evidence() {
        assertThat(Sagas.dossier(dossier(), 80)).isEqualTo("""
                evidence on a: DEAD
                  CHANNEL   FINDING         EVIDENCE
                  hello     silent          3 probes in 300 ms, gateway answered
                  arp eth1  proves nothing  no carrier
                """);
    }

    @Test
    void plan() {
        Plan plan = new Plan(
                "g1",
                "b",
                "a",
                List.of(
                        new Step("network.host", Phase.NETWORK, new Resource.GroupHost("g1"), List.of(), 5000, true),
                        new Step(
                                "servers.x",
                                Phase.SERVERS,
                                new Resource.GroupHost("g1"),
                                List.of("network.host"),
                                5000,
                                false)));
        assertThat(Sagas.plan(new Views.PlanView(plan, "3f9a0c12d4e5", 1250), 80))
                .isEqualTo("""
                plan 3f9a0c12d4e5   b takes g1 over from a   about 1.25 s

                PHASE    STEP          WHAT                           AFTER
                network  network.host  group host g1
                servers  servers.x     group host g1 (reported only)  network.host
                """);
    }

    @Test
    void history() {
        assertThat(Sagas.history(List.of(saga()), true, 100)).isEqualTo("""
                STARTED               GROUP  WHAT      STATE  TOOK    BY                  WHY
                2026-11-22T11:59:00Z  g1     failover  done   1.23 s  root (sudo by ann)  power supply of a

                failover of g1, generation 4, saga-g1-4
                evidence on a: DEAD
                  CHANNEL   FINDING         EVIDENCE
                  hello     silent          3 probes in 300 ms, gateway answered
                  arp eth1  proves nothing  no carrier
                  storage  done  212 ms  volume tank
                  open  mount /srv/x is busy: sfo resolve g1
                """);
    }

    @Test
    void checkpoint() {
        assertThat(Sagas.checkpoint(
                        new Views.CheckpointView(
                                "saga-g1-4",
                                NOW,
                                Map.of("network.fo0", Map.of(), "storage.tank", Map.of("role", "secondary", "a", "1"))),
                        80))
                .isEqualTo("""
                checkpoint of saga-g1-4, made 2026-11-22T12:00:00Z

                STEP          WHAT WAS TRUE BEFORE
                network.fo0   nothing was there
                storage.tank  a=1
                              role=secondary
                """);
    }

    @Test
    void stepsAreNeverLongerThanTheTerminal() {
        List<Progress> steps = List.of(
                new Progress("s", "storage.volume.tank", "volume tank", "running", 0, ""),
                new Progress("s", "verify.shares", "3 shares answer", "failed", 5012, "timed out ".repeat(20)));
        assertThat(Render.steps(steps, 60)).isEqualTo("""
                storage   running             volume tank
                verify    failed     5012 ms  3 shares answer (timed out ti
                """);
        assertThat(Render.steps(steps, 60).lines())
                .allSatisfy(l -> assertThat(l).hasSizeLessThan(60));
    }

    @ParameterizedTest
    @CsvSource({"0, 0s", "59, 59s", "60, 1m", "3599, 59m", "3600, 1h 0m", "86399, 23h 59m", "86400, 1d", "-5, 0s"})
    void age(long seconds, String text) {
        assertThat(Render.age(NOW.minusSeconds(seconds), NOW)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"16777216, 16M", "1099511627776, 1T", "1610612736, 1.5G", "0, 0B", "1023, 1023B"})
    void size(long bytes, String text) {
        assertThat(MirrorTable.size(bytes)).isEqualTo(text);
    }

    @Test
    void wordsLongerThanALineStayWhole() {
        String command = "x".repeat(100);
        assertThat(new Table("").row("a", "type " + command).text(40).lines()).anyMatch(l -> l.contains(command));
    }
}
