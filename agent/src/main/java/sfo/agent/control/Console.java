package sfo.agent.control;

import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** The operator's end of one command. Every method may block while a slow reader catches up; none may be called by an actor. */
interface Console {
    /** Whether there is somebody to answer a question. */
    boolean canAsk();

    /** Whether lines can be redrawn. */
    boolean terminal();

    /** Columns. */
    int width();

    void out(String text);

    void err(String text);

    /** Replaces the lines of the last call, if nothing else was printed since. */
    void live(String lines);

    /** The answer without its line feed; empty if the input has ended. */
    Optional<String> ask(String question);

    /** What the operator is told on leaving before the end. */
    void onDetach(String text);

    /** Completes when the operator has left. */
    CompletionStage<Void> gone();

    /** The operator has left, or reads nothing any more: the command's work here is over. */
    final class Gone extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Gone(String why) {
            super(why);
        }
    }
}
