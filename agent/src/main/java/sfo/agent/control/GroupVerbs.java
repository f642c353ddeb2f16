package sfo.agent.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import sfo.agent.rules.DefinitionRules;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;

@Command(
        name = "group",
        description = "The groups: appliances that share failover interfaces and what travels with them.",
        subcommands = {
            GroupVerbs.Create.class,
            GroupVerbs.Show.class,
            GroupVerbs.SetVerb.class,
            GroupVerbs.Destroy.class
        })
final class GroupVerbs extends Menu {
    @Command(
            name = "create",
            abbreviateSynopsis = true,
            description = {
                "Make a group, verified with every member, and start it on its home.",
                "Asks for what is missing, one question at a time; shows a summary and asks before it acts."
            },
            footer = {
                "",
                "A NIC is APPLIANCE=DEVICE: a macvlan goes on it, and it stays the host's own. With \",spare\" the device"
                        + " itself moves into the group host; nothing else may use it.",
                "",
                "Examples:",
                "  sfo group create",
                "  sfo group create g1 --member a --member b --nic a=eth0 --nic b=eth0 --address 10.77.0.100/24 -y",
                "  sfo group create g1 --member a --member b --nic a=eth2,spare --nic b=eth2,spare",
                "      --address 10.77.0.100 --mask 255.255.255.0 --gateway 10.77.0.254 -m 02:77:00:00:01:00",
                "      --fo1-nic a=eth3 --fo1-nic b=eth3 --fo1-address 10.78.0.100/24"
            })
    static final class Create extends Verb {
        @Parameters(arity = "0..1", paramLabel = "NAME", description = "The group's name: a-z 0-9 - _")
        @Nullable
        String name;

        @picocli.CommandLine.Mixin
        GroupForm form = new GroupForm();

        @Override
        Answer run() {
            GroupDraft draft = new GroupWizard(session(), yes).complete(name, form);
            GroupDefinition group = draft.checked();
            session().console.err(Render.summary(group, session().console.width()));
            draft.notes().forEach(note -> session().console.err(note + "\n"));
            if (!session().confirmed("create group " + group.name() + "?", yes)) {
                return Session.unchanged();
            }
            return follow("creation", group.name(), news -> operations().createGroup(group, operator(), news));
        }
    }

    @Command(
            name = "show",
            description = "One group: its state, members, interfaces, volumes, shares, backups, and what is wrong.",
            footer = {"", "Example: sfo group show g1 -v"})
    static final class Show extends Verb {
        @Parameters(arity = "0..1", paramLabel = "GROUP", description = "The group's name.")
        @Nullable
        String name;

        @Override
        Answer run() {
            String group = group(name);
            GroupDefinition definition = known(group);
            return Answer.done(
                    "",
                    groups().stream()
                            .filter(g -> g.definition().name().equals(definition.name()))
                            .findFirst()
                            .orElseThrow());
        }

        @Override
        String render(Object body) {
            return Render.groupFully(
                    (Views.GroupView) body, session().now(), session().console.width());
        }

        @Override
        boolean onlyBody() {
            return true;
        }
    }

    @Command(
            name = "set",
            description = {
                "Change a group's MAC; or its lease and who votes on it.",
                "While the group is served, clients reach a new MAC as soon as it is announced. A new lease or witness holds"
                        + " beside the former ones until a majority of those who vote knows it."
            },
            footer = {
                "",
                "Examples:",
                "  sfo group set g1 --lease 10 --witness w",
                "  sfo group set g1 --lease off --no-witness w",
                "  sfo group set g1 -m 02:77:00:00:01:00",
                "  sfo group set g1 -m auto",
                "  sfo group set g1 -m none --slot fo1"
            })
    static final class SetVerb extends Verb {
        @Parameters(arity = "0..1", paramLabel = "GROUP", description = "The group's name.")
        @Nullable
        String name;

        @Option(
                names = {"-m", "--mac"},
                paramLabel = "MAC|auto|none",
                arity = "0..1",
                fallbackValue = "",
                description =
                        "The failover MAC: given, derived from the group's name and members, or each member's own.")
        @Nullable
        String mac;

        @Option(names = "--slot", paramLabel = "fo0|fo1", description = "Which failover interface; fo0 by default.")
        String slot = "fo0";

        @Option(
                names = "--lease",
                paramLabel = "SECONDS|off",
                description = "The isolation lease, 4 to 120; off: the group has none.")
        @Nullable
        String lease;

        @Option(
                names = "--witness",
                paramLabel = "APPLIANCE",
                description = "One more that votes and never serves; may be repeated.")
        List<String> more = new ArrayList<>();

        @Option(
                names = "--no-witness",
                paramLabel = "APPLIANCE",
                description = "A witness that is to vote no more; may be repeated.")
        List<String> fewer = new ArrayList<>();

        @Override
        Answer run() {
            GroupDefinition group = known(group(name));
            if (lease == null && more.isEmpty() && fewer.isEmpty()) {
                return changeMac(group);
            }
            if (mac != null) {
                throw new Session.Usage("-m beside --lease, --witness or --no-witness: expected one change at a time");
            }
            return changeTerms(group);
        }

        private Answer changeTerms(GroupDefinition group) {
            List<String> known = new ArrayList<>(operations().appliances());
            known.addAll(operations().witnesses());
            Requests.TermsChange change = new Requests.TermsChange(
                    group.name(),
                    lease == null ? Optional.empty() : Optional.of(GroupWizard.leaseOrOff(lease)),
                    GroupDraft.witnesses(more, known),
                    List.copyOf(fewer));
            GroupDefinition changed = DefinitionRules.withTerms(group, change);
            String question = "change group " + group.name() + " to "
                    + changed.lease()
                            .map(l -> "a lease of " + l.seconds() + " s")
                            .orElse("no lease")
                    + ", "
                    + (changed.witnesses().isEmpty()
                            ? "no witnesses"
                            : "witnesses " + String.join(", ", changed.witnesses()))
                    + "?";
            if (!session().confirmed(question, yes)) {
                return Session.unchanged();
            }
            return follow("change", group.name(), news -> operations().changeTerms(change, operator(), news));
        }

        private Answer changeMac(GroupDefinition group) {
            FailoverInterface chosen = group.interfaces().stream()
                    .filter(i -> i.slot().equals(slot))
                    .findFirst()
                    .orElseThrow(() -> new Invalid(
                            "slot",
                            slot,
                            oneOf(group.interfaces().stream()
                                    .map(FailoverInterface::slot)
                                    .toList())));
            if (mac == null && !session().console.canAsk()) {
                throw new Session.Usage("nothing to change: expected -m MAC, --lease, --witness or --no-witness");
            }
            String given = mac == null || mac.isEmpty() ? askedMac(chosen) : mac;
            MacChoice choice = GroupDraft.mac(given, group.name(), chosen.slot(), group.members());
            String question = "change the MAC of " + group.name() + " " + slot + " to "
                    + choice.mac().map(Mac::value).orElse("each member's own") + "?";
            if (!session().confirmed(question, yes)) {
                return Session.unchanged();
            }
            return session().await(operations().setMac(group.name(), chosen.slot(), choice, operator()));
        }

        private String askedMac(FailoverInterface chosen) {
            if (!session().console.canAsk()) {
                throw new Session.Usage("-m lacks its value: expected a MAC, auto or none");
            }
            return session()
                    .ask(
                            "failover MAC of " + chosen.slot() + " (auto, none, or six octets)",
                            chosen.mac().mac().map(Mac::value).orElse("none"),
                            value -> value);
        }
    }

    @Command(
            name = "destroy",
            description = {
                "Stop serving a group and forget it on every member.",
                "Device-backed volumes keep their data; files that the agent made for volumes are removed."
            },
            footer = {"", "Example: sfo group destroy g1"})
    static final class Destroy extends Verb {
        @Parameters(arity = "0..1", paramLabel = "GROUP", description = "The group's name.")
        @Nullable
        String name;

        @Override
        Answer run() {
            GroupDefinition group = known(group(name));
            String question = "destroy group " + group.name() + " with "
                    + group.volumes().size() + " volumes and " + group.shares().size() + " shares"
                    + (group.targets().isEmpty()
                            ? "?"
                            : " and " + group.targets().size() + " iSCSI targets?");
            if (!session().confirmed(question, yes)) {
                return Session.unchanged();
            }
            return follow(
                    "destruction", group.name(), news -> operations().destroyGroup(group.name(), operator(), news));
        }
    }
}
