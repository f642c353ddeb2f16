/** Main, the checks before the start, the guardian. */
@NullMarked
package sfo.agent.boot;

import org.jspecify.annotations.NullMarked;
