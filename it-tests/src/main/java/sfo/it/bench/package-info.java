/** Figures beside their limits, from real runs on this machine: {@code it-tests/bin/bench}. */
@NullMarked
package sfo.it.bench;

import org.jspecify.annotations.NullMarked;
