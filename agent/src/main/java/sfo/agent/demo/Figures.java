package sfo.agent.demo;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;

/**
 * What a demo measured; times in milliseconds, as the operator and the clients saw them.
 *
 * @param failoverMs from sending the command to its end
 * @param clientOutageMs from sending the command to the first good I/O of the first client, with its file still open
 * @param outageSinceCutMs the longest gap of that client around the failover: it began with the power cut
 * @param undoOutageMs the longest gap of that client around the undo
 * @param clients by client: from sending the failover to its first good I/O
 * @param undoClients by client: the longest gap around the undo
 * @param differences what was not equal to the checkpoint
 */
public record Figures(
        String mode,
        @JsonProperty("failover_ms") long failoverMs,
        @JsonProperty("client_outage_ms") long clientOutageMs,
        @JsonProperty("outage_since_cut_ms") long outageSinceCutMs,
        @JsonProperty("undo_ms") long undoMs,
        @JsonProperty("undo_outage_ms") long undoOutageMs,
        @JsonProperty("acknowledged_writes") long acknowledgedWrites,
        @JsonProperty("lost_writes") long lostWrites,
        @JsonProperty("checkpoint_equal") boolean checkpointEqual,
        @JsonProperty("clients") Map<String, Long> clients,
        @JsonProperty("undo_clients") Map<String, Long> undoClients,
        @JsonProperty("differences") List<String> differences) {

    /** Whether the demo showed what it promises. */
    @JsonIgnore
    public boolean good() {
        return lostWrites == 0 && acknowledgedWrites > 0 && checkpointEqual;
    }

    String table() {
        StringBuilder table = new StringBuilder();
        line(table, "failover, command to its end", failoverMs + " ms");
        clients.forEach((client, ms) -> line(table, "  command to first good I/O: " + client, ms + " ms"));
        line(table, "  longest gap, from the power cut on", outageSinceCutMs + " ms");
        line(table, "undo, command to its end", undoMs + " ms");
        undoClients.forEach((client, ms) -> line(table, "  longest gap: " + client, ms + " ms"));
        line(table, "writes acknowledged / lost", acknowledgedWrites + " / " + lostWrites);
        line(table, "survivor's host equal to before", checkpointEqual ? "yes" : "NO");
        return table.toString();
    }

    private static void line(StringBuilder table, String what, String value) {
        table.append(String.format("  %-62s %14s%n", what, value));
    }
}
