package sfo.protocol.model;

/**
 * A holder's interface passes frames no longer than {@code seconds} after a majority of the voters, itself among them,
 * last confirmed its claim.
 */
public record Lease(int seconds) {
    private static final int SHORTEST = 4;
    private static final int LONGEST = 120;

    /** @throws Invalid unless 4 to 120: a confirmation comes each second, and a failover waits for all of it */
    public Lease {
        if (seconds < SHORTEST || seconds > LONGEST) {
            throw new Invalid("lease", seconds, SHORTEST + " to " + LONGEST + " seconds");
        }
    }
}
