/**
 * A group's own SMB and NFS servers in its group host: rendered settings, live changes, and a real client that asks each
 * share. Knows the adapters' contract, the protocol's plan, and the network's namespaces; nothing of the agent.
 */
@NullMarked
package sfo.ops.share;

import org.jspecify.annotations.NullMarked;
