package sfo.agent.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import sfo.protocol.control.ExitCode;
import sfo.protocol.json.Json;

/** {@code sfo demo}. */
@Command(
        name = "sfo demo",
        mixinStandardHelpOptions = true,
        description = {
            "A group on this machine: serves, has the power of its appliance cut, fails over, and goes back.",
            "Prints what happens, with times, and what the clients saw. Leaves nothing behind."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:no acknowledged write was lost, and the survivor's host ended as it began",
            "1:it did not; the output says what",
            "2:wrong words",
            "3:this machine can't do that mode; nothing touched",
            "130:Ctrl-C"
        },
        footer = {"", "Examples:", "  sfo demo", "  sfo demo --mode embedded --json"})
public final class Demo implements Callable<Integer> {
    private enum Mode {
        namespaces,
        embedded
    }

    @Option(
            names = "--mode",
            paramLabel = "namespaces|embedded",
            description =
                    "namespaces: real mirrors, Samba and NFS-Ganesha on appliances made of namespaces; needs root."
                            + " embedded: the same as files below one folder. By default what this machine allows.")
    private @Nullable Mode mode;

    @Option(names = "--json", description = "The figures as JSON on the last line.")
    private boolean json;

    @Option(names = "--keep", description = "Leave the folder with settings, logs and volumes in place, and say where.")
    private boolean keep;

    private final long begin = System.nanoTime();
    private final PrintStream out = System.out;

    private Demo() {}

    public static void main(String[] words) {
        System.exit(new CommandLine(new Demo()).execute(words));
    }

    private void say(String text) {
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
        out.printf("%4d.%03d  %s%n", millis / 1000, millis % 1000, text);
    }

    @Override
    public Integer call() {
        Optional<String> refusal;
        try {
            refusal = choose();
        } catch (IOException e) {
            refusal = Optional.of(String.valueOf(e.getMessage()));
        }
        if (refusal.isPresent()) {
            say("can't show this in namespaces: " + refusal.get() + "; try: sfo demo --mode embedded");
            return ExitCode.REFUSED.code();
        }
        boolean namespaces = mode == Mode.namespaces;
        try {
            Figures figures;
            try (Lab lab = namespaces ? NamespaceLab.make(keep) : EmbeddedLab.make(keep)) {
                Runtime.getRuntime().addShutdownHook(new Thread(lab::close, "lab-close"));
                say("everything lies in " + lab.folder() + (keep ? ", and is kept" : ""));
                figures = new Story(lab, String.valueOf(mode), this::say).tell();
            }
            out.println();
            out.print(figures.table());
            if (json) {
                out.println(Json.text(figures));
            }
            return figures.good() ? 0 : 1;
        } catch (IOException | RuntimeException e) {
            say("FAILED: " + (e instanceof IOException ? e.getMessage() : e));
            return 1;
        }
    }

    /** Settles the mode, and gets what it needs. @return why it can't be */
    private Optional<String> choose() throws IOException {
        if (mode == Mode.embedded) {
            return Optional.empty();
        }
        Optional<String> against = Machine.noNamespaces();
        if (mode == null) {
            mode = against.isPresent() ? Mode.embedded : Mode.namespaces;
            say("mode " + mode + against.map(why -> ": " + why).orElse(": root, on a kernel with namespaces"));
        }
        if (mode == Mode.namespaces && against.isEmpty()) {
            List<String> missing = Machine.missingPackages();
            if (!missing.isEmpty()) {
                Machine.install(missing, this::say);
            }
        }
        return mode == Mode.namespaces ? against : Optional.empty();
    }
}
