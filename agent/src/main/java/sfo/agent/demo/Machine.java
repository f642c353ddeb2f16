package sfo.agent.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;

/** What this machine can do for a lab in namespaces, and how what it lacks is got. */
public final class Machine {
    private static final Exec EXEC = new Exec();

    /** Debian's names of what agents and clients of such a lab run. */
    private static final List<String> PACKAGES = List.of(
            "iproute2",
            "util-linux",
            "mount",
            "procps",
            "e2fsprogs",
            "nftables",
            "qemu-utils",
            "qemu-system-common",
            "qemu-block-extra",
            "samba",
            "smbclient",
            "nfs-ganesha",
            "nfs-ganesha-vfs",
            "dbus",
            "rpcbind",
            "libnfs-utils");

    private Machine() {}

    /** Why appliances can't be made of namespaces here, whatever is installed; empty if they can. */
    public static Optional<String> noNamespaces() {
        if (!System.getProperty("os.name", "").equals("Linux")) {
            return Optional.of("this is " + System.getProperty("os.name") + ", not Linux");
        }
        try {
            Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            if (!uid.equals(0)) {
                return Optional.of("this needs root, and user " + uid + " runs it");
            }
            if (!Files.exists(Path.of("/dev/fuse"))) {
                return Optional.of("there is no /dev/fuse");
            }
            if (Exec.find("unshare").isEmpty()) {
                return Optional.of("there is no unshare");
            }
            Exec.Output output = EXEC.run(
                    Call.within(Duration.ofSeconds(10)),
                    "unshare",
                    "--mount",
                    "--net",
                    "--pid",
                    "--fork",
                    "--mount-proc",
                    "true");
            return output.ok()
                    ? Optional.empty()
                    : Optional.of(
                            "namespaces are not allowed here: " + output.err().strip());
        } catch (IOException | HostException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /** Debian packages that a lab in namespaces needs and this machine lacks. @throws IOException if it has no dpkg */
    public static List<String> missingPackages() throws IOException {
        List<String> missing = new ArrayList<>();
        for (String name : PACKAGES) {
            try {
                Exec.Output output =
                        EXEC.run(Call.within(Duration.ofSeconds(20)), "dpkg-query", "-W", "-f", "${Status}", name);
                if (!output.ok() || !output.out().equals("install ok installed")) {
                    missing.add(name);
                }
            } catch (HostException e) {
                throw new IOException("only Debian's packages are known here: " + e.getMessage(), e);
            }
        }
        return missing;
    }

    /** Installs them, after saying so. */
    static void install(List<String> packages, Consumer<String> say) throws IOException {
        List<String> argv = new ArrayList<>(List.of(
                "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends"));
        argv.addAll(packages);
        say.accept("missing packages, installed now: " + String.join(" ", argv.subList(2, argv.size())));
        try {
            EXEC.need(Call.within(Duration.ofMinutes(5)), "apt-get", "update");
            EXEC.need(Call.within(Duration.ofMinutes(15)), argv, "");
        } catch (HostException e) {
            throw new IOException(e.getMessage() + "; install them by hand, or use --mode embedded", e);
        }
    }
}
