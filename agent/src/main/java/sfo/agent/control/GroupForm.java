package sfo.agent.control;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code sfo group create}, as typed; nothing is checked yet. */
final class GroupForm {
    @Option(names = "--member", paramLabel = "APPLIANCE", description = "A member; two or more.")
    List<String> members = new ArrayList<>();

    @Option(
            names = "--home",
            paramLabel = "APPLIANCE",
            description = "The member that the group belongs to when all is well; by default the first one.")
    @Nullable
    String home;

    @Option(
            names = "--nic",
            paramLabel = "APPLIANCE=DEVICE[,spare]",
            description = "Where a member puts the failover interface; once for each member.")
    List<String> nics = new ArrayList<>();

    @Option(
            names = "--address",
            paramLabel = "IP[/PREFIX]",
            description = "A failover address, IPv4 or IPv6; may be repeated.")
    List<String> addresses = new ArrayList<>();

    @Option(
            names = "--mask",
            paramLabel = "MASK",
            description = "For addresses without a prefix: 255.255.255.0, or 24.")
    @Nullable
    String mask;

    @Option(
            names = "--gateway",
            paramLabel = "IP",
            description = "The default route; also proves the wire when the interface opens. One of each family.")
    @Nullable
    List<String> gateways;

    @Option(names = "--route", paramLabel = "NET/PREFIX=VIA", description = "A further route; may be repeated.")
    List<String> routes = new ArrayList<>();

    @Option(
            names = {"-m", "--mac"},
            paramLabel = "MAC|auto|none",
            arity = "0..1",
            fallbackValue = "",
            description = "The failover MAC. auto (default): locally administered, derived from the group's name and"
                    + " members. none: each member's own.")
    @Nullable
    String mac;

    @Option(
            names = "--lease",
            paramLabel = "SECONDS",
            description =
                    "An isolation lease, 4 to 120; none by default. The holder's interface passes nothing unless a"
                            + " majority of those who vote confirmed it so lately; a failover waits that long. In a pair"
                            + " without a witness the group so pauses while the other member is away.")
    @Nullable
    Integer lease;

    @Option(
            names = "--witness",
            paramLabel = "APPLIANCE",
            description = "One that votes with the members, and never serves; may be repeated.")
    List<String> witnesses = new ArrayList<>();

    @Option(
            names = "--fo1-nic",
            paramLabel = "APPLIANCE=DEVICE[,spare]",
            description = "The second failover interface, if there shall be one: its --fo1-... options are as above.")
    List<String> nics1 = new ArrayList<>();

    @Option(names = "--fo1-address", paramLabel = "IP[/PREFIX]", description = "As --address.")
    List<String> addresses1 = new ArrayList<>();

    @Option(names = "--fo1-mask", paramLabel = "MASK", description = "As --mask.")
    @Nullable
    String mask1;

    @Option(names = "--fo1-gateway", paramLabel = "IP", description = "As --gateway.")
    @Nullable
    List<String> gateways1;

    @Option(names = "--fo1-route", paramLabel = "NET/PREFIX=VIA", description = "As --route.")
    List<String> routes1 = new ArrayList<>();

    @Option(
            names = "--fo1-mac",
            paramLabel = "MAC|auto|none",
            arity = "0..1",
            fallbackValue = "",
            description = "As --mac.")
    @Nullable
    String mac1;

    boolean hasSecond() {
        return !nics1.isEmpty()
                || !addresses1.isEmpty()
                || mask1 != null
                || gateways1 != null
                || !routes1.isEmpty()
                || mac1 != null;
    }
}
