package sfo.agent.control;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import sfo.protocol.control.Views;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Step;

/** Plans, evidence and what was done, as text. */
final class Sagas {
    private Sagas() {}

    static String check(Views.CheckView check, int width) {
        String verdict = check.ready()
                ? check.lossless() ? "ready: a failover would lose nothing" : "ready only with --accept-loss"
                : "not ready: a failover would be refused";
        return "group " + check.group() + "   " + verdict + "\n"
                + Render.reasons(check.reasons(), width)
                + check.dossier().map(d -> dossier(d, width)).orElse("");
    }

    static String plan(Views.PlanView view, int width) {
        Plan plan = view.plan();
        String what = plan.from().equals(plan.appliance())
                ? plan.appliance() + " serves " + plan.group()
                : plan.appliance() + " takes " + plan.group() + " over from " + plan.from();
        Table table = new Table("").row("PHASE", "STEP", "WHAT", "AFTER");
        for (Step step : plan.steps()) {
            table.row(
                    step.phase().name().toLowerCase(Locale.ROOT),
                    step.id(),
                    step.resource().title() + (step.essential() ? "" : " (reported only)"),
                    String.join(" ", step.after()));
        }
        return "plan " + view.hash() + "   " + what + "   about " + Render.millis(view.estimatedMillis()) + "\n\n"
                + table.text(width);
    }

    static String dossier(Views.DossierView dossier, int width) {
        Table table = new Table("  ").row("CHANNEL", "FINDING", "EVIDENCE");
        dossier.evidence().forEach(e -> table.row(e.channel(), words(e.finding()), e.detail()));
        return "evidence on " + dossier.appliance() + ": " + dossier.verdict() + "\n" + table.text(width);
    }

    /** After the steps were shown live: the evidence if there is no step, and what is open. */
    static String outcome(Views.SagaView saga, int width) {
        StringBuilder text = new StringBuilder();
        if (saga.steps().isEmpty()) {
            saga.dossier().ifPresent(d -> text.append(dossier(d, width)));
        }
        return text + open(saga.openItems(), width);
    }

    private static String open(List<String> items, int width) {
        Table table = new Table("  ");
        items.forEach(item -> table.row("open", item));
        return table.text(width);
    }

    static String history(List<?> sagas, boolean verbose, int width) {
        if (sagas.isEmpty()) {
            return "";
        }
        Table table = new Table("").row("STARTED", "GROUP", "WHAT", "STATE", "TOOK", "BY", "WHY");
        StringBuilder details = new StringBuilder();
        for (Object one : sagas) {
            Views.SagaView saga = (Views.SagaView) one;
            table.row(
                    saga.started().toString().replaceAll("\\.\\d+", ""),
                    saga.group(),
                    saga.kind(),
                    saga.state(),
                    Render.lasted(saga).map(Render::millis).orElse("-"),
                    saga.operator(),
                    saga.reason());
            if (verbose) {
                details.append('\n').append(detail(saga, width));
            }
        }
        return table.text(width) + details;
    }

    private static String detail(Views.SagaView saga, int width) {
        Table table = new Table("  ");
        for (Views.StepView step : saga.steps()) {
            table.row(
                    step.phase().name().toLowerCase(Locale.ROOT),
                    step.state(),
                    step.millis() + " ms",
                    step.title() + (step.detail().isEmpty() ? "" : " (" + step.detail() + ")"));
        }
        return saga.kind() + " of " + saga.group() + ", generation "
                + saga.claim().generation() + ", " + saga.id()
                + "\n" + saga.dossier().map(d -> dossier(d, width)).orElse("") + table.text(width)
                + open(saga.openItems(), width);
    }

    static String checkpoint(Views.CheckpointView checkpoint, int width) {
        Table table = new Table("").row("STEP", "WHAT WAS TRUE BEFORE");
        for (Map.Entry<String, Map<String, String>> step : new TreeMap<>(checkpoint.facts()).entrySet()) {
            table.row(step.getKey(), facts(step.getValue()));
        }
        return "checkpoint of " + checkpoint.saga() + ", made " + checkpoint.made() + "\n\n" + table.text(width);
    }

    private static String facts(Map<String, String> facts) {
        return facts.isEmpty()
                ? "nothing was there"
                : String.join(
                        "\n",
                        new TreeMap<>(facts)
                                .entrySet().stream()
                                        .map(e -> e.getKey() + "=" + e.getValue())
                                        .toList());
    }

    private static String words(String finding) {
        return finding.toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
