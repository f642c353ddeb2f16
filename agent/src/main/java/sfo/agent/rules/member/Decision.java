package sfo.agent.rules.member;

import java.util.List;
import sfo.protocol.events.GroupEvent;

/**
 * What follows from an input.
 *
 * @param memory from now on, whether or not the events can be stored
 * @param events to be stored as a whole
 * @param acts to be done once they are stored
 */
public record Decision(Memory memory, List<GroupEvent> events, List<Act> acts) {}
