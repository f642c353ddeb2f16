/** Operators' stories, told on whole appliances. */
@NullMarked
package sfo.it.scenario;

import org.jspecify.annotations.NullMarked;
