/**
 * A group's own SMB and NFS servers in its group host: rendered settings, live changes, and a real client that asks each
 * share. Knows the adapters' contract and the protocol's plan; nothing of the agent.
 */
@NullMarked
package sfo.ops.share;

import org.jspecify.annotations.NullMarked;
