package sfo.protocol.events;

/**
 * An event of the journal. {@code ordinal} counts an entity's events from 1; a gap in the replay means that the journal
 * lost some (a flipped bit does that silently), and is fatal.
 */
public interface StoredEvent {
    long ordinal();
}
