/**
 * The decisions under random schedules: appliances, a network, mirrors, clients and operators in virtual time, all from one
 * seed; the rules are the product's own, and I1 to I4, I6 and I7 are checked.
 */
@NullMarked
package sfo.it.simulate;

import org.jspecify.annotations.NullMarked;
