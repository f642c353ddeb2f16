package sfo.ops.share;

import java.nio.file.Files;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Share;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.AnsweringShares;

/**
 * Asks every share as a client inside the group host, by the failover address, while its interface may still be down.
 * Facts: {@code silent}, the shares that did not answer with what was said instead.
 */
public final class AnsweringSharesAdapter implements Adapter<AnsweringShares> {
    /** A server that was just started or changed may need a moment; one that does not serve a share never will. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private static final Duration RETRY = Duration.ofMillis(50);

    private final SmbProbe smb;
    private final NfsProbe nfs;

    public AnsweringSharesAdapter(Exec exec) {
        this.smb = new SmbProbe();
        this.nfs = new NfsProbe(exec);
    }

    @Override
    public Class<AnsweringShares> kind() {
        return AnsweringShares.class;
    }

    @Override
    public List<Lack> lacks() {
        return Tools.lacks(Map.of("nfs-cat", "libnfs-utils", "nsenter", "util-linux"));
    }

    @Override
    public Facts inspect(AnsweringShares resource, Call call) throws HostException {
        if (!Files.exists(GroupServers.namespace(resource.group()))) {
            return Facts.NOTHING;
        }
        return Facts.of("silent", words(silent(resource, resource.shares(), call)));
    }

    @Override
    public boolean holds(AnsweringShares resource, Facts facts) {
        return "".equals(facts.values().get("silent"));
    }

    /** Asks again, for a moment, who did not answer. @throws HostException that names them */
    @Override
    public void apply(AnsweringShares resource, Call call) throws HostException {
        long patience = Math.min(PATIENCE.toNanos(), call.left().toNanos());
        long giveUpAt = System.nanoTime() + patience;
        Map<String, String> silent = silent(resource, resource.shares(), call);
        while (!silent.isEmpty()) {
            if (System.nanoTime() > giveUpAt) {
                throw new HostException("shares of " + resource.group() + " do not answer inside the group host at "
                        + resource.address() + ": " + words(silent) + "; see their servers' logs");
            }
            RunFiles.pause(RETRY);
            silent = silent(resource, still(resource.shares(), silent), call);
        }
    }

    private static List<Share> still(List<Share> shares, Map<String, String> silent) {
        return shares.stream().filter(share -> silent.containsKey(label(share))).toList();
    }

    /** Nothing to put back. */
    @Override
    public void revert(AnsweringShares resource, Facts before, Call call) {}

    private Map<String, String> silent(AnsweringShares resource, List<Share> shares, Call call) throws HostException {
        Map<String, String> silent = new LinkedHashMap<>();
        smb.ask(resource.group(), resource.address(), of(Share.Protocol.SMB, shares), call)
                .forEach((name, said) -> keep(silent, "SMB " + name, said));
        nfs.ask(resource.group(), resource.address(), of(Share.Protocol.NFS, shares), call)
                .forEach((name, said) -> keep(silent, "NFS " + name, said));
        return silent;
    }

    private static void keep(Map<String, String> silent, String label, String said) {
        if (!said.isEmpty()) {
            silent.put(label, said);
        }
    }

    private static String label(Share share) {
        return share.protocol() + " " + share.name();
    }

    private static List<Share> of(Share.Protocol protocol, List<Share> shares) {
        return shares.stream().filter(share -> share.protocol() == protocol).toList();
    }

    private static String words(Map<String, String> silent) {
        return silent.entrySet().stream()
                .map(one -> one.getKey() + " (" + one.getValue() + ")")
                .collect(Collectors.joining(", "));
    }
}
