package sfo.agent.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import sfo.agent.boot.Main;
import sfo.agent.demo.Demo;
import sfo.protocol.control.ExitCode;

/** What README.md and the units say is what the product does: words, options, exit codes, files, tests. */
class ReadmeTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final Pattern TYPED = Pattern.compile("(?m)^ *[a-z]?[#$] (?:agent/bin/)?(sfo .*)$");
    private static final Pattern OF_THE_TREE =
            Pattern.compile("\\.?(agent|protocol|config|ops-adapters|it-tests|ci|mvnw)(/\\S+)?");

    private final CommandLine words = Words.tree(80, verb -> {});
    private String readme = "";

    @BeforeEach
    void read() throws IOException {
        readme = Files.readString(ROOT.resolve("README.md"));
    }

    @Test
    void everythingThatItTypesIsUnderstood() {
        List<String> typed = typed(readme);
        assertThat(typed).hasSizeGreaterThan(10);
        assertThat(typed).allSatisfy(ReadmeTest::assertUnderstood);
    }

    @Test
    void itsTableHasEveryVerbAndOnlyOptionsThatThereAre() {
        Set<String> named = new TreeSet<>();
        for (List<String> row : rows("verb")) {
            for (String synopsis : code(row.get(0))) {
                named.add(assertSynopsis(synopsis));
            }
        }
        assertThat(named).isEqualTo(leaves(words, ""));
    }

    @Test
    void everyFormOfNmcLeadsToTheVerbOfItsRow() {
        List<List<String>> rows = rows("NMC");
        assertThat(rows).hasSizeGreaterThan(8).allSatisfy(row -> {
            List<String> today = List.of(code(row.get(1)).get(0).split(" ", -1));
            for (String form : code(row.get(0))) {
                assertThat(Aliases.rewrite(List.of(form.split(" ", -1))))
                        .as(form)
                        .isEqualTo(today.subList(1, today.size()));
            }
        });
    }

    @Test
    void itsExitCodesAreTheProducts() {
        Set<String> known = Stream.concat(
                        Arrays.stream(ExitCode.values()).map(code -> String.valueOf(code.code())), Stream.of("130"))
                .collect(Collectors.toCollection(LinkedHashSet::new));
        assertThat(rows("exit code").stream().map(row -> row.get(0)))
                .containsExactlyInAnyOrderElementsOf(known)
                .containsExactlyInAnyOrderElementsOf(
                        words.getCommandSpec().usageMessage().exitCodeList().keySet());
    }

    @Test
    void filesAndTestsThatItNamesAreThere() throws IOException {
        Set<String> sources;
        try (Stream<Path> tree = Files.walk(ROOT)) {
            sources = tree.map(p -> p.getFileName().toString())
                    .filter(name -> name.endsWith(".java"))
                    .map(name -> name.substring(0, name.length() - ".java".length()))
                    .collect(Collectors.toSet());
        }
        List<String> files = new ArrayList<>(all(Pattern.compile("\\]\\(([^)#:]+)\\)"), readme));
        List<String> tests = new ArrayList<>();
        for (String code : code(readme.replaceAll("(?s)```.*?```", ""))) {
            String first = code.split(" ", -1)[0].replaceFirst("^\\./", "");
            if (OF_THE_TREE.matcher(first).matches()) {
                files.add(first);
            } else if (code.matches("\\w+(Test|IT)")) {
                tests.add(code);
            }
        }
        assertThat(files)
                .hasSizeGreaterThan(5)
                .allSatisfy(file -> assertThat(ROOT.resolve(file)).exists());
        assertThat(tests).hasSizeGreaterThan(5).isSubsetOf(sources);
    }

    @Test
    void theUnitStartsTheAgentWithWordsThatItKnows() throws IOException {
        String unit = Files.readString(ROOT.resolve("agent/systemd/sfo-agent.service"));
        List<String> starts = all(Pattern.compile("(?m)^ExecStart=/opt/sfo/bin/(sfo .*)$"), unit);
        assertThat(starts).hasSize(1).allSatisfy(ReadmeTest::assertUnderstood);
        assertThat(unit).contains("KillMode=process").doesNotContainPattern("(?m)^(Private|Protect|ReadWrite)");
    }

    private static void assertUnderstood(String line) {
        String[] argv = argv(line).toArray(String[]::new);
        String[] rest = Arrays.copyOfRange(argv, Math.min(2, argv.length), argv.length);
        switch (argv[1]) {
            case "agent" ->
                assertThatCode(() -> new CommandLine(Main.class).parseArgs(rest))
                        .as(line)
                        .doesNotThrowAnyException();
            case "demo" ->
                assertThatCode(() -> new CommandLine(Demo.class).parseArgs(rest))
                        .as(line)
                        .doesNotThrowAnyException();
            default ->
                assertThat(situations()
                                .map(agent -> said(agent, Arrays.copyOfRange(argv, 1, argv.length)))
                                .toList())
                        .as(line)
                        .contains("0");
        }
    }

    /** The pair as it is, as it was before it had a volume, and a group; and with an agent that only votes. */
    private static Stream<FakeOperations> situations() {
        FakeOperations noVolume = new FakeOperations();
        noVolume.groups.set(
                0, FakeOperations.view(FakeOperations.G1.withVolumes(List.of()).withTargets(List.of()), "a"));
        FakeOperations noGroup = new FakeOperations();
        noGroup.groups.clear();
        FakeOperations withWitness = new FakeOperations();
        withWitness.onlyVote = List.of("w");
        return Stream.of(new FakeOperations(), noVolume, noGroup, withWitness);
    }

    private static String said(FakeOperations agent, String... argv) {
        FakeConsole console = FakeConsole.script();
        int exit = console.words(agent, argv);
        return exit == 0 ? "0" : exit + ": " + console.err;
    }

    /** @return the verb's words alone */
    private String assertSynopsis(String synopsis) {
        CommandLine verb = words;
        StringBuilder path = new StringBuilder();
        for (String word : synopsis.substring("sfo ".length()).split(" ", -1)) {
            String bare = word.replaceAll("[\\[\\]]", "");
            CommandLine next = verb.getSubcommands().get(bare);
            if (next != null) {
                verb = next;
                path.append(path.length() == 0 ? "" : " ").append(bare);
            } else if (bare.startsWith("-")) {
                assertThat(options(verb, path.toString())).as(synopsis).contains(bare);
            } else {
                assertThat(bare).as(synopsis).isUpperCase();
            }
        }
        assertThat(verb.getSubcommands().isEmpty() || path.toString().equals("agent"))
                .as(synopsis)
                .isTrue();
        return path.toString();
    }

    private static Set<String> options(CommandLine verb, String path) {
        return switch (path) {
            case "agent" ->
                new CommandLine(Main.class).getCommandSpec().optionsMap().keySet();
            case "demo" ->
                new CommandLine(Demo.class).getCommandSpec().optionsMap().keySet();
            default -> verb.getCommandSpec().optionsMap().keySet();
        };
    }

    private static Set<String> leaves(CommandLine line, String path) {
        Set<String> leaves = new TreeSet<>();
        line.getSubcommands().forEach((name, sub) -> {
            String whole = path.isEmpty() ? name : path + " " + name;
            leaves.addAll(leaves(sub, whole));
            if (sub.getSubcommands().isEmpty() || whole.equals("agent")) {
                leaves.add(whole);
            }
        });
        return leaves;
    }

    /** Of the table whose first heading has that word: the rows' cells. */
    private List<List<String>> rows(String heading) {
        List<List<String>> rows = new ArrayList<>();
        boolean inside = false;
        for (String line : readme.lines().toList()) {
            if (!line.startsWith("|")) {
                inside = false;
                continue;
            }
            List<String> cells = Arrays.stream(line.substring(1).split("\\|", -1))
                    .map(String::strip)
                    .toList();
            if (cells.get(0).contains(heading) && code(cells.get(0)).isEmpty()) {
                inside = true;
            } else if (inside && !cells.get(0).startsWith("---")) {
                rows.add(cells);
            }
        }
        assertThat(rows).as("the table of " + heading).isNotEmpty();
        return rows;
    }

    private static List<String> typed(String text) {
        return all(TYPED, text.replaceAll("\\\\\n *", "")).stream()
                .map(line -> line.replaceFirst("\\s+#.*", "").strip())
                .toList();
    }

    private static List<String> code(String text) {
        return all(CODE, text);
    }

    private static List<String> all(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(found -> found.group(1)).toList();
    }

    /** Words as a shell makes them, with double quotes. */
    private static List<String> argv(String line) {
        Matcher each = Pattern.compile("\"([^\"]*)\"|(\\S+)").matcher(line);
        return each.results().map(ReadmeTest::word).toList();
    }

    private static String word(MatchResult found) {
        return found.group(1) == null ? found.group(2) : found.group(1);
    }
}
