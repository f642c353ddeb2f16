package sfo.agent.rules.member;

import java.util.List;
import java.util.Optional;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Reason;

/**
 * What a failover would meet.
 *
 * @param group the newest definition known, here or in the failed appliance's backup
 * @param dossier empty where nobody's death was to be proved
 */
public record Assessment(GroupDefinition group, String from, List<Reason> reasons, Optional<DossierView> dossier) {}
