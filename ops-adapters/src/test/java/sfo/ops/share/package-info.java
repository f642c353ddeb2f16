/** Groups' servers with real clients, in namespaces of the test's own. */
@NullMarked
package sfo.ops.share;

import org.jspecify.annotations.NullMarked;
