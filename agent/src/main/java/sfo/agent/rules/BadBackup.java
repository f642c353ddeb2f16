package sfo.agent.rules;

/** A backup that must not be used. The message says what does not hold. */
public final class BadBackup extends Exception {
    private static final long serialVersionUID = 1L;

    public BadBackup(String message) {
        super(message);
    }
}
