package sfo.protocol.model;

/** A value from outside that breaks a rule. The message names the value and what was expected. */
public final class Invalid extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public Invalid(String what, Object value, String expected) {
        super(what + " \"" + value + "\": expected " + expected);
    }
}
