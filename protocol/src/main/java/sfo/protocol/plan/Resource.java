package sfo.protocol.plan;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import sfo.protocol.model.Claim;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Share;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;

/**
 * Something that a step makes so on one host ("make X so", never "toggle X"). An adapter per kind inspects, applies and
 * reverts it. Stored in the journal: append-only.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Resource.PrimaryVolume.class, name = "primary-volume"),
    @JsonSubTypes.Type(value = Resource.MirroredVolume.class, name = "mirrored-volume"),
    @JsonSubTypes.Type(value = Resource.MountedVolume.class, name = "mounted-volume"),
    @JsonSubTypes.Type(value = Resource.GroupHost.class, name = "group-host"),
    @JsonSubTypes.Type(value = Resource.ClosedInterface.class, name = "closed-interface"),
    @JsonSubTypes.Type(value = Resource.FreeAddress.class, name = "free-address"),
    @JsonSubTypes.Type(value = Resource.SmbServer.class, name = "smb-server"),
    @JsonSubTypes.Type(value = Resource.NfsServer.class, name = "nfs-server"),
    @JsonSubTypes.Type(value = Resource.AnsweringShares.class, name = "answering-shares"),
    @JsonSubTypes.Type(value = Resource.IscsiServer.class, name = "iscsi-server"),
    @JsonSubTypes.Type(value = Resource.AnsweringTargets.class, name = "answering-targets"),
    @JsonSubTypes.Type(value = Resource.IsolationLease.class, name = "isolation-lease"),
    @JsonSubTypes.Type(value = Resource.OpenInterface.class, name = "open-interface")
})
public sealed interface Resource {
    String group();

    /** What it is, for people: {@code volume tank}, {@code interface fo0}. */
    String title();

    /** Whether it only proves something: it leaves nothing on the host, so it has no pre-image and nothing to revert. */
    @JsonIgnore
    default boolean isProof() {
        return false;
    }

    /**
     * The mirror's side on this appliance is its primary under {@code claim}: no export to a former primary is left, and
     * the front device is there. Refused where the volume has seen a higher claim, or is inconsistent.
     * Its revert puts back what was before: idle, or a secondary that lost its primary (data may have been promoted).
     */
    record PrimaryVolume(String group, Volume volume, String appliance, Claim claim) implements Resource {
        @Override
        public String title() {
            return "volume " + volume.name();
        }
    }

    /**
     * A primary volume's mirror to {@code target} is replicating, with nothing to copy because both sides are equal (a
     * hand-over). Its revert ends the mirror.
     */
    record MirroredVolume(String group, Volume volume, Claim claim, Target target) implements Resource {
        @Override
        public String title() {
            return "mirror of " + volume.name() + " to " + target.host();
        }
    }

    /** The file system of a primary volume is mounted at {@code mountPoint}, and carries {@code claim} in {@code .sfo/claim}. */
    record MountedVolume(String group, Volume volume, String mountPoint, Claim claim) implements Resource {
        @Override
        public String title() {
            return "mount " + mountPoint;
        }
    }

    /** The group's own network namespace exists, with loopback alone. */
    record GroupHost(String group) implements Resource {
        @Override
        public String title() {
            return "group host " + group;
        }
    }

    /** The failover interface is in the group host with MAC, addresses and routes, and is down: not one frame leaves it. */
    record ClosedInterface(String group, FailoverInterface definition, String appliance) implements Resource {
        @Override
        public String title() {
            return "interface " + definition.slot();
        }
    }

    /** No frame passes the closed interface, either way, but while the lease runs. Its revert takes that away again. */
    record IsolationLease(String group, String slot) implements Resource {
        @Override
        public String title() {
            return "isolation lease of " + slot;
        }
    }

    /** Nobody on the wire answers for the interface's addresses (duplicate-address check). Nothing to revert. */
    record FreeAddress(String group, FailoverInterface definition, String appliance) implements Resource {
        @Override
        public boolean isProof() {
            return true;
        }

        @Override
        public String title() {
            return "addresses of " + definition.slot() + " are free";
        }
    }

    /**
     * The group's own SMB server runs in the group host and serves exactly {@code shares}.
     *
     * @param mounts by volume name, where it is mounted
     * @param state folder on a travelling volume for what must travel (user database, SID)
     */
    record SmbServer(String group, List<Share> shares, Map<String, String> mounts, String state) implements Resource {
        @Override
        public String title() {
            return shares.size() + " SMB shares";
        }
    }

    /** The group's own NFS server, likewise; recovery root in {@code state}. */
    record NfsServer(String group, List<Share> shares, Map<String, String> mounts, String state) implements Resource {
        @Override
        public String title() {
            return shares.size() + " NFS exports";
        }
    }

    /**
     * The group's own iSCSI server runs in the group host and serves exactly {@code targets}, from files that are there: none
     * is made, since an empty disk in the place of a missing one would hide that.
     *
     * @param mounts by volume name, where it is mounted
     */
    record IscsiServer(String group, List<IscsiTarget> targets, Map<String, String> mounts) implements Resource {
        @Override
        public String title() {
            return targets.size() + " iSCSI targets";
        }
    }

    /** Each LUN of each target answers an initiator inside the group host, at {@code address}. Nothing to revert. */
    record AnsweringTargets(String group, List<IscsiTarget> targets, String address) implements Resource {
        @Override
        public boolean isProof() {
            return true;
        }

        @Override
        public String title() {
            return targets.size() + " iSCSI targets answer";
        }
    }

    /** Each share answers a real client inside the group host, at {@code address}. Nothing to revert. */
    record AnsweringShares(String group, List<Share> shares, String address) implements Resource {
        @Override
        public boolean isProof() {
            return true;
        }

        @Override
        public String title() {
            String kinds = shares.stream()
                    .map(share -> share.protocol().name())
                    .distinct()
                    .sorted()
                    .collect(Collectors.joining(" and "));
            return shares.size() + " " + kinds + " shares answer";
        }
    }

    /**
     * The interface is up, announced (repeatedly), and proved by an ARP to the gateway where there is one. Its revert
     * takes it down before anything else goes.
     *
     * @param connections clients' TCP connections, {@code "client:port server:port"}, reset so that they come back at once
     */
    record OpenInterface(String group, FailoverInterface definition, String appliance, List<String> connections)
            implements Resource {
        @Override
        public String title() {
            return "open " + definition.slot();
        }
    }
}
