package sfo.ops.volume;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sfo.ops.exec.Native;

/** The TCP connections of a storage daemon, as the kernel sees them; cheap enough to be looked at each second. */
final class Link {
    /** A peer that vanishes silently stalls writes no longer than this, also when no agent runs. */
    static final Duration SILENCE = Duration.ofSeconds(4);

    private static final String ESTABLISHED = "01";
    private static final String LISTEN = "0A";

    private record Socket(int fd, String inode, String state) {}

    private interface Look<T> {
        T at() throws IOException;
    }

    private Link() {}

    /** How long the liveliest established connection has been silent; empty if there is none. */
    static Optional<Duration> silence(long pid) throws IOException {
        Optional<Duration> least = Optional.empty();
        for (Socket socket : sockets(pid)) {
            if (socket.state.equals(ESTABLISHED)) {
                Optional<Duration> silence = ifOpen(pid, socket, () -> Native.silence(pid, socket.fd));
                if (silence.isPresent() && (least.isEmpty() || silence.get().compareTo(least.get()) < 0)) {
                    least = silence;
                }
            }
        }
        return least;
    }

    /** Bounds the silence of all its connections, and of those that it will accept. Returns how many sockets there are. */
    static int limitSilence(long pid) throws IOException {
        int count = 0;
        for (Socket socket : sockets(pid)) {
            if (socket.state.equals(ESTABLISHED) || socket.state.equals(LISTEN)) {
                count += ifOpen(pid, socket, () -> {
                            Native.limitSilence(pid, socket.fd, SILENCE);
                            return 1;
                        })
                        .orElse(0);
            }
        }
        return count;
    }

    /** A socket may be closed while it is looked at. */
    private static <T> Optional<T> ifOpen(long pid, Socket socket, Look<T> look) throws IOException {
        try {
            return Optional.of(look.at());
        } catch (IOException e) {
            Path fd = Path.of("/proc/" + pid + "/fd/" + socket.fd);
            if (name(fd).equals("socket:[" + socket.inode + "]")) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private static List<Socket> sockets(long pid) throws IOException {
        Map<String, Integer> mine = new HashMap<>();
        try (DirectoryStream<Path> fds = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            for (Path fd : fds) {
                String target = name(fd);
                if (target.startsWith("socket:[")) {
                    mine.put(
                            target.substring(8, target.length() - 1),
                            Integer.parseInt(String.valueOf(fd.getFileName())));
                }
            }
        }
        List<Socket> found = new ArrayList<>();
        for (String table : List.of("tcp", "tcp6")) {
            for (String row : rows(Path.of("/proc/" + pid + "/net/" + table))) {
                String[] columns = row.strip().split("\\s+", -1);
                Integer fd = columns.length > 9 ? mine.get(columns[9]) : null;
                if (fd != null) {
                    found.add(new Socket(fd, columns[9], columns[3]));
                }
            }
        }
        return found;
    }

    private static String name(Path fd) {
        try {
            return Files.readSymbolicLink(fd).toString();
        } catch (IOException closedMeanwhile) {
            return "";
        }
    }

    private static List<String> rows(Path table) throws IOException {
        if (!Files.exists(table)) {
            return List.of(); // a kernel without IPv6
        }
        return Files.readAllLines(table, StandardCharsets.ISO_8859_1);
    }
}
