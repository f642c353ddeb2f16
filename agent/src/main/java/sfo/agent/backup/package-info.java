/** Config backups: made, sent, received, verified, kept. */
@NullMarked
package sfo.agent.backup;

import org.jspecify.annotations.NullMarked;
