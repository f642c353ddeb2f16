package sfo.ops.share;

import java.io.IOException;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.network.Namespace;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.Share;

/**
 * Asks a group's SMB server for its shares as an anonymous client inside the group host: one connection for all of them,
 * since a stock client takes longer to start than the server.
 */
final class SmbProbe {
    private static final int PORT = 445;
    private static final String LOOPBACK = "127.0.0.1";
    private static final String NOBODY_HAS_IT = ".sfo-probe";
    /**
     * Said by a share that is there. "Access denied" is an answer too: a share for users only, or a folder that guests may
     * not enter, says it to this client, while one that is not served says "bad network name".
     */
    private static final Set<Integer> ANSWERS = Set.of(0, Smb2.NOT_FOUND, Smb2.ACCESS_DENIED);

    /** What each share said; empty if it answers. A share that guests may use is connected to, and a file looked up in it. */
    Map<String, String> ask(String group, String address, List<Share> shares, Call call) throws HostException {
        return ask(group, address, shares, true, call);
    }

    /** The same by a connection alone, which is half the work: whether the server has these shares. */
    Map<String, String> known(String group, List<Share> shares, Call call) throws HostException {
        return ask(group, LOOPBACK, shares, false, call);
    }

    private static Map<String, String> ask(String group, String address, List<Share> shares, boolean lookUp, Call call)
            throws HostException {
        Map<String, String> said = new LinkedHashMap<>();
        // loopback may always; an IPv6 address can't be reached while its interface is down
        boolean reachable = !address.contains(":");
        List<Share> open =
                shares.stream().filter(s -> reachable && s.clients().isEmpty()).toList();
        List<Share> local = shares.stream().filter(s -> !open.contains(s)).toList();
        if (!open.isEmpty()) {
            said.putAll(Namespace.of(group).call(() -> session(group, address, open, lookUp, call), call));
        }
        if (!local.isEmpty()) {
            said.putAll(Namespace.of(group).call(() -> session(group, LOOPBACK, local, lookUp, call), call));
        }
        return said;
    }

    private static Map<String, String> session(
            String group, String address, List<Share> shares, boolean lookUp, Call call) {
        Map<String, String> said = new LinkedHashMap<>();
        InetAddress server = Cidr.literal("address", address);
        try (Smb2 smb = new Smb2(
                server, PORT, (int) Math.max(1, Math.min(5000, call.left().toMillis())))) {
            for (Share share : shares) {
                int status = smb.tree(SmbConf.netbiosName(group), share.name());
                if (lookUp && status == 0) {
                    status = smb.lookUp(NOBODY_HAS_IT);
                }
                said.put(share.name(), ANSWERS.contains(status) ? "" : Smb2.words(status));
            }
        } catch (IOException e) {
            shares.forEach(share -> said.putIfAbsent(share.name(), "no answer: " + e.getMessage()));
        }
        return said;
    }
}
