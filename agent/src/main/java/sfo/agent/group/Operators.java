package sfo.agent.group;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.SagaViews;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Views;

/** Those who wait for a member of a group, by the name under which {@code rules} know their wish. */
final class Operators {
    private record Waiting(
            CompletableFuture<Answer> reply, Consumer<Progress> progress, Map<String, Views.StepView> shown) {}

    private final Map<String, Waiting> wishes = new HashMap<>();
    private final Map<String, CompletableFuture<String>> errors = new HashMap<>();

    String asks(CompletableFuture<Answer> reply, Consumer<Progress> progress) {
        String wish = UUID.randomUUID().toString();
        wishes.put(wish, new Waiting(reply, progress, new HashMap<>()));
        return wish;
    }

    /** For an error, or the empty word. */
    String asks(CompletableFuture<String> reply) {
        String wish = UUID.randomUUID().toString();
        errors.put(wish, reply);
        return wish;
    }

    CompletableFuture<String> error(String wish) {
        return Optional.ofNullable(errors.remove(wish)).orElseGet(CompletableFuture::new);
    }

    void answer(String wish, Answer answer) {
        @Nullable Waiting who = wishes.remove(wish);
        if (who != null) {
            who.reply().complete(answer);
        }
    }

    void show(String wish, Progress news) {
        @Nullable Waiting who = wishes.get(wish);
        if (who != null) {
            who.progress().accept(news);
        }
    }

    /** Each step's news, once. */
    void moved(String wish, String saga, SagaState state) {
        @Nullable Waiting who = wishes.get(wish);
        if (who == null) {
            return;
        }
        for (Views.StepView step : SagaViews.steps(state)) {
            boolean news = !step.equals(who.shown().put(step.id(), step));
            if (news && !step.state().equals("waiting")) {
                who.progress()
                        .accept(new Progress(
                                saga, step.id(), step.title(), step.state(), step.millis(), step.detail()));
            }
        }
    }
}
