package sfo.agent.control;

import java.time.Clock;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;

/** A console in memory: with answers, somebody can be asked. */
final class FakeConsole implements Console {
    final StringBuilder out = new StringBuilder();
    final StringBuilder err = new StringBuilder();
    /** What {@code out} is made of; may be read while a verb still runs. */
    final List<String> said = new CopyOnWriteArrayList<>();

    final List<String> questions = new ArrayList<>();
    final List<String> live = new CopyOnWriteArrayList<>();
    final CompletableFuture<Void> gone = new CompletableFuture<>();
    String detach = "";
    boolean terminal;

    private final boolean canAsk;
    private final Deque<String> answers;

    private FakeConsole(boolean canAsk, List<String> answers) {
        this.canAsk = canAsk;
        this.answers = new ArrayDeque<>(answers);
    }

    static FakeConsole script() {
        return new FakeConsole(false, List.of());
    }

    static FakeConsole person(String... answers) {
        return new FakeConsole(true, List.of(answers));
    }

    /** Types the line; the words are split at single blanks. */
    int types(Operations operations, String line) {
        return words(operations, line.split(" ", -1));
    }

    int words(Operations operations, String... words) {
        Clock clock = Clock.fixed(FakeOperations.NOW, ZoneOffset.UTC);
        return Words.run(List.of(words), new Session(this, () -> operations, 0, "root", clock));
    }

    @Override
    public boolean canAsk() {
        return canAsk;
    }

    @Override
    public boolean terminal() {
        return terminal;
    }

    @Override
    public int width() {
        return 80;
    }

    @Override
    public void out(String text) {
        out.append(text);
        said.add(text);
    }

    @Override
    public void err(String text) {
        err.append(text);
    }

    @Override
    public void live(String lines) {
        live.add(lines);
    }

    @Override
    public Optional<String> ask(String question) {
        questions.add(question);
        return Optional.ofNullable(answers.poll());
    }

    @Override
    public void onDetach(String text) {
        detach = text;
    }

    @Override
    public CompletionStage<Void> gone() {
        return gone;
    }
}
