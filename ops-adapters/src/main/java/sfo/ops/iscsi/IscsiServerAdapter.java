package sfo.ops.iscsi;

import com.fasterxml.jackson.core.type.TypeReference;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.iscsi.ServedTarget.Disk;
import sfo.ops.share.GroupServers;
import sfo.ops.share.GroupServers.Server;
import sfo.ops.share.RunFiles;
import sfo.ops.share.Tools;
import sfo.protocol.json.Json;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.IscsiServer;

/**
 * The group's own tgtd. Disks are opened for synchronous writes and say that they have no write cache: what is acknowledged
 * is on the volume, on both sides of its mirror, whether the initiator flushes or not. Targets change on the running server;
 * initiators of others notice nothing. Nothing is kept beside the server: what it serves is what it says.
 * Facts: {@code running} (yes or broken), {@code targets} as it says itself, with the sizes of their files.
 */
public final class IscsiServerAdapter implements Adapter<IscsiServer> {
    static final int PORT = 3260;
    /** Of each disk, for requests at once; the default of 16 makes 1,600 threads of 100 LUNs. */
    private static final String THREADS = "8";
    /** It ignores the wish to end while it has targets, and holds nothing that is not on the volume. */
    private static final Duration GRACE = Duration.ZERO;

    private final GroupServers servers;

    public IscsiServerAdapter(GroupServers servers) {
        this.servers = servers;
    }

    @Override
    public Class<IscsiServer> kind() {
        return IscsiServer.class;
    }

    @Override
    public List<Lack> lacks() {
        return Tools.lacks(Map.of("tgtd", "tgt", "nsenter", "util-linux", "fallocate", "util-linux"));
    }

    private Server server(IscsiServer resource) {
        return servers.server(resource.group(), "iscsi");
    }

    /** tgtd adds the number of its control port. */
    private static TgtControl control(Server server) {
        return new TgtControl(server.file("control.0"));
    }

    @Override
    public Facts inspect(IscsiServer resource, Call call) throws HostException {
        Server server = server(resource);
        if (servers.processes(server).isEmpty()) {
            return Facts.NOTHING;
        }
        TgtControl control = control(server);
        if (!servers.listens(server, PORT) || !control.isReady(call)) {
            return Facts.of("running", "broken");
        }
        return Facts.of("running", "yes", "targets", text(ServedTarget.parse(control.targets(call))));
    }

    @Override
    public boolean holds(IscsiServer resource, Facts facts) {
        try {
            return facts.get("running").equals("yes") && facts.get("targets").equals(text(wanted(resource)));
        } catch (HostException wrongResource) {
            return false;
        }
    }

    private static List<ServedTarget> wanted(IscsiServer resource) throws HostException {
        List<ServedTarget> wanted = new ArrayList<>();
        for (IscsiTarget target : resource.targets()) {
            wanted.add(ServedTarget.of(target, resource.mounts()));
        }
        return wanted;
    }

    private static String text(List<ServedTarget> targets) {
        return Json.text(targets.stream()
                .sorted(Comparator.comparingInt(ServedTarget::id))
                .toList());
    }

    private static List<ServedTarget> read(String text) throws HostException {
        try {
            return Json.MAPPER.readValue(text, new TypeReference<List<ServedTarget>>() {});
        } catch (IOException e) {
            throw new HostException("a checkpoint of iSCSI targets can't be read: " + e.getMessage(), e);
        }
    }

    @Override
    public void apply(IscsiServer resource, Call call) throws HostException {
        for (IscsiTarget target : resource.targets()) {
            for (Lun lun : target.luns()) {
                AllocatedFiles.need(ServedTarget.file(target, lun, resource.mounts()), lun);
            }
        }
        make(resource, wanted(resource), call);
    }

    @Override
    public void revert(IscsiServer resource, Facts before, Call call) throws HostException {
        if (before.isNothing()) {
            servers.stop(server(resource), GRACE, call);
        } else {
            make(resource, before.get("running").equals("yes") ? read(before.get("targets")) : List.of(), call);
        }
    }

    /** The server runs with these targets: changed in place if it can be, started anew otherwise. */
    private void make(IscsiServer resource, List<ServedTarget> wanted, Call call) throws HostException {
        Server server = server(resource);
        TgtControl control = control(server);
        List<Path> seen = resource.mounts().values().stream().map(Path::of).toList();
        boolean inPlace = servers.listens(server, PORT)
                && control.isReady(call)
                && servers.hiddenFrom(server, seen).isEmpty();
        if (!inPlace) {
            start(server, control, seen, call);
        }
        try {
            change(control, wanted, call);
        } catch (HostException e) {
            throw new HostException(e.getMessage() + "; it says: " + RunFiles.tail(server.file("output.log")), e);
        }
    }

    private void start(Server server, TgtControl control, List<Path> seen, Call call) throws HostException {
        servers.stop(server, GRACE, call);
        // a socket of its own: another tgtd, of the host or of another group, is not disturbed and can't be met by it
        String socket = "TGT_IPC_SOCKET=" + server.file("control");
        servers.start(server, List.of("env", socket, "tgtd", "--foreground", "--nr_iothreads", THREADS), seen, call);
        servers.awaitListening(server, PORT, call);
        while (!control.isReady(call)) {
            call.check("waiting for the iSCSI server of " + server.group() + " to take orders: "
                    + RunFiles.tail(server.file("output.log")));
            RunFiles.pause();
        }
    }

    private static void change(TgtControl control, List<ServedTarget> wanted, Call call) throws HostException {
        Map<Integer, ServedTarget> there = new TreeMap<>();
        String shown = control.targets(call);
        for (ServedTarget target : ServedTarget.parse(shown)) {
            if (wanted.stream().anyMatch(w -> isSame(w, target))) {
                there.put(target.id(), target);
            } else {
                control.deleteTarget(target.id(), call);
            }
        }
        for (ServedTarget target : wanted) {
            ServedTarget now = there.get(target.id());
            if (now == null) {
                control.newTarget(target.id(), target.iqn(), call);
                now = new ServedTarget(target.id(), target.iqn(), new TreeMap<>(), new TreeSet<>());
            }
            change(control, now, target, call);
            if (!now.access().isEmpty() && !now.access().equals(target.access())) {
                logOut(control, target, shown, call);
            }
        }
    }

    private static boolean isSame(ServedTarget one, ServedTarget other) {
        return one.id() == other.id() && one.iqn().equals(other.iqn());
    }

    /** Who may come is said last: nobody meets a target without all of its disks. */
    private static void change(TgtControl control, ServedTarget from, ServedTarget to, Call call) throws HostException {
        int id = to.id();
        for (String who : from.access()) {
            if (!to.access().contains(who)) {
                control.forbid(id, who, call);
            }
        }
        for (Map.Entry<Integer, Disk> disk : from.disks().entrySet()) {
            if (!disk.getValue().equals(to.disks().get(disk.getKey()))) {
                control.deleteLun(id, disk.getKey(), call);
            }
        }
        for (Map.Entry<Integer, Disk> entry : to.disks().entrySet()) {
            Disk disk = entry.getValue();
            if (!disk.equals(from.disks().get(entry.getKey()))) {
                control.newLun(id, entry.getKey(), disk.path(), disk.sync(), call);
                control.updateLun(id, entry.getKey(), identity(disk), call);
            }
        }
        for (String who : to.access()) {
            if (!from.access().contains(who)) {
                control.permit(id, who, call);
            }
        }
    }

    /** By which initiators know a disk again; the same on every appliance. */
    private static String identity(Disk disk) {
        return "vendor_id=SFO,product_id=MIRRORED,scsi_id=" + disk.serial() + ",scsi_sn=" + disk.serial();
    }

    private static void logOut(TgtControl control, ServedTarget target, String shown, Call call) throws HostException {
        for (ServedTarget.Login login : ServedTarget.logins(shown)) {
            if (login.target() == target.id()) {
                control.disconnect(login.target(), login.session(), login.connection(), call);
            }
        }
    }
}
