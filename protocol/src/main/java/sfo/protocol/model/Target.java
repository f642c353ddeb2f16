package sfo.protocol.model;

/** Where a secondary takes writes: host and TCP port of its export, and the export's name, which carries the claim. */
public record Target(String volume, String host, int port, String export) {}
