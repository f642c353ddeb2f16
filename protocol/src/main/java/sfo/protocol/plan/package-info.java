/** A plan as data: resources ("make X so"), steps, facts, and the plan's hash. */
@NullMarked
package sfo.protocol.plan;

import org.jspecify.annotations.NullMarked;
