@NullMarked
package sfo.ops.iscsi;

import org.jspecify.annotations.NullMarked;
