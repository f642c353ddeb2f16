/** Volumes: the block mirror on qemu-storage-daemon, and the file systems on it. */
@NullMarked
package sfo.ops.volume;

import org.jspecify.annotations.NullMarked;
