package sfo.protocol.model;

import java.util.Optional;

/** How a failover interface gets its MAC. {@code mac} is present exactly for {@link Kind#GIVEN} and {@link Kind#AUTOMATIC}. */
public record MacChoice(Kind kind, Optional<Mac> mac) {
    public enum Kind {
        /** locally administered, stable per group and slot, derived when the group is created */
        AUTOMATIC,
        /** by the operator */
        GIVEN,
        /** each member's own; clients learn it by gratuitous ARP */
        NONE
    }
}
