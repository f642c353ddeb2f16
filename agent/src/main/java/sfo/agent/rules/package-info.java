/** What is decided: pure functions on plain records. Knows no Akka, no host, no clock. The heart; read it first. */
@NullMarked
package sfo.agent.rules;

import org.jspecify.annotations.NullMarked;
