package sfo.agent.control;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;

/** The words that the launcher carries out without an agent; here only their pages. */
final class LauncherVerbs {
    private LauncherVerbs() {}

    abstract static class Launched extends Verb {
        @Override
        Answer run() {
            return Answer.of(
                    ExitCode.USAGE, "This verb starts a program of its own: type it at the launcher, bin/sfo, itself.");
        }
    }

    @Command(
            name = "agent",
            description = {
                "Run the agent of this appliance, in the foreground.",
                "Stopping it stops nothing that is served; started again, it takes up what it had begun."
            },
            footer = {
                "",
                "Examples:",
                "  sfo agent --config /etc/sfo/sfo.conf",
                "  sfo agent --witness --config /etc/sfo/sfo.conf",
                "  sfo agent keys --out /etc/sfo a b"
            },
            subcommands = Keys.class)
    static final class Agent extends Launched {
        @Option(names = "--config", paramLabel = "FILE", description = "The settings of this appliance.")
        String config = "";

        @Option(
                names = "--witness",
                description = "An agent that only votes, and needs no root; its settings say witness = true, too.")
        boolean witness;
    }

    @Command(
            name = "keys",
            description = "Make the authority, keys and certificates that agents know one another by.",
            footer = {
                "",
                "Example: sfo agent keys --out DIR a b",
                "Copy to each appliance its own key and certificate, and ca.crt; keep ca.key elsewhere."
            })
    static final class Keys extends Launched {
        @Option(names = "--out", paramLabel = "DIR", description = "Where the files go.")
        String out = "";

        @Parameters(paramLabel = "APPLIANCE", arity = "1..*", description = "The appliances' names.")
        String[] appliances = {};
    }

    @Command(
            name = "demo",
            description = "A group on this machine: serve, kill, fail over, undo; prints what clients saw.",
            footer = {"", "Example: sfo demo"})
    static final class Demo extends Launched {
        @Parameters(hidden = true, arity = "0..*")
        String[] rest = {};
    }
}
