package sfo.ops.share;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.exec.Exec;
import sfo.ops.share.GroupServers.Server;
import sfo.protocol.model.Share;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.SmbServer;

/**
 * The group's own Samba. Its user database and SID lie in the resource's state folder, so users and access lists are
 * the same on every host; users need an account of the same name there. A change of the shares reaches the running
 * server without a break for others; clients of a share that was removed or changed are made to connect to it again.
 * Facts: {@code running} (yes or broken), {@code config} as the server loaded it, {@code served} as it says itself.
 */
public final class SmbServerAdapter implements Adapter<SmbServer> {
    private static final int PORT = 445;
    private static final Duration GRACE = Duration.ofSeconds(2);
    private static final String CONF = "smb.conf";
    /** What the running server has loaded; differs from {@link #CONF} only while a change is under way. */
    private static final String LOADED = "smb.conf.loaded";

    private final Exec exec;
    private final GroupServers servers;
    private final SmbProbe probe;

    public SmbServerAdapter(Exec exec, GroupServers servers) {
        this.exec = exec;
        this.servers = servers;
        this.probe = new SmbProbe();
    }

    @Override
    public Class<SmbServer> kind() {
        return SmbServer.class;
    }

    @Override
    public List<Lack> lacks() {
        return Tools.lacks(Map.of("smbd", "samba", "smbcontrol", "samba-common-bin", "nsenter", "util-linux"));
    }

    @Override
    public Facts inspect(SmbServer resource, Call call) throws HostException {
        Server server = servers.server(resource.group(), "smb");
        if (servers.processes(server).isEmpty()) {
            return Facts.NOTHING;
        }
        String config = RunFiles.read(server.file(LOADED));
        if (!servers.listens(server, PORT)) {
            return Facts.of("running", "broken", "config", config);
        }
        Map<String, String> said = probe.known(resource.group(), resource.shares(), call);
        String served = said.entrySet().stream()
                .filter(e -> e.getValue().isEmpty())
                .map(Map.Entry::getKey)
                .sorted()
                .collect(Collectors.joining(" "));
        return Facts.of("running", "yes", "config", config, "served", served);
    }

    @Override
    public boolean holds(SmbServer resource, Facts facts) {
        Path folder = servers.server(resource.group(), "smb").folder();
        String all = resource.shares().stream().map(Share::name).sorted().collect(Collectors.joining(" "));
        try {
            return facts.get("running").equals("yes")
                    && facts.get("config").equals(SmbConf.render(resource, folder))
                    && facts.get("served").equals(all);
        } catch (HostException wrongResource) {
            return false;
        }
    }

    @Override
    public void apply(SmbServer resource, Call call) throws HostException {
        Server server = servers.server(resource.group(), "smb");
        String config = SmbConf.render(resource, server.folder());
        ShareFolders.require(resource.shares(), resource.mounts());
        Path state = Path.of(resource.state());
        RunFiles.folder(state.resolve("private"), "rwx------");
        RunFiles.folder(state.resolve("state"), "rwxr-xr-x");
        boolean reloaded = make(server, config, seen(resource), call);
        List<String> silent = reloaded ? silent(resource, call) : List.of();
        while (!silent.isEmpty()) {
            call.check("waiting for the SMB server of " + resource.group() + " to serve " + silent);
            RunFiles.pause();
            silent = silent(resource, call);
        }
    }

    /** Shares that the server does not know; a reload reaches it a moment after it was told. */
    private List<String> silent(SmbServer resource, Call call) throws HostException {
        return probe.known(resource.group(), resource.shares(), call).entrySet().stream()
                .filter(e -> !e.getValue().isEmpty())
                .map(e -> e.getKey() + ": " + e.getValue())
                .toList();
    }

    @Override
    public void revert(SmbServer resource, Facts before, Call call) throws HostException {
        Server server = servers.server(resource.group(), "smb");
        if (before.isNothing()) {
            servers.stop(server, GRACE, call);
        } else {
            make(server, before.get("config"), seen(resource), call);
        }
    }

    /** All volumes of the group, also those without a share yet: one that comes later costs no restart. */
    private static List<Path> seen(SmbServer resource) {
        List<Path> seen = new ArrayList<>(List.of(Path.of(resource.state())));
        resource.mounts().values().forEach(mount -> seen.add(Path.of(mount)));
        return seen;
    }

    /** The server runs with this text: changed in place if it can be (then true), started anew otherwise. */
    private boolean make(Server server, String config, List<Path> seen, Call call) throws HostException {
        String loaded = RunFiles.read(server.file(LOADED));
        Map<String, String> was = SmbConf.sections(loaded);
        Map<String, String> wanted = SmbConf.sections(config);
        boolean inPlace = servers.listens(server, PORT)
                && wanted.getOrDefault("global", "").equals(was.get("global"))
                && servers.hiddenFrom(server, seen).isEmpty();
        if (!inPlace) {
            start(server, config, seen, call);
            return false;
        }
        if (loaded.equals(config)) {
            return false;
        }
        call.progress().accept("SMB shares of " + server.group() + " change in place");
        reload(server, config, was, wanted, call);
        return true;
    }

    private void reload(Server server, String config, Map<String, String> was, Map<String, String> wanted, Call call)
            throws HostException {
        String conf = server.file(CONF).toString();
        RunFiles.write(server.file(CONF), config);
        exec.need(call, "smbcontrol", "-s", conf, "all", "reload-config");
        for (Map.Entry<String, String> share : new TreeMap<>(was).entrySet()) {
            if (!share.getValue().equals(wanted.get(share.getKey()))) {
                exec.need(call, "smbcontrol", "-s", conf, "all", "close-share", share.getKey());
            }
        }
        RunFiles.write(server.file(LOADED), config);
    }

    private void start(Server server, String config, List<Path> seen, Call call) throws HostException {
        servers.stop(server, GRACE, call);
        for (String name : List.of("lock", "cache", "pid", "ncalrpc")) {
            RunFiles.folder(server.file(name), "rwxr-xr-x");
        }
        RunFiles.write(server.file(CONF), config);
        List<String> command =
                List.of("smbd", "--foreground", "--no-process-group", "--configfile=" + server.file(CONF));
        servers.start(server, command, seen, call);
        servers.awaitListening(server, PORT, call);
        RunFiles.write(server.file(LOADED), config);
    }
}
