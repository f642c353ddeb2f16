package sfo.agent.rules.member;

import java.time.Instant;
import java.util.Optional;

/**
 * One appliance's part in one group, as long as its agent runs.
 *
 * @param boot this boot's identity: another one means that the host forgot what it served
 * @param repaired when this appliance's journal was repaired, if it may lack something since
 * @param incarnation unique to this run of the agent: marks on heartbeats begin with it
 */
public record Member(
        String group, String self, String boot, Optional<Instant> repaired, String incarnation, Mounts mounts) {
    /** Where a volume of a group is mounted on this host. */
    public interface Mounts {
        String of(String group, String volume);
    }
}
