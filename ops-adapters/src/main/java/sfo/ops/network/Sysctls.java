package sfo.ops.network;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;

/** Kernel settings of a device ({@code ipv4/NAME} and {@code ipv6/NAME}), read and written inside its namespace. */
final class Sysctls {
    private static final Path FOLDER = Path.of("/proc/sys/net");

    /** Nothing is sent or configured by the kernel alone; no answer for addresses of other interfaces (ARP flux). */
    private static final Map<String, String> QUIET = Map.of(
            "ipv4/arp_ignore", "1",
            "ipv4/arp_announce", "2",
            "ipv4/arp_notify", "0",
            "ipv6/addr_gen_mode", "1",
            "ipv6/accept_ra", "0",
            "ipv6/autoconf", "0",
            "ipv6/accept_dad", "0",
            "ipv6/router_solicitations", "0",
            "ipv6/ndisc_notify", "0",
            "ipv6/keep_addr_on_down", "1");

    private Sysctls() {}

    static Map<String, String> quiet(boolean v6) {
        Map<String, String> all = new LinkedHashMap<>(QUIET);
        all.put("ipv6/disable_ipv6", v6 ? "0" : "1");
        return all;
    }

    /** Those of {@code quiet} as they are. */
    static Map<String, String> read(Namespace where, String device, Call call) throws HostException {
        return where.call(
                () -> {
                    Map<String, String> found = new TreeMap<>();
                    for (String key : quiet(true).keySet()) {
                        Path file = file(device, key);
                        if (Files.exists(file)) {
                            found.put(
                                    key,
                                    Files.readString(file, StandardCharsets.US_ASCII)
                                            .strip());
                        }
                    }
                    return found;
                },
                call);
    }

    /** Writes those that this kernel has: without IPv6 there is nothing to silence. */
    static void write(Namespace where, String device, Map<String, String> values, Call call) throws HostException {
        where.call(
                () -> {
                    for (Map.Entry<String, String> value : values.entrySet()) {
                        Path file = file(device, value.getKey());
                        if (Files.exists(file)) {
                            write(file, value.getValue());
                        }
                    }
                    return true;
                },
                call);
    }

    private static void write(Path file, String value) throws HostException {
        try {
            if (!Files.readString(file, StandardCharsets.US_ASCII).strip().equals(value)) {
                Files.writeString(file, value, StandardCharsets.US_ASCII);
            }
        } catch (IOException e) {
            throw new HostException("cannot write \"" + value + "\" to " + file + ": " + e.getMessage(), e);
        }
    }

    private static Path file(String device, String key) {
        return FOLDER.resolve(key.substring(0, 4))
                .resolve("conf")
                .resolve(device)
                .resolve(key.substring(5));
    }
}
