package sfo.agent.control;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.json.Json;
import sfo.protocol.model.Invalid;

/** The words of {@code sfo}: parses them, does what they say, shows how it ended. */
public final class Words {
    private static final Logger LOG = LoggerFactory.getLogger(Words.class);

    private static final Map<String, String> EXIT_CODES = new LinkedHashMap<>();

    static {
        EXIT_CODES.put("0", "done");
        EXIT_CODES.put("2", "the words make no request: an unknown verb or option, a bad or missing value");
        EXIT_CODES.put("3", "refused, nothing touched");
        EXIT_CODES.put("4", "failed, and fully rolled back");
        EXIT_CODES.put("5", "needs attention: what is open is listed, each with the command that mends it");
        EXIT_CODES.put("6", "no agent answers");
        EXIT_CODES.put("7", "another operation is under way, another claim came first, or the agent is starting");
        EXIT_CODES.put("130", "Ctrl-C: detached only; what is under way goes on in the agent");
    }

    @Command(
            name = "sfo",
            synopsisSubcommandLabel = "VERB",
            description = {
                "Failover for storage appliances: when one fails, a survivor takes over its volumes, shares, address and"
                        + " MAC, as one transaction that is done or undone.",
                "sfo is a plain client of the agent on this appliance; the agent does the work."
            },
            footer = {
                "",
                "Begin:",
                "  sfo demo                      see it work on this machine, without root",
                "  sfo group create              asks for what it needs",
                "  sfo status                    how things are",
                "  sfo check GROUP               what a failover would meet now",
                "  sfo failover GROUP            on a survivor, when another appliance has failed",
                "  sfo undo GROUP                on the same survivor, when that one is back",
                "",
                "Every verb takes -h. --socket PATH, or SFO_SOCKET, names another agent's socket than"
                        + " /run/sfo/control.sock. The forms of NMC work too, such as: setup group simple-failover NAME"
                        + " failover"
            },
            subcommands = {
                LookVerbs.Status.class,
                LookVerbs.Members.class,
                LookVerbs.Watch.class,
                GroupVerbs.class,
                FailoverVerbs.Check.class,
                FailoverVerbs.PlanVerb.class,
                FailoverVerb.class,
                FailoverVerbs.Undo.class,
                FailoverVerbs.Resume.class,
                FailoverVerbs.Resolve.class,
                LookVerbs.History.class,
                ShareVerbs.class,
                TargetVerbs.class,
                CdpVerbs.class,
                BackupVerbs.class,
                LookVerbs.Checkpoint.class,
                LookVerbs.Plugin.class,
                LauncherVerbs.Agent.class,
                LauncherVerbs.Demo.class
            })
    static final class Root extends Menu {}

    private Words() {}

    /**
     * One request.
     *
     * @param supplier throws IllegalStateException while the agent has no operations
     * @return the exit code
     * @throws Console.Gone if the operator left before the end
     */
    static int run(List<String> argv, Console console, Supplier<Operations> supplier, int uid, String user) {
        return run(argv, new Session(console, supplier, uid, user, Clock.systemUTC()));
    }

    static int run(List<String> argv, Session session) {
        boolean json = argv.contains("--json");
        CommandLine words = tree(session.console.width(), verb -> verb.session = session);
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        words.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        words.setParameterExceptionHandler((e, args) -> usage(e, err));
        List<Console.Gone> left = new ArrayList<>();
        words.setExecutionExceptionHandler((e, line, parsed) -> {
            if (e instanceof Console.Gone gone) {
                // picocli swallows what a handler throws
                left.add(gone);
                return ExitCode.DONE.code();
            }
            return failed(e, line, err, session);
        });
        int exit = words.execute(Aliases.rewrite(argv).toArray(new String[0]));
        if (!left.isEmpty()) {
            throw left.get(0);
        }
        session.console.out(out.toString());
        if (err.getBuffer().length() > 0) {
            if (json) {
                session.json(Answer.of(exitCode(exit), err.toString().strip()));
            } else {
                session.console.err(err.toString());
            }
        }
        return exit;
    }

    private static int usage(CommandLine.ParameterException e, StringWriter err) {
        PrintWriter text = new PrintWriter(err);
        String name = e.getCommandLine().getCommandSpec().qualifiedName();
        text.println(name + ": " + e.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(e, text);
        text.println("See: " + name + " -h");
        text.flush();
        return ExitCode.USAGE.code();
    }

    private static int failed(Exception e, CommandLine line, StringWriter err, Session session) {
        String name = line.getCommandSpec().qualifiedName();
        if (e instanceof Invalid || e instanceof Session.Usage) {
            err.write(name + ": " + e.getMessage() + "\nSee: " + name + " -h\n");
            return ExitCode.USAGE.code();
        }
        if (e instanceof Session.NotReady) {
            err.write(name + ": " + e.getMessage() + "\n");
            return ExitCode.BUSY.code();
        }
        Throwable cause = e instanceof CompletionException && e.getCause() != null ? e.getCause() : e;
        LOG.error("{} of uid {} failed", name, session.operator("").uid(), cause);
        err.write(name + ": a defect of the agent: " + cause + ". What is true now: sfo status; the rest is in the"
                + " agent's log\n");
        return ExitCode.NEEDS_ATTENTION.code();
    }

    private static ExitCode exitCode(int code) {
        for (ExitCode exit : ExitCode.values()) {
            if (exit.code() == code) {
                return exit;
            }
        }
        throw new IllegalArgumentException("no exit code " + code);
    }

    static CommandLine tree(int width, Consumer<Verb> each) {
        CommandLine root = new CommandLine(Root.class, new CommandLine.IFactory() {
            @Override
            public <K> K create(Class<K> type) throws Exception {
                K made = CommandLine.defaultFactory().create(type);
                if (made instanceof Verb verb) {
                    each.accept(verb);
                }
                return made;
            }
        });
        // "@FILE" is a word like any other: the agent reads no file because an operator's reason begins so
        root.setExpandAtFiles(false);
        adorn(root, width);
        return root;
    }

    private static void adorn(CommandLine line, int width) {
        line.getCommandSpec()
                .usageMessage()
                .width(Math.max(60, Math.min(width, 100)))
                .synopsisHeading("")
                .descriptionHeading("%n")
                .parameterListHeading("%n")
                .optionListHeading("%n")
                .commandListHeading("%n")
                .exitCodeListHeading("%nExit codes:%n")
                .exitCodeList(EXIT_CODES);
        line.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
        line.getSubcommands().values().forEach(sub -> adorn(sub, width));
    }

    /** Loads what a first command needs. */
    static void warmUp() {
        CommandLine words = tree(80, verb -> {});
        words.parseArgs("status", "--json");
        Json.text(Answer.done(words.getUsageMessage()));
    }

    /** The words that need no agent, from the launcher: {@code -h} of every verb, and the version. */
    public static void main(String[] args) {
        CommandLine words = tree(Integer.getInteger("sfo.width", 80), verb -> {});
        StringWriter err = new StringWriter();
        words.setParameterExceptionHandler((e, line) -> {
            int exit = usage(e, err);
            System.err.print(err);
            return exit;
        });
        System.exit(words.execute(Aliases.rewrite(List.of(args)).toArray(new String[0])));
    }
}
