package sfo.agent.failover;

import akka.actor.typed.BackoffSupervisorStrategy;
import akka.actor.typed.SupervisorStrategy;
import java.time.Duration;

/** How actors that store events go on when the journal took one badly: a full disk is freed, a slow one recovers. */
public final class Retry {
    private static final Duration FIRST = Duration.ofMillis(200);
    private static final Duration AT_MOST = Duration.ofSeconds(10);

    private Retry() {}

    /** Reads its journal anew, which says what was stored; what it started goes on meanwhile. */
    public static BackoffSupervisorStrategy ofJournal() {
        return SupervisorStrategy.restartWithBackoff(FIRST, AT_MOST, 0.1).withStopChildren(false);
    }
}
