/** What the scenarios are played on: sites of agents that are processes of their own. */
@NullMarked
package sfo.it.harness;

import org.jspecify.annotations.NullMarked;
