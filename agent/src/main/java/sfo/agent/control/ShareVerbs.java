package sfo.agent.control;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Names;
import sfo.protocol.model.Share;

@Command(
        name = "share",
        description = "SMB shares and NFS exports that travel with a group.",
        subcommands = {
            ShareVerbs.Create.class,
            ShareVerbs.ListVerb.class,
            ShareVerbs.SetVerb.class,
            ShareVerbs.Destroy.class
        })
final class ShareVerbs extends Menu {
    abstract static class OnShare extends Verb {
        @Parameters(index = "0", paramLabel = "GROUP", description = "The group's name.")
        String group = "";

        @Parameters(index = "1", paramLabel = "NAME", description = "The SMB share, or the NFS pseudo path.")
        String name = "";

        @Option(names = "--smb", description = "An SMB share.")
        boolean smb;

        @Option(names = "--nfs", description = "An NFS export.")
        boolean nfs;

        /** As given; else the only one that the name has; else as answered. */
        final Share.Protocol protocol(List<Share> named) {
            if (smb && nfs) {
                throw new Session.Usage("--smb and --nfs: expected one of them; for both, make two shares");
            }
            if (smb || nfs) {
                return smb ? Share.Protocol.SMB : Share.Protocol.NFS;
            }
            if (named.size() == 1) {
                return named.get(0).protocol();
            }
            if (!session().console.canAsk()) {
                throw new Session.Usage("the protocol is missing: expected --smb or --nfs");
            }
            return session().ask("protocol (smb or nfs)", "smb", text -> {
                return switch (text.toLowerCase(Locale.ROOT)) {
                    case "smb" -> Share.Protocol.SMB;
                    case "nfs" -> Share.Protocol.NFS;
                    default -> throw new Invalid("protocol", text, "smb or nfs");
                };
            });
        }

        final List<Share> named(GroupDefinition definition) {
            Names.share(name);
            List<Share> named = definition.shares().stream()
                    .filter(s -> s.name().equals(name))
                    .toList();
            if (named.isEmpty()) {
                throw new Invalid(
                        "share",
                        name,
                        oneOf(definition.shares().stream()
                                .map(Share::name)
                                .distinct()
                                .toList()));
            }
            return named;
        }
    }

    @Command(
            name = "create",
            description = "Share a folder of a travelling volume; made on the holder, in effect at once.",
            footer = {
                "",
                "Examples:",
                "  sfo share create g1 docs --smb --volume tank",
                "  sfo share create g1 build --nfs --volume tank --path build --client 10.77.0.0/24 --read-only"
            })
    static final class Create extends OnShare {
        @Option(names = "--volume", paramLabel = "VOLUME", description = "The volume it lies on.")
        @Nullable
        String volume;

        @Option(
                names = "--path",
                paramLabel = "PATH",
                description = "The folder, relative to the volume's root; by default \"data\".")
        String path = "";

        @Option(names = "--read-only", description = "Clients may only read.")
        boolean readOnly;

        @Option(names = "--guest", description = "Without a user name and password.")
        boolean guest;

        @Option(
                names = "--client",
                paramLabel = "ADDRESS|NET/PREFIX",
                description = "Who may come; may be repeated; by default everyone.")
        List<String> clients = new ArrayList<>();

        @Option(names = "--option", paramLabel = "KEY=VALUE", description = "A further setting of the server.")
        Map<String, String> options = new LinkedHashMap<>();

        @Override
        Answer run() {
            Names.name("group", group);
            Names.share(name);
            clients.forEach(Cidr::client);
            GroupDefinition definition = known(group);
            Share.Protocol protocol = protocol(List.of());
            String chosen = volume(volume, definition);
            // the rules of a share, applied before anything is sent
            new Share(name, protocol, chosen, path, readOnly, guest, clients, 1, options);
            return session()
                    .await(operations()
                            .createShare(
                                    new Requests.NewShare(
                                            group, name, protocol, chosen, path, readOnly, guest, clients, options),
                                    operator()));
        }
    }

    @Command(
            name = "list",
            description = "The shares of a group, or of all.",
            footer = {"", "Example: sfo share list g1"})
    static final class ListVerb extends LookVerbs.Look {
        @Parameters(arity = "0..1", paramLabel = "GROUP", description = "Only this group.")
        @Nullable
        String group;

        @Override
        Answer run() {
            Map<String, List<Share>> shares = new LinkedHashMap<>();
            for (Views.GroupView view : status(group).groups()) {
                shares.put(view.definition().name(), view.definition().shares());
            }
            return Answer.done("", shares);
        }

        @Override
        String render(Object body) {
            Table table = new Table("").row("GROUP", "SHARE", "TYPE", "VOLUME", "PATH", "ACCESS", "CLIENTS");
            ((Map<?, ?>) body)
                    .forEach((name, list) -> ((List<?>) list).forEach(s -> {
                        Share share = (Share) s;
                        table.row(
                                String.valueOf(name),
                                share.name(),
                                share.protocol().name().toLowerCase(Locale.ROOT),
                                share.volume(),
                                share.path().isEmpty() ? "data" : share.path(),
                                (share.readOnly() ? "read" : "read-write") + (share.guest() ? ",guest" : ""),
                                share.clients().isEmpty() ? "everyone" : String.join(" ", share.clients()));
                    }));
            return table.text(session().console.width());
        }
    }

    @Command(
            name = "set",
            description = "Change a share; what is not named stays as it is.",
            footer = {
                "",
                "Examples:",
                "  sfo share set g1 docs --read-only",
                "  sfo share set g1 docs --read-write --client 10.77.0.0/24 --client 10.78.0.5",
                "  sfo share set g1 docs --everyone"
            })
    static final class SetVerb extends OnShare {
        @Option(names = "--read-only", description = "Clients may only read.")
        boolean readOnly;

        @Option(names = "--read-write", description = "Clients may write.")
        boolean readWrite;

        @Option(names = "--guest", negatable = true, description = "With or without a user name and password.")
        @Nullable
        Boolean guest;

        @Option(
                names = "--client",
                paramLabel = "ADDRESS|NET/PREFIX",
                description = "Only these may come, from now on.")
        @Nullable
        List<String> clients;

        @Option(names = "--everyone", description = "Everyone may come.")
        boolean everyone;

        @Option(names = "--option", paramLabel = "KEY=VALUE", description = "A further setting of the server.")
        Map<String, String> options = new LinkedHashMap<>();

        @Override
        Answer run() {
            if ((readOnly && readWrite) || (everyone && clients != null)) {
                throw new Session.Usage("expected one of --read-only and --read-write, one of --client and --everyone");
            }
            Optional<Boolean> only = readOnly || readWrite ? Optional.of(readOnly) : Optional.empty();
            Optional<List<String>> allowed = everyone ? Optional.of(List.of()) : Optional.ofNullable(clients);
            allowed.ifPresent(list -> list.forEach(Cidr::client));
            if (only.isEmpty() && allowed.isEmpty() && guest == null && options.isEmpty()) {
                throw new Session.Usage("nothing to change: expected --read-only, --read-write, --guest, --no-guest,"
                        + " --client, --everyone or --option");
            }
            Share.Protocol protocol = protocol(named(known(group)));
            return session()
                    .await(operations()
                            .changeShare(
                                    new Requests.ShareChange(
                                            group, name, protocol, only, Optional.ofNullable(guest), allowed, options),
                                    operator()));
        }
    }

    @Command(
            name = "destroy",
            description = "Take a share away. The folder and what is in it stay.",
            footer = {"", "Example: sfo share destroy g1 docs"})
    static final class Destroy extends OnShare {
        @Override
        Answer run() {
            Share.Protocol protocol = protocol(named(known(group)));
            if (!session().confirmed("take away " + protocol + " share " + name + " of " + group + "?", yes)) {
                return Session.unchanged();
            }
            return session().await(operations().destroyShare(group, protocol, name, operator()));
        }
    }
}
