package sfo.agent.control;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Names;
import sfo.protocol.model.Volume;

@Command(
        name = "cdp",
        description = "Mirrored volumes (AutoCDP): each write goes to the other members as it is made.",
        subcommands = {
            CdpVerbs.Create.class,
            CdpVerbs.Show.class,
            CdpVerbs.Enable.class,
            CdpVerbs.Disable.class,
            CdpVerbs.Resync.class,
            CdpVerbs.Destroy.class
        })
final class CdpVerbs extends Menu {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,12})([KMGTP]?)(i?B)?", Pattern.CASE_INSENSITIVE);

    /** A volume, found by its name alone where only one group has it. */
    private record Found(GroupDefinition group, String volume) {}

    abstract static class OnVolume extends Verb {
        @Parameters(
                arity = "0..1",
                paramLabel = "[GROUP/]VOLUME",
                description = "The volume; with its group where two groups have one of that name.")
        @Nullable
        String name;

        final Found found() {
            List<GroupDefinition> all =
                    groups().stream().map(Views.GroupView::definition).toList();
            List<String> there = all.stream()
                    .flatMap(g -> g.volumes().stream().map(v -> g.name() + "/" + v.name()))
                    .toList();
            if (name != null) {
                return find(name, all, there);
            }
            if (!session().console.canAsk()) {
                throw new Session.Usage("VOLUME is missing: expected " + oneOf(there));
            }
            return session().ask("volume", there.size() == 1 ? there.get(0) : "", text -> find(text, all, there));
        }

        private static Found find(String text, List<GroupDefinition> all, List<String> there) {
            List<Found> fitting = all.stream()
                    .flatMap(g -> g.volumes().stream()
                            .filter(v -> text.equals(v.name()) || text.equals(g.name() + "/" + v.name()))
                            .map(v -> new Found(g, v.name())))
                    .toList();
            if (fitting.size() != 1) {
                throw new Invalid("volume", text, oneOf(there));
            }
            return fitting.get(0);
        }

        final Answer act(Requests.VolumeVerb verb, String question) {
            Found found = found();
            if (!question.isEmpty()
                    && !session().confirmed(question + found.group().name() + "/" + found.volume() + "?", yes)) {
                return Session.unchanged();
            }
            return session().await(operations().volume(verb, found.group().name(), found.volume(), operator()));
        }

        @Override
        String render(Object body) {
            return Render.any(body, session().now(), session().console.width());
        }
    }

    @Command(
            name = "create",
            description = {
                "Make a mirrored volume that travels with a group, with a file system on it.",
                "Type it on any member. Asks for what is missing."
            },
            footer = {
                "",
                "Examples:",
                "  sfo cdp create g1/tank --size 100G",
                "  sfo cdp create g1/tank --size 2T --fs xfs --backing a=/dev/sdb --backing b=/dev/sdc",
                "  sfo cdp create g1/scratch --size 10G --mode async --on-link-loss solo"
            })
    static final class Create extends Verb {
        @Parameters(arity = "0..1", paramLabel = "GROUP/VOLUME", description = "The group, and the volume's new name.")
        @Nullable
        String name;

        @Option(
                names = "--size",
                paramLabel = "SIZE",
                description = "In bytes, or with K, M, G, T (of 1024); at least 16M.")
        @Nullable
        String size;

        @Option(names = "--fs", paramLabel = "ext4|xfs|btrfs", description = "The file system; by default ext4.")
        String fs = "ext4";

        @Option(
                names = "--mode",
                paramLabel = "sync|async",
                description =
                        "sync (default): a flush is acknowledged when it is durable on both sides. async: when it is on"
                                + " the primary; a power cut of it loses the last writes.")
        String mode = "sync";

        @Option(
                names = "--on-link-loss",
                paramLabel = "solo|block",
                description = "When the link breaks. solo (default): the primary goes on and records since when. block:"
                        + " writes wait.")
        String onLinkLoss = "solo";

        @Option(
                names = "--backing",
                paramLabel = "APPLIANCE=PATH",
                description =
                        "The block device or file below it on a member; by default a file in the agent's data folder.")
        Map<String, String> backing = new LinkedHashMap<>();

        @Override
        Answer run() {
            String full = name != null ? name : askedName();
            int slash = full.indexOf('/');
            if (slash < 1) {
                throw new Invalid("volume", full, "GROUP/VOLUME, such as g1/tank");
            }
            GroupDefinition group = known(full.substring(0, slash));
            String volume = Names.name("volume", full.substring(slash + 1));
            if (group.volume(volume).isPresent()) {
                throw new Invalid("volume", full, "a name that group " + group.name() + " does not have yet");
            }
            long bytes = size != null ? bytes(size) : askedSize();
            backing.forEach((member, path) -> {
                if (!group.members().contains(member) || !path.startsWith("/")) {
                    throw new Invalid(
                            "backing",
                            member + "=" + path,
                            "MEMBER=/absolute/path, the member " + oneOf(group.members()));
                }
            });
            Requests.NewVolume request = new Requests.NewVolume(
                    group.name(),
                    volume,
                    bytes,
                    choice("--fs", fs, Volume.FileSystem.class, Map.of()),
                    choice(
                            "--mode",
                            mode,
                            Volume.Mode.class,
                            Map.of("sync", Volume.Mode.SYNCHRONOUS, "async", Volume.Mode.ASYNCHRONOUS)),
                    choice("--on-link-loss", onLinkLoss, Volume.LinkLoss.class, Map.of()),
                    backing);
            return follow(
                    "creation of volume " + volume,
                    group.name(),
                    news -> operations().createVolume(request, operator(), news));
        }

        private String askedName() {
            if (!session().console.canAsk()) {
                throw new Session.Usage("GROUP/VOLUME is missing, such as g1/tank");
            }
            String group = group(null);
            return group + "/" + session().ask("name of the volume", "", n -> Names.name("volume", n));
        }

        private long askedSize() {
            if (!session().console.canAsk()) {
                throw new Session.Usage("--size is missing, such as --size 100G");
            }
            return session().ask("size (100G)", "", CdpVerbs::bytes);
        }
    }

    private static <E extends Enum<E>> E choice(String option, String text, Class<E> type, Map<String, E> shorter) {
        String lower = text.toLowerCase(Locale.ROOT);
        E named = shorter.get(lower);
        if (named != null) {
            return named;
        }
        StringBuilder names = new StringBuilder();
        for (E one : type.getEnumConstants()) {
            if (one.name().equalsIgnoreCase(text)) {
                return one;
            }
            names.append(names.length() == 0 ? "" : ", ").append(one.name().toLowerCase(Locale.ROOT));
        }
        throw new Invalid(option, text, "one of " + names);
    }

    /** {@code 100G}: of 1024. */
    static long bytes(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (matcher.matches()) {
            String unit = matcher.group(2).toUpperCase(Locale.ROOT);
            int power = unit.isEmpty() ? 0 : "KMGTP".indexOf(unit) + 1;
            try {
                long bytes = Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << (10 * power));
                if (bytes >= 16L << 20) {
                    return bytes;
                }
            } catch (ArithmeticException e) {
                throw new Invalid("size", text, "fewer bytes than a 64-bit number holds");
            }
        }
        throw new Invalid("size", text, "at least 16M, such as 512M, 100G or 2T");
    }

    @Command(
            name = "show",
            description = "Mirrored volumes and their state, with since when a replica may be behind.",
            footer = {"", "Examples:", "  sfo cdp show", "  sfo cdp show tank"})
    static final class Show extends LookVerbs.Look {
        @Parameters(arity = "0..1", paramLabel = "[GROUP/]VOLUME", description = "Only this one.")
        @Nullable
        String name;

        @Override
        Answer run() {
            List<MirrorTable.Row> all = MirrorTable.rows(groups());
            List<MirrorTable.Row> shown = all.stream()
                    .filter(row -> name == null || row.isNamed(name))
                    .toList();
            if (shown.isEmpty() && name != null) {
                throw new Invalid(
                        "volume",
                        name,
                        oneOf(all.stream().map(MirrorTable.Row::name).toList()));
            }
            return Answer.done(shown.isEmpty() ? "No mirrored volume yet. Make one: sfo cdp create" : "", shown);
        }

        @Override
        String render(Object body) {
            return MirrorTable.text(
                    (List<?>) body, verbose, session().now(), session().console.width());
        }
    }

    @Command(
            name = "enable",
            description = "Mirror a volume again after it was disabled; what changed meanwhile is copied.",
            footer = {"", "Example: sfo cdp enable tank"})
    static final class Enable extends OnVolume {
        @Override
        Answer run() {
            return act(Requests.VolumeVerb.ENABLE, "");
        }
    }

    @Command(
            name = "disable",
            description = "Stop mirroring a volume. It is served on; its replica falls behind from now on.",
            footer = {"", "Example: sfo cdp disable tank"})
    static final class Disable extends OnVolume {
        @Override
        Answer run() {
            return act(Requests.VolumeVerb.DISABLE, "stop mirroring ");
        }
    }

    @Command(
            name = "resync",
            description =
                    "Copy a volume to its replica again; until that has ended the replica can't be failed over to.",
            footer = {"", "Example: sfo cdp resync tank"})
    static final class Resync extends OnVolume {
        @Override
        Answer run() {
            return act(Requests.VolumeVerb.RESYNC, "copy again, leaving the replica unfit meanwhile, ");
        }
    }

    @Command(
            name = "destroy",
            description = {
                "Take a volume out of its group on every member.",
                "A file that the agent made for it is removed with its data; a device of yours is left as it is."
            },
            footer = {"", "Example: sfo cdp destroy g1/tank"})
    static final class Destroy extends OnVolume {
        @Override
        Answer run() {
            return act(Requests.VolumeVerb.DESTROY, "destroy, with its data where the agent made its file, ");
        }
    }
}
