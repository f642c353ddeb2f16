package sfo.ops.share;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.exec.Exec;
import sfo.ops.share.GroupServers.Server;
import sfo.protocol.model.Share;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.NfsServer;

/**
 * The group's own NFS-Ganesha (NFSv3 and v4), with an rpcbind and a D-Bus of its own. Its recovery folder is the
 * resource's state folder, so that clients reclaim their NFSv4 opens and locks on any host. Exports change on the running
 * server: the whole file is rendered anew and read again, others are not touched. Options of a share are Ganesha's own
 * names; {@code Squash} is {@code Root_Squash} unless it says otherwise, and {@code guest} means nothing to NFS.
 * Facts: {@code running} (yes or broken), {@code config} as the server loaded it, {@code exports} as it says itself.
 */
public final class NfsServerAdapter implements Adapter<NfsServer> {
    private static final int PORT = 2049;
    /**
     * Short, since nothing is gained by waiting: what was acknowledged as stable is on the volume, what was not is sent
     * again by the clients (the next server has another write verifier), and recovery records are written as they arise.
     */
    private static final Duration GRACE = Duration.ofMillis(100);

    private static final String CONF = "ganesha.conf";
    /** What the running server has loaded; differs from {@link #CONF} only while a change is under way. */
    private static final String LOADED = "ganesha.conf.loaded";

    private static final Pattern EXPORT = Pattern.compile("uint16 (\\d+)\\s+string \"([^\"]*)\"");

    private final Exec exec;
    private final GroupServers servers;

    public NfsServerAdapter(Exec exec, GroupServers servers) {
        this.exec = exec;
        this.servers = servers;
    }

    @Override
    public Class<NfsServer> kind() {
        return NfsServer.class;
    }

    @Override
    public List<Lack> lacks() {
        return Tools.lacks(Map.of(
                "ganesha.nfsd", "nfs-ganesha nfs-ganesha-vfs",
                "rpcbind", "rpcbind",
                "dbus-daemon", "dbus-daemon",
                "dbus-send", "dbus-bin",
                "nfs-cat", "libnfs-utils",
                "nsenter", "util-linux",
                "kill", "procps",
                "chattr", "e2fsprogs"));
    }

    @Override
    public Facts inspect(NfsServer resource, Call call) throws HostException {
        Server server = servers.server(resource.group(), "nfs");
        if (servers.processes(server).isEmpty()) {
            return Facts.NOTHING;
        }
        String config = RunFiles.read(server.file(LOADED));
        Exec.Output exports = showExports(server, call);
        if (!exports.ok() || !servers.listens(server, PORT)) {
            return Facts.of("running", "broken", "config", config);
        }
        return Facts.of("running", "yes", "config", config, "exports", exports(exports.out()));
    }

    @Override
    public boolean holds(NfsServer resource, Facts facts) {
        try {
            return facts.get("running").equals("yes")
                    && facts.get("config").equals(NfsConf.render(resource))
                    && facts.get("exports").equals(wanted(resource.shares()));
        } catch (HostException wrongResource) {
            return false;
        }
    }

    @Override
    public void apply(NfsServer resource, Call call) throws HostException {
        String config = NfsConf.render(resource);
        ShareFolders.require(resource.shares(), resource.mounts());
        RunFiles.folder(Path.of(resource.state()), "rwxr-xr-x");
        make(resource, config, wanted(resource.shares()), call);
    }

    /** Records of clients are folders, which Ganesha does not sync: without this a power cut may forget the newest. */
    private void durable(Path state, Call call) throws HostException {
        Exec.Output durable = exec.run(call, "chattr", "+D", state.toString());
        if (!durable.ok()) {
            call.progress()
                    .accept("no synchronous folders on " + state + ": "
                            + durable.err().strip());
        }
    }

    @Override
    public void revert(NfsServer resource, Facts before, Call call) throws HostException {
        if (before.isNothing()) {
            servers.stop(servers.server(resource.group(), "nfs"), GRACE, call);
        } else {
            make(resource, before.get("config"), before.get("exports"), call);
        }
    }

    /** All volumes of the group, also those without a share yet: one that comes later costs no restart. */
    private static List<Path> seen(NfsServer resource) {
        List<Path> seen = new ArrayList<>(List.of(Path.of(resource.state())));
        resource.mounts().values().forEach(mount -> seen.add(Path.of(mount)));
        return seen;
    }

    /** The server runs with this text and says these exports: changed in place if it can be, started anew otherwise. */
    private void make(NfsServer resource, String config, String exports, Call call) throws HostException {
        Server server = servers.server(resource.group(), "nfs");
        List<Path> seen = seen(resource);
        String loaded = RunFiles.read(server.file(LOADED));
        boolean inPlace = servers.listens(server, PORT)
                && global(loaded).equals(global(config))
                && showExports(server, call).ok()
                && servers.hiddenFrom(server, seen).isEmpty();
        if (!inPlace) {
            start(resource, server, config, seen, call);
        } else if (!loaded.equals(config)) {
            call.progress().accept("NFS exports of " + server.group() + " change in place");
            reload(server, config, call);
        }
        awaitExports(server, exports, call);
        RunFiles.write(server.file(LOADED), config);
    }

    private void awaitExports(Server server, String exports, Call call) throws HostException {
        String said = exports(showExports(server, call).out());
        while (!said.equals(exports) && !exports.isEmpty()) {
            call.check("waiting for the NFS server of " + server.group() + " to serve '" + exports + "', it serves '"
                    + said + "': " + RunFiles.tail(server.file("ganesha.log")));
            RunFiles.pause();
            said = exports(showExports(server, call).out());
        }
    }

    /** Exports that were added over D-Bus would be lost by this; so all of them are in the file. */
    private void reload(Server server, String config, Call call) throws HostException {
        Path log = server.file("ganesha.log");
        int read = RunFiles.read(log).length();
        RunFiles.write(server.file(CONF), config);
        for (ProcessHandle process : servers.processes(server)) {
            if (RunFiles.read(Path.of("/proc/" + process.pid() + "/comm")).startsWith("ganesha")) {
                exec.need(call, "kill", "-HUP", Long.toString(process.pid()));
            }
        }
        String news = "";
        while (!news.contains("Reread exports complete")) {
            if (news.contains("Error while parsing")) {
                throw new HostException("the NFS server of " + server.group() + " refuses its exports: " + news);
            }
            call.check("waiting for the NFS server of " + server.group() + " to read its exports again");
            RunFiles.pause();
            String text = RunFiles.read(log);
            news = text.substring(Math.min(read, text.length()));
        }
    }

    private void start(NfsServer resource, Server server, String config, List<Path> seen, Call call)
            throws HostException {
        servers.stop(server, GRACE, call);
        RunFiles.write(server.file(CONF), config);
        RunFiles.write(server.file("dbus.conf"), bus(server));
        String script = servers.script("nfs-server.sh", server).toString();
        servers.start(server, List.of("/bin/sh", script, server.folder().toString()), seen, call);
        durable(Path.of(resource.state()), call);
        servers.awaitListening(server, PORT, call);
    }

    private Exec.Output showExports(Server server, Call call) throws HostException {
        return exec.run(
                call,
                "dbus-send",
                "--bus=unix:path=" + server.file("dbus.sock"),
                "--print-reply",
                "--reply-timeout=2000",
                "--dest=org.ganesha.nfsd",
                "/org/ganesha/nfsd/ExportMgr",
                "org.ganesha.nfsd.exportmgr.ShowExports");
    }

    /** Ids and pseudo paths, sorted; without the root, which is Ganesha's own. */
    static String exports(String reply) {
        return EXPORT
                .matcher(reply)
                .results()
                .filter(export -> !export.group(1).equals("0"))
                .map((MatchResult export) -> export.group(1) + export.group(2))
                .collect(Collectors.toCollection(TreeSet::new))
                .stream()
                .collect(Collectors.joining(" "));
    }

    private static String wanted(List<Share> shares) {
        return shares.stream()
                .map(share -> share.id() + "/" + share.name())
                .collect(Collectors.toCollection(TreeSet::new))
                .stream()
                .collect(Collectors.joining(" "));
    }

    private static String global(String config) {
        int exports = config.indexOf("EXPORT {");
        return exports < 0 ? config : config.substring(0, exports);
    }

    /** A bus for root alone, by its socket's folder and by rule. */
    private static String bus(Server server) {
        return """
                <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
                 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
                <busconfig>
                  <type>custom</type>
                  <listen>unix:path=%s</listen>
                  <auth>EXTERNAL</auth>
                  <policy context="default">
                    <deny own="*"/>
                    <deny send_type="method_call"/>
                  </policy>
                  <policy user="root">
                    <allow own="*"/>
                    <allow send_type="method_call"/>
                    <allow send_destination="*"/>
                    <allow receive_sender="*"/>
                  </policy>
                </busconfig>
                """.formatted(server.file("dbus.sock"));
    }
}
