/** Joining a cluster, merging islands, the membership view, the hello endpoint, and the way to a peer's actors. */
@NullMarked
package sfo.agent.membership;

import org.jspecify.annotations.NullMarked;
