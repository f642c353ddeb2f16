package sfo.ops.share;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.ops.network.Namespace;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.Share;

/**
 * Asks a group's NFS server for its exports as a client inside the group host does: the port mapper, then a mount of
 * each, then a name looked up in it, which costs the same in a folder of a million files. Over three connections for all
 * of them, since a process for each took 3 s for 1,000. NFSv3, which leaves no trace at the server; an export of NFSv4
 * alone is asked by libnfs, whose trace delays opens at the next start if that comes within a lease.
 */
final class NfsProbe {
    private static final int PORT_MAPPER = 100000;
    private static final int NFS = 100003;
    private static final int MOUNT = 100005;
    private static final int TCP = 6;
    private static final String LOOPBACK = "127.0.0.1";
    private static final String NOBODY_HAS_IT = ".sfo-probe";
    /** Found, not permitted, not found, no access: all are said by a file system that is there. */
    private static final Set<Integer> ANSWERS = Set.of(0, 1, 2, 13);

    private final Exec exec;

    NfsProbe(Exec exec) {
        this.exec = exec;
    }

    /**
     * What each export said; empty if it answers. An export for some clients only is asked by loopback, which always may;
     * so is everything where the address is an IPv6 one, which can't be reached while its interface is down.
     */
    Map<String, String> ask(String group, String address, List<Share> shares, Call call) throws HostException {
        Map<String, String> said = new LinkedHashMap<>();
        List<Share> open = new ArrayList<>();
        List<Share> local = new ArrayList<>();
        for (Share share : shares) {
            if (NfsConf.probeVersion(share) == 4) {
                said.put(share.name(), askByProcess(group, share, call));
            } else if (share.clients().isEmpty() && !address.contains(":")) {
                open.add(share);
            } else {
                local.add(share);
            }
        }
        if (!open.isEmpty()) {
            said.putAll(Namespace.of(group).call(() -> session(address, open, call), call));
        }
        if (!local.isEmpty()) {
            said.putAll(Namespace.of(group).call(() -> session(LOOPBACK, local, call), call));
        }
        return said;
    }

    private static Map<String, String> session(String address, List<Share> shares, Call call) {
        Map<String, String> said = new LinkedHashMap<>();
        InetAddress server = Cidr.literal("address", address);
        try (Rpc mapper = new Rpc(server, 111, millis(call));
                Rpc mount = new Rpc(server, port(mapper, MOUNT), millis(call));
                Rpc nfs = new Rpc(server, port(mapper, NFS), millis(call))) {
            for (Share share : shares) {
                said.put(share.name(), askOne(mount, nfs, "/" + share.name()));
            }
        } catch (IOException e) {
            shares.forEach(share -> said.putIfAbsent(share.name(), "no answer: " + e.getMessage()));
        }
        return said;
    }

    private static int port(Rpc mapper, int program) throws IOException {
        Rpc.Xdr asked = new Rpc.Xdr().number(program).number(3).number(TCP).number(0);
        int port = mapper.call(PORT_MAPPER, 2, 3, asked).getInt();
        if (port < 1 || port > 65535) {
            throw new IOException("the port mapper does not know program " + program);
        }
        return port;
    }

    private static String askOne(Rpc mount, Rpc nfs, String path) throws IOException {
        Rpc.Xdr folder = new Rpc.Xdr().text(path);
        ByteBuffer mounted = mount.call(MOUNT, 3, 1, folder);
        int refused = mounted.getInt();
        if (refused != 0) {
            return refused == 13 ? "not exported to this client (MNT3ERR_ACCES)" : "mount status " + refused;
        }
        byte[] handle = Rpc.opaque(mounted);
        // as every client does after a mount
        int status = nfs.call(NFS, 3, 19, new Rpc.Xdr().opaque(handle)).getInt();
        if (status == 0) {
            Rpc.Xdr name = new Rpc.Xdr().opaque(handle).text(NOBODY_HAS_IT);
            status = nfs.call(NFS, 3, 3, name).getInt();
        }
        mount.call(MOUNT, 3, 3, folder);
        if (ANSWERS.contains(status)) {
            return "";
        }
        return status == 70 ? "its folder is gone (NFS3ERR_STALE)" : "NFSv3 status " + status;
    }

    private static int millis(Call call) {
        return (int) Math.max(1, Math.min(2000, call.left().toMillis()));
    }

    private String askByProcess(String group, Share share, Call call) throws HostException {
        String url = "nfs://" + LOOPBACK + "/" + share.name() + "/" + NOBODY_HAS_IT + "?version=4";
        Exec.Output output = exec.run(call, GroupServers.inside(group, List.of("nfs-cat", url)), "");
        String words = output.err().strip();
        boolean mounted = output.ok()
                || (words.contains("Failed to open file")
                        && words.matches("(?s).*NFS4ERR_(NOENT|GRACE|ACCESS|PERM).*"));
        return mounted
                ? ""
                : words.isEmpty() ? "no answer" : words.lines().findFirst().orElse(words);
    }
}
