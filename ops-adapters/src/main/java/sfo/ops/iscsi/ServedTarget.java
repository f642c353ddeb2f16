package sfo.ops.iscsi;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import sfo.ops.api.HostException;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;

/**
 * A target as a server serves it on this host.
 *
 * @param disks by LUN
 * @param access who may log in, as the server's rules have it
 */
record ServedTarget(int id, String iqn, SortedMap<Integer, Disk> disks, SortedSet<String> access) {
    /** @param bytes the size of its file now; less than 0 if that is gone */
    record Disk(String path, String serial, boolean sync, long bytes) {}

    /** A connection of an initiator. */
    record Login(int target, long session, int connection) {}

    /** The group host itself, from where each target is asked; nobody else comes from there. */
    static final String INSIDE = "127.0.0.1";

    private static final String EVERYONE = "ALL";
    private static final Pattern TARGET = Pattern.compile("^Target (\\d+): (\\S+)$");
    private static final Pattern FIELD = Pattern.compile("^ +([^:]+): ?(.*)$");

    static ServedTarget of(IscsiTarget target, Map<String, String> mounts) throws HostException {
        SortedMap<Integer, Disk> disks = new TreeMap<>();
        for (Lun lun : target.luns()) {
            Path file = file(target, lun, mounts);
            disks.put(lun.number(), new Disk(file.toString(), lun.serial(), true, lun.bytes()));
        }
        SortedSet<String> access = new TreeSet<>(target.initiators());
        if (!target.clients().isEmpty()) {
            access.addAll(target.clients());
            access.add(INSIDE);
        } else if (target.initiators().isEmpty()) {
            access.add(EVERYONE);
        }
        return new ServedTarget(target.id(), target.iqn(), disks, access);
    }

    static Path file(IscsiTarget target, Lun lun, Map<String, String> mounts) throws HostException {
        String mount = mounts.get(lun.volume());
        if (mount == null) {
            throw new HostException("LUN " + lun.number() + " of target " + target.name() + " lies on volume "
                    + lun.volume() + ", which is not mounted by this plan (mounted are " + mounts.keySet()
                    + "); type: sfo target list");
        }
        return Path.of(mount, lun.path());
    }

    /** What tgtd says of all its targets, with the sizes of their files now. */
    static List<ServedTarget> parse(String shown) throws HostException {
        List<ServedTarget> targets = new ArrayList<>();
        String section = "";
        Map<String, String> lun = new TreeMap<>();
        for (String line : (shown + "\nTarget 0: end").lines().toList()) {
            Matcher target = TARGET.matcher(line);
            Matcher field = FIELD.matcher(line);
            if (target.matches() || line.startsWith("        LUN: ") || line.startsWith("    Account")) {
                keep(targets, lun);
                lun = new TreeMap<>();
            }
            if (target.matches()) {
                targets.add(new ServedTarget(
                        Integer.parseInt(target.group(1)), target.group(2), new TreeMap<>(), new TreeSet<>()));
            } else if (line.matches("    \\S.*")) {
                section = line.strip();
            } else if (section.equals("LUN information:") && field.matches()) {
                lun.put(field.group(1), field.group(2).strip());
            } else if (section.equals("ACL information:") && !line.isBlank()) {
                targets.get(targets.size() - 1).access().add(line.strip());
            }
        }
        targets.remove(targets.size() - 1);
        return targets;
    }

    private static void keep(List<ServedTarget> targets, Map<String, String> lun) throws HostException {
        // LUN 0 is tgtd's own, and no disk
        if (lun.getOrDefault("Type", "").equals("disk")) {
            String path = lun.getOrDefault("Backing store path", "");
            Disk disk = new Disk(
                    path,
                    lun.getOrDefault("SCSI SN", ""),
                    lun.getOrDefault("Backing store flags", "").contains("sync"),
                    AllocatedFiles.bytes(Path.of(path)));
            targets.get(targets.size() - 1).disks().put(Integer.parseInt(lun.getOrDefault("LUN", "0")), disk);
        }
    }

    /** Who is logged in, as tgtd says it. */
    static List<Login> logins(String shown) {
        List<Login> logins = new ArrayList<>();
        int target = 0;
        long session = 0;
        for (String line : shown.lines().toList()) {
            Matcher next = TARGET.matcher(line);
            if (next.matches()) {
                target = Integer.parseInt(next.group(1));
            } else if (line.startsWith("        I_T nexus: ")) {
                session = Long.parseLong(line.substring(line.indexOf(':') + 1).strip());
            } else if (line.startsWith("            Connection: ")) {
                logins.add(new Login(
                        target,
                        session,
                        Integer.parseInt(line.substring(line.indexOf(':') + 1).strip())));
            }
        }
        return logins;
    }
}
