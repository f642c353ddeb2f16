package sfo.agent.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Names;

@Command(
        name = "failover",
        description = {
            "Take over a group from an appliance that has failed. Type it on the survivor.",
            "Proves by its own probes that the other one is dead: one sign of life refuses. Then takes over volumes,"
                    + " shares, address and MAC, as one transaction: done, or undone with this host as before."
        },
        footer = {
            "",
            "Asks nothing: what could be lost has to be accepted in the words (--accept-loss), what could not be"
                    + " proved too (--override, which is confirmed on a terminal unless -y is given).",
            "",
            "Examples:",
            "  sfo failover g1",
            "  sfo plan g1, and then: sfo failover g1 --plan 3f9a0c12d4e5 --reason \"a lost its power supply\"",
            "  sfo failover --all --from a",
            "  sfo failover g1 -m 02:77:00:00:01:00"
        })
final class FailoverVerb extends FailoverVerbs.OnGroup {
    @Option(
            names = "--from",
            paramLabel = "APPLIANCE",
            description = "The failed appliance; by default the one that holds the group.")
    @Nullable
    String from;

    @Option(
            names = {"-m", "--mac"},
            paramLabel = "MAC|auto",
            arity = "0..1",
            fallbackValue = "",
            description =
                    "Serve with this MAC on the first failover interface instead of its own; auto: the one derived for it.")
    @Nullable
    String mac;

    @Option(names = "--plan", paramLabel = "HASH", description = "Only if the plan has this hash.")
    @Nullable
    String plan;

    @Option(
            names = "--override",
            paramLabel = "TEXT",
            description = "Go on although death is not proved, or without a majority; the written reason is kept,"
                    + " and shown until sfo resolve."
                    + " If the other one lives, data may be served twice.")
    @Nullable
    String override;

    @Option(names = "--accept-loss", description = "Go on although a replica is or may be behind.")
    boolean acceptLoss;

    @Option(names = "--dry-run", description = "Prove, validate and plan; touch nothing.")
    boolean dryRun;

    @Option(names = "--all", description = "Every group that another appliance holds, one after the other.")
    boolean all;

    @Override
    Answer run() {
        if (all && group != null) {
            throw new Session.Usage("GROUP \"" + group + "\" and --all: expected one of them");
        }
        if (override != null && override.isBlank()) {
            throw new Invalid("--override", override, "the reason in words; it is kept");
        }
        if (plan != null && !plan.matches("[0-9a-f]{12}")) {
            throw new Invalid("--plan", plan, "the twelve hex digits that \"sfo plan\" shows");
        }
        if (from != null) {
            Names.name("appliance", from);
        }
        if (!all) {
            return one(group(group));
        }
        if (plan != null) {
            throw new Session.Usage("--plan \"" + plan + "\" and --all: expected a hash for one group");
        }
        return every();
    }

    private Answer every() {
        List<Views.GroupView> there = groups().stream()
                .filter(g -> !g.servedHere())
                .filter(g -> from == null || from.equals(g.claim().appliance()))
                .toList();
        if (there.isEmpty()) {
            return Answer.refused(
                    "No group is held by " + (from == null ? "another appliance" : from) + ". See: sfo status",
                    List.of());
        }
        List<Answer> answers = new ArrayList<>();
        there.forEach(g -> answers.add(one(g.definition().name())));
        ExitCode worst = ExitCode.DONE;
        List<sfo.protocol.model.Reason> reasons = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < answers.size(); i++) {
            Answer answer = answers.get(i);
            worst = severity(answer.exit()) > severity(worst) ? answer.exit() : worst;
            reasons.addAll(answer.reasons());
            text.append(i == 0 ? "" : "\n")
                    .append(there.get(i).definition().name())
                    .append(": ")
                    .append(answer.text());
        }
        List<Object> bodies = answers.stream().flatMap(a -> a.body().stream()).toList();
        return new Answer(worst, text.toString(), reasons, Optional.of(bodies));
    }

    /** Of several outcomes the one to act on first. */
    private static int severity(ExitCode exit) {
        return List.of(
                        ExitCode.DONE,
                        ExitCode.NO_AGENT,
                        ExitCode.USAGE,
                        ExitCode.REFUSED,
                        ExitCode.BUSY,
                        ExitCode.ROLLED_BACK,
                        ExitCode.NEEDS_ATTENTION)
                .indexOf(exit);
    }

    private Answer one(String name) {
        Optional<Mac> wanted = mac == null ? Optional.empty() : Optional.of(given(name, mac));
        if (override != null
                && !dryRun
                && session().console.canAsk()
                && !session()
                        .confirmed(
                                "If the other appliance still serves " + name
                                        + ", data will be damaged. Is it off, or cut from its clients and disks?",
                                yes)) {
            return Session.unchanged();
        }
        Requests.Failover request = new Requests.Failover(
                name,
                Optional.ofNullable(from),
                wanted,
                Optional.ofNullable(plan),
                Optional.ofNullable(override),
                acceptLoss,
                dryRun);
        return follow("failover", name, news -> operations().failover(request, operator(), news));
    }

    private Mac given(String name, String typed) {
        if (typed.equals("none")) {
            throw new Invalid("MAC", typed, "a MAC or auto; for none: sfo group set " + name + " -m none");
        }
        if (typed.isEmpty() && !session().console.canAsk()) {
            throw new Session.Usage("-m lacks its value: expected a MAC or auto");
        }
        GroupDefinition definition = known(name);
        FailoverInterface first = definition.interfaces().get(0);
        String text = typed.isEmpty() ? session().ask("failover MAC (auto, or six octets)", "auto", t -> t) : typed;
        MacChoice choice = GroupDraft.mac(text, name, first.slot(), definition.members());
        Mac chosen = choice.mac().orElseThrow(() -> new Invalid("MAC", text, "a MAC or auto"));
        for (FailoverInterface slot : definition.interfaces()) {
            if (!slot.slot().equals(first.slot()) && slot.mac().mac().equals(Optional.of(chosen))) {
                throw new Invalid("MAC", text, "another one than that of " + slot.slot());
            }
        }
        return chosen;
    }
}
