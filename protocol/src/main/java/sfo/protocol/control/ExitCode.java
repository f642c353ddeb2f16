package sfo.protocol.control;

/** What {@code sfo} ends with. */
public enum ExitCode {
    DONE(0),
    USAGE(2),
    /** refused, nothing touched */
    REFUSED(3),
    /** failed and fully rolled back */
    ROLLED_BACK(4),
    NEEDS_ATTENTION(5),
    NO_AGENT(6),
    /** another operation is under way, or another claim came first */
    BUSY(7);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }
}
