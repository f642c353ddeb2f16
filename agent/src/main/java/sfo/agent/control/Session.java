package sfo.agent.control;

import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Requests;
import sfo.protocol.json.Json;
import sfo.protocol.model.Invalid;

/** What a verb works with: its operator, the agent's operations, and how both are waited for. */
final class Session {
    /** The words make no request. The text names the value, what was expected, and the option. */
    static final class Usage extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Usage(String text) {
            super(text);
        }
    }

    /** The agent has no operations at this moment. */
    static final class NotReady extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NotReady(IllegalStateException cause) {
            super(cause.getMessage(), cause);
        }
    }

    private static final int NEWS = 4096;

    final Console console;
    private final Supplier<Operations> supplier;
    private final int uid;
    private final String user;
    private final Clock clock;

    Session(Console console, Supplier<Operations> supplier, int uid, String user, Clock clock) {
        this.console = console;
        this.supplier = supplier;
        this.uid = uid;
        this.user = user;
        this.clock = clock;
    }

    Instant now() {
        return clock.instant();
    }

    Operations operations() {
        try {
            return supplier.get();
        } catch (IllegalStateException e) {
            throw new NotReady(e);
        }
    }

    Requests.Operator operator(String reason) {
        return new Requests.Operator(uid, user, reason);
    }

    /** Waits as long as the operator does. */
    <T> T await(CompletionStage<T> stage) {
        CompletableFuture<T> future = stage.toCompletableFuture();
        try {
            CompletableFuture.anyOf(future, console.gone().toCompletableFuture())
                    .get();
            return finished(future);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Console.Gone("the agent is ending");
        } catch (ExecutionException e) {
            throw failed(e);
        }
    }

    /**
     * Carries out what tells its progress: news are shown on this thread, so that whoever tells them never waits for a
     * terminal.
     */
    Answer follow(Function<Consumer<Progress>, CompletionStage<Answer>> operation, LiveSteps steps) {
        BlockingQueue<Progress> news = new ArrayBlockingQueue<>(NEWS);
        // a full queue drops the news, never the outcome
        CompletableFuture<Answer> answer = operation.apply(news::offer).toCompletableFuture();
        CompletableFuture<Object> end =
                CompletableFuture.anyOf(answer, console.gone().toCompletableFuture());
        try {
            while (!end.isDone()) {
                Progress first = news.poll(100, TimeUnit.MILLISECONDS);
                if (first != null) {
                    show(first, news, steps);
                }
            }
            Answer result = finished(answer);
            Progress last = news.poll();
            if (last != null) {
                show(last, news, steps);
            }
            return result;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Console.Gone("the agent is ending");
        }
    }

    private static void show(Progress first, BlockingQueue<Progress> rest, LiveSteps steps) {
        for (Progress next = first; next != null; next = rest.poll()) {
            steps.accept(next);
        }
        steps.draw();
    }

    private static <T> T finished(CompletableFuture<T> future) {
        if (!future.isDone()) {
            throw new Console.Gone("the operator left");
        }
        try {
            return future.get(0, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw failed(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Console.Gone("the agent is ending");
        }
    }

    private static RuntimeException failed(Exception e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return cause instanceof Invalid invalid ? invalid : new CompletionException(cause);
    }

    /** Asks until {@code read} takes the answer. An empty answer stands for {@code otherwise}, if that is not empty. */
    <T> T ask(String question, String otherwise, Function<String, T> read) {
        String shown = otherwise.isEmpty() ? question + ": " : question + " [" + otherwise + "]: ";
        while (true) {
            Optional<String> typed = console.ask(shown);
            if (typed.isEmpty()) {
                throw new Usage("the input ended at the question \"" + question + "\"; nothing was done");
            }
            String value = typed.get().strip();
            try {
                return read.apply(value.isEmpty() ? otherwise : value);
            } catch (Invalid | Usage e) {
                console.err("  " + e.getMessage() + "\n");
            }
        }
    }

    /** True if the operator says so, or said {@code -y} before. Without somebody to ask, {@code -y} is needed. */
    boolean confirmed(String question, boolean yes) {
        if (yes) {
            return true;
        }
        if (!console.canAsk()) {
            throw new Usage("\"" + question + "\" can't be asked without a terminal: add -y to say yes");
        }
        return ask(question, "no", answer -> {
            return switch (answer.toLowerCase(java.util.Locale.ROOT)) {
                case "y", "yes" -> true;
                case "n", "no" -> false;
                default -> throw new Invalid("answer", answer, "yes or no");
            };
        });
    }

    /** The result on one line, for programs. */
    void json(Object value) {
        console.out(Json.text(value) + "\n");
    }

    static Answer unchanged() {
        return new Answer(ExitCode.REFUSED, "Nothing was done.", List.of(), Optional.empty());
    }
}
