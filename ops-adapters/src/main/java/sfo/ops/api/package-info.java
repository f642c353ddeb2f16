/** What an adapter is: inspect, apply, revert, each idempotent and bounded in time. Knows the protocol's plan; no actors. */
@NullMarked
package sfo.ops.api;

import org.jspecify.annotations.NullMarked;
