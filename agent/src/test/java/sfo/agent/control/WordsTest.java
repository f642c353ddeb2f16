package sfo.agent.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.json.Json;
import sfo.protocol.model.AutomaticMac;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Share;
import sfo.protocol.model.Volume;

@Timeout(20)
class WordsTest {
    private final FakeOperations agent = new FakeOperations();
    private final FakeConsole script = FakeConsole.script();

    @Test
    void failoverHandsOverEverythingThatWasTyped() {
        int exit = script.words(
                agent,
                "failover",
                "g1",
                "--from",
                "a",
                "-m",
                "02-77-00-00-01-AA",
                "--plan",
                "3f9a0c12d4e5",
                "--reason",
                "power supply of a",
                "--override",
                "pulled its plug myself",
                "--accept-loss",
                "--dry-run");

        assertThat(exit).isZero();
        assertThat(agent.asked)
                .containsExactly(new Requests.Failover(
                        "g1",
                        Optional.of("a"),
                        Optional.of(new Mac("02:77:00:00:01:aa")),
                        Optional.of("3f9a0c12d4e5"),
                        Optional.of("pulled its plug myself"),
                        true,
                        true));
        assertThat(agent.operators).containsExactly(new Requests.Operator(0, "root", "power supply of a"));
        assertThat(script.out.toString()).startsWith("Done. (").contains(" in all)");
        assertThat(script.detach).contains("goes on").contains("sfo status g1").contains("sfo history g1");
    }

    @Test
    void aReasonThatBeginsWithAnAtSignIsNoFileToRead() {
        assertThat(script.words(agent, "failover", "g1", "--reason", "@/etc/hostname"))
                .isZero();
        assertThat(agent.operators).containsExactly(new Requests.Operator(0, "root", "@/etc/hostname"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            failover g1 -m ff:ff:ff:ff:ff:ff        | "ff:ff:ff:ff:ff:ff"     | unicast
            failover g1 -m 00:00:00:00:00:00        | "00:00:00:00:00:00"     | not zero
            failover g1 -m 02:77                    | "02:77"                 | six octets
            failover g1 -m none                     | "none"                  | sfo group set g1 -m none
            failover g1 -m                          | -m                      | expected a MAC
            failover g1 --plan xyz                  | "xyz"                   | twelve hex digits
            failover G/1                            | "G/1"                   | 1 to 32 of a-z
            failover g1 --all                       | --all                   | expected one of them
            failover g1 --from A!                   | "A!"                    | 1 to 32 of a-z
            failover                                | GROUP is missing        | g1
            failover g9 -m auto                     | "g9"                    | one of g1
            undo                                    | GROUP is missing        | g1
            group destroy g9                        | "g9"                    | one of g1
            group destroy g1                        | destroy group g1        | -y
            group set g1                            | nothing to change       | -m MAC
            group set g1 -m auto --slot fo7         | "fo7"                   | one of fo0
            group set g1 --lease soon               | "soon"                  | a number of seconds
            group set g1 --lease 3                  | "3"                     | 4 to 120
            group set g1 --witness x                | "x"                     | one of b, a
            group set g1 --witness a                | "a"                     | who vote anyway
            group set g1 --no-witness w             | "w"                     | it has none
            group set g1 --lease 5 -m auto          | -m beside --lease       | one change at a time
            group set g1 --lease 5                  | a lease of 5 s          | -y
            status g9                               | "g9"                    | one of g1
            share create g1 a/b --smb --volume tank | "a/b"                   | 1 to 80 letters
            share create g1 x --smb --volume tonk   | "tonk"                  | one of tank
            share create g1 x --volume tank         | protocol                | --smb or --nfs
            share create g1 x --smb --path ../etc   | "../etc"                | below the volume's root
            share create g1 x --smb --client 10.0.0 | "10.0.0"                | literal IPv4
            share create g1 x --smb --client 10.0.0.0/40 | "10.0.0.0/40"      | prefix from 1 to 32
            share set g1 docs                       | nothing to change       | --read-only
            share set g1 dogs --read-only           | "dogs"                  | one of docs
            share destroy g1 docs                   | take away               | -y
            target create g1 VM --size 1G           | "VM"                    | 1 to 32 of a-z
            target create g1 x --size 1M            | "1M"                    | at least 16M
            target create g1 x                      | --size                  | 100G
            target create g1 x --size 1G --volume y | "y"                     | one of tank
            target create g1 x --size 1G --iqn disk | "disk"                  | iqn.YEAR-MONTH.DOMAIN
            target create g1 x --size 1G --iqn iqn.2024-13.a:b | "iqn.2024-13.a:b" | iqn.YEAR-MONTH.DOMAIN
            target create g1 x --size 1G --initiator me | "me"                | the name that it logs in with
            target create g1 x --size 1G --client 10.0.0 | "10.0.0"           | literal IPv4
            target create g1 x --size 1G --client 10.0.0.1 --initiator iqn.1998-01.com.vmware | one of | --client
            target create g9 x --size 1G            | "g9"                    | one of g1
            target set g1 vm                        | nothing to change       | --add
            target set g1 wm --add 1G               | "wm"                    | one of vm
            target set g1 vm --everyone --client 10.0.0.1 | one of            | --everyone
            target set g1 vm --remove 1             | take LUN 1 of           | -y
            target destroy g1 wm                    | "wm"                    | one of vm
            target destroy g1 vm                    | take away target vm     | -y
            cdp create g1/tank --size 1G            | "g1/tank"               | does not have yet
            cdp create tank2 --size 1G              | "tank2"                 | GROUP/VOLUME
            cdp create g1/x --size 1M               | "1M"                    | at least 16M
            cdp create g1/x --size 9999999999P      | "9999999999P"           | 64-bit
            cdp create g1/x --size 1G --fs zfs      | "zfs"                   | ext4, xfs, btrfs
            cdp create g1/x --size 1G --backing c=/dev/sdb | "c=/dev/sdb"     | one of a, b
            cdp create g1/x                         | --size                  | 100G
            cdp enable tonk                         | "tonk"                  | g1/tank
            cdp show tonk                           | "tonk"                  | g1/tank
            backup show a x1                        | "x1"                    | sfo backup list
            group                                   | expected one of         | create
            """)
    void badValueIsNamedWithWhatWasExpected(String typed, String value, String expected) {
        assertThat(script.types(agent, typed)).isEqualTo(2);
        assertThat(script.err.toString()).contains(value).contains(expected).contains("See: sfo ");
        assertThat(agent.asked).isEmpty();
    }

    @Test
    void unknownVerbBringsASuggestion() {
        assertThat(script.types(agent, "failovr g1")).isEqualTo(2);
        assertThat(script.err.toString())
                .contains("failovr")
                .contains("Did you mean")
                .contains("sfo failover");
    }

    @ParameterizedTest
    @ValueSource(strings = {"failover g1 --plan x --json", "nonsense --json", "group destroy g1 --json"})
    void errorsAreJsonTooOnOneLine(String typed) throws Exception {
        assertThat(script.types(agent, typed)).isEqualTo(2);
        assertThat(script.err.toString()).isEmpty();
        assertThat(script.out.toString().strip()).doesNotContain("\n");
        assertThat(Json.MAPPER.readTree(script.out.toString()).path("exit").asText())
                .isEqualTo("USAGE");
    }

    @Test
    void statusAsJsonIsTheRecord() {
        assertThat(script.types(agent, "status --json")).isZero();
        Views.StatusView read = Json.read(script.out.toString(), Views.StatusView.class);
        assertThat(read.groups()).isEqualTo(agent.groups);
    }

    @Test
    void refusalShowsEvidenceAndEveryReasonWithItsMend() {
        agent.outcome = CompletableFuture.completedFuture(Answer.refused(
                        "Refused, nothing touched: a lives.",
                        List.of(new Reason(
                                "PEER-ALIVE", Reason.Weight.BLOCKS, "a answered hello", "sfo move g1 --to b")))
                .with(new Views.DossierView(
                        "a", "ALIVE", List.of(new Views.EvidenceView("hello", "ALIVE", "answered in 2 ms")))));

        assertThat(script.types(agent, "failover g1")).isEqualTo(3);
        assertThat(script.out.toString()).contains("evidence on a: ALIVE").contains("answered in 2 ms");
        assertThat(script.err.toString())
                .contains("Refused, nothing touched: a lives. (")
                .contains("PEER-ALIVE")
                .contains("a answered hello")
                .contains("-> sfo move g1 --to b");
    }

    @Test
    void failoverOfAllTakesEachGroupOfTheOtherApplianceAndEndsWithTheWorst() {
        agent.groups.add(FakeOperations.view(FakeOperations.group("g2"), "c"));
        agent.groups.add(FakeOperations.view(FakeOperations.group("g3"), "a"));
        agent.outcome = CompletableFuture.completedFuture(Answer.of(ExitCode.ROLLED_BACK, "Rolled back."));

        assertThat(script.types(agent, "failover --all --from a")).isEqualTo(4);
        assertThat(agent.asked)
                .extracting(asked -> ((Requests.Failover) asked).group())
                .containsExactly("g1", "g3");
        assertThat(script.err.toString()).contains("g1: Rolled back.").contains("g3: Rolled back.");
    }

    @Test
    void macAutoIsTheOneDerivedForTheGroup() {
        script.types(agent, "group set g1 -m auto -y");
        assertThat(agent.asked)
                .containsExactly(List.of(
                        "g1",
                        "fo0",
                        new MacChoice(
                                MacChoice.Kind.AUTOMATIC,
                                Optional.of(AutomaticMac.of("g1", "fo0", List.of("a", "b"))))));
    }

    @Test
    void aLeaseAndWitnessesAreChangedInOneWord() {
        agent.onlyVote = List.of("w");
        assertThat(script.types(agent, "group set g1 --lease off --witness w --witness w -y"))
                .as(script.err::toString)
                .isZero();
        assertThat(agent.asked)
                .containsExactly(
                        new Requests.TermsChange("g1", Optional.of(Optional.empty()), List.of("w"), List.of()));
        FakeConsole person = FakeConsole.person("yes");
        assertThat(person.types(agent, "group set g1 --lease 10 --witness w")).isZero();
        assertThat(person.questions).containsExactly("change group g1 to a lease of 10 s, witnesses w? [no]: ");
    }

    @Test
    void onATerminalWhatIsMissingIsAskedFor() {
        FakeConsole person = FakeConsole.person("g7", "", "02:77:00:00:01:02");
        assertThat(person.types(agent, "failover -m")).isZero();
        assertThat(person.questions)
                .containsExactly("group [g1]: ", "group [g1]: ", "failover MAC (auto, or six octets) [auto]: ");
        assertThat(person.err.toString()).contains("\"g7\": expected one of g1");
        assertThat(((Requests.Failover) agent.asked.get(0)).mac()).contains(new Mac("02:77:00:00:01:02"));
    }

    @Test
    void overrideIsConfirmedByAPersonAndNoMeansNothingIsDone() {
        assertThat(FakeConsole.person("n").words(agent, "failover", "g1", "--override", "it is off"))
                .isEqualTo(3);
        assertThat(agent.asked).isEmpty();
        assertThat(FakeConsole.person("yes").words(agent, "failover", "g1", "--override", "it is off"))
                .isZero();
        assertThat(agent.asked).hasSize(1);
    }

    @Test
    void shareAndVolumeRequestsCarryWhatWasTyped() {
        script.types(agent, "share create g1 build --nfs --path build --client 10.77.0.0/24 --read-only");
        script.types(agent, "share set g1 docs --no-guest --everyone");
        script.types(
                agent, "cdp create g1/new --size 2T --fs xfs --mode async --on-link-loss block --backing b=/dev/sdc");
        script.types(agent, "cdp resync tank -y");

        assertThat(agent.asked)
                .containsExactly(
                        new Requests.NewShare(
                                "g1",
                                "build",
                                Share.Protocol.NFS,
                                "tank",
                                "build",
                                true,
                                false,
                                List.of("10.77.0.0/24"),
                                Map.of()),
                        new Requests.ShareChange(
                                "g1",
                                "docs",
                                Share.Protocol.SMB,
                                Optional.empty(),
                                Optional.of(false),
                                Optional.of(List.of()),
                                Map.of()),
                        new Requests.NewVolume(
                                "g1",
                                "new",
                                2L << 40,
                                Volume.FileSystem.XFS,
                                Volume.Mode.ASYNCHRONOUS,
                                Volume.LinkLoss.BLOCK,
                                Map.of("b", "/dev/sdc")),
                        "RESYNC g1/tank");
    }

    @Test
    void targetRequestsCarryWhatWasTyped() {
        script.types(
                agent,
                "target create g1 db --size 1G --size 2G --iqn iqn.2024-07.internal.example:db"
                        + " --initiator iqn.1993-08.org.debian:01:ab12");
        script.types(agent, "target set g1 vm --add 3G --remove 1 --every-initiator --client 10.77.0.0/24 -y");
        script.types(agent, "target destroy g1 vm -y");

        assertThat(agent.asked)
                .containsExactly(
                        new Requests.NewTarget(
                                "g1",
                                "db",
                                Optional.of("iqn.2024-07.internal.example:db"),
                                List.of(new Requests.NewLun("tank", 1L << 30), new Requests.NewLun("tank", 2L << 30)),
                                List.of("iqn.1993-08.org.debian:01:ab12"),
                                List.of()),
                        new Requests.TargetChange(
                                "g1",
                                "vm",
                                Optional.of(List.of()),
                                Optional.of(List.of("10.77.0.0/24")),
                                List.of(new Requests.NewLun("tank", 3L << 30)),
                                List.of(1)),
                        "destroy target g1/vm");
    }

    @Test
    void targetsAreListedWithTheirDisks() throws Exception {
        assertThat(script.types(agent, "target list g1")).isZero();
        assertThat(script.out.toString()).contains("vm", "10G", "tank/luns/vm-1");
        FakeConsole json = FakeConsole.script();
        json.types(agent, "target list --json");
        JsonNode vm = Json.MAPPER.readTree(json.out.toString()).path("g1").path(0);
        assertThat(vm.path("iqn").asText()).isEqualTo("iqn.2024-07.internal.simple-failover:g1:vm");
        assertThat(vm.path("luns").path(0).path("serial").asText()).isEqualTo("5f0c3b2a19d84e77");
    }

    @Test
    void backupDiffNamesWhatChanged() throws Exception {
        assertThat(script.types(agent, "backup diff a 16 17 --json")).isZero();
        JsonNode changes = Json.MAPPER.readTree(script.out.toString());
        assertThat(changes.path("/groups/g1/shares/docs/volume").asText()).isEqualTo("(nothing) -> \"tank\"");
        assertThat(script.types(agent, "backup show a 99")).isEqualTo(2);
    }

    @Test
    void stepsAreRedrawnOnATerminalAndPlainLinesElsewhere() {
        agent.progress.add(new Progress("s", "storage.volume.tank", "volume tank", "running", 0, ""));
        agent.progress.add(new Progress("s", "storage.volume.tank", "volume tank", "done", 212, ""));
        script.types(agent, "failover g1");
        assertThat(script.out.toString()).startsWith("storage   done        212 ms  volume tank\n");

        FakeConsole person = FakeConsole.person();
        person.terminal = true;
        person.types(agent, "failover g1");
        assertThat(person.live).last().isEqualTo("storage   done        212 ms  volume tank\n");
    }

    @Test
    void operatorWhoLeavesEndsTheWaitNotTheOperation() {
        CompletableFuture<Answer> open = agent.pending();
        script.gone.complete(null);
        assertThatThrownBy(() -> script.types(agent, "failover g1")).isInstanceOf(Console.Gone.class);
        assertThat(open).isNotDone();
        assertThat(agent.asked).hasSize(1);
    }

    @Test
    void defectOfTheAgentIsShownAsSuch() {
        agent.outcome = CompletableFuture.failedFuture(new NullPointerException("boom"));
        assertThat(script.types(agent, "undo g1")).isEqualTo(5);
        assertThat(script.err.toString()).contains("defect").contains("boom").contains("sfo status");
    }

    @Test
    void whileTheAgentHasNoActorSystemItSaysSo() {
        Session session = new Session(
                script,
                () -> {
                    throw new IllegalStateException("the agent is joining the cluster again: try in a few seconds");
                },
                0,
                "root",
                java.time.Clock.systemUTC());
        assertThat(Words.run(List.of("status"), session)).isEqualTo(7);
        assertThat(script.err.toString()).contains("try in a few seconds");
    }

    static Stream<String> everyVerb() {
        List<String> paths = new ArrayList<>();
        collect(Words.tree(80, verb -> {}), "", paths);
        return paths.stream();
    }

    private static void collect(CommandLine line, String path, List<String> paths) {
        paths.add(path);
        line.getSubcommands().forEach((name, sub) -> collect(sub, (path + " " + name).strip(), paths));
    }

    /** Words that make a request, for each verb that answers and ends. */
    private static final Map<String, String> REQUESTS = Map.ofEntries(
            Map.entry("status", "g1"),
            Map.entry("members", ""),
            Map.entry(
                    "group create",
                    "g2 --member a --member b --home a --nic a=eth1 --nic b=eth1 --address 10.77.0.101/24"),
            Map.entry("group show", "g1"),
            Map.entry("group set", "g1 -m auto"),
            Map.entry("group destroy", "g1"),
            Map.entry("check", "g1"),
            Map.entry("plan", "g1"),
            Map.entry("failover", "g1 --override off"),
            Map.entry("undo", "g1"),
            Map.entry("resume", "g1"),
            Map.entry("resolve", "g1"),
            Map.entry("history", "g1"),
            Map.entry("share create", "g1 x --smb --volume tank"),
            Map.entry("share list", "g1"),
            Map.entry("share set", "g1 docs --read-only"),
            Map.entry("share destroy", "g1 docs"),
            Map.entry("target create", "g1 db --volume tank --size 1G"),
            Map.entry("target list", "g1"),
            Map.entry("target set", "g1 vm --remove 1"),
            Map.entry("target destroy", "g1 vm"),
            Map.entry("cdp create", "g1/new --size 1G"),
            Map.entry("cdp show", "tank"),
            Map.entry("cdp enable", "tank"),
            Map.entry("cdp disable", "tank"),
            Map.entry("cdp resync", "tank"),
            Map.entry("cdp destroy", "tank"),
            Map.entry("backup now", ""),
            Map.entry("backup list", ""),
            Map.entry("backup show", "a 17"),
            Map.entry("backup diff", "a 16 17"),
            Map.entry("backup verify", ""),
            Map.entry("checkpoint show", "g1"),
            Map.entry("plugin list", ""));
    /** Those that a person is asked about first. */
    private static final Set<String> CONFIRMED = Set.of(
            "group create",
            "group set",
            "group destroy",
            "failover",
            "share destroy",
            "target set",
            "target destroy",
            "cdp disable",
            "cdp resync",
            "cdp destroy");

    private static final Set<String> LEAD_TO_OTHERS =
            Set.of("", "group", "share", "target", "cdp", "backup", "checkpoint", "plugin");

    static Stream<String> everyVerbThatEnds() {
        // watch has no end; the others are the launcher's own, for which no agent is needed
        Set<String> apart = Set.of("watch", "agent", "agent keys", "demo");
        return everyVerb().filter(verb -> !LEAD_TO_OTHERS.contains(verb) && !apart.contains(verb));
    }

    @ParameterizedTest(name = "sfo {0} -y --json")
    @MethodSource("everyVerbThatEnds")
    void everyVerbAnswersInJsonOnOneLineAndAsksNothingWithYes(String verb) throws Exception {
        assertThat(REQUESTS).as("words that make a request of a new verb").containsKey(verb);
        FakeConsole person = FakeConsole.person();
        assertThat(person.types(agent, (verb + " " + REQUESTS.get(verb)).strip() + " -y --json"))
                .as(person.out.toString() + person.err)
                .isZero();
        assertThat(person.questions).isEmpty();
        // what it would make is shown to people all the same
        assertThat(person.err.length() == 0).isEqualTo(!verb.equals("group create"));
        assertThat(person.out.toString().strip()).isNotEmpty().doesNotContain("\n");
        assertThat(Json.MAPPER.readTree(person.out.toString()).isContainerNode())
                .isTrue();
    }

    @ParameterizedTest(name = "sfo {0}, and no")
    @MethodSource("everyVerbThatEnds")
    void whatIsConfirmedIsNotDoneWhenAPersonSaysNo(String verb) {
        FakeConsole person = FakeConsole.person("no");
        int exit = person.types(agent, (verb + " " + REQUESTS.get(verb)).strip());
        if (CONFIRMED.contains(verb)) {
            assertThat(person.questions).hasSize(1);
            assertThat(exit).isEqualTo(ExitCode.REFUSED.code());
            assertThat(agent.asked).isEmpty();
        } else {
            assertThat(person.questions).isEmpty();
            assertThat(exit).isZero();
        }
    }

    @Test
    void watchShowsTheStatusAgainAndAgainUntilItsOperatorLeaves() {
        FakeConsole person = FakeConsole.person();
        person.terminal = true;
        CompletableFuture<Integer> watch = CompletableFuture.supplyAsync(() -> person.types(agent, "watch g1"));
        await().until(() -> !person.live.isEmpty());
        assertThat(person.live.get(0)).containsPattern("g1 +DEGRADED +a +a ");
        agent.groups.set(0, FakeOperations.view(FakeOperations.G1, "b"));
        await().until(() -> person.live.size() > 1);
        assertThat(person.live.get(person.live.size() - 1)).containsPattern("g1 +DEGRADED +b +a ");
        person.gone.complete(null);
        assertThatThrownBy(watch::join).hasCauseInstanceOf(Console.Gone.class);
    }

    @Test
    void watchAsJsonIsALineForEachLook() {
        FakeConsole pipe = FakeConsole.script();
        CompletableFuture<Integer> watch = CompletableFuture.supplyAsync(() -> pipe.types(agent, "watch --json"));
        await().until(() -> pipe.said.size() >= 2);
        pipe.gone.complete(null);
        assertThatThrownBy(watch::join).hasCauseInstanceOf(Console.Gone.class);
        assertThat(pipe.out.toString().lines())
                .allSatisfy(line -> assertThat(
                                Json.read(line, Views.StatusView.class).groups())
                        .isEqualTo(agent.groups));
    }

    @ParameterizedTest(name = "sfo {0} -h")
    @MethodSource("everyVerb")
    void everyVerbHasAPage(String verb) {
        assertThat(script.types(agent, (verb + " -h").strip())).isZero();
        assertThat(script.out.toString())
                .contains("Exit codes:")
                .contains("refused, nothing touched")
                .startsWith(("sfo " + verb).strip());
        assertThat(script.out.toString().lines())
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
        assertThat(script.out.indexOf("Example") >= 0)
                .as("every other verb has an example")
                .isEqualTo(!LEAD_TO_OTHERS.contains(verb));
    }
}
