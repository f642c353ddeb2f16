package sfo.ops.api;

/** The host did not do what was asked. The message says what failed, on what evidence, and what to do next. */
public class HostException extends Exception {
    private static final long serialVersionUID = 1L;

    public HostException(String message) {
        super(message);
    }

    public HostException(String message, Throwable cause) {
        super(message, cause);
    }
}
