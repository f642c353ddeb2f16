package sfo.ops.share;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Share;

/** Asks a group's SMB server for its shares as a stock client inside the group host: one process for all of them. */
final class SmbProbe {
    private static final String LOOPBACK = "127.0.0.1";

    private final Exec exec;

    SmbProbe(Exec exec) {
        this.exec = exec;
    }

    /**
     * What each share said; empty if it answers. A share that guests may use is connected to, and a file looked up in it.
     * "Access denied" is an answer too: a share for users only, or a folder that guests may not enter, says it to this
     * client, while one that is not served says "bad network name".
     */
    Map<String, String> ask(String group, String address, List<Share> shares, Call call) throws HostException {
        return ask(group, address, shares, "\nls .sfo-probe\n", call);
    }

    /** The same by a connection alone, which is half the work: whether the server has these shares. */
    Map<String, String> known(String group, List<Share> shares, Call call) throws HostException {
        return ask(group, LOOPBACK, shares, "\n", call);
    }

    private Map<String, String> ask(String group, String address, List<Share> shares, String then, Call call)
            throws HostException {
        Map<String, String> said = new LinkedHashMap<>();
        List<Share> open = shares.stream().filter(s -> s.clients().isEmpty()).toList();
        List<Share> limited =
                shares.stream().filter(s -> !s.clients().isEmpty()).toList();
        said.putAll(session(group, address, open, then, call));
        // this host is none of their clients, but loopback always is
        said.putAll(session(group, LOOPBACK, limited, then, call));
        return said;
    }

    private Map<String, String> session(String group, String address, List<Share> shares, String then, Call call)
            throws HostException {
        Map<String, String> said = new LinkedHashMap<>();
        if (shares.isEmpty()) {
            return said;
        }
        StringBuilder script = new StringBuilder();
        for (Share share : shares) {
            script.append("tcon ").append(share.name()).append(then);
        }
        List<String> client = List.of(
                "smbclient", "-s", "/dev/null", "-N", "-I", address, "//" + SmbConf.netbiosName(group) + "/IPC$");
        Exec.Output output = exec.run(call, GroupServers.inside(group, client), script + "exit\n");
        List<String> answers = new ArrayList<>();
        (output.out() + "\n" + output.err()).lines().forEach(line -> {
            if (line.startsWith("tcon to ") || line.startsWith("tcon failed: ")) {
                answers.add(line.startsWith("tcon to ") ? "" : line.substring("tcon failed: ".length()));
            } else if (line.startsWith("NT_STATUS_")
                    && !line.startsWith("NT_STATUS_NO_SUCH_FILE")
                    && !line.startsWith("NT_STATUS_NETWORK_NAME_DELETED")
                    && !answers.isEmpty()) {
                answers.set(answers.size() - 1, line);
            }
        });
        for (int i = 0; i < shares.size(); i++) {
            Share share = shares.get(i);
            String answer = i < answers.size() ? answers.get(i) : lastWords(output);
            said.put(share.name(), answer.startsWith("NT_STATUS_ACCESS_DENIED") ? "" : answer);
        }
        return said;
    }

    private static String lastWords(Exec.Output output) {
        String words = (output.err() + output.out()).strip();
        return words.isEmpty() ? "no answer" : words.substring(words.lastIndexOf('\n') + 1);
    }
}
