package sfo.agent.control;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Volume;

/** What all verbs share: their options, and how an answer is shown. A verb lives for one request. */
abstract class Verb implements Callable<Integer> {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this page.")
    boolean help;

    @Option(names = "--json", description = "The result as JSON, on one line; errors too.")
    boolean json;

    @Option(
            names = {"-y", "--yes"},
            description = "Answer yes to every question.")
    boolean yes;

    @Option(
            names = {"-v", "--verbose"},
            description = "Say more.")
    boolean verbose;

    @Option(names = "--reason", paramLabel = "TEXT", description = "Why; kept in the history.")
    String reason = "";

    @Nullable
    Session session;

    /** Does it, and says how it ended. */
    abstract Answer run();

    /** The answer's body for people; by default there is none beside the text. */
    String render(Object body) {
        return "";
    }

    @Override
    public final Integer call() {
        Answer answer = run();
        if (json) {
            session()
                    .json(
                            onlyBody()
                                            && answer.exit().code() == 0
                                            && answer.body().isPresent()
                                    ? answer.body().get()
                                    : answer);
        } else {
            String body = answer.body().map(this::render).orElse("");
            session().console.out(body);
            String end = Render.answer(answer, session().console.width());
            if (answer.exit().code() == 0) {
                session().console.out(end);
            } else {
                session().console.err(end);
            }
        }
        return answer.exit().code();
    }

    /** Whether {@code --json} shows the record alone, as those that only look do. */
    boolean onlyBody() {
        return false;
    }

    final Session session() {
        if (session == null) {
            throw new IllegalStateException("a verb without a session");
        }
        return session;
    }

    final Operations operations() {
        return session().operations();
    }

    final Requests.Operator operator() {
        return session().operator(reason);
    }

    final LiveSteps steps() {
        return new LiveSteps(session().console, json, verbose);
    }

    /**
     * Follows an operation of the agent that goes on without its operator.
     *
     * @param group empty if it is not known
     */
    final Answer follow(
            String what,
            String group,
            Function<
                            java.util.function.Consumer<sfo.protocol.control.Progress>,
                            java.util.concurrent.CompletionStage<Answer>>
                    operation) {
        session()
                .console
                .onDetach("sfo: detached; the " + what + " goes on in the agent. See: sfo status " + group
                        + "   sfo history " + group);
        long begun = System.nanoTime();
        Answer answer = session().follow(operation, steps());
        String took = Render.millis((System.nanoTime() - begun) / 1_000_000);
        return json || answer.text().isEmpty()
                ? answer
                : new Answer(answer.exit(), answer.text() + " (" + took + " in all)", answer.reasons(), answer.body());
    }

    final List<Views.GroupView> groups() {
        return session().await(operations().status()).groups();
    }

    /** The group's name: as given, or the only one that there is, or as answered. */
    final String group(@Nullable String given) {
        if (given != null) {
            return sfo.protocol.model.Names.name("group", given);
        }
        List<String> names = groups().stream().map(g -> g.definition().name()).toList();
        if (!session().console.canAsk()) {
            throw new Session.Usage("GROUP is missing: expected "
                    + (names.isEmpty() ? "the name of a group; there is none yet: sfo group create" : oneOf(names)));
        }
        return session().ask("group", names.size() == 1 ? names.get(0) : "", name -> {
            if (!names.contains(name)) {
                throw new Invalid("group", name, oneOf(names));
            }
            return name;
        });
    }

    final Optional<GroupDefinition> definition(String group) {
        return groups().stream()
                .map(Views.GroupView::definition)
                .filter(d -> d.name().equals(group))
                .findFirst();
    }

    /** @throws Invalid if this appliance knows no group of that name */
    final GroupDefinition known(String group) {
        return definition(group)
                .orElseThrow(() -> new Invalid(
                        "group",
                        group,
                        oneOf(groups().stream().map(g -> g.definition().name()).toList())));
    }

    /** The volume's name: as given, or the only one that the group has, or as answered. */
    final String volume(@Nullable String given, GroupDefinition definition) {
        List<String> there = definition.volumes().stream().map(Volume::name).toList();
        if (given != null) {
            return volume(given, there);
        }
        if (there.size() == 1) {
            return there.get(0);
        }
        if (there.isEmpty() || !session().console.canAsk()) {
            throw new Session.Usage("--volume is missing: expected "
                    + (there.isEmpty() ? "one; there is none yet: sfo cdp create" : oneOf(there)));
        }
        return session().ask("volume", "", text -> volume(text, there));
    }

    private static String volume(String name, List<String> there) {
        if (!there.contains(name)) {
            throw new Invalid("volume", name, oneOf(there));
        }
        return name;
    }

    static String oneOf(List<String> names) {
        return names.isEmpty() ? "nothing: there is none yet" : "one of " + String.join(", ", names);
    }
}
