/**
 * A group's own iSCSI server in its group host: targets made and changed on the running server, and an initiator of our own
 * that asks each LUN. Knows the adapters' contract, the protocol's plan, how servers run in a group host, and the network's
 * namespaces; nothing of the agent.
 */
@NullMarked
package sfo.ops.iscsi;

import org.jspecify.annotations.NullMarked;
