package sfo.agent.control;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import sfo.agent.rules.TargetRules;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Requests.NewLun;
import sfo.protocol.control.Views;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;
import sfo.protocol.model.Names;

@Command(
        name = "target",
        description = "iSCSI targets that travel with a group.",
        subcommands = {
            TargetVerbs.Create.class,
            TargetVerbs.ListVerb.class,
            TargetVerbs.SetVerb.class,
            TargetVerbs.Destroy.class
        })
final class TargetVerbs extends Menu {
    abstract static class OnTarget extends Verb {
        @Parameters(index = "0", paramLabel = "GROUP", description = "The group's name.")
        String group = "";

        @Parameters(index = "1", paramLabel = "NAME", description = "The target's name within the group.")
        String name = "";

        final GroupDefinition definition() {
            Names.name("group", group);
            Names.name("target", name);
            return known(group);
        }

        static void who(List<String> initiators, List<String> clients) {
            if (!initiators.isEmpty() && !clients.isEmpty()) {
                throw new Session.Usage("--initiator and --client: expected one of them");
            }
            initiators.forEach(IscsiTarget::initiator);
            clients.forEach(Cidr::client);
        }

        /** @param sizes as given, each of one disk on that volume */
        final List<NewLun> luns(String volume, List<String> sizes) {
            return sizes.stream()
                    .map(size -> new NewLun(volume, CdpCreate.bytes(size)))
                    .toList();
        }
    }

    @Command(
            name = "create",
            description = {
                "Serve disks by iSCSI; made on the holder, in effect at once.",
                "Each is a file luns/NAME-NUMBER of the volume with all of its space taken; one that is there already is"
                        + " served with what is in it. A write is acknowledged when it is on disk, on both sides."
            },
            footer = {
                "",
                "Examples:",
                "  sfo target create g1 vm --volume tank --size 100G",
                "  sfo target create g1 db --volume tank --size 10G --size 200G --initiator iqn.1993-08.org.debian:01:ab12",
                "  sfo target create g1 esx --volume tank --size 1T --client 10.77.0.0/24 --iqn iqn.2024-07.internal.example:esx"
            })
    static final class Create extends OnTarget {
        @Option(names = "--volume", paramLabel = "VOLUME", description = "The volume that its disks lie on.")
        @Nullable
        String volume;

        @Option(
                names = "--size",
                paramLabel = "SIZE",
                description = "Of a disk: bytes, or with K, M, G, T (of 1024), at least 16M; once for each disk.")
        List<String> sizes = new ArrayList<>();

        @Option(
                names = "--iqn",
                paramLabel = "IQN",
                description = "The name for initiators; by default iqn.2024-07.internal.simple-failover:GROUP:NAME.")
        @Nullable
        String iqn;

        @Option(
                names = "--initiator",
                paramLabel = "IQN",
                description = "Who may log in; may be repeated; by default every initiator. Not with --client.")
        List<String> initiators = new ArrayList<>();

        @Option(
                names = "--client",
                paramLabel = "ADDRESS|NET/PREFIX",
                description = "From where; may be repeated; by default from everywhere.")
        List<String> clients = new ArrayList<>();

        @Override
        Answer run() {
            GroupDefinition definition = definition();
            who(initiators, clients);
            Optional<String> chosen = Optional.ofNullable(iqn).map(IscsiTarget::iqn);
            String on = volume(volume, definition);
            List<NewLun> luns = luns(on, sizes.isEmpty() ? List.of(askedSize()) : sizes);
            return session()
                    .await(operations()
                            .createTarget(
                                    new Requests.NewTarget(
                                            group, name, chosen, luns, List.copyOf(initiators), List.copyOf(clients)),
                                    operator()));
        }

        private String askedSize() {
            if (!session().console.canAsk()) {
                throw new Session.Usage("--size is missing, such as --size 100G");
            }
            return session().ask("size of its disk (100G)", "", text -> {
                CdpCreate.bytes(text);
                return text;
            });
        }
    }

    @Command(
            name = "list",
            description = "The targets of a group, or of all, with their disks.",
            footer = {"", "Example: sfo target list g1"})
    static final class ListVerb extends LookVerbs.Look {
        @Parameters(arity = "0..1", paramLabel = "GROUP", description = "Only this group.")
        @Nullable
        String group;

        @Override
        Answer run() {
            Map<String, List<IscsiTarget>> targets = new LinkedHashMap<>();
            for (Views.GroupView view : status(group).groups()) {
                targets.put(view.definition().name(), view.definition().targets());
            }
            return Answer.done("", targets);
        }

        @Override
        String render(Object body) {
            Table table = new Table("").row("GROUP", "TARGET", "LUN", "SIZE", "FILE", "SERIAL", "IQN, FOR WHOM");
            ((Map<?, ?>) body)
                    .forEach((name, list) ->
                            ((List<?>) list).forEach(t -> rows(table, String.valueOf(name), (IscsiTarget) t)));
            return table.text(session().console.width());
        }

        private static void rows(Table table, String group, IscsiTarget target) {
            List<String> who = target.clients().isEmpty() ? target.initiators() : target.clients();
            String known = target.iqn() + ", " + (who.isEmpty() ? "everyone" : String.join(" ", who));
            for (Lun lun : target.luns()) {
                table.row(
                        group,
                        target.name(),
                        String.valueOf(lun.number()),
                        MirrorTable.size(lun.bytes()),
                        lun.volume() + "/" + lun.path(),
                        lun.serial(),
                        known);
            }
        }
    }

    @Command(
            name = "set",
            description = {
                "Change a target; what is not named stays as it is.",
                "When it changes who may come, all of its initiators have to log in again, which they do by themselves."
            },
            footer = {
                "",
                "Examples:",
                "  sfo target set g1 vm --initiator iqn.1993-08.org.debian:01:ab12",
                "  sfo target set g1 vm --every-initiator --client 10.77.0.0/24",
                "  sfo target set g1 vm --every-initiator --everyone",
                "  sfo target set g1 vm --add 50G --volume tank",
                "  sfo target set g1 vm --remove 2"
            })
    static final class SetVerb extends OnTarget {
        @Option(names = "--initiator", paramLabel = "IQN", description = "Only these may log in, from now on.")
        @Nullable
        List<String> initiators;

        @Option(names = "--every-initiator", description = "Every initiator may log in.")
        boolean everyInitiator;

        @Option(names = "--client", paramLabel = "ADDRESS|NET/PREFIX", description = "Only from these, from now on.")
        @Nullable
        List<String> clients;

        @Option(names = "--everyone", description = "From everywhere.")
        boolean everyone;

        @Option(names = "--add", paramLabel = "SIZE", description = "One more disk; may be repeated.")
        List<String> added = new ArrayList<>();

        @Option(names = "--volume", paramLabel = "VOLUME", description = "The volume that more disks lie on.")
        @Nullable
        String volume;

        @Option(
                names = "--remove",
                paramLabel = "LUN",
                description = "A disk that is served no longer, by its number; its file stays. May be repeated.")
        List<Integer> removed = new ArrayList<>();

        @Override
        Answer run() {
            if ((everyInitiator && initiators != null) || (everyone && clients != null)) {
                throw new Session.Usage(
                        "expected one of --initiator and --every-initiator, one of --client and --everyone");
            }
            Optional<List<String>> who = everyInitiator ? Optional.of(List.of()) : Optional.ofNullable(initiators);
            Optional<List<String>> from = everyone ? Optional.of(List.of()) : Optional.ofNullable(clients);
            who(who.orElse(List.of()), from.orElse(List.of()));
            if (who.isEmpty() && from.isEmpty() && added.isEmpty() && removed.isEmpty()) {
                throw new Session.Usage("nothing to change: expected --initiator, --every-initiator, --client,"
                        + " --everyone, --add or --remove");
            }
            GroupDefinition definition = definition();
            TargetRules.need(definition, name);
            List<NewLun> more = added.isEmpty() ? List.of() : luns(volume(volume, definition), added);
            String numbers = removed.stream().map(String::valueOf).collect(Collectors.joining(", "));
            String question = "take LUN " + numbers + " of target " + name + " away from its initiators?";
            if (!removed.isEmpty() && !session().confirmed(question, yes)) {
                return Session.unchanged();
            }
            return session()
                    .await(operations()
                            .changeTarget(
                                    new Requests.TargetChange(group, name, who, from, more, List.copyOf(removed)),
                                    operator()));
        }
    }

    @Command(
            name = "destroy",
            description = "Take a target away from its initiators. The files of its disks stay.",
            footer = {"", "Example: sfo target destroy g1 vm"})
    static final class Destroy extends OnTarget {
        @Override
        Answer run() {
            TargetRules.need(definition(), name);
            if (!session().confirmed("take away target " + name + " of " + group + "?", yes)) {
                return Session.unchanged();
            }
            return session().await(operations().destroyTarget(group, name, operator()));
        }
    }
}
