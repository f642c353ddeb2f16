/** Failures on demand, for tests of any host. Knows the adapters' interface; no adapter. */
@NullMarked
package sfo.ops.faults;

import org.jspecify.annotations.NullMarked;
