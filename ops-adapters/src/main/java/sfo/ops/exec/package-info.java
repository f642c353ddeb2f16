/** The one place that starts processes: argv lists, time limits, bounded output, no shell; daemons in sessions of their own. */
@NullMarked
package sfo.ops.exec;

import org.jspecify.annotations.NullMarked;
