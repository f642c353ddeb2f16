package sfo.protocol.model;

import java.net.InetAddress;

/** A route of the group host: {@code to} (a network; 0.0.0.0/0 is written as a gateway instead) by way of {@code via}. */
public record Route(Cidr to, InetAddress via) {}
