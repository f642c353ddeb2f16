package sfo.ops.api;

/** Something that an adapter needs and this host lacks: {@code what}, a noun, is missing; {@code mend} says how to get it. */
public record Lack(String what, String mend) {}
