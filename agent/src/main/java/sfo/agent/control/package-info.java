/** The control socket, the words of sfo, and how answers are rendered. */
@NullMarked
package sfo.agent.control;

import org.jspecify.annotations.NullMarked;
