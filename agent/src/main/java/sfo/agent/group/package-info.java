/** One GroupMember per group: definition, claims, heartbeats; stands by or holds. One keeper for the mirrors. */
@NullMarked
package sfo.agent.group;

import org.jspecify.annotations.NullMarked;
