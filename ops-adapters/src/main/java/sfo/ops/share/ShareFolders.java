package sfo.ops.share;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import sfo.ops.api.HostException;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.Share;

/** What SMB and NFS shares have in common: where their folders are, who may come, and which sets of them make sense. */
final class ShareFolders {
    /** The folder that a share without a path serves. */
    static final String ROOT = "data";

    private ShareFolders() {}

    /** Where the share lies on this host. */
    static Path of(Share share, Map<String, String> mounts) throws HostException {
        String mount = mounts.get(share.volume());
        if (mount == null) {
            throw new HostException("share " + share.name() + " lies on volume " + share.volume()
                    + ", which is not mounted by this plan (mounted are " + mounts.keySet()
                    + "); type: sfo share show");
        }
        return Path.of(mount, share.path().isEmpty() ? ROOT : share.path());
    }

    /**
     * Makes sure that each folder is there. Only the default one is made, since no other can be missing by right: a
     * missing folder means that a volume is not what it should be, and an empty share in its place would hide that.
     */
    static void require(List<Share> shares, Map<String, String> mounts) throws HostException {
        for (Share share : shares) {
            Path folder = of(share, mounts);
            if (share.path().isEmpty() && !Files.exists(folder)) {
                try {
                    Files.createDirectory(folder);
                } catch (IOException e) {
                    throw new HostException(
                            "cannot make " + folder + " for share " + share.name() + ": " + e.getMessage(), e);
                }
            }
            if (!Files.isDirectory(folder)) {
                throw new HostException("share " + share.name() + ": " + folder
                        + " is no folder; make it (mkdir) or remove the share (sfo share remove)");
            }
        }
    }

    /** @throws HostException if two shares have one name (letters' case aside) or one id */
    static void distinct(List<Share> shares) throws HostException {
        Map<String, Share> names = new HashMap<>();
        Map<Integer, Share> ids = new HashMap<>();
        for (Share share : shares) {
            if (names.put(share.name().toLowerCase(java.util.Locale.ROOT), share) != null) {
                throw new HostException("two shares are named " + share.name() + "; rename one");
            }
            Share other = ids.put(share.id(), share);
            if (other != null) {
                throw new HostException(
                        "shares " + other.name() + " and " + share.name() + " both have id " + share.id());
            }
        }
    }

    /** @throws HostException unless each is an address or a network, as both servers understand it */
    static List<String> clients(Share share) throws HostException {
        for (String client : share.clients()) {
            try {
                if (client.contains("/")) {
                    Cidr.parse(client);
                } else {
                    Cidr.literal("client", client);
                }
            } catch (sfo.protocol.model.Invalid e) {
                throw new HostException("share " + share.name() + ", client " + client
                        + ": expected an address or a network, such as 10.0.0.7 or 10.0.0.0/24");
            }
        }
        return share.clients();
    }

    /** A value that fits on one line of either server's settings and means nothing but itself. */
    static String plain(Share share, String key, String value) throws HostException {
        if (value.isBlank()
                || !value.equals(value.strip())
                || value.chars().anyMatch(c -> c < ' ' || c == 127 || "%\\\"$`{};#".indexOf(c) >= 0)) {
            throw new HostException("share " + share.name() + ", " + key + " = '" + value
                    + "': expected text without any of % \\ \" $ ` { } ; # or control characters");
        }
        return value;
    }

    /** @throws HostException naming the option and those that are allowed, unless it is one of them */
    static void allowed(Share share, String key, java.util.Set<String> allowed) throws HostException {
        if (!allowed.contains(key)) {
            throw new HostException(
                    "share " + share.name() + ": option '" + key + "' is not one that may be set; allowed are "
                            + String.join(", ", new java.util.TreeSet<>(allowed)));
        }
    }
}
