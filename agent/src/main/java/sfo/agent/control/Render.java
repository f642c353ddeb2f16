package sfo.agent.control;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Views;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Terms;

/** What operators are shown, as text: pure functions of a view, the time and the terminal's width. */
final class Render {
    private Render() {}

    /** Any body of an answer that has a form of its own; nothing for others, whose text says it all. */
    static String any(Object body, Instant now, int width) {
        if (body instanceof Views.StatusView status) {
            return status(status, now, width);
        }
        if (body instanceof Views.GroupView group) {
            return groupFully(group, now, width);
        }
        if (body instanceof Views.CheckView check) {
            return Sagas.check(check, width);
        }
        if (body instanceof Views.PlanView plan) {
            return Sagas.plan(plan, width);
        }
        if (body instanceof Views.SagaView saga) {
            return Sagas.outcome(saga, width);
        }
        if (body instanceof Views.DossierView dossier) {
            return Sagas.dossier(dossier, width);
        }
        if (body instanceof Views.CheckpointView checkpoint) {
            return Sagas.checkpoint(checkpoint, width);
        }
        if (body instanceof List<?> list) {
            return list(list, now, width);
        }
        return "";
    }

    private static String list(List<?> list, Instant now, int width) {
        if (list.isEmpty()) {
            return "";
        }
        Object first = list.get(0);
        if (first instanceof Views.MemberView) {
            return Tables.members(
                    list.stream().map(Views.MemberView.class::cast).toList(), now, width);
        }
        if (first instanceof Views.BackupView) {
            return Tables.backups(
                    list.stream().map(Views.BackupView.class::cast).toList(), now, width);
        }
        if (first instanceof Views.PluginView) {
            return Tables.plugins(
                    list.stream().map(Views.PluginView.class::cast).toList(), width);
        }
        StringBuilder text = new StringBuilder();
        list.forEach(body -> text.append(any(body, now, width)));
        return text.toString();
    }

    static String status(Views.StatusView status, Instant now, int width) {
        StringBuilder text =
                new StringBuilder("appliance " + status.appliance() + "   version " + status.version() + "   members:");
        status.members()
                .forEach(m -> text.append(' ')
                        .append(m.appliance())
                        .append(' ')
                        .append(m.state())
                        .append(m.witness() ? " (witness)" : "")
                        .append(','));
        text.setCharAt(text.length() - 1, '\n');
        if (status.groups().isEmpty()) {
            return text.append("\nNo group yet. Make one: sfo group create\n").toString();
        }
        Table table = new Table("").row("GROUP", "STATE", "HOLDER", "HOME", "GEN", "ADDRESS, MAC");
        for (Views.GroupView group : status.groups()) {
            GroupDefinition definition = group.definition();
            table.row(
                    definition.name(),
                    group.state().name(),
                    holder(group),
                    definition.home(),
                    String.valueOf(group.claim().generation()),
                    String.join(
                            "\n",
                            definition.interfaces().stream()
                                    .map(i -> addresses(i) + "  " + mac(i.mac()))
                                    .toList()));
        }
        text.append('\n').append(table.text(width));
        status.groups()
                .forEach(g -> text.append('\n')
                        .append(g.definition().name())
                        .append('\n')
                        .append(group(g, now, width)));
        return text.toString();
    }

    private static String holder(Views.GroupView group) {
        return group.claim().isNone() ? "-" : group.claim().appliance() + (group.servedHere() ? " (here)" : "");
    }

    /** What is under way, waited for, mirrored, backed up and wrong. */
    private static String group(Views.GroupView group, Instant now, int width) {
        Table table = new Table("  ");
        group.operation()
                .ifPresent(saga -> table.row(
                        "under way", saga.kind() + ", " + saga.state() + ", for " + age(saga.started(), now)));
        if (!group.waiting().isEmpty()) {
            table.row("waiting", group.waiting());
        }
        for (MirrorState mirror : group.mirrors()) {
            table.row("mirror " + mirror.volume(), MirrorTable.state(mirror, now));
        }
        if (!group.backups().isEmpty()) {
            table.row("backups", backupsShort(group.backups(), now));
        }
        return table.text(width) + reasons(group.reasons(), width);
    }

    private static String backupsShort(List<Views.BackupView> backups, Instant now) {
        return String.join(
                ", ",
                backups.stream()
                        .map(b -> b.appliance() + "'s on " + b.keptBy() + " " + age(b.made(), now) + " old"
                                + (b.good() ? "" : " BAD"))
                        .toList());
    }

    static String groupFully(Views.GroupView view, Instant now, int width) {
        GroupDefinition group = view.definition();
        return "group " + group.name() + "   " + view.state() + "   holder " + holder(view) + "   generation "
                + view.claim().generation() + "\n" + definition(group, width) + group(view, now, width);
    }

    private static String definition(GroupDefinition group, int width) {
        Table table = new Table("  ");
        table.row("members", String.join(", ", group.members()) + "; home " + group.home());
        for (FailoverInterface slot : group.interfaces()) {
            table.row(slot.slot(), addresses(slot) + "  " + mac(slot.mac()));
            table.row("", "on " + nics(new TreeMap<>(slot.nics())));
            if (!slot.gateways().isEmpty()) {
                table.row(
                        "",
                        "gateway "
                                + String.join(
                                        ", ",
                                        slot.gateways().stream()
                                                .map(InetAddress::getHostAddress)
                                                .toList()));
            }
            slot.routes()
                    .forEach(r ->
                            table.row("", "route " + r.to() + " via " + r.via().getHostAddress()));
        }
        if (!group.witnesses().isEmpty()) {
            table.row("witnesses", String.join(", ", group.witnesses()));
        }
        group.lease().ifPresent(lease -> table.row("lease", lease(lease)));
        group.former().ifPresent(former -> table.row("before", former(former)));
        group.volumes().forEach(v -> table.row("volume", v.name() + ", " + MirrorTable.size(v.bytes())));
        if (!group.shares().isEmpty()) {
            table.row(
                    "shares",
                    String.join(
                            ", ",
                            group.shares().stream()
                                    .map(s -> s.name() + " ("
                                            + s.protocol().name().toLowerCase(Locale.ROOT) + ")")
                                    .toList()));
        }
        group.targets()
                .forEach(t -> table.row(
                        "target",
                        t.name() + ", " + t.iqn() + ", "
                                + (t.luns().size() == 1 ? "1 disk" : t.luns().size() + " disks")));
        return table.text(width);
    }

    private static String lease(Lease lease) {
        return lease.seconds() + " s";
    }

    /** What still holds beside the new terms. */
    private static String former(Terms former) {
        return "witnesses " + (former.witnesses().isEmpty() ? "none" : String.join(", ", former.witnesses()))
                + ", lease " + former.lease().map(Render::lease).orElse("none");
    }

    static String summary(GroupDefinition group, int width) {
        return "\ngroup " + group.name() + "\n" + definition(group, width) + "\n";
    }

    private static String addresses(FailoverInterface slot) {
        return String.join(", ", slot.addresses().stream().map(Cidr::toString).toList());
    }

    private static String mac(MacChoice choice) {
        return choice.mac()
                .map(m -> m + (choice.kind() == MacChoice.Kind.AUTOMATIC ? " (auto)" : ""))
                .orElse("MAC of each member");
    }

    private static String nics(Map<String, Nic> nics) {
        List<String> texts = new ArrayList<>();
        nics.forEach(
                (member, nic) -> texts.add(member + "=" + nic.device() + (nic.use() == Nic.Use.SPARE ? ",spare" : "")));
        return String.join(", ", texts);
    }

    /** Each with its code, and below it what to do. */
    static String reasons(List<Reason> reasons, int width) {
        Table table = new Table("  ");
        for (Reason reason : reasons) {
            String mend = reason.mend().isEmpty() ? "" : "\n-> " + reason.mend();
            table.row(reason.weight().name().toLowerCase(Locale.ROOT), reason.code(), reason.text() + mend);
        }
        return table.text(width);
    }

    /** The sentence that an operation ends with, and why. */
    static String answer(Answer answer, int width) {
        String text = answer.text().isEmpty() ? "" : String.join("\n", Table.wrap(answer.text(), width, width)) + "\n";
        return text + reasons(answer.reasons(), width);
    }

    /** A line for each step. */
    static String steps(List<Progress> steps, int width) {
        int phase = steps.stream().mapToInt(s -> phase(s).length()).max().orElse(0);
        StringBuilder text = new StringBuilder();
        for (Progress step : steps) {
            String millis = step.millis() > 0 ? step.millis() + " ms" : "";
            String line = String.format(
                    Locale.ROOT,
                    "%-" + Math.max(8, phase) + "s  %-8s %9s  %s",
                    phase(step),
                    step.state(),
                    millis,
                    step.title());
            line += step.detail().isEmpty() ? "" : " (" + step.detail().replace('\n', ' ') + ")";
            // one line on the terminal for each, or redrawing would go astray
            text.append(line.length() < width ? line : line.substring(0, width - 1))
                    .append('\n');
        }
        return text.toString();
    }

    private static String phase(Progress step) {
        int dot = step.step().indexOf('.');
        return dot < 0 ? step.step() : step.step().substring(0, dot);
    }

    /** {@code 850 ms}, {@code 42s}, {@code 4m}, {@code 3h 5m}, {@code 12d}. */
    static String age(Instant since, Instant now) {
        Duration age = Duration.between(since, now);
        if (age.isNegative()) {
            return "0s";
        }
        long seconds = age.toSeconds();
        if (seconds < 60) {
            return seconds + "s";
        }
        if (seconds < 3600) {
            return seconds / 60 + "m";
        }
        if (seconds < 86_400) {
            return seconds / 3600 + "h " + (seconds % 3600) / 60 + "m";
        }
        return seconds / 86_400 + "d";
    }

    static String millis(long millis) {
        return millis < 1000 ? millis + " ms" : String.format(Locale.ROOT, "%.2f s", millis / 1000.0);
    }

    static Optional<Long> lasted(Views.SagaView saga) {
        return saga.ended().map(end -> Duration.between(saga.started(), end).toMillis());
    }
}
