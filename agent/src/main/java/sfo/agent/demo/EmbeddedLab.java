package sfo.agent.demo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import sfo.agent.boot.Keys;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.embedded.EmbeddedClient;
import sfo.ops.embedded.World;
import sfo.ops.exec.Exec;
import sfo.protocol.model.Share;

/** The embedded adapters: appliances are folders of one world, their agents processes of their own. Needs no rights. */
public final class EmbeddedLab implements Lab {
    private final LabFolder folder;
    private final Programs programs;
    private final World world;
    private final Map<String, Process> agents = new HashMap<>();
    private boolean closed;

    private EmbeddedLab(LabFolder folder) throws IOException {
        this.folder = folder;
        this.programs = Programs.in(folder.path());
        this.world = World.at(folder.resolve("world"));
    }

    /**
     * Makes the world, and each appliance's keys and settings; no appliance has power yet.
     *
     * @param keep leaves the folder there when it is closed
     */
    public static EmbeddedLab make(boolean keep) throws IOException {
        LabFolder folder = LabFolder.make(keep);
        try {
            EmbeddedLab lab = new EmbeddedLab(folder);
            Keys.make(folder.resolve("keys"), APPLIANCES);
            List<Integer> ports = freePorts(4);
            AgentFiles.At a = new AgentFiles.At("127.0.0.1", ports.get(0), ports.get(1), "10.78.0.11");
            AgentFiles.At b = new AgentFiles.At("127.0.0.1", ports.get(2), ports.get(3), "10.78.0.12");
            Optional<Path> world = Optional.of(lab.world.root());
            lab.files("a").write(a, "b", b, folder.resolve("keys"), world);
            lab.files("b").write(b, "a", a, folder.resolve("keys"), world);
            return lab;
        } catch (IOException | RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /** Free a moment ago; all different. */
    private static List<Integer> freePorts(int count) throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            List<Integer> ports = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                sockets.add(socket);
                ports.add(socket.getLocalPort());
            }
            return ports;
        } finally {
            for (ServerSocket socket : sockets) {
                socket.close();
            }
        }
    }

    private AgentFiles files(String appliance) {
        if (!APPLIANCES.contains(appliance)) {
            throw new IllegalArgumentException("appliance \"" + appliance + "\": expected one of " + APPLIANCES);
        }
        Path home = folder.resolve(appliance);
        return new AgentFiles(appliance, home, home.resolve("run"));
    }

    @Override
    public Path folder() {
        return folder.path();
    }

    /** Power, cables, and who answers on the wire. */
    public World world() {
        return world;
    }

    @Override
    public String nic() {
        return "eth0";
    }

    @Override
    public synchronized void powerOn(String appliance) throws IOException {
        if (world.power(appliance).on()) {
            throw new IllegalStateException("appliance " + appliance + " has power already");
        }
        startAgent(appliance);
    }

    @Override
    public synchronized void cutPower(String appliance) throws IOException {
        world.cutPower(appliance);
        killAgent(appliance);
    }

    @Override
    public synchronized void startAgent(String appliance) throws IOException {
        if (agentRuns(appliance)) {
            throw new IllegalStateException("the agent of " + appliance + " runs already");
        }
        AgentFiles files = files(appliance);
        List<String> argv = programs.agent(Tethered.class.getName(), files.settings(), files.temporary());
        Process agent = Programs.start(argv, files.log());
        folder.owns(agent.toHandle());
        agents.put(appliance, agent);
    }

    @Override
    public synchronized void killAgent(String appliance) throws IOException {
        Process agent = agents.get(appliance);
        if (agent == null) {
            throw new IllegalStateException("the agent of " + appliance + " was never started");
        }
        agent.destroyForcibly();
        try {
            if (!agent.waitFor(10, TimeUnit.SECONDS)) {
                throw new IOException("the agent of " + appliance + " (process " + agent.pid() + ") can't be killed");
            }
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

    @Override
    public Exec.Output sfo(String appliance, Duration limit, List<String> words) throws IOException {
        try {
            return new Exec()
                    .run(Call.within(limit), programs.client(files(appliance).socket(), words), "");
        } catch (HostException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public Path socket(String appliance) {
        return files(appliance).socket();
    }

    @Override
    public List<Workload> clients() {
        return List.of(
                new EmbeddedHandle("NFS, file open since before", Share.Protocol.NFS, "n"),
                new EmbeddedHandle("SMB, file open since before", Share.Protocol.SMB, "s"));
    }

    private final class EmbeddedHandle extends RecordWriter {
        private final EmbeddedClient.Handle handle;

        EmbeddedHandle(String name, Share.Protocol protocol, String share) {
            super(name);
            this.handle = new EmbeddedClient(world).open(ADDRESS, protocol, share, "records-" + share);
        }

        @Override
        void open() {
            // the handle asks who answers at each read and write
        }

        @Override
        void write(long offset, byte[] record) throws IOException {
            handle.write(offset, record);
        }

        @Override
        byte[] read(long offset, int length) throws IOException {
            return handle.read(offset, length);
        }

        @Override
        byte[] readAll() throws IOException {
            return handle.readAll();
        }

        @Override
        public void close() {
            stop();
        }
    }

    @Override
    public NavigableMap<String, NavigableSet<String>> dump(String appliance) throws IOException {
        return HostDump.ofFolder(world.appliance(appliance));
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
        agents.values().forEach(Process::destroyForcibly);
        folder.close();
    }
}
