package sfo.ops.share;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.ops.share.GroupHostLab.ADDRESS;
import static sfo.ops.share.GroupHostLab.call;
import static sfo.ops.share.GroupHostLab.mounts;
import static sfo.ops.share.GroupHostLab.share;

import java.io.BufferedReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
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
import sfo.ops.api.HostException;
import sfo.protocol.model.Share;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.AnsweringShares;
import sfo.protocol.plan.Resource.SmbServer;

/** The group's Samba in a group host, with smbclient on the other end of the wire. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@ResourceLock("group hosts")
class SmbServerOnHostTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @SuppressWarnings("NullAway.Init")
    private GroupHostLab lab;

    @BeforeAll
    static void host() {
        GroupHostLab.assumeHost("smbd", "smbclient", "smbcontrol", "pdbedit");
    }

    @BeforeEach
    void lab() throws Exception {
        lab = new GroupHostLab("smb");
        GroupHostLab.forEveryone(dir);
        for (String folder : List.of("one", "two", "three")) {
            Path path = Files.createDirectories(dir.resolve("vol").resolve(folder));
            Files.writeString(path.resolve("hello"), "hello from " + folder);
            GroupHostLab.forEveryone(path);
            GroupHostLab.forEveryone(path.resolve("hello"));
        }
    }

    @AfterEach
    void away() throws Exception {
        lab.close();
    }

    private SmbServerAdapter adapter(String agent) {
        return new SmbServerAdapter(lab.exec, new GroupServers(lab.exec, dir.resolve(agent)));
    }

    private SmbServer server(Share... shares) {
        return new SmbServer(
                lab.group,
                List.of(shares),
                mounts(dir.resolve("vol")),
                dir.resolve("vol/.sfo/samba").toString());
    }

    private static Share smb(String name, int id, String path) {
        return share(name, Share.Protocol.SMB, id, path);
    }

    @Test
    void sharesAnswerInsideBeforeTheInterfaceOpensAndAClientOutsideAfter() throws Exception {
        SmbServer server = server(smb("one", 1, "one"), smb("two", 2, "two"));
        SmbServerAdapter adapter = adapter("a");
        long start = System.nanoTime();
        adapter.apply(server, call(20));
        long applied = System.nanoTime();
        AnsweringSharesAdapter asking = new AnsweringSharesAdapter(lab.exec);
        AnsweringShares question = new AnsweringShares(lab.group, server.shares(), ADDRESS);
        asking.apply(question, call(5));
        long asked = System.nanoTime();
        System.out.printf("smb: serving after %d ms, asked in %d ms%n", ms(start, applied), ms(applied, asked));
        assertThat(asking.holds(question, asking.inspect(question, call(5)))).isTrue();

        assertThat(lab.client("smbclient", "-s", "/dev/null", "-N", "-t", "1", "//" + ADDRESS + "/one", "-c", "ls")
                        .ok())
                .isFalse();
        lab.open();
        assertThat(lab.smb("one", "%", "get hello -")).contains("hello from one");
        Path local = Files.writeString(dir.resolve("local"), "written by a client");
        assertThat(lab.smb("two", "%", "put " + local + " new")).doesNotContain("NT_STATUS");
        assertThat(dir.resolve("vol/two/new")).hasContent("written by a client");
    }

    @Test
    void aShareThatIsNotServedFailsTheQuestionByItsName() throws Exception {
        SmbServer server = server(smb("one", 1, "one"));
        adapter("a").apply(server, call(20));
        List<Share> more = List.of(smb("one", 1, "one"), smb("ghost", 9, "one"));
        AnsweringSharesAdapter asking = new AnsweringSharesAdapter(lab.exec);
        AnsweringShares question = new AnsweringShares(lab.group, more, ADDRESS);
        assertThat(catchHost(() -> asking.apply(question, call(5))))
                .hasMessageContaining("SMB ghost (NT_STATUS_BAD_NETWORK_NAME)")
                .hasMessageNotContaining("SMB one");
        assertThat(asking.holds(question, asking.inspect(question, call(5)))).isFalse();
    }

    @Test
    void sharesChangeWithoutABreakForClientsOfOthers() throws Exception {
        SmbServerAdapter adapter = adapter("a");
        SmbServer before = server(smb("one", 1, "one"), smb("two", 2, "two"));
        adapter.apply(before, call(20));
        lab.open();
        try (Session one = new Session("one");
                Session two = new Session("two")) {
            assertThat(one.ask("ls hello")).contains(" hello ");
            assertThat(two.ask("ls hello")).contains(" hello ");
            SmbServer after = server(smb("one", 1, "one"), smb("three", 3, "three"));
            Facts was = adapter.inspect(before, call(5));
            long start = System.nanoTime();
            adapter.apply(after, call(10));
            System.out.printf("smb: changed in place in %d ms%n", ms(start, System.nanoTime()));
            assertThat(adapter.holds(after, adapter.inspect(after, call(5)))).isTrue();
            assertThat(adapter.holds(before, adapter.inspect(before, call(5)))).isFalse();
            assertThat(lab.smb("three", "%", "get hello -")).contains("hello from three");
            assertThat(lab.smb("two", "%", "ls")).contains("NT_STATUS_BAD_NETWORK_NAME");
            assertThat(one.ask("ls hello")).contains(" hello ");
            assertThat(two.ask("ls hello")).contains("NT_STATUS_NETWORK_NAME_DELETED");

            adapter.revert(after, was, call(10));
            assertThat(adapter.inspect(before, call(5))).isEqualTo(was);
            assertThat(one.ask("ls hello")).contains(" hello ");
        }
    }

    @Test
    void usersAndSidAreTheSameOnTheOtherAppliance() throws Exception {
        Share users = new Share("users", Share.Protocol.SMB, "tank", "one", false, false, List.of(), 1, Map.of());
        SmbServer server = server(users);
        SmbServerAdapter a = adapter("a");
        a.apply(server, call(20));
        String conf = dir.resolve("a/servers/" + lab.group + "/smb/smb.conf").toString();
        lab.exec.need(call(10), List.of("smbpasswd", "-c", conf, "-s", "-a", "root"), "a secret\na secret\n");
        lab.open();
        assertThat(lab.smb("users", "root%a secret", "get hello -")).contains("hello from one");
        assertThat(lab.smb("users", "root%wrong", "get hello -")).contains("NT_STATUS_LOGON_FAILURE");
        assertThat(lab.smb("users", "%", "get hello -")).contains("NT_STATUS_ACCESS_DENIED");
        AnsweringSharesAdapter asking = new AnsweringSharesAdapter(lab.exec);
        asking.apply(new AnsweringShares(lab.group, server.shares(), ADDRESS), call(5));
        String sid = sid(conf);
        a.revert(server, Facts.NOTHING, call(10));

        adapter("b").apply(server, call(20));
        assertThat(sid(dir.resolve("b/servers/" + lab.group + "/smb/smb.conf").toString()))
                .isEqualTo(sid);
        assertThat(lab.smb("users", "root%a secret", "get hello -")).contains("hello from one");
    }

    @Test
    void appliedTwiceRevertedTwiceKilledAndLeftBehind() throws Exception {
        SmbServer server = server(smb("one", 1, "one"));
        SmbServerAdapter adapter = adapter("a");
        Facts nothing = adapter.inspect(server, call(5));
        assertThat(nothing).isEqualTo(Facts.NOTHING);
        adapter.revert(server, nothing, call(5));

        adapter.apply(server, call(20));
        // once the child that took the question whether it listens has ended: two looks are the same
        AtomicReference<List<String>> look = new AtomicReference<>(List.of());
        List<String> first = org.awaitility.Awaitility.await()
                .pollInterval(Duration.ofMillis(300))
                .until(lab::processes, now -> now.equals(look.getAndSet(now)));
        adapter.apply(server, call(20));
        assertThat(first).isNotEmpty();
        assertThat(lab.processes()).containsAll(first);
        Facts facts = adapter.inspect(server, call(5));
        assertThat(adapter.inspect(server, call(5))).isEqualTo(facts);
        assertThat(adapter("a").holds(server, facts))
                .as("an agent that was restarted")
                .isTrue();

        String main = Files.readString(dir.resolve("a/servers/" + lab.group + "/smb/pid/smbd.pid"))
                .strip();
        ProcessHandle.of(Long.parseLong(main)).orElseThrow().destroyForcibly();
        org.awaitility.Awaitility.await().until(() -> !adapter.holds(server, adapter.inspect(server, call(5))));
        adapter.apply(server, call(20));
        assertThat(adapter.inspect(server, call(5))).isEqualTo(facts);

        // half an apply: the process was started, and nobody noted what it loaded
        Files.delete(dir.resolve("a/servers/" + lab.group + "/smb/smb.conf.loaded"));
        assertThat(adapter.holds(server, adapter.inspect(server, call(5)))).isFalse();
        adapter.apply(server, call(20));
        assertThat(adapter.inspect(server, call(5))).isEqualTo(facts);

        adapter.revert(server, nothing, call(10));
        adapter.revert(server, nothing, call(10));
        assertThat(adapter.inspect(server, call(5))).isEqualTo(nothing);
        assertThat(lab.processes()).isEmpty();
        assertThat(dir.resolve("a/servers/" + lab.group + "/smb")).doesNotExist();
        assertThat(Files.readString(Path.of("/proc/self/mounts")))
                .doesNotContain("sfo-" + lab.group + "-smb")
                .doesNotContain(dir.toString());
    }

    @Test
    void itSeesItsOwnVolumesAndHoldsNoOther() throws Exception {
        try (Volume own = new Volume("my tank");
                Volume foreign = new Volume("foreign");
                Volume later = new Volume("later")) {
            SmbServerAdapter adapter = adapter("a");
            own.mount();
            foreign.mount();
            Share here = new Share("here", Share.Protocol.SMB, "own", "", false, true, List.of(), 1, Map.of());
            String state = own.path.resolve(".sfo/samba").toString();
            SmbServer before = new SmbServer(lab.group, List.of(here), Map.of("own", own.path.toString()), state);
            adapter.apply(before, call(20));
            lab.open();
            Files.writeString(own.path.resolve("data/hello"), "from the volume");
            assertThat(lab.smb("here", "%", "get hello -")).contains("from the volume");
            assertThat(heldInside(foreign)).as("mounted in the server's view").isFalse();
            assertThat(heldInside(own)).isTrue();

            later.mount();
            Share there = new Share("there", Share.Protocol.SMB, "later", "", false, true, List.of(), 2, Map.of());
            Map<String, String> mounts = Map.of("own", own.path.toString(), "later", later.path.toString());
            SmbServer after = new SmbServer(lab.group, List.of(here, there), mounts, state);
            adapter.apply(after, call(20));
            Files.writeString(later.path.resolve("data/hello"), "from the later one");
            assertThat(lab.smb("there", "%", "get hello -")).contains("from the later one");
            adapter.revert(after, Facts.NOTHING, call(10));
        }
    }

    private boolean heldInside(Volume volume) throws Exception {
        String pid = lab.processes().get(0);
        return Files.readString(Path.of("/proc", pid, "mountinfo"))
                .contains(volume.path.toString().replace(" ", "\\040"));
    }

    /** A file system of its own. */
    private final class Volume implements AutoCloseable {
        final Path path;

        Volume(String name) throws Exception {
            path = Files.createDirectories(dir.resolve("volumes").resolve(name));
        }

        void mount() throws HostException {
            lab.exec.need(call(5), "mount", "-t", "tmpfs", "-o", "mode=0777", "sv-volume", path.toString());
        }

        /** A plain unmount: it fails while anything holds the file system. */
        @Override
        public void close() throws HostException {
            lab.exec.need(call(5), "umount", path.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 1000})
    void manySharesCostAFile(int count) throws Exception {
        Share[] many = IntStream.rangeClosed(1, count)
                .mapToObj(i -> smb("share" + i, i, "one"))
                .toArray(Share[]::new);
        long start = System.nanoTime();
        adapter("a").apply(server(many), call(20));
        long applied = System.nanoTime();
        new AnsweringSharesAdapter(lab.exec).apply(new AnsweringShares(lab.group, List.of(many), ADDRESS), call(20));
        System.out.printf(
                "smb: %d shares served after %d ms, asked in %d ms%n",
                count, ms(start, applied), ms(applied, System.nanoTime()));
    }

    private String sid(String conf) throws HostException {
        return lab.exec
                .need(call(5), "pdbedit", "-s", conf, "-v", "-u", "root")
                .lines()
                .filter(line -> line.startsWith("User SID"))
                .findFirst()
                .orElseThrow();
    }

    static long ms(long from, long to) {
        return (to - from) / 1_000_000;
    }

    static Throwable catchHost(org.assertj.core.api.ThrowableAssert.ThrowingCallable act) {
        return org.assertj.core.api.Assertions.catchThrowableOfType(HostException.class, act);
    }

    /** An smbclient that stays connected. */
    private final class Session implements AutoCloseable {
        private final Process process;
        private final BufferedReader out;
        private final PrintStream in;

        Session(String share) throws Exception {
            process = new ProcessBuilder(lab.atClient(
                            "stdbuf", "-oL", "smbclient", "-s", "/dev/null", "-N", "//" + ADDRESS + "/" + share))
                    .redirectErrorStream(true)
                    .start();
            out = process.inputReader(StandardCharsets.UTF_8);
            in = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        }

        /** What it says to a listing. One command at a time: the client forgets a second line that came with the first. */
        String ask(String command) throws Exception {
            in.println(command);
            StringBuilder said = new StringBuilder();
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                said.append(line).append('\n');
                if (line.contains("blocks available") || line.contains("NT_STATUS_")) {
                    return said.toString();
                }
            }
            throw new AssertionError("smbclient ended: " + said);
        }

        @Override
        public void close() {
            in.close();
            process.destroy();
        }
    }
}
