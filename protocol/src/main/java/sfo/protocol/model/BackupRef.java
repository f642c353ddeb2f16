package sfo.protocol.model;

import java.util.Comparator;

/**
 * Names one config backup.
 *
 * @param appliance whose configuration it is
 * @param epoch its lineage: an appliance that lost its disk begins a new one with a higher epoch
 * @param sequence grows by one with each backup of a lineage
 */
public record BackupRef(String appliance, long epoch, long sequence) implements Comparable<BackupRef> {
    private static final Comparator<BackupRef> ORDER = Comparator.comparing(BackupRef::appliance)
            .thenComparingLong(BackupRef::epoch)
            .thenComparingLong(BackupRef::sequence);

    public BackupRef {
        Names.name("appliance", appliance);
        if (epoch < 1) {
            throw new Invalid("epoch", epoch, "1 or more");
        }
        if (sequence < 1) {
            throw new Invalid("sequence", sequence, "1 or more");
        }
    }

    /** Of one appliance, the later one is the greater one. */
    @Override
    public int compareTo(BackupRef other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return appliance + "/" + sequence + " (lineage " + epoch + ")";
    }
}
