/** sfo demo: two appliances and a client on this machine. */
@NullMarked
package sfo.agent.demo;

import org.jspecify.annotations.NullMarked;
