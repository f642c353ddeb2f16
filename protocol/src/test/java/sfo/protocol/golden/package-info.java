/** What is stored and sent, as files that are read for ever. */
@NullMarked
package sfo.protocol.golden;

import org.jspecify.annotations.NullMarked;
