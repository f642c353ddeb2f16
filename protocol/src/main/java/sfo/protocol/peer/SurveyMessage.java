package sfo.protocol.peer;

import sfo.protocol.control.Views.SurveyView;

/** What an appliance offers to a group that is being made. */
public sealed interface SurveyMessage extends PeerMessage {
    /** {@code id} comes back in the answer. */
    record AskSurvey(String from, String id) implements SurveyMessage {}

    record Survey(String from, String id, SurveyView survey) implements SurveyMessage {}
}
