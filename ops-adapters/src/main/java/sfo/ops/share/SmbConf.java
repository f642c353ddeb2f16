package sfo.ops.share;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32;
import sfo.ops.api.HostException;
import sfo.protocol.model.Share;
import sfo.protocol.plan.Resource.SmbServer;

/** Renders a group's smb.conf: the same text from the same server on every host, but for the agent's run folder. */
final class SmbConf {
    /** Settings of a share that can't reach beyond it: no commands, no modules, no other paths. */
    private static final Set<String> OPTIONS = Set.of(
            "access based share enum",
            "browseable",
            "case sensitive",
            "comment",
            "create mask",
            "directory mask",
            "force create mode",
            "force directory mode",
            "force group",
            "force user",
            "guest only",
            "hide dot files",
            "hide unreadable",
            "hosts deny",
            "inherit acls",
            "inherit owner",
            "inherit permissions",
            "invalid users",
            "level2 oplocks",
            "map acl inherit",
            "max connections",
            "oplocks",
            "read list",
            "smb encrypt",
            "store dos attributes",
            "strict locking",
            "valid users",
            "veto files",
            "write list");

    /** Names that mean something else than a share to Samba. */
    private static final Set<String> RESERVED = Set.of("global", "homes", "printers", "ipc");

    private SmbConf() {}

    /**
     * {@code sync always}: an acknowledged write is on the mirror, also for clients that never ask for a flush; without
     * it a copied file was empty after a power cut. {@code kernel oplocks} are off since nothing on this host but this
     * server touches the folders; leases are per file and end with the session, which does not survive a failover.
     *
     * @param folder the server's own folder, for what does not outlive it
     */
    static String render(SmbServer server, Path folder) throws HostException {
        ShareFolders.distinct(server.shares());
        StringBuilder out = new StringBuilder();
        out.append("# Made by simple-failover for group ").append(server.group());
        out.append("; changes are lost. See: sfo share\n[global]\n");
        Map<String, Object> global = new LinkedHashMap<>();
        global.put("netbios name", netbiosName(server.group()));
        global.put("workgroup", "WORKGROUP");
        global.put("server role", "standalone server");
        global.put("server string", server.group());
        global.put("server min protocol", "SMB2");
        global.put("disable netbios", "yes");
        global.put("smb ports", "445");
        global.put("map to guest", "Bad User");
        global.put("sync always", "yes");
        global.put("strict sync", "yes");
        global.put("kernel oplocks", "no");
        global.put("load printers", "no");
        global.put("printcap name", "/dev/null");
        global.put("printing", "bsd");
        global.put("disable spoolss", "yes");
        global.put("usershare max shares", "0");
        global.put("private dir", server.state() + "/private");
        global.put("state directory", server.state() + "/state");
        for (String name : List.of("lock", "cache", "pid")) {
            global.put(name + " directory", folder.resolve(name));
        }
        global.put("ncalrpc dir", folder.resolve("ncalrpc"));
        global.put("log file", folder.resolve("smbd.log"));
        global.put("max log size", "4096");
        global.forEach((key, value) -> line(out, key, value));
        List<Share> sorted = server.shares().stream()
                .sorted(Comparator.comparing(Share::name))
                .toList();
        for (Share share : sorted) {
            share(out, share, ShareFolders.of(share, server.mounts()));
        }
        return out.toString();
    }

    private static void share(StringBuilder out, Share share, Path path) throws HostException {
        if (RESERVED.contains(share.name().toLowerCase(Locale.ROOT))) {
            throw new HostException("share " + share.name() + ": the name is Samba's own; choose another");
        }
        out.append("\n[").append(share.name()).append("]\n");
        line(out, "path", ShareFolders.plain(share, "path", path.toString()));
        line(out, "read only", share.readOnly() ? "yes" : "no");
        line(out, "guest ok", share.guest() ? "yes" : "no");
        if (!share.clients().isEmpty()) {
            line(out, "hosts allow", String.join(" ", ShareFolders.clients(share)));
        }
        for (Map.Entry<String, String> option : new TreeMap<>(share.options()).entrySet()) {
            ShareFolders.allowed(share, option.getKey(), OPTIONS);
            line(out, option.getKey(), ShareFolders.plain(share, option.getKey(), option.getValue()));
        }
    }

    private static void line(StringBuilder out, String key, Object value) {
        out.append("    ").append(key).append(" = ").append(value).append('\n');
    }

    /**
     * What clients know the server as, and what its SID is kept under: at most 15 of A-Z, 0-9 and {@code -}, stable per
     * group, and different for two long names that begin alike.
     */
    static String netbiosName(String group) {
        String name = group.toUpperCase(Locale.ROOT).replace('_', '-');
        if (name.length() <= 15 && name.equals(group.toUpperCase(Locale.ROOT))) {
            return name;
        }
        CRC32 sum = new CRC32();
        sum.update(group.getBytes(StandardCharsets.UTF_8));
        String tail = String.format("-%04X", sum.getValue() & 0xffff);
        return name.substring(0, Math.min(10, name.length())) + tail;
    }

    /** The sections of a rendered text by name, as text; {@code global} is one of them. */
    static Map<String, String> sections(String text) {
        Map<String, String> found = new LinkedHashMap<>();
        String name = "";
        List<String> lines = new ArrayList<>();
        for (String line : text.lines().toList()) {
            if (line.startsWith("[")) {
                found.put(name, String.join("\n", lines).strip());
                name = line.substring(1, line.length() - 1);
                lines.clear();
            } else {
                lines.add(line);
            }
        }
        found.put(name, String.join("\n", lines).strip());
        found.remove("");
        return found;
    }
}
