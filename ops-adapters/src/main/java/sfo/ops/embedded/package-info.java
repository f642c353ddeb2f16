/**
 * Every adapter as files below one folder, the world, that the appliances of a demo or test share; no root, no packages.
 * The same rules as the real ones: what is refused there is refused here, and what is recorded before it acts there is
 * recorded before it acts here.
 *
 * <pre>
 * power/APPLIANCE             "on 3" or "off 3": whether it has power, and how often it was switched on
 * links/A-B, links/A-switch   there while that cable is cut
 * wire/ADDRESS/APPLIANCE      who answers for an address
 * APPLIANCE/volumes/G/V/      record.json and data/: outlive a power cut
 * APPLIANCE/run/              roles, mounts, group hosts, interfaces, servers: gone at a power cut
 * APPLIANCE/faults/KIND       makes the next act of that adapter fail, see {@link sfo.ops.faults.Faults}
 * </pre>
 *
 * Knows the adapters' contracts and the protocol; no actors.
 */
@NullMarked
package sfo.ops.embedded;

import org.jspecify.annotations.NullMarked;
