/** Failovers and undos in a row, and what they leave behind: {@code it-tests/bin/soak}. */
@NullMarked
package sfo.it.soak;

import org.jspecify.annotations.NullMarked;
