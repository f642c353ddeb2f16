package sfo.config.load;

import java.util.List;
import java.util.stream.Collectors;

/** Everything that is wrong with a settings file, in the order of its lines. */
public final class SettingsErrors extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    /**
     * @param line 0 if no line can be named, as for a key that is missing
     * @param value what was found; "" if nothing
     * @param expected what was expected instead
     */
    public record Problem(String file, int line, String key, String value, String expected) {
        @Override
        public String toString() {
            String where = line > 0 ? file + ":" + line : file;
            return where + ": " + key + (value.isEmpty() ? " is missing" : " \"" + value + "\"") + ": expected "
                    + expected;
        }
    }

    SettingsErrors(List<Problem> problems) {
        super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    public List<Problem> problems() {
        return problems;
    }
}
