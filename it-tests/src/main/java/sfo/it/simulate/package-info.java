/**
 * The decisions under random schedules: appliances, a network, mirrors, clients and operators in virtual time, all from one
 * seed; the rules are the product's own, and every invariant is checked after every event.
 */
@NullMarked
package sfo.it.simulate;

import org.jspecify.annotations.NullMarked;
