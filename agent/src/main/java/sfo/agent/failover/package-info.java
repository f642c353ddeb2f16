/** The saga and the step runner: carry a plan out, forward or back. */
@NullMarked
package sfo.agent.failover;

import org.jspecify.annotations.NullMarked;
