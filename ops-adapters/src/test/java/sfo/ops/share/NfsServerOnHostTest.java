package sfo.ops.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static sfo.ops.share.GroupHostLab.ADDRESS;
import static sfo.ops.share.GroupHostLab.call;
import static sfo.ops.share.GroupHostLab.mounts;
import static sfo.ops.share.GroupHostLab.share;
import static sfo.ops.share.SmbServerOnHostTest.catchHost;
import static sfo.ops.share.SmbServerOnHostTest.ms;

import java.io.BufferedReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.protocol.model.Share;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.AnsweringShares;
import sfo.protocol.plan.Resource.NfsServer;

/** The group's NFS-Ganesha in a group host, with libnfs clients on the other end of the wire. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@ResourceLock("group hosts")
class NfsServerOnHostTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @SuppressWarnings("NullAway.Init")
    private GroupHostLab lab;

    @BeforeAll
    static void host() {
        GroupHostLab.assumeHost("ganesha.nfsd", "rpcbind", "dbus-daemon", "dbus-send", "nfs-cat", "nfs-cp");
    }

    @BeforeEach
    void lab() throws Exception {
        lab = new GroupHostLab("nfs");
        for (String folder : List.of("one", "two", "three")) {
            Path path = Files.createDirectories(dir.resolve("vol").resolve(folder));
            Files.writeString(path.resolve("hello"), "hello from " + folder);
        }
    }

    @AfterEach
    void away() throws Exception {
        lab.close();
    }

    private NfsServerAdapter adapter(String agent) {
        return new NfsServerAdapter(lab.exec, new GroupServers(lab.exec, dir.resolve(agent)));
    }

    private NfsServer server(Share... shares) {
        return new NfsServer(
                lab.group,
                List.of(shares),
                mounts(dir.resolve("vol")),
                dir.resolve("vol/.sfo/nfs").toString());
    }

    private static Share nfs(String name, int id, String path) {
        return share(name, Share.Protocol.NFS, id, path);
    }

    private static String url(String path, int version) {
        return "nfs://" + ADDRESS + "/" + path + "?version=" + version;
    }

    @Test
    void exportsAnswerInsideBeforeTheInterfaceOpensAndAClientOutsideAfter() throws Exception {
        Share limited = new Share(
                "limited", Share.Protocol.NFS, "tank", "two", false, false, List.of("192.0.2.7"), 2, Map.of());
        Share readOnly =
                new Share("look", Share.Protocol.NFS, "tank", "one", true, false, List.of("10.98.7.0/24"), 3, Map.of());
        Share newer = new Share(
                "newer", Share.Protocol.NFS, "tank", "two", false, false, List.of(), 4, Map.of("Protocols", "4"));
        Share reserved = new Share(
                "reserved",
                Share.Protocol.NFS,
                "tank",
                "two",
                false,
                false,
                List.of(),
                5,
                Map.of("PrivilegedPort", "true"));
        NfsServer server = server(nfs("one", 1, "one"), limited, readOnly, newer, reserved);
        long start = System.nanoTime();
        adapter("a").apply(server, call(20));
        long applied = System.nanoTime();
        AnsweringSharesAdapter asking = new AnsweringSharesAdapter(lab.exec);
        AnsweringShares question = new AnsweringShares(lab.group, server.shares(), ADDRESS);
        asking.apply(question, call(5));
        System.out.printf(
                "nfs: serving after %d ms, asked in %d ms%n", ms(start, applied), ms(applied, System.nanoTime()));

        lab.open();
        assertThat(lab.client("nfs-cat", url("one/hello", 3)).out()).isEqualTo("hello from one");
        assertThat(lab.client("nfs-cat", url("one/hello", 4)).out()).isEqualTo("hello from one");
        assertThat(lab.client("nfs-cat", url("look/hello", 3)).out()).isEqualTo("hello from one");
        assertThat(lab.client("nfs-cat", url("limited/hello", 3)).err()).contains("MNT3ERR_ACCES");
        Path local = Files.writeString(dir.resolve("local"), "written by a client");
        assertThat(lab.client("nfs-cp", local.toString(), url("one/new", 3)).ok())
                .isTrue();
        assertThat(dir.resolve("vol/one/new")).hasContent("written by a client");
        assertThat(lab.client("nfs-cp", local.toString(), url("look/new", 3)).ok())
                .isFalse();
    }

    @Test
    void anExportThatIsNotServedFailsTheQuestionByItsName() throws Exception {
        adapter("a").apply(server(nfs("one", 1, "one")), call(20));
        List<Share> more = List.of(nfs("one", 1, "one"), nfs("ghost", 9, "one"));
        AnsweringSharesAdapter asking = new AnsweringSharesAdapter(lab.exec);
        AnsweringShares question = new AnsweringShares(lab.group, more, ADDRESS);
        assertThat(catchHost(() -> asking.apply(question, call(5))))
                .hasMessageContaining("NFS ghost (")
                .hasMessageNotContaining("NFS one");
    }

    @Test
    void exportsChangeWhileAnOpenHandleGoesOn() throws Exception {
        NfsServerAdapter adapter = adapter("a");
        NfsServer before = server(nfs("one", 1, "one"), nfs("two", 2, "two"));
        adapter.apply(before, call(20));
        Facts was = adapter.inspect(before, call(5));
        lab.open();
        try (Handle handle = new Handle("one/disk")) {
            assertThat(handle.ask("write -P 7 0 4096")).contains("wrote 4096/4096");
            NfsServer after = server(nfs("one", 1, "one"), nfs("three", 3, "three"));
            long start = System.nanoTime();
            adapter.apply(after, call(10));
            System.out.printf("nfs: changed in place in %d ms%n", ms(start, System.nanoTime()));
            assertThat(adapter.holds(after, adapter.inspect(after, call(5)))).isTrue();
            assertThat(adapter.holds(before, adapter.inspect(before, call(5)))).isFalse();
            assertThat(lab.client("nfs-cat", url("three/hello", 3)).out()).isEqualTo("hello from three");
            assertThat(lab.client("nfs-cat", url("two/hello", 3)).ok()).isFalse();
            assertThat(handle.ask("read -P 7 0 4096")).contains("read 4096/4096");
            adapter.revert(after, was, call(10));
            assertThat(adapter.inspect(before, call(5))).isEqualTo(was);
            assertThat(handle.ask("read -P 7 0 4096")).contains("read 4096/4096");
        }
    }

    @Test
    void anOpenHandleGoesOnAtTheOtherApplianceWithoutWaitingForGrace() throws Exception {
        NfsServer server = server(nfs("one", 1, "one"));
        NfsServerAdapter a = adapter("a");
        a.apply(server, call(20));
        lab.open();
        assertThat(lab.client("nfs-cat", url("one/hello", 4)).out())
                .as("no client is known: no grace to wait for")
                .isEqualTo("hello from one");
        try (Handle handle = new Handle("one/disk")) {
            assertThat(handle.ask("write -P 7 0 4096")).contains("wrote 4096/4096");
            assertThat(handle.ask("flush")).isEmpty();
            lab.shut();
            a.revert(server, Facts.NOTHING, call(10));
            long start = System.nanoTime();
            adapter("b").apply(server, call(20));
            new AnsweringSharesAdapter(lab.exec)
                    .apply(new AnsweringShares(lab.group, server.shares(), ADDRESS), call(5));
            lab.open();
            assertThat(handle.ask("read -P 7 0 4096")).contains("read 4096/4096");
            assertThat(handle.ask("write -P 8 4096 4096")).contains("wrote 4096/4096");
            assertThat(handle.ask("flush")).isEmpty();
            System.out.printf(
                    "nfs: start of the other server to read, write and flush by an old handle: %d ms%n",
                    ms(start, System.nanoTime()));
            // the client of before is known here: only reclaims are taken, until it came or the time is up
            assertThat(lab.client("nfs-cat", url("one/hello", 4)).err()).contains("NFS4ERR_GRACE");
            assertThat(lab.client("nfs-cat", url("one/hello", 3)).out()).isEqualTo("hello from one");
        }
        await().atMost(Duration.ofSeconds(NfsConf.GRACE + 10L))
                .until(() -> lab.client("nfs-cat", url("one/hello", 4)).ok());
    }

    @Test
    void appliedTwiceRevertedTwiceKilledAndLeftBehind() throws Exception {
        NfsServer server = server(nfs("one", 1, "one"));
        NfsServerAdapter adapter = adapter("a");
        Facts nothing = adapter.inspect(server, call(5));
        assertThat(nothing).isEqualTo(Facts.NOTHING);
        adapter.revert(server, nothing, call(5));

        adapter.apply(server, call(20));
        List<String> first = lab.processes();
        adapter.apply(server, call(20));
        assertThat(lab.processes()).containsExactlyInAnyOrderElementsOf(first);
        Facts facts = adapter.inspect(server, call(5));
        assertThat(adapter("a").holds(server, facts))
                .as("an agent that was restarted")
                .isTrue();

        for (String victim : List.of("ganesha.nfsd", "dbus-daemon")) {
            kill(victim);
            assertThat(adapter.holds(server, adapter.inspect(server, call(5))))
                    .as("without " + victim)
                    .isFalse();
            adapter.apply(server, call(20));
            assertThat(adapter.inspect(server, call(5))).isEqualTo(facts);
        }

        long start = System.nanoTime();
        adapter.revert(server, nothing, call(10));
        System.out.printf("nfs: stopped in %d ms%n", ms(start, System.nanoTime()));
        adapter.revert(server, nothing, call(10));
        assertThat(adapter.inspect(server, call(5))).isEqualTo(nothing);
        assertThat(lab.processes()).isEmpty();
        assertThat(dir.resolve("a/servers/" + lab.group + "/nfs")).doesNotExist();
        assertThat(Files.readString(Path.of("/proc/self/mounts")))
                .doesNotContain("sfo-" + lab.group + "-nfs")
                .doesNotContain(dir.toString());
    }

    private void kill(String name) throws Exception {
        for (String pid : lab.processes()) {
            if (Files.readString(Path.of("/proc", pid, "comm")).startsWith(name)) {
                ProcessHandle.of(Long.parseLong(pid)).orElseThrow().destroyForcibly();
                await().until(() -> !lab.processes().contains(pid));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 1000})
    void manyExports(int count) throws Exception {
        Share[] many = IntStream.rangeClosed(1, count)
                .mapToObj(i -> nfs("share" + i, i, "one"))
                .toArray(Share[]::new);
        long start = System.nanoTime();
        adapter("a").apply(server(many), call(20));
        long applied = System.nanoTime();
        new AnsweringSharesAdapter(lab.exec).apply(new AnsweringShares(lab.group, List.of(many), ADDRESS), call(20));
        System.out.printf(
                "nfs: %d exports served after %d ms, asked in %d ms%n",
                count, ms(start, applied), ms(applied, System.nanoTime()));
    }

    /** A client that opened a file once, by NFSv3, and keeps it. */
    private final class Handle implements AutoCloseable {
        private static final String PROMPT = "qemu-io> ";
        private final Process process;
        private final BufferedReader out;
        private final PrintStream in;

        Handle(String file) throws Exception {
            GroupHostLab.assumeHost("qemu-io");
            Path local = dir.resolve("disk");
            Files.write(local, new byte[1 << 20]);
            assertThat(lab.client("nfs-cp", local.toString(), url(file, 3)).ok())
                    .isTrue();
            String open = "nfs://" + ADDRESS + "/" + file;
            process = new ProcessBuilder(lab.atClient("stdbuf", "-oL", "qemu-io", "-f", "raw", "-t", "writeback", open))
                    .redirectErrorStream(true)
                    .start();
            out = process.inputReader(StandardCharsets.UTF_8);
            in = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
            toPrompt();
        }

        /** What it says to a command, up to its next prompt. */
        String ask(String command) throws Exception {
            in.println(command);
            return toPrompt();
        }

        private String toPrompt() throws Exception {
            StringBuilder said = new StringBuilder();
            for (int c = out.read(); c >= 0; c = out.read()) {
                said.append((char) c);
                if (said.indexOf(PROMPT) >= 0) {
                    return said.substring(0, said.length() - PROMPT.length());
                }
            }
            throw new AssertionError("qemu-io ended: " + said);
        }

        @Override
        public void close() {
            in.close();
            process.destroy();
        }
    }
}
