/** Settings files to records: every rule with its error, all errors at once, each with file, line and key. */
@NullMarked
package sfo.config.load;

import org.jspecify.annotations.NullMarked;
