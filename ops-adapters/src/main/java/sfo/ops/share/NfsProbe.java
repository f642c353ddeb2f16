package sfo.ops.share;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Share;

/** Asks a group's NFS server for its exports as a stock client inside the group host: a few processes at a time. */
final class NfsProbe {
    private static final int AT_ONCE = 4;
    private static final String NOBODY_HAS_IT = ".sfo-probe";

    private final Exec exec;

    NfsProbe(Exec exec) {
        this.exec = exec;
    }

    /**
     * What each export said; empty if it answers: it is mounted, and a name that is not there looked up in it, which
     * costs the same in a folder of a million files. An IPv6 address, which the client can't spell, is replaced by
     * loopback.
     */
    Map<String, String> ask(String group, String address, List<Share> shares, Call call) throws HostException {
        ExecutorService few = Executors.newFixedThreadPool(AT_ONCE, work -> {
            Thread thread = new Thread(work, "nfs-probe");
            thread.setDaemon(true);
            return thread;
        });
        try {
            Map<String, Future<String>> asked = new LinkedHashMap<>();
            for (Share share : shares) {
                boolean local = !share.clients().isEmpty() || address.contains(":");
                String from = local ? "127.0.0.1" : address;
                asked.put(share.name(), few.submit(() -> askOne(group, from, share, call)));
            }
            Map<String, String> said = new LinkedHashMap<>();
            for (Map.Entry<String, Future<String>> one : asked.entrySet()) {
                said.put(one.getKey(), one.getValue().get());
            }
            return said;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HostException("interrupted while asking NFS exports", e);
        } catch (ExecutionException e) {
            throw new HostException("asking NFS exports: " + e.getMessage(), e);
        } finally {
            few.shutdownNow();
        }
    }

    private String askOne(String group, String address, Share share, Call call) throws HostException {
        List<String> client = new ArrayList<>(List.of("nfs-cat"));
        client.add("nfs://" + address + "/" + share.name() + "/" + NOBODY_HAS_IT + "?version="
                + NfsConf.probeVersion(share));
        Exec.Output output = exec.run(call, GroupServers.inside(group, client), "");
        String words = output.err().strip();
        boolean mounted = output.ok()
                || (words.contains("Failed to open file")
                        && words.matches("(?s).*NFS[34]ERR_(NOENT|GRACE|ACCES|ACCESS|PERM).*"));
        return mounted
                ? ""
                : words.isEmpty() ? "no answer" : words.lines().findFirst().orElse(words);
    }
}
