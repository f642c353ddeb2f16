package sfo.agent.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import sfo.agent.boot.Keys;
import sfo.ops.exec.Exec;

/**
 * The real adapters, on appliances in namespaces. A switch with two bridges, front 10.77.0.0/24 and storage 10.78.0.0/24,
 * whose own addresses, .254, are the witnesses; the appliances are .11 and .12 on both, the client is .50. Needs root.
 * There may be a third one, w at .13, whose agent only votes.
 */
public final class NamespaceLab implements Lab {
    public static final String WITNESS = "w";

    /** Folders of the machine that daemons write to: each appliance has its own in their place. */
    private static final List<String> OWN = List.of(
            "/var/lib/samba",
            "/var/lib/nfs",
            "/var/lib/sfo",
            "/etc/samba",
            "/etc/ganesha",
            "/var/cache/samba",
            "/var/log/samba",
            "/var/log/ganesha",
            "/srv");

    private final LabFolder folder;
    private final List<String> all;
    private final Programs programs;
    private final Sandbox network;
    private final Sandbox client;
    private final Map<String, Sandbox> appliances = new HashMap<>();
    private final Map<String, Process> agents = new HashMap<>();
    private boolean closed;

    private NamespaceLab(LabFolder folder, List<String> all) throws IOException {
        this.folder = folder;
        this.all = all;
        this.programs = Programs.in(folder.path());
        this.network = Sandbox.start("switch", List.of(), folder.resolve("switch.log"), folder);
        network.ip("""
                link add br0 type bridge forward_delay 0 mcast_snooping 0
                link add br1 type bridge forward_delay 0 mcast_snooping 0
                addr add 10.77.0.254/24 dev br0
                addr add 10.78.0.254/24 dev br1
                link set br0 up
                link set br1 up
                """);
        this.client = Sandbox.start("client", names(), folder.resolve("client.log"), folder);
        plug("c", client, Map.of("eth0", "10.77.0.50/24"));
        Files.createDirectories(folder.resolve("client"));
    }

    /**
     * Makes the network, the client and each appliance's keys and settings; no appliance has power yet.
     *
     * @param keep leaves the folder there when it is closed
     */
    public static NamespaceLab make(boolean keep) throws IOException {
        return make(keep, APPLIANCES);
    }

    /** With {@code w}, which only votes. */
    public static NamespaceLab withWitness() throws IOException {
        return make(false, List.of("a", "b", WITNESS));
    }

    private static NamespaceLab make(boolean keep, List<String> all) throws IOException {
        LabFolder folder = LabFolder.make(keep);
        try {
            NamespaceLab lab = new NamespaceLab(folder, all);
            Keys.make(folder.resolve("keys"), all);
            for (String appliance : all) {
                Map<String, AgentFiles.At> peers = new TreeMap<>();
                all.stream().filter(peer -> !peer.equals(appliance)).forEach(peer -> peers.put(peer, lab.at(peer)));
                lab.files(appliance).write(lab.at(appliance), peers, WITNESS, folder.resolve("keys"), Optional.empty());
            }
            return lab;
        } catch (IOException | RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /**
     * Another path on each appliance of each lab: the loop devices of all of them are the machine's, and are told from one
     * another by the path of the file below them alone.
     */
    private Path run(String appliance) {
        String lab = String.valueOf(folder.path().getFileName());
        return Path.of("/run", "sfo-" + lab.substring(Math.max(0, lab.length() - 6)) + "-" + appliance);
    }

    private int number(String appliance) {
        return 11 + all.indexOf(appliance);
    }

    private AgentFiles.At at(String appliance) {
        int number = number(appliance);
        return new AgentFiles.At("10.77.0." + number, 7800, 7801, "10.78.0." + number);
    }

    private AgentFiles files(String appliance) {
        if (!all.contains(appliance)) {
            throw new IllegalArgumentException("appliance \"" + appliance + "\": expected one of " + all);
        }
        return new AgentFiles(appliance, folder.resolve(appliance), run(appliance));
    }

    /** The machine's name server is out of reach: without these, whoever looks up a name waits for it. */
    private List<String> names() throws IOException {
        Path hosts = folder.resolve("hosts");
        Files.writeString(hosts, "127.0.0.1 localhost\n10.77.0.11 a\n10.77.0.12 b\n10.77.0.50 client\n");
        Path resolver = folder.resolve("resolv.conf");
        Files.writeString(resolver, "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n");
        return List.of(hosts + ":/etc/hosts", resolver + ":/etc/resolv.conf");
    }

    /** A cable per NIC, from a port of the switch. */
    private void plug(String name, Sandbox to, Map<String, String> addresses) throws IOException {
        StringBuilder there = new StringBuilder();
        StringBuilder here = new StringBuilder();
        addresses.forEach((nic, address) -> {
            String number = nic.substring(3);
            String port = "p" + number + name;
            there.append("link add ")
                    .append(port)
                    .append(" type veth peer name ")
                    .append(nic);
            // the same after each boot, as a NIC's is
            int host = Integer.parseInt(address.substring(address.lastIndexOf('.') + 1, address.indexOf('/')));
            there.append(String.format(" address 02:5f:00:00:%02x:%02x", Integer.parseInt(number), host));
            there.append(" netns ").append(to.pid()).append('\n');
            there.append("link set ")
                    .append(port)
                    .append(" master br")
                    .append(number)
                    .append(" up\n");
            here.append("addr add ").append(address).append(" dev ").append(nic).append('\n');
            here.append("link set ").append(nic).append(" up\n");
        });
        network.ip(there.toString());
        to.ip(here.toString());
    }

    @Override
    public Path folder() {
        return folder.path();
    }

    @Override
    public String nic() {
        return "eth0";
    }

    @Override
    public synchronized void powerOn(String appliance) throws IOException {
        boot(appliance);
        startAgent(appliance);
    }

    /** Switches an appliance on, and leaves its agent to {@link #startAgent}. */
    public synchronized void boot(String appliance) throws IOException {
        AgentFiles files = files(appliance);
        Sandbox before = appliances.get(appliance);
        if (before != null && before.hasPower()) {
            throw new IllegalStateException("appliance " + appliance + " has power already");
        }
        List<String> binds = new ArrayList<>();
        for (String own : OWN) {
            if (Files.isDirectory(Path.of(own)) && !programs.needs(Path.of(own))) {
                binds.add(files.home().resolve("own" + own.replace('/', '-')) + ":" + own);
            }
        }
        binds.addAll(names());
        Sandbox sandbox = Sandbox.start(appliance, binds, files.home().resolve("boot.log"), folder);
        appliances.put(appliance, sandbox);
        int number = number(appliance);
        plug(appliance, sandbox, Map.of("eth0", "10.77.0." + number + "/24", "eth1", "10.78.0." + number + "/24"));
    }

    @Override
    public synchronized void cutPower(String appliance) throws IOException {
        // first the wire: no dying kernel says goodbye to its peers for an appliance without power
        network.ip("link set p0" + appliance + " down\nlink set p1" + appliance + " down\n");
        sandbox(appliance).cutPower();
        for (String port : List.of("p0" + appliance, "p1" + appliance)) {
            // fails where the kernel was faster
            network.run(Duration.ofSeconds(5), List.of("ip", "link", "del", port), "");
        }
    }

    @Override
    public void startAgent(String appliance) throws IOException {
        startAgent(appliance, new String[0]);
    }

    /** @param properties of its JVM, such as {@code sfo.crash=after-act:open.fo0} */
    public synchronized void startAgent(String appliance, String... properties) throws IOException {
        if (agentRuns(appliance)) {
            throw new IllegalStateException("the agent of " + appliance + " runs already");
        }
        AgentFiles files = files(appliance);
        List<String> argv = programs.agent(Programs.AGENT, files.settings(), files.temporary(), properties);
        agents.put(appliance, Programs.start(sandbox(appliance).inside(argv), files.log()));
    }

    @Override
    public synchronized void killAgent(String appliance) throws IOException {
        Process nsenter = agents.get(appliance);
        if (nsenter == null) {
            throw new IllegalStateException("the agent of " + appliance + " was never started");
        }
        try {
            // it may not have begun its child yet
            long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
            do {
                nsenter.children().forEach(ProcessHandle::destroyForcibly);
                if (System.nanoTime() > deadline) {
                    throw new IOException(
                            "the agent of " + appliance + " (child of process " + nsenter.pid() + ") can't be killed");
                }
            } while (!nsenter.waitFor(20, TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the agent of " + appliance + " was killed", e);
        }
    }

    @Override
    public synchronized boolean agentRuns(String appliance) {
        Process agent = agents.get(appliance);
        return agent != null && agent.isAlive();
    }

    /**
     * Nothing that an appliance says gets beyond its ports of the switch, and nothing gets out of them; its cables have
     * carrier, and a capture sees what it says.
     */
    public synchronized void isolate(String appliance) throws IOException {
        network.need(List.of("nft", "-f", "-"), """
                table bridge isolated {
                  chain in {
                    type filter hook prerouting priority -300; policy accept;
                    iifname { "p0APPLIANCE", "p1APPLIANCE" } drop
                  }
                  chain out {
                    type filter hook postrouting priority 300; policy accept;
                    oifname { "p0APPLIANCE", "p1APPLIANCE" } drop
                  }
                }
                """.replace("APPLIANCE", appliance));
    }

    /** It hears all, and is heard by all, again. */
    public synchronized void join() throws IOException {
        network.need(List.of("nft", "delete", "table", "bridge", "isolated"), "");
    }

    /**
     * Pulls its cables, and stops its processes where they are; but not its storage daemons: the appliances share one
     * kernel, whose writing of dirty pages would wait for a file of a stopped one, whichever appliance has it mounted.
     */
    public synchronized void freeze(String appliance) throws IOException {
        unplug(appliance);
        signal(appliance, "-STOP");
    }

    /** They go on, and the cables are in again. */
    public synchronized void thaw(String appliance) throws IOException {
        signal(appliance, "-CONT");
        Process nsenter = agents.get(appliance);
        if (nsenter != null && nsenter.isAlive()) {
            // it stops itself when its child is stopped
            Sandbox.resume(nsenter.pid());
        }
        plug(appliance);
    }

    /** Pulls all cables of an appliance that has power. */
    public synchronized void unplug(String appliance) throws IOException {
        network.ip("link set p0" + appliance + " down\nlink set p1" + appliance + " down\n");
    }

    /** Puts them in again. */
    public synchronized void plug(String appliance) throws IOException {
        network.ip("link set p0" + appliance + " up\nlink set p1" + appliance + " up\n");
    }

    private void signal(String appliance, String signal) throws IOException {
        List<String> argv = new ArrayList<>(List.of("kill", signal));
        for (String line : sandbox(appliance)
                .need(List.of("ps", "-e", "-o", "pid=,comm="), "")
                .lines()
                .toList()) {
            String[] process = line.strip().split(" +", 2);
            if (!process[0].equals("1") && !process[1].startsWith("qemu-storage")) {
                argv.add(process[0]);
            }
        }
        // ps itself is gone
        sandbox(appliance).run(Duration.ofSeconds(20), argv, "");
    }

    /** An appliance that has or had power, to run commands in. */
    public synchronized List<String> inside(String appliance, List<String> argv) {
        return sandbox(appliance).inside(argv);
    }

    private Sandbox sandbox(String appliance) {
        files(appliance);
        @Nullable Sandbox sandbox = appliances.get(appliance);
        if (sandbox == null) {
            throw new IllegalStateException("appliance " + appliance + " was never switched on");
        }
        return sandbox;
    }

    /** Begins to record frames on all ports of the switch; {@code filter} in tcpdump's words. */
    public Capture capture(String filter) throws IOException {
        return Capture.start(network, filter);
    }

    @Override
    public Exec.Output sfo(String appliance, Duration limit, List<String> words) throws IOException {
        return sandbox(appliance).run(limit, programs.client(files(appliance).socket(), words), "");
    }

    @Override
    public Path socket(String appliance) {
        // what is below /run there is its own
        Path root = Path.of("/proc", String.valueOf(sandbox(appliance).pid()), "root");
        return root.resolve(Path.of("/").relativize(files(appliance).socket()));
    }

    @Override
    public List<Workload> clients() throws IOException {
        Path files = folder.resolve("client");
        return List.of(
                new NfsHandle(client, "nfs://" + ADDRESS + "/n/records", files),
                NewConnections.smb(client, "//" + ADDRESS + "/s", files),
                NewConnections.nfs(client, "nfs://" + ADDRESS + "/n", files));
    }

    /** A client, not yet at work, that keeps one new file of that export open all the time. */
    public Workload nfsClient(String export, String file) throws IOException {
        Path files = Files.createDirectories(folder.resolve("client").resolve(export + "-" + file));
        return new NfsHandle(client, "nfs://" + ADDRESS + "/" + export + "/" + file, files);
    }

    /**
     * A client, not yet at work, that uses that disk all the time.
     *
     * @param flushes whether a write counts only once it was flushed; else as soon as the disk has said that it has it
     */
    public Workload iscsiClient(String iqn, int lun, boolean flushes) throws IOException {
        Path files = Files.createDirectories(folder.resolve("client").resolve("disk-" + lun));
        return new IscsiHandle(client, "iscsi://" + ADDRESS + "/" + iqn + "/" + lun, files, flushes);
    }

    /** A command of the clients' machine, with the network that it has. */
    public List<String> atClient(List<String> argv) {
        return client.inside(argv);
    }

    @Override
    public NavigableMap<String, NavigableSet<String>> dump(String appliance) throws IOException {
        return HostDump.of(sandbox(appliance), files(appliance).home());
    }

    @Override
    public Path log(String appliance) {
        return files(appliance).log();
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        List<Sandbox> hosts = new ArrayList<>(appliances.values());
        hosts.add(client);
        hosts.add(network);
        for (Sandbox sandbox : hosts) {
            try {
                sandbox.cutPower();
            } catch (IOException e) {
                System.err.println(e.getMessage());
            }
        }
        folder.close();
    }
}
