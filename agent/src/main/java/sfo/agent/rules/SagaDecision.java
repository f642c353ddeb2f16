package sfo.agent.rules;

import java.util.List;
import sfo.protocol.events.SagaEvent;

/**
 * What follows from an input.
 *
 * @param events to be stored as a whole
 * @param state with them
 * @param acts to be done once they are stored
 */
public record SagaDecision(List<SagaEvent> events, SagaState state, List<SagaAct> acts) {}
