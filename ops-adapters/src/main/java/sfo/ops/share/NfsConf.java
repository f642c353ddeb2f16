package sfo.ops.share;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32;
import sfo.ops.api.HostException;
import sfo.protocol.model.Share;
import sfo.protocol.plan.Resource.NfsServer;

/** Renders a group's ganesha.conf: the same text from the same server on every host. */
final class NfsConf {
    /**
     * How long a client may be silent before its NFSv4 state can be given to others, in seconds. Clients renew after two
     * thirds of it, so this is the longest break of the wire that they ride out without losing a lock.
     */
    static final int LEASE = 8;

    /**
     * How long after a start only reclaims are taken, in seconds: the lease, so that a client that is idle finds out at
     * its next renewal (at most 2/3 of the lease later), and two more to reconnect. Not shorter: an idle client would
     * come too late and lose its locks to another one. It ends early once all clients that the recovery folder knows have
     * reclaimed, at once if it knows none.
     *
     * <p>It delays opens and creates by NFSv4 clients, and nothing else: reads and writes on NFSv3 handles go on. It can
     * end early only because NFSv3 locks (NLM) are off: their clients never say that they have reclaimed all, and without
     * a status monitor whose state travels as well they would lose their locks silently at a failover. NFSv3 clients
     * mount with {@code nolock}; who needs locks takes NFSv4.
     */
    static final int GRACE = LEASE + 2;

    private static final Set<String> OPTIONS = Set.of(
            "Anonymous_Gid",
            "Anonymous_Uid",
            "Disable_ACL",
            "Manage_Gids",
            "MaxRead",
            "MaxWrite",
            "PrefRead",
            "PrefWrite",
            "PrivilegedPort",
            "Protocols",
            "Squash");

    private static final Map<String, String> SQUASH = Map.of(
            "root_squash", "Root_Squash",
            "root", "Root_Squash",
            "no_root_squash", "No_Root_Squash",
            "none", "No_Root_Squash",
            "all_squash", "All_Squash",
            "all", "All_Squash");

    private NfsConf() {}

    /**
     * Scope and owner are the group's name, not the host's: clients that reclaim on another appliance find the server
     * that they left. The file-system id is the group's and the share's, so that handles stay valid.
     */
    static String render(NfsServer server) throws HostException {
        ShareFolders.distinct(server.shares());
        StringBuilder out = new StringBuilder();
        out.append("# Made by simple-failover for group ").append(server.group());
        out.append("; changes are lost. See: sfo share\n");
        out.append("NFS_CORE_PARAM {\n    Protocols = 3, 4;\n    NFS_Port = 2049;\n    MNT_Port = 20048;\n");
        out.append("    mount_path_pseudo = true;\n    fsid_device = false;\n");
        out.append("    Enable_NLM = false;\n    Enable_RQUOTA = false;\n    Enable_UDP = Mount;\n}\n");
        out.append("NFSv4 {\n    Minor_Versions = 0, 1, 2;\n    Graceless = false;\n");
        out.append("    Lease_Lifetime = ").append(LEASE).append(";\n");
        out.append("    Grace_Period = ").append(GRACE).append(";\n");
        out.append("    Only_Numeric_Owners = true;\n");
        out.append("    Server_Scope = \"").append(server.group()).append("\";\n");
        out.append("    Server_Owner = \"").append(server.group()).append("\";\n");
        out.append("    RecoveryBackend = fs;\n");
        out.append("    RecoveryRoot = \"").append(server.state()).append("\";\n}\n");
        out.append("LOG {\n    Default_Log_Level = EVENT;\n}\n");
        List<Share> sorted =
                server.shares().stream().sorted(Comparator.comparing(Share::id)).toList();
        for (Share share : sorted) {
            export(out, server, share, ShareFolders.of(share, server.mounts()));
        }
        return out.toString();
    }

    private static void export(StringBuilder out, NfsServer server, Share share, Path path) throws HostException {
        out.append("EXPORT {\n    Export_Id = ").append(share.id()).append(";\n");
        out.append("    Filesystem_Id = ").append(fsid(server.group()));
        out.append('.').append(share.id()).append(";\n");
        out.append("    Path = \"")
                .append(ShareFolders.plain(share, "path", path.toString()))
                .append("\";\n");
        out.append("    Pseudo = \"/").append(share.name()).append("\";\n");
        out.append("    SecType = sys;\n    Transports = TCP;\n");
        TreeMap<String, String> options = new TreeMap<>(share.options());
        options.putIfAbsent("Squash", "Root_Squash");
        options.putIfAbsent("Protocols", "3, 4");
        for (Map.Entry<String, String> option : options.entrySet()) {
            ShareFolders.allowed(share, option.getKey(), OPTIONS);
            out.append("    ").append(option.getKey()).append(" = ");
            out.append(value(share, option.getKey(), option.getValue())).append(";\n");
        }
        String access = share.readOnly() ? "RO" : "RW";
        if (share.clients().isEmpty()) {
            out.append("    Access_Type = ").append(access).append(";\n");
        } else {
            out.append("    Access_Type = None;\n    CLIENT {\n        Clients = ");
            out.append(String.join(", ", ShareFolders.clients(share)));
            out.append(";\n        Access_Type = ").append(access).append(";\n    }\n");
            // nobody but the agent's own question comes by the group host's loopback
            out.append("    CLIENT {\n        Clients = 127.0.0.1;\n        Access_Type = RO;\n    }\n");
        }
        out.append("    FSAL {\n        Name = VFS;\n    }\n}\n");
    }

    private static String value(Share share, String key, String value) throws HostException {
        if (key.equals("Squash")) {
            String known = SQUASH.get(value.toLowerCase(java.util.Locale.ROOT));
            if (known == null) {
                throw new HostException("share " + share.name() + ", Squash = '" + value
                        + "': expected Root_Squash, No_Root_Squash or All_Squash");
            }
            return known;
        }
        if (key.equals("Protocols") && !value.matches("3|4|3, ?4")) {
            throw new HostException(
                    "share " + share.name() + ", Protocols = '" + value + "': expected 3, 4, or both as '3, 4'");
        }
        if (!value.matches("[A-Za-z0-9, -]{1,40}")) {
            throw new HostException(
                    "share " + share.name() + ", " + key + " = '" + value + "': expected a number or a word");
        }
        return value;
    }

    /** The group's part of its exports' file-system ids: not zero, and stable for ever. */
    static long fsid(String group) {
        CRC32 sum = new CRC32();
        sum.update(group.getBytes(StandardCharsets.UTF_8));
        return Math.max(1, sum.getValue());
    }

    /** NFSv3 where the share offers it, since NFSv4 waits for the end of grace. */
    static int probeVersion(Share share) {
        return share.options().getOrDefault("Protocols", "3").startsWith("3") ? 3 : 4;
    }
}
