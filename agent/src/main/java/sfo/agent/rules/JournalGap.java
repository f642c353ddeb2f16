package sfo.agent.rules;

/** Events are missing from the journal: nothing that is built on it can be trusted. */
public final class JournalGap extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    private JournalGap(String message) {
        super(message);
    }

    static void check(String entity, long last, long next) {
        if (next != last + 1) {
            throw new JournalGap(
                    "the journal lost events of a " + entity + ": after event " + last + " comes event " + next);
        }
    }
}
