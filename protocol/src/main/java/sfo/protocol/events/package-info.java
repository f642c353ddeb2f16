/** What is stored in the journal. Append-only: explicit names and versions, never renamed, one golden file per version. */
@NullMarked
package sfo.protocol.events;

import org.jspecify.annotations.NullMarked;
