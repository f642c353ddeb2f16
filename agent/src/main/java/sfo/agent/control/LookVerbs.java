package sfo.agent.control;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Views;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Names;

/** Those that only look. */
final class LookVerbs {
    private LookVerbs() {}

    abstract static class Look extends Verb {
        @Override
        String render(Object body) {
            return Render.any(body, session().now(), session().console.width());
        }

        @Override
        boolean onlyBody() {
            return true;
        }

        final Views.StatusView status(@Nullable String group) {
            Views.StatusView status = session().await(operations().status());
            if (group == null) {
                return status;
            }
            List<Views.GroupView> chosen = status.groups().stream()
                    .filter(g -> g.definition().name().equals(group))
                    .toList();
            if (chosen.isEmpty()) {
                throw new Invalid(
                        "group",
                        group,
                        oneOf(status.groups().stream()
                                .map(g -> g.definition().name())
                                .toList()));
            }
            return new Views.StatusView(
                    status.appliance(), status.version(), status.bootIdentity(), status.members(), chosen);
        }
    }

    @Command(
            name = "status",
            description = {
                "How things are: members, and for each group its state, holder, mirrors, backups' age and what is wrong."
            },
            footer = {"", "Examples:", "  sfo status", "  sfo status g1 --json", "  sfo status -v"})
    static final class Status extends Look {
        @Parameters(arity = "0..1", paramLabel = "GROUP", description = "Only this group.")
        @Nullable
        String group;

        @Override
        Answer run() {
            return Answer.done("", status(group));
        }

        @Override
        String render(Object body) {
            Views.StatusView status = (Views.StatusView) body;
            int width = session().console.width();
            return Render.status(status, session().now(), width)
                    + (verbose
                            ? "\n" + Tables.members(status.members(), session().now(), width)
                            : "");
        }
    }

    @Command(
            name = "watch",
            description = "The status, drawn again every second until Ctrl-C.",
            footer = {"", "Example: sfo watch g1"})
    static final class Watch extends Look {
        @Parameters(arity = "0..1", paramLabel = "GROUP", description = "Only this group.")
        @Nullable
        String group;

        @Override
        Answer run() {
            CompletableFuture<Void> gone = session().console.gone().toCompletableFuture();
            while (!gone.isDone()) {
                Views.StatusView status = status(group);
                if (json) {
                    session().json(status);
                } else {
                    draw(Render.status(
                            status, session().now(), session().console.width()));
                }
                session().await(new CompletableFuture<Void>().completeOnTimeout(null, 1, TimeUnit.SECONDS));
            }
            return Answer.done("");
        }

        private void draw(String text) {
            if (session().console.terminal()) {
                session().console.live(text);
            } else {
                session().console.out(text + "\n");
            }
        }
    }

    @Command(
            name = "members",
            description = "The appliances, as this one sees them. Unreachable is an observation; it decides nothing.",
            footer = {"", "Example: sfo members"})
    static final class Members extends Look {
        @Override
        Answer run() {
            return Answer.done("", status(null).members());
        }
    }

    @Command(
            name = "history",
            description = "What was done, by whom, why, and how it ended; newest first. -v shows steps and evidence.",
            footer = {"", "Examples:", "  sfo history", "  sfo history g1 -v"})
    static final class History extends Look {
        @Parameters(arity = "0..1", paramLabel = "GROUP", description = "Only this group.")
        @Nullable
        String group;

        @Override
        Answer run() {
            return session()
                    .await(operations().history(Optional.ofNullable(group).map(g -> Names.name("group", g))));
        }

        @Override
        String render(Object body) {
            return Sagas.history((List<?>) body, verbose, session().console.width());
        }
    }

    @Command(
            name = "checkpoint",
            description = "What was true before a failover touched it.",
            subcommands = CheckpointShow.class)
    static final class Checkpoint extends Menu {}

    @Command(
            name = "show",
            description = {
                "The checkpoint of a group's last failover: for each step, what was true before it.",
                "This is what a rollback or an undo puts back."
            },
            footer = {"", "Example: sfo checkpoint show g1"})
    static final class CheckpointShow extends Look {
        @Parameters(arity = "0..1", paramLabel = "GROUP", description = "The group's name.")
        @Nullable
        String group;

        @Override
        Answer run() {
            return session().await(operations().checkpoint(group(group)));
        }
    }

    @Command(name = "plugin", description = "The adapters, one for each kind of thing.", subcommands = PluginList.class)
    static final class Plugin extends Menu {}

    @Command(
            name = "list",
            description = "Every adapter, the version found on this host, and what it lacks, with how to get it.",
            footer = {"", "Example: sfo plugin list"})
    static final class PluginList extends Look {
        @Option(names = "--usable", description = "Only those that lack nothing here.")
        boolean usable;

        @Override
        Answer run() {
            return Answer.done(
                    "",
                    operations().plugins().stream()
                            .filter(p -> !usable || p.usable())
                            .toList());
        }
    }
}
