package sfo.ops.share;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import sfo.ops.api.HostException;

/**
 * What of the distribution would mount or serve, at boot, what travels: lines of fstab; and lines of the settings of
 * Samba, NFS-Ganesha, tgt and the kernel's NFS server where that service is enabled. A survivor's own shares on its own
 * services are no matter: the group's servers have a namespace of their own. Reads files only.
 */
public final class StartedAtBoot {
    /** A service by its systemd units and init scripts, with the settings that say what it serves. */
    private record Service(List<String> units, List<String> settings) {}

    private static final List<Service> SERVICES = List.of(
            new Service(List.of("smbd", "samba", "samba-ad-dc", "smb"), List.of("etc/samba/smb.conf")),
            new Service(List.of("nfs-ganesha"), List.of("etc/ganesha/ganesha.conf")),
            new Service(List.of("tgt"), List.of("etc/tgt/targets.conf", "etc/tgt/conf.d/*.conf")),
            new Service(List.of("nfs-server", "nfs-kernel-server"), List.of("etc/exports", "etc/exports.d/*.exports")));

    private final Path root;

    /** @param root of the file system to read; {@code /} but in tests */
    public StartedAtBoot(Path root) {
        this.root = root;
    }

    /**
     * Each as {@code file:line: text}, and for a service its reason {@code (smbd starts at boot: LINK)}.
     *
     * @param names of volumes, devices and mount points; one that begins with a slash also stands for what is below it
     */
    public List<String> lines(List<String> names) throws HostException {
        List<String> found = new ArrayList<>(naming("etc/fstab", names, ""));
        for (Service service : SERVICES) {
            List<String> links = enabled(service);
            if (!links.isEmpty()) {
                for (String settings : service.settings()) {
                    for (String file : files(settings)) {
                        found.addAll(naming(file, names, " (starts at boot: " + links.get(0) + ")"));
                    }
                }
            }
        }
        return found;
    }

    private List<String> enabled(Service service) throws HostException {
        List<String> links = new ArrayList<>();
        for (String unit : service.units()) {
            for (String folder : List.of("etc/systemd/system", "lib/systemd/system", "usr/lib/systemd/system")) {
                links.addAll(files(folder + "/*.{wants,requires}", unit + ".service"));
            }
            if (Files.exists(root.resolve("etc/init.d").resolve(unit)) && !onSystemd()) {
                links.addAll(files("etc/rc[2-5].d", "S[0-9][0-9]" + unit));
            }
        }
        return links.stream()
                .filter(link -> !masked(Path.of(link).getFileName().toString()))
                .toList();
    }

    private boolean onSystemd() {
        return Files.exists(root.resolve("run/systemd/system"));
    }

    private boolean masked(String unit) {
        Path file = root.resolve("etc/systemd/system").resolve(unit);
        try {
            return Files.isSymbolicLink(file)
                    && Files.readSymbolicLink(file).toString().equals("/dev/null");
        } catch (IOException e) {
            return false;
        }
    }

    private List<String> naming(String file, List<String> names, String why) throws HostException {
        List<String> found = new ArrayList<>();
        try {
            int number = 0;
            for (String line : Files.readAllLines(root.resolve(file), java.nio.charset.StandardCharsets.ISO_8859_1)) {
                number++;
                String text = line.strip();
                boolean comment = text.startsWith("#") || text.startsWith(";");
                if (!comment && names.stream().anyMatch(name -> names(text, name))) {
                    found.add("/" + file + ":" + number + ": " + text + why);
                }
            }
        } catch (NoSuchFileException e) {
            return found;
        } catch (IOException e) {
            throw new HostException("cannot read /" + file + ": " + e.getMessage(), e);
        }
        return found;
    }

    /** Whether a word of the line is the name, or a path below it. */
    private static boolean names(String line, String name) {
        for (int at = line.indexOf(name); at >= 0; at = line.indexOf(name, at + 1)) {
            boolean begins = at == 0 || " \t=\"',;".indexOf(line.charAt(at - 1)) >= 0;
            int end = at + name.length();
            String ends = name.startsWith("/") ? " \t=\"',;/" : " \t=\"',;";
            if (begins && !name.isEmpty() && (end == line.length() || ends.indexOf(line.charAt(end)) >= 0)) {
                return true;
            }
        }
        return false;
    }

    private List<String> files(String pattern) throws HostException {
        int slash = pattern.lastIndexOf('/');
        return files(pattern.substring(0, slash), pattern.substring(slash + 1));
    }

    /** Files below the root by a pattern of folders' names (its last part may be one) and of their own. */
    private List<String> files(String folder, String name) throws HostException {
        List<String> found = new ArrayList<>();
        Path pattern = Path.of(folder);
        Path parent = root.resolve(
                pattern.getParent() == null ? "" : pattern.getParent().toString());
        try (DirectoryStream<Path> folders =
                Files.newDirectoryStream(parent, pattern.getFileName().toString())) {
            for (Path one : folders) {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(one, name)) {
                    files.forEach(file -> found.add(root.relativize(file).toString()));
                } catch (NotDirectoryException file) {
                    // only folders of links are looked for
                }
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            return found;
        } catch (IOException e) {
            throw new HostException("cannot read " + parent + ": " + e.getMessage(), e);
        }
        return found;
    }
}
