package sfo.ops.network;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.ops.exec.Exec;

/** What the network adapters need of a host. */
final class Needs {
    private static final Map<Integer, String> CAPABILITIES =
            new TreeMap<>(Map.of(12, "CAP_NET_ADMIN", 13, "CAP_NET_RAW", 21, "CAP_SYS_ADMIN"));

    private final Exec exec;
    /** Found once: a kernel that has it keeps it. */
    private volatile boolean macvlan;

    Needs(Exec exec) {
        this.exec = exec;
    }

    List<Lack> lacks() {
        List<Lack> lacks = new ArrayList<>();
        boolean ip = Exec.find("ip").isPresent();
        if (!ip) {
            lacks.add(new Lack("the command ip", "apt-get install iproute2"));
        }
        BigInteger have = capabilities();
        List<String> without = CAPABILITIES.entrySet().stream()
                .filter(capability -> !have.testBit(capability.getKey()))
                .map(Map.Entry::getValue)
                .toList();
        if (!without.isEmpty()) {
            lacks.add(new Lack("the capabilities " + String.join(", ", without), "run the agent as root"));
        }
        try {
            Libc.if_nametoindex("lo");
        } catch (LinkageError e) {
            lacks.add(new Lack(
                    "JNA's native library (" + e.getMessage() + ")",
                    "start the agent with -Djna.tmpdir=FOLDER, a folder that is not mounted noexec"));
        }
        if (ip && have.testBit(12) && !macvlan) {
            macvlan(lacks);
        }
        return lacks;
    }

    /** A macvlan on loopback is always refused, but by other words where the kernel has no macvlan. */
    private void macvlan(List<Lack> lacks) {
        try {
            Exec.Output output = exec.run(
                    Call.within(Duration.ofSeconds(5)),
                    "ip",
                    "link",
                    "add",
                    "sfo-probe",
                    "link",
                    "lo",
                    "type",
                    "macvlan");
            if (output.err().contains("Unknown device type") || output.err().contains("not supported")) {
                lacks.add(new Lack("macvlan devices in the kernel", "modprobe macvlan (CONFIG_MACVLAN)"));
            } else {
                macvlan = output.err().contains("Invalid argument");
            }
        } catch (HostException e) {
            lacks.add(new Lack("an answer whether the kernel has macvlan devices (" + e.getMessage() + ")", "ip -V"));
        }
    }

    private static BigInteger capabilities() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.UTF_8).stream()
                    .filter(line -> line.startsWith("CapEff:"))
                    .map(line -> new BigInteger(line.substring(7).strip(), 16))
                    .findFirst()
                    .orElse(BigInteger.ZERO);
        } catch (IOException e) {
            return BigInteger.ZERO;
        }
    }
}
