/** The one JSON mapper of everything stored or shown. */
@NullMarked
package sfo.protocol.json;

import org.jspecify.annotations.NullMarked;
