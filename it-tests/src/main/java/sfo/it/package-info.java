/** Agents as real processes, each on a loopback address of its own. */
@NullMarked
package sfo.it;

import org.jspecify.annotations.NullMarked;
