package sfo.agent.control;

import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;

@Command(
        name = "cdp",
        description = "Mirrored volumes (AutoCDP): each write goes to the other members as it is made.",
        subcommands = {
            CdpCreate.class,
            CdpVerbs.Show.class,
            CdpVerbs.Enable.class,
            CdpVerbs.Disable.class,
            CdpVerbs.Resync.class,
            CdpVerbs.Destroy.class
        })
final class CdpVerbs extends Menu {
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
