package sfo.agent.control;

import java.util.LinkedHashMap;
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
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Names;
import sfo.protocol.model.Volume;

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
final class CdpCreate extends Verb {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,12})([KMGTP]?)(i?B)?", Pattern.CASE_INSENSITIVE);

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
                        "backing", member + "=" + path, "MEMBER=/absolute/path, the member " + oneOf(group.members()));
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
        return session().ask("size (100G)", "", CdpCreate::bytes);
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
}
