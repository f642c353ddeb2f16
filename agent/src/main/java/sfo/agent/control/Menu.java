package sfo.agent.control;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A word that only leads to others: alone it is a usage error that shows them. */
abstract class Menu implements Runnable {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this page.")
    boolean help;

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        CommandLine line = spec.commandLine();
        throw new CommandLine.ParameterException(
                line,
                "expected one of: " + String.join(", ", line.getSubcommands().keySet()));
    }
}
