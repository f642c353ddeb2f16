package sfo.agent.control;

import java.util.ArrayList;
import java.util.List;

/** Text in columns. The last column is wrapped at the terminal's width; the others are as wide as they need. */
final class Table {
    private static final int GAP = 2;
    private static final int LEAST = 24;

    private final String indent;
    private final List<List<String>> rows = new ArrayList<>();

    Table(String indent) {
        this.indent = indent;
    }

    Table row(String... cells) {
        rows.add(List.of(cells));
        return this;
    }

    /** Every line ends with a line feed; no row, no text. */
    String text(int width) {
        int columns = rows.stream().mapToInt(List::size).max().orElse(0);
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i + 1 < row.size(); i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder(indent);
            for (int i = 0; i + 1 < row.size(); i++) {
                line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + GAP));
            }
            String last = row.isEmpty() ? "" : row.get(row.size() - 1);
            int room = width - line.length();
            int hang = room < LEAST ? indent.length() + 4 : line.length();
            String margin = "\n" + " ".repeat(hang);
            String joined = String.join(margin, wrap(last, Math.max(LEAST, room), Math.max(LEAST, width - hang)));
            text.append(line.append(joined).toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    /** Breaks at blanks; a word that is longer than a line stays whole, so that it can be copied. */
    static List<String> wrap(String text, int first, int others) {
        List<String> lines = new ArrayList<>();
        for (String paragraph : text.split("\n", -1)) {
            StringBuilder line = new StringBuilder();
            for (String word : paragraph.split(" ", -1)) {
                int room = lines.isEmpty() ? first : others;
                if (line.length() > 0 && line.length() + 1 + word.length() > room) {
                    lines.add(line.toString());
                    line.setLength(0);
                }
                line.append(line.length() == 0 ? "" : " ").append(word);
            }
            lines.add(line.toString());
        }
        return lines;
    }
}
