package sfo.agent.group;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import sfo.agent.rules.DefinitionRules;
import sfo.agent.rules.TargetRules;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;

/** {@code sfo target}: the files of its disks first, on the holder's mounted volumes; then it is served like the rest. */
final class TargetOperations {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** What is asked for, once it makes sense; {@code from} is the target that it changes. */
    private record Wanted(Optional<IscsiTarget> from, IscsiTarget to) {
        List<Lun> added() {
            return to.luns().stream()
                    .filter(l -> from.stream().noneMatch(f -> f.luns().contains(l)))
                    .toList();
        }

        GroupDefinition in(GroupDefinition d) {
            return from.map(was -> TargetRules.with(d, was, to)).orElseGet(() -> TargetRules.with(d, to));
        }
    }

    private final GroupsPart part;
    private final AgentOperations operations;

    TargetOperations(GroupsPart part, AgentOperations operations) {
        this.part = part;
        this.operations = operations;
    }

    CompletionStage<Answer> create(Requests.NewTarget n, Operator by) {
        return served(
                n.group(),
                d -> new Wanted(Optional.empty(), TargetRules.made(d, n, TargetOperations::serial)),
                "target " + n.name() + " is served",
                by);
    }

    CompletionStage<Answer> change(Requests.TargetChange c, Operator by) {
        return served(
                c.group(),
                d -> new Wanted(
                        Optional.of(TargetRules.need(d, c.name())),
                        TargetRules.changed(d, c, TargetOperations::serial)),
                "target " + c.name() + " is changed",
                by);
    }

    CompletionStage<Answer> destroy(String group, String name, Operator by) {
        return operations.change(
                group,
                d -> TargetRules.without(d, name),
                "target " + name + " is no longer served; the files of its disks are still there",
                by);
    }

    /** Sixteen hex digits that no other disk has. */
    private static String serial() {
        return UUID.randomUUID().toString().replace("-", "").substring(16);
    }

    private CompletionStage<Answer> served(
            String group, Function<GroupDefinition, Wanted> wanted, String done, Operator by) {
        return operations.snapshot(group).thenCompose(s -> {
            Optional<Answer> refused = operations.notNow(group, s);
            if (refused.isPresent()) {
                return CompletableFuture.completedFuture(refused.get());
            }
            GroupDefinition now = s.state().definition().orElseThrow();
            Wanted target;
            GroupDefinition then;
            try {
                target = wanted.apply(now);
                then = target.in(now);
            } catch (IllegalArgumentException e) {
                return CompletableFuture.completedFuture(Answer.of(ExitCode.USAGE, String.valueOf(e.getMessage())));
            }
            return operations.survey(then.members()).thenCompose(surveys -> {
                List<String> lacks = surveys.stream()
                        .flatMap(survey -> DefinitionRules.lacks(then, survey).stream())
                        .toList();
                return lacks.isEmpty()
                        ? serve(group, target, done, by)
                        : CompletableFuture.completedFuture(Answer.refused(
                                "nothing was changed: " + String.join("; ", lacks) + "; then type it again",
                                List.of()));
            });
        });
    }

    private CompletionStage<Answer> serve(String group, Wanted target, String done, Operator by) {
        List<Lun> made = new ArrayList<>();
        UnaryOperator<GroupDefinition> change = target::in;
        return part.runner()
                .blocking(() -> make(group, target.added(), made))
                .thenCompose(text -> operations.change(group, change, done + text, by))
                .exceptionally(e -> Answer.of(
                        ExitCode.ROLLED_BACK,
                        "not changed, everything is served as before: "
                                + (e.getCause() == null ? e : e.getCause()).getMessage()))
                .thenCompose(answer -> answer.exit() == ExitCode.DONE
                        ? CompletableFuture.completedFuture(answer)
                        : part.runner().blocking(() -> unmake(group, made, answer)));
    }

    /** What an operator should know of it; {@code made} gets those that were not there before. */
    private String make(String group, List<Lun> luns, List<Lun> made) throws HostException {
        Call call = Call.within(LIMIT);
        List<Lun> found = new ArrayList<>();
        for (Lun lun : luns) {
            (part.host().lunFiles().make(group, lun, call) ? made : found).add(lun);
        }
        return found.isEmpty()
                ? ""
                : "; with what is in the files that were there already: "
                        + found.stream().map(l -> l.volume() + "/" + l.path()).collect(Collectors.joining(", "));
    }

    private Answer unmake(String group, List<Lun> made, Answer answer) throws HostException {
        Call call = Call.within(LIMIT);
        for (Lun lun : made) {
            part.host().lunFiles().remove(group, lun, call);
        }
        return answer;
    }
}
