/**
 * The network of a group: its own namespace (the group host), the failover interface in it, and what is seen on the wire.
 * Everything is done by {@code ip -j} and {@code ip -batch}, and by packet sockets (JNA).
 *
 * <p>JNA unpacks a native library into {@code java.io.tmpdir}, which fails where that is mounted noexec. Before anything
 * of this package is used, main sets {@code jna.tmpdir} to a folder of the agent's own that allows execution; or it ships
 * {@code libjnidispatch.so} and sets {@code jna.boot.library.path} to its folder and {@code jna.nounpack} to {@code true}.
 * {@link sfo.ops.network.Network#lacks} says so if it can't be loaded.
 *
 * <p>Namespaces are named (below {@code /var/run/netns}), so the agent must share the host's mount namespace: no
 * {@code PrivateMounts}, {@code PrivateTmp} or {@code ProtectSystem} in its unit.
 */
@NullMarked
package sfo.ops.network;

import org.jspecify.annotations.NullMarked;
