/** The control socket: frames, what is shown to operators, exit codes, and the plain client that sends words and prints what comes back. */
@NullMarked
package sfo.protocol.control;

import org.jspecify.annotations.NullMarked;
