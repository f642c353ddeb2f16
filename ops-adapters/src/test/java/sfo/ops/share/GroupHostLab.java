package sfo.ops.share;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import sfo.ops.ThisRun;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Share;

/** A group host as the network adapters make it (its interface down), and a client on the other end of the wire. */
public final class GroupHostLab implements AutoCloseable {
    public static final String ADDRESS = "10.98.7.50";
    private static final String RUN = "sv";

    public final Exec exec = new Exec();
    public final String group;
    private final String client;

    public GroupHostLab(String kind) throws HostException {
        this.group = ThisRun.name(RUN, kind);
        this.client = ThisRun.name(RUN, kind + "-client");
        ThisRun.clearDead(RUN);
        close();
        ip("netns add sfo-" + group);
        ip("netns add " + client);
        ip("-n sfo-" + group + " link set lo up");
        ip("-n sfo-" + group + " link add fo0 type veth peer name eth0 netns " + client);
        ip("-n sfo-" + group + " addr add " + ADDRESS + "/24 dev fo0");
        ip("-n " + client + " addr add 10.98.7.1/24 dev eth0");
        ip("-n " + client + " link set eth0 up");
    }

    /** Skips the test, with the reason, where it can't run. */
    public static void assumeHost(String... tools) {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root for network namespaces");
        List<String> missing = Stream.concat(Stream.of("ip", "nsenter", "unshare"), Stream.of(tools))
                .filter(tool -> Exec.find(tool).isEmpty())
                .toList();
        assumeTrue(missing.isEmpty(), "needs " + missing);
    }

    public void open() throws HostException {
        ip("-n sfo-" + group + " link set fo0 up");
    }

    void shut() throws HostException {
        ip("-n sfo-" + group + " link set fo0 down");
    }

    /** A command of the client's, with the network that it has. */
    public List<String> atClient(String... command) {
        List<String> argv = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + client));
        argv.addAll(List.of(command));
        return argv;
    }

    public Exec.Output client(String... command) throws HostException {
        return exec.run(call(10), atClient(command), "");
    }

    /** What smbclient says to commands at one share; output and errors together. */
    String smb(String share, String user, String commands) throws HostException {
        Exec.Output output =
                client("smbclient", "-s", "/dev/null", "-U", user, "//" + ADDRESS + "/" + share, "-c", commands);
        return output.out() + output.err();
    }

    /** Processes in the group host. */
    public List<String> processes() throws HostException {
        return exec.need(call(5), "ip", "netns", "pids", "sfo-" + group).lines().toList();
    }

    private void ip(String words) throws HostException {
        List<String> argv = new ArrayList<>(List.of("ip"));
        argv.addAll(List.of(words.split(" ", -1)));
        exec.need(call(5), argv, "");
    }

    public static Call call(int seconds) {
        return Call.within(Duration.ofSeconds(seconds));
    }

    static Share share(String name, Share.Protocol protocol, int id, String path) {
        return new Share(name, protocol, "tank", path, false, true, List.of(), id, options(protocol));
    }

    private static Map<String, String> options(Share.Protocol protocol) {
        return protocol == Share.Protocol.NFS ? Map.of("Squash", "No_Root_Squash") : Map.of();
    }

    /** Guests come as nobody. */
    static void forEveryone(Path path) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
    }

    static Map<String, String> mounts(Path volume) {
        return Map.of("tank", volume.toString());
    }

    /** Ends what is left in this lab's own namespaces, and removes them. */
    @Override
    public void close() throws HostException {
        for (String name : List.of("sfo-" + group, client)) {
            ThisRun.removeNamespace(name);
        }
    }
}
