package sfo.protocol.peer;

/** A message between agents. */
public interface PeerMessage {}
