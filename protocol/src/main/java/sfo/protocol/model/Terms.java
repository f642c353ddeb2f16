package sfo.protocol.model;

import java.util.List;
import java.util.Optional;

/** Who votes on a group's claims beside its members, and how long its holder passes frames without their word. */
public record Terms(List<String> witnesses, Optional<Lease> lease) {}
