package sfo.protocol.model;

import java.util.List;
import java.util.Optional;

/**
 * What a group is and what travels with it. Only the holder changes it; each change makes {@code version} one higher.
 *
 * @param home the appliance that it belongs to when all is well
 * @param members appliance names, two or more, in the order given at creation
 * @param lease for as long as the group is there
 */
public record GroupDefinition(
        String name,
        long version,
        String home,
        List<String> members,
        List<FailoverInterface> interfaces,
        List<Volume> volumes,
        List<Share> shares,
        Optional<Lease> lease) {
    /** Without a lease. */
    public GroupDefinition(
            String name,
            long version,
            String home,
            List<String> members,
            List<FailoverInterface> interfaces,
            List<Volume> volumes,
            List<Share> shares) {
        this(name, version, home, members, interfaces, volumes, shares, Optional.empty());
    }

    public Optional<Volume> volume(String volumeName) {
        return volumes.stream().filter(v -> v.name().equals(volumeName)).findFirst();
    }

    public GroupDefinition withVolumes(List<Volume> changed) {
        return new GroupDefinition(name, version + 1, home, members, interfaces, changed, shares, lease);
    }

    public GroupDefinition withShares(List<Share> changed) {
        return new GroupDefinition(name, version + 1, home, members, interfaces, volumes, changed, lease);
    }

    public GroupDefinition withLease(Optional<Lease> chosen) {
        return new GroupDefinition(name, version, home, members, interfaces, volumes, shares, chosen);
    }
}
