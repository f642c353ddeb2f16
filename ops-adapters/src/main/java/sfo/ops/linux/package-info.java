/** The real host: every adapter of this module that works on a Linux appliance, put together. */
@NullMarked
package sfo.ops.linux;

import org.jspecify.annotations.NullMarked;
