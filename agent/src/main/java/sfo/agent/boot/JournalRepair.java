package sfo.agent.boot;

import java.nio.file.Path;
import java.time.Instant;

/**
 * The journal was damaged and was repaired: events may be missing. Stays until an operator has seen to it: until then
 * open sagas need attention, and this appliance abstains from confirming claims.
 *
 * @param copy the journal as it was found
 * @param found what LevelDB said
 */
public record JournalRepair(Instant at, Path copy, String found) {}
