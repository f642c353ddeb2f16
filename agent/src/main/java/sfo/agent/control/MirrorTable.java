package sfo.agent.control;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import sfo.protocol.control.Views;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Volume;

/** Mirrored volumes as text. */
final class MirrorTable {
    /** A volume with what each side says of it. */
    record Row(String group, Volume volume, List<MirrorState> states) {
        String name() {
            return group + "/" + volume.name();
        }

        boolean isNamed(String text) {
            return text.equals(volume.name()) || text.equals(name());
        }
    }

    private MirrorTable() {}

    static List<Row> rows(List<Views.GroupView> groups) {
        return groups.stream()
                .flatMap(g -> g.definition().volumes().stream()
                        .map(v -> new Row(
                                g.definition().name(),
                                v,
                                g.mirrors().stream()
                                        .filter(m -> m.volume().equals(v.name()))
                                        .toList())))
                .toList();
    }

    static String text(List<?> rows, boolean verbose, Instant now, int width) {
        if (rows.isEmpty()) {
            return "";
        }
        Table table = new Table("").row("VOLUME", "SIZE", "FS", "MODE", "ON LOSS", "STATE");
        for (Object one : rows) {
            Row row = (Row) one;
            Volume volume = row.volume();
            table.row(
                    row.name(),
                    size(volume.bytes()),
                    lower(volume.fileSystem()),
                    volume.mode() == Volume.Mode.SYNCHRONOUS ? "sync" : "async",
                    lower(volume.onLinkLoss()),
                    row.states().isEmpty()
                            ? "unknown"
                            : String.join(
                                    "\n",
                                    row.states().stream()
                                            .map(s -> state(s, now))
                                            .toList()));
        }
        String text = table.text(width);
        return verbose ? text + backings(rows, width) : text;
    }

    private static String backings(List<?> rows, int width) {
        Table table = new Table("").row("VOLUME", "PORT", "MEMBER", "BACKING");
        for (Object one : rows) {
            Row row = (Row) one;
            row.volume()
                    .backing()
                    .forEach((member, path) ->
                            table.row(row.name(), String.valueOf(row.volume().port()), member, path));
        }
        return "\n" + table.text(width);
    }

    /** {@code primary, replicating for 12m}. */
    static String state(MirrorState state, Instant now) {
        StringBuilder text = new StringBuilder(lower(state.role())).append(", ").append(lower(state.sync()));
        state.since().ifPresent(since -> text.append(" for ").append(Render.age(since, now)));
        if (state.bytesBehind() > 0) {
            text.append(", ").append(size(state.bytesBehind())).append(" behind");
        }
        if (!state.detail().isEmpty()) {
            text.append(" (").append(state.detail()).append(')');
        }
        return text.toString();
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** Of 1024: {@code 100G}, {@code 1.5T}. */
    static String size(long bytes) {
        String units = "BKMGTPE";
        int unit = 0;
        double value = bytes;
        while (value >= 1024 && unit + 1 < units.length()) {
            value /= 1024;
            unit++;
        }
        String number = value == Math.rint(value) || value >= 100
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.1f", value);
        return number + units.charAt(unit);
    }
}
