package sfo.agent.boot;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import sfo.config.load.Settings;
import sfo.config.load.SettingsErrors;
import sfo.config.load.SettingsFile;
import sfo.protocol.control.ExitCode;
import sfo.protocol.model.Invalid;

/** {@code sfo agent}: the words that need no running agent. */
@Command(
        name = "sfo agent",
        description =
                "Runs the agent in the foreground, until it is told to end (SIGTERM). What is served goes on without it.",
        mixinStandardHelpOptions = true,
        exitCodeList = {
            "0:ended in order",
            "2:wrong words or settings",
            "3:could not start, nothing touched: the message says what to do"
        })
public final class Main implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(Main.class);

    @Option(names = "--config", paramLabel = "FILE", description = "the settings file of this appliance")
    private @Nullable Path config;

    @Option(
            names = "--witness",
            description = "an agent that only votes, and needs no root: the settings have to say witness = true, too")
    private boolean witness;

    Main() {}

    public static void main(String[] words) {
        System.exit(execute(words));
    }

    /** @return the exit code; never returns while an agent runs */
    static int execute(String... words) {
        CommandLine line = new CommandLine(new Main());
        line.setExecutionExceptionHandler((e, command, result) -> {
            if (e instanceof StartRefused) {
                command.getErr().println("sfo agent: " + e.getMessage());
                return ExitCode.REFUSED.code();
            }
            if (e instanceof SettingsErrors || e instanceof Invalid) {
                command.getErr().println((e instanceof Invalid ? "sfo agent keys: " : "") + e.getMessage());
                return ExitCode.USAGE.code();
            }
            throw e;
        });
        return line.execute(words);
    }

    @Override
    public void run() {
        if (config == null) {
            throw new CommandLine.ParameterException(
                    new CommandLine(this), "--config FILE is missing; an example is in sfo-example.conf");
        }
        run(SettingsFile.load(config, witness), Parts::of);
    }

    @Command(
            name = "keys",
            description = "Makes the authority and a key and certificate per appliance; keeps what exists.",
            mixinStandardHelpOptions = true,
            footer = {"", "Example: sfo agent keys --out /root/sfo-keys a b"})
    void keys(
            @Option(names = "--out", paramLabel = "FOLDER", required = true, description = "where to") Path out,
            @Parameters(paramLabel = "APPLIANCE", arity = "1..*", description = "names of appliances")
                    List<String> appliances) {
        Keys.make(out, appliances);
        for (String appliance : appliances) {
            log.info("take {}.key, {}.crt and ca.crt in {} to the appliance {}", appliance, appliance, out, appliance);
        }
        log.info("keep {} safe and off the appliances: who has it can join", out.resolve("ca.key"));
    }

    /**
     * Runs an agent until the JVM is told to end (SIGTERM, SIGINT), which takes less than 3 s and exits with 0.
     *
     * @throws SettingsErrors if the settings break rules
     * @throws StartRefused if it can't start
     */
    public static void run(Path config) {
        run(config, Parts::of);
    }

    /** The same, made of other parts. */
    public static void run(Path config, Function<Settings, List<Part>> parts) {
        run(SettingsFile.load(config), parts);
    }

    private static void run(Settings settings, Function<Settings, List<Part>> parts) {
        long start = System.nanoTime();
        NativeLibraries.systemCalls(settings.data());
        Agent agent = Agent.start(settings, parts.apply(settings));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(agent), "end"));
        log.info(
                "agent {} of {} runs{} (started in {} ms)",
                agent.version(),
                settings.appliance(),
                settings.witness() ? ", and only votes" : "",
                (System.nanoTime() - start) / 1_000_000);
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            log.info("interrupted: ends");
        }
    }

    private static void end(Agent agent) {
        log.info("ends");
        agent.close();
        log.info("ended");
        // a service manager is told that this was no failure: the JVM alone would exit with 143
        Runtime.getRuntime().halt(0);
    }
}
