package sfo.agent.control;

import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import sfo.protocol.control.Views;

/** Members, NICs, backups and adapters as tables. */
final class Tables {
    private Tables() {}

    static String members(List<Views.MemberView> members, Instant now, int width) {
        Table table = new Table("").row("MEMBER", "STATE", "LAST SEEN", "ADDRESS", "");
        for (Views.MemberView member : members) {
            table.row(
                    member.appliance(),
                    member.state(),
                    member.self()
                            ? "here"
                            : member.lastSeen()
                                    .map(t -> Render.age(t, now) + " ago")
                                    .orElse("never"),
                    member.address(),
                    String.join(
                            ", ",
                            Stream.of(member.witness() ? "witness" : "", member.leader() ? "leader" : "")
                                    .filter(word -> !word.isEmpty())
                                    .toList()));
        }
        return table.text(width);
    }

    static String surveys(List<Views.SurveyView> surveys, int width) {
        Table table = new Table("  ").row("MEMBER", "NIC", "CABLE", "MAC", "USE", "ADDRESSES");
        for (Views.SurveyView survey : surveys) {
            for (Views.NicView nic : survey.nics()) {
                table.row(
                        survey.appliance(),
                        nic.device(),
                        nic.carrier() ? "yes" : "no",
                        nic.mac(),
                        nic.use(),
                        String.join(" ", nic.addresses()));
            }
        }
        return table.text(width);
    }

    static String backups(List<Views.BackupView> backups, Instant now, int width) {
        Table table = new Table("").row("OF", "NUMBER", "KEPT BY", "AGE", "SIZE", "SHA-256", "GOOD");
        for (Views.BackupView backup : backups) {
            table.row(
                    backup.appliance(),
                    String.valueOf(backup.sequence()),
                    backup.keptBy(),
                    Render.age(backup.made(), now),
                    MirrorTable.size(backup.bytes()),
                    backup.sha256().substring(0, Math.min(12, backup.sha256().length())),
                    backup.good() ? "yes" : "NO: " + backup.detail());
        }
        return table.text(width);
    }

    static String plugins(List<Views.PluginView> plugins, int width) {
        Table table = new Table("").row("ADAPTER", "FAMILY", "VERSION", "USABLE");
        for (Views.PluginView plugin : plugins) {
            table.row(
                    plugin.name(),
                    plugin.family(),
                    plugin.version().isEmpty() ? "-" : plugin.version(),
                    plugin.usable() ? "yes" : "no: " + String.join("; ", plugin.lacks()));
        }
        return table.text(width);
    }
}
