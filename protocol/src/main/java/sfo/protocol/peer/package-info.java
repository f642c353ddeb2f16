/** What agents say to one another. Append-only, like events. */
@NullMarked
package sfo.protocol.peer;

import org.jspecify.annotations.NullMarked;
