package sfo.agent.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sfo.protocol.model.AutomaticMac;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Terms;

@Timeout(20)
class GroupWizardTest {
    private static final String COMPLETE =
            "group create g2 --member a --member b --nic a=eth0 --nic b=eth1,spare --address 10.77.0.101/24 -y";

    private final FakeOperations agent = new FakeOperations();
    private final FakeConsole script = FakeConsole.script();

    private GroupDefinition made() {
        assertThat(agent.asked).hasSize(1);
        return (GroupDefinition) agent.asked.get(0);
    }

    @Test
    void wordsAloneMakeAGroup() {
        assertThat(script.types(agent, COMPLETE)).isZero();
        FailoverInterface fo0 = new FailoverInterface(
                "fo0",
                List.of(Cidr.parse("10.77.0.101/24")),
                new MacChoice(MacChoice.Kind.AUTOMATIC, Optional.of(AutomaticMac.of("g2", "fo0", List.of("a", "b")))),
                List.of(),
                List.of(),
                Map.of("a", new Nic("eth0", Nic.Use.SHARED), "b", new Nic("eth1", Nic.Use.SPARE)));
        assertThat(made())
                .isEqualTo(new GroupDefinition("g2", 1, "a", List.of("a", "b"), List.of(fo0), List.of(), List.of()));
    }

    @Test
    void maskGatewayRouteMacAndASecondInterface() {
        assertThat(script.types(
                        agent,
                        "group create g2 --member a --member b --home b --nic a=eth0 --nic b=eth0"
                                + " --address 10.77.0.101 --mask 255.255.254.0 --gateway 10.77.1.254"
                                + " --route 10.9.0.0/16=10.77.0.1 -m none --fo1-nic a=eth1,spare --fo1-nic b=eth1"
                                + " --fo1-address fd77::100/64 --fo1-mac 02:00:00:00:00:07 -y"))
                .as(script.err::toString)
                .isZero();
        GroupDefinition group = made();
        assertThat(group.home()).isEqualTo("b");
        assertThat(group.interfaces()).hasSize(2);
        assertThat(group.interfaces().get(0).addresses()).hasToString("[10.77.0.101/23]");
        assertThat(group.interfaces().get(0).mac().kind()).isEqualTo(MacChoice.Kind.NONE);
        assertThat(group.interfaces().get(0).routes()).hasSize(1);
        assertThat(group.interfaces().get(1).mac().mac()).contains(new Mac("02:00:00:00:00:07"));
    }

    @Test
    void byThePageOfTheOriginalEverythingIsAskedFor() {
        FakeConsole person = FakeConsole.person(
                "Bad Name", "g2", "a z", "a b", "", "", "eth0", "", "10.77.0.101", "255.0.255.0", "", "", "", "", "y");

        assertThat(person.types(agent, "create group simple-failover"))
                .as(person.err::toString)
                .isZero();
        assertThat(person.questions)
                .containsExactly(
                        "name of the group: ",
                        "name of the group: ",
                        "members [b a]: ",
                        "members [b a]: ",
                        "home, the member that it belongs to when all is well [a]: ",
                        "isolation lease, in seconds, or none [none]: ",
                        "NIC of a for fo0 (DEVICE, or DEVICE,spare) [eth1,spare]: ",
                        "NIC of b for fo0 (DEVICE, or DEVICE,spare) [eth0]: ",
                        "failover address of fo0 with prefix or mask (10.77.0.100/24): ",
                        "mask of 10.77.0.101 [255.255.255.0]: ",
                        "mask of 10.77.0.101 [255.255.255.0]: ",
                        "gateway of fo0 (none, or its address) [none]: ",
                        "failover MAC of fo0 (auto, none, or six octets) [auto]: ",
                        "a second failover interface? yes or no [no]: ",
                        "create group g2? [no]: ");
        assertThat(person.err.toString())
                .contains("\"Bad Name\"")
                .contains("\"z\": expected one of b, a")
                .contains("ones followed by zeros")
                .contains("has addresses")
                .contains("group g2");
        assertThat(made().interfaces().get(0).addresses()).hasToString("[10.77.0.101/24]");
    }

    @Test
    void aLeaseIsGivenInSecondsWithinItsBounds() {
        assertThat(script.types(agent, COMPLETE + " --lease 3")).isEqualTo(2);
        assertThat(script.err.toString()).contains("lease \"3\": expected 4 to 120 seconds");
        assertThat(agent.asked).isEmpty();
        assertThat(script.types(agent, COMPLETE + " --lease 10")).isZero();
        assertThat(made().lease()).contains(new Lease(10));
    }

    @Test
    void noAtTheEndMeansNothingIsDone() {
        FakeConsole person = FakeConsole.person("no");
        assertThat(person.types(agent, COMPLETE.replace(" -y", " --gateway 10.77.0.254 --home a")))
                .isEqualTo(3);
        assertThat(agent.asked).isEmpty();
    }

    @Test
    void withoutATerminalAllThatIsMissingIsNamedAtOnce() {
        assertThat(script.types(agent, "group create")).isEqualTo(2);
        assertThat(script.err.toString())
                .contains("NAME")
                .contains("--member")
                .contains("--nic")
                .contains("--address");
        assertThat(script.types(agent, COMPLETE.replace(" -y", ""))).isEqualTo(2);
        assertThat(script.err.toString()).contains("add -y");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --address 10.77.0.101/24 | --address 10.77.0.0/24     | network's own
            --address 10.77.0.101/24 | --address 10.77.0.255/24   | broadcast
            --address 10.77.0.101/24 | --address 10.77.0.101/33   | prefix from 1 to 32
            --address 10.77.0.101/24 | --address 10.77.0.101      | --mask
            --address 10.77.0.101/24 | --address 10.77.0.1001/24  | literal
            --address 10.77.0.101/24 | --address localhost/24     | literal
            --address 10.77.0.101/24 | --address 127.0.0.1/8      | other hosts can reach
            --address 10.77.0.101/24 | --address 224.0.0.5/24     | other hosts can reach
            --address 10.77.0.101/24 | --address fe80::1/64       | other hosts can reach
            --address 10.77.0.101/24 | --address 10.77.0.101/24 --address 10.77.0.101/24 | once
            --address 10.77.0.101/24 | --address 10.77.0.100/24   | it is group g1's
            --address 10.77.0.101/24 | --address 10.77.0.11/24    | itself, on eth0
            -y                       | -y --gateway 10.77.0.1 --gateway 10.77.0.2 | one of each family
            --nic a=eth0             | --nic a=eth9               | one of eth0, eth1
            --nic a=eth0             | --nic a=eth0,spare         | has addresses
            --nic a=eth0             | --nic a=eth0,bare          | DEVICE,spare
            --nic a=eth0             | --nic a                    | APPLIANCE=DEVICE
            --nic a=eth0             | --nic c=eth0               | one of a, b
            --nic a=eth0             | --nic a=averyveryverylongname | at most 15
            --member b               | --member z                 | one of b, a
            --member b               | --member a                 | two or more different
            --member a --member b    | --member a                 | two or more different
            -y                       | -y --home z                | one of the members
            -y                       | -y --gateway 10.78.0.1     | in the network of
            -y                       | -y --gateway 10.77.0.101   | another host
            -y                       | -y --route 0.0.0.0/0=10.77.0.1 | --gateway
            -y                       | -y --route 10.9.0.0/16=10.78.0.1 | next hop
            -y                       | -y -m 01:00:5e:00:00:01    | multicast
            -y                       | -y --fo1-address 10.78.0.1/24 | --fo1-nic
            group create g2          | group create G2            | 1 to 32 of a-z
            """)
    void everyRuleNamesWhatItExpected(String good, String bad, String expected) {
        assertThat(COMPLETE).contains(good);
        assertThat(script.types(agent, COMPLETE.replace(good, bad))).isEqualTo(2);
        assertThat(script.err.toString()).contains(expected);
        assertThat(agent.asked).isEmpty();
    }

    @Test
    void aWitnessIsAskedForOnlyWhereOneIsKnownAndIsNoMember() {
        agent.onlyVote = List.of("w");
        assertThat(script.types(agent, COMPLETE.replace("-y", "--lease 5 --witness w --witness a -y")))
                .isEqualTo(2);
        assertThat(script.err.toString()).contains("witness \"a\"", "another appliance than the members");
        assertThat(FakeConsole.script().types(agent, COMPLETE.replace("-y", "--witness z -y")))
                .isEqualTo(2);
        assertThat(agent.asked).isEmpty();
        FakeConsole words = FakeConsole.script();
        assertThat(words.types(agent, COMPLETE.replace("-y", "--lease 5 --witness w -y")))
                .isZero();
        assertThat(made().terms()).isEqualTo(new Terms(List.of("w"), Optional.of(new Lease(5))));
        assertThat(words.err.toString()).contains("witnesses", "lease");
    }

    @Test
    void whoIsLedIsAskedForTheWitnessThatThereIs() {
        agent.onlyVote = List.of("w");
        FakeConsole person =
                FakeConsole.person("g2", "a b", "", "5", "", "eth0", "eth0", "10.77.0.101/24", "", "", "", "y");
        assertThat(person.types(agent, "group create")).as(person.err::toString).isZero();
        assertThat(person.questions).contains("witnesses, or none [w]: ");
        assertThat(made().witnesses()).containsExactly("w");
    }
}
