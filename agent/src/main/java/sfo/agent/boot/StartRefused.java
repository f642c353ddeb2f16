package sfo.agent.boot;

/** The agent can't start, and nothing was changed. The message says what is wrong, where, and how to mend it. */
public final class StartRefused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StartRefused(String message) {
        super(message);
    }

    public StartRefused(String message, Throwable cause) {
        super(message, cause);
    }
}
