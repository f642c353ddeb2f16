package sfo.agent.failover;

/**
 * Where crash tests end the agent, as a power cut would: the system property {@code sfo.crash} names a point and a step,
 * {@code after-act:storage.mount.tank}, or {@code undo-after-act:…} for its inverse. Unset in production.
 */
public enum CrashPoint {
    BEFORE_INTENT("before-intent"),
    AFTER_INTENT("after-intent"),
    AFTER_ACT("after-act"),
    AFTER_SUCCESS("after-success");

    private static final String AT = System.getProperty("sfo.crash", "");

    private final String point;

    CrashPoint(String point) {
        this.point = point;
    }

    void pass(String step, boolean inverse) {
        if (!AT.isEmpty() && AT.equals((inverse ? "undo-" : "") + point + ":" + step)) {
            Runtime.getRuntime().halt(137);
        }
    }
}
