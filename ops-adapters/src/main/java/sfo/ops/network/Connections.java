package sfo.ops.network;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.Invalid;

/**
 * Clients' TCP connections to the servers in a group host, from the kernel's own tables; no process is started. The
 * tables are the whole host's, and slow to go through (milliseconds): they are read only when the group host's own
 * counters say that a connection came or went.
 */
final class Connections {
    private static final Pattern FORM = Pattern.compile("(.+):(\\d{1,5}) (.+):(\\d{1,5})");
    private static final Pattern SPACES = Pattern.compile("\\s+");
    private static final String ESTABLISHED = "01";
    private static final String LISTENS = "0A";

    /** Written {@code client:port server:port}, IPv6 addresses in brackets. */
    record Connection(InetAddress client, int clientPort, InetAddress server, int serverPort) {
        static Connection parse(String text) {
            Matcher matcher = FORM.matcher(text);
            if (!matcher.matches()) {
                throw new Invalid("connection", text, "client:port server:port, IPv6 addresses in brackets");
            }
            return new Connection(
                    address(matcher.group(1)),
                    port(matcher.group(2)),
                    address(matcher.group(3)),
                    port(matcher.group(4)));
        }

        private static InetAddress address(String text) {
            boolean bracketed = text.startsWith("[") && text.endsWith("]");
            return Cidr.literal("address", bracketed ? text.substring(1, text.length() - 1) : text);
        }

        private static int port(String text) {
            int port = Integer.parseInt(text);
            if (port < 1 || port > 65535) {
                throw new Invalid("port", text, "1 to 65535");
            }
            return port;
        }

        @Override
        public String toString() {
            return text(client, clientPort) + " " + text(server, serverPort);
        }

        private static String text(InetAddress address, int port) {
            String host = address.getHostAddress();
            return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /** What was read when the counters stood so. */
    private record Seen(List<String> counters, List<String> connections) {}

    private final Map<String, Seen> latest = new ConcurrentHashMap<>();

    /** Those established now; none if there is no group host here. */
    List<String> of(String group) throws HostException {
        Namespace host = Namespace.of(group);
        if (!host.isSound()) {
            latest.remove(group);
            return List.of();
        }
        Seen before = latest.get(group);
        Seen now = host.call(
                () -> {
                    List<String> counters = counters(Files.readAllLines(Path.of("/proc/thread-self/net/snmp")));
                    return before != null && before.counters.equals(counters)
                            ? before
                            : new Seen(counters, parse(tables()));
                },
                Call.within(Duration.ofSeconds(2)));
        latest.put(group, now);
        return now.connections;
    }

    /** How many TCP connections were accepted so far, and how many are there, of the kernel's {@code net/snmp}. */
    static List<String> counters(List<String> snmp) {
        List<List<String>> tcp = snmp.stream()
                .filter(line -> line.startsWith("Tcp:"))
                .map(line -> List.of(SPACES.split(line, -1)))
                .toList();
        return Stream.of("PassiveOpens", "CurrEstab")
                .map(name -> tcp.get(1).get(tcp.get(0).indexOf(name)))
                .toList();
    }

    private static List<String> tables() throws IOException {
        List<String> lines = new ArrayList<>();
        for (String table : List.of("tcp", "tcp6")) {
            Path file = Path.of("/proc/thread-self/net", table);
            if (Files.exists(file)) {
                lines.addAll(Files.readAllLines(file, StandardCharsets.US_ASCII));
            }
        }
        return lines;
    }

    /** The connections that were accepted here: to a port that is listened on, and not by way of loopback. */
    static List<String> parse(List<String> lines) {
        Set<Integer> served = new HashSet<>();
        List<Connection> open = new ArrayList<>();
        for (String line : lines) {
            String[] words = SPACES.split(line.strip(), -1);
            if (words.length < 4 || !words[0].endsWith(":")) {
                continue;
            }
            if (words[3].equals(LISTENS)) {
                served.add(port(words[1]));
            } else if (words[3].equals(ESTABLISHED)) {
                open.add(new Connection(address(words[2]), port(words[2]), address(words[1]), port(words[1])));
            }
        }
        return open.stream()
                .filter(c -> served.contains(c.serverPort()) && !c.server().isLoopbackAddress())
                .map(Connection::toString)
                .sorted()
                .toList();
    }

    private static int port(String word) {
        return Integer.parseInt(word.substring(word.indexOf(':') + 1), 16);
    }

    /** Words of 32 bits as they lie in memory; an IPv4 address mapped into IPv6 becomes IPv4. */
    private static InetAddress address(String word) {
        byte[] hex = HexFormat.of().parseHex(word.substring(0, word.indexOf(':')));
        ByteBuffer in = ByteBuffer.wrap(hex);
        ByteBuffer out = ByteBuffer.allocate(hex.length).order(ByteOrder.nativeOrder());
        while (in.hasRemaining()) {
            out.putInt(in.getInt());
        }
        return Frames.address(out.array());
    }
}
