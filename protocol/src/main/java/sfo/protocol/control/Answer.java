package sfo.protocol.control;

import java.util.List;
import java.util.Optional;
import sfo.protocol.model.Reason;

/**
 * How an operation ended, for the operator.
 *
 * @param text what happened, in a sentence or two, with what to type next
 * @param reasons the coded evidence of a refusal
 * @param body what {@code --json} shows beside them: one of {@link Views}
 */
public record Answer(ExitCode exit, String text, List<Reason> reasons, Optional<Object> body) {
    public static Answer done(String text) {
        return new Answer(ExitCode.DONE, text, List.of(), Optional.empty());
    }

    public static Answer done(String text, Object body) {
        return new Answer(ExitCode.DONE, text, List.of(), Optional.of(body));
    }

    public static Answer refused(String text, List<Reason> reasons) {
        return new Answer(ExitCode.REFUSED, text, reasons, Optional.empty());
    }

    public static Answer of(ExitCode exit, String text) {
        return new Answer(exit, text, List.of(), Optional.empty());
    }

    public Answer with(Object shown) {
        return new Answer(exit, text, reasons, Optional.of(shown));
    }
}
