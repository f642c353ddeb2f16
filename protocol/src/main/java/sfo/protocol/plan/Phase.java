package sfo.protocol.plan;

/** The phases in which a plan's steps act, in their order. */
public enum Phase {
    STORAGE,
    NETWORK,
    SERVERS,
    VERIFY,
    OPEN,
    SERVICES
}
