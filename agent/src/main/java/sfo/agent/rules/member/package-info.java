/**
 * What a member of a group decides: from what it remembers, what dies with its agent, and what comes in, to what is
 * stored and what is to be done. {@link sfo.agent.rules.member.MemberRules} is the way in. Pure, like all rules.
 */
@NullMarked
package sfo.agent.rules.member;

import org.jspecify.annotations.NullMarked;
