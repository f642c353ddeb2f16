package sfo.agent.control;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Requests;

/** Failing over, back, and what is looked at before. */
final class FailoverVerbs {
    private FailoverVerbs() {}

    abstract static class OnGroup extends Verb {
        @Parameters(arity = "0..1", paramLabel = "GROUP", description = "The group's name.")
        @Nullable
        String group;

        @Override
        String render(Object body) {
            return Render.any(body, session().now(), session().console.width());
        }
    }

    @Command(
            name = "check",
            description = {
                "Every reason why a failover would be refused, or would lose something, now.",
                "Touches nothing. Exit code 0 only if a failover would go ahead without loss."
            },
            footer = {"", "Example: sfo check g1"})
    static final class Check extends OnGroup {
        @Override
        Answer run() {
            return session().await(operations().check(group(group)));
        }
    }

    @Command(
            name = "plan",
            description = {
                "The steps that a failover here would take, in their order, with the plan's hash.",
                "Touches nothing. \"sfo failover GROUP --plan HASH\" then does exactly this, or is refused."
            },
            footer = {"", "Examples:", "  sfo plan g1", "  sfo plan g1 --undo"})
    static final class PlanVerb extends OnGroup {
        @Option(names = "--undo", description = "The steps of an undo instead.")
        boolean undo;

        @Override
        Answer run() {
            return session().await(operations().plan(group(group), undo));
        }
    }

    @Command(
            name = "undo",
            description = {
                "Hand a group back to the appliance that it was taken over from. Type it on the same survivor.",
                "Needs that appliance back and standing by, and its replica in step. Ends done, or with this appliance"
                        + " serving as before."
            },
            footer = {"", "Examples:", "  sfo plan g1 --undo", "  sfo undo g1"})
    static final class Undo extends OnGroup {
        @Option(
                names = "--accept-loss",
                description = "Go on although it holds writes that never came here; its version is kept aside.")
        boolean acceptLoss;

        @Option(names = "--dry-run", description = "Check and plan; touch nothing.")
        boolean dryRun;

        @Override
        Answer run() {
            String name = group(group);
            return follow(
                    "undo",
                    name,
                    news -> operations().undo(new Requests.Undo(name, acceptLoss, dryRun), operator(), news));
        }
    }

    @Command(
            name = "resume",
            description = {
                "Serve a group here again, when this appliance holds it and stands by alone after a boot.",
                "Members that answer are asked first. Type it only if none that is silent serves it.",
                "Where status says NOT-SERVED, what is served here is taken down and served again: a short pause."
            },
            footer = {"", "Example: sfo resume g1 --reason \"b is off for repair\""})
    static final class Resume extends OnGroup {
        @Override
        Answer run() {
            String name = group(group);
            return follow("resume", name, news -> operations().resume(name, operator(), news));
        }
    }

    @Command(
            name = "resolve",
            description = {
                "Look again at what needed attention; if it is mended, the group goes on.",
                "What is still open is listed, each with the command that mends it.",
                "A member that abstains, because its journal was lost or repaired, votes again.",
                "An override that is acknowledged is shown no more."
            },
            footer = {"", "Example: sfo resolve g1 --reason \"unmounted by hand\""})
    static final class Resolve extends OnGroup {
        @Override
        Answer run() {
            return session().await(operations().resolve(group(group), operator()));
        }
    }
}
