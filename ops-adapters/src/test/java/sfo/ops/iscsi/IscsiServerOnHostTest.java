package sfo.ops.iscsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static sfo.ops.share.GroupHostLab.ADDRESS;
import static sfo.ops.share.GroupHostLab.call;

import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.ops.share.GroupHostLab;
import sfo.ops.share.GroupServers;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.AnsweringTargets;
import sfo.protocol.plan.Resource.IscsiServer;

/** The group's tgtd in a group host, with libiscsi's and QEMU's initiators on the other end of the wire. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@ResourceLock("group hosts")
class IscsiServerOnHostTest {
    private static final long BYTES = 16L << 20;
    private static final String ME = "iqn.2024-07.internal.example:me";
    private static final String OTHER = "iqn.2024-07.internal.example:other";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @SuppressWarnings("NullAway.Init")
    private GroupHostLab lab;

    @BeforeAll
    static void host() {
        GroupHostLab.assumeHost("tgtd", "iscsi-inq", "iscsi-ls", "qemu-io");
    }

    @BeforeEach
    void lab() throws Exception {
        lab = new GroupHostLab("iscsi");
    }

    @AfterEach
    void away() throws Exception {
        lab.close();
    }

    private IscsiServerAdapter adapter(String agent) {
        return new IscsiServerAdapter(new GroupServers(lab.exec, dir.resolve(agent)));
    }

    private IscsiServer server(IscsiTarget... targets) {
        return new IscsiServer(
                lab.group, List.of(targets), Map.of("tank", dir.resolve("vol").toString()));
    }

    private AnsweringTargets question(IscsiTarget... targets) {
        return new AnsweringTargets(lab.group, List.of(targets), ADDRESS);
    }

    private IscsiTarget target(String name, int id, int disks) throws Exception {
        return target(name, id, disks, List.of(), List.of());
    }

    /** With its files. */
    private IscsiTarget target(String name, int id, int disks, List<String> initiators, List<String> clients)
            throws Exception {
        List<Lun> luns = IntStream.rangeClosed(1, disks)
                .mapToObj(n -> new Lun(n, "tank", "luns/" + name + "-" + n, BYTES, "5e71a1" + id + "x" + n))
                .toList();
        Files.createDirectories(dir.resolve("vol/luns"));
        for (Lun lun : luns) {
            try (RandomAccessFile file = new RandomAccessFile(file(lun).toFile(), "rw")) {
                file.setLength(BYTES);
            }
        }
        return new IscsiTarget(name, IscsiTarget.iqn("g1", name), id, luns, initiators, clients);
    }

    private Path file(Lun lun) {
        return dir.resolve("vol").resolve(lun.path());
    }

    private static String url(IscsiTarget target, int lun) {
        return "iscsi://" + ADDRESS + "/" + target.iqn() + "/" + lun;
    }

    /** What QEMU's initiator says to one command. */
    private Exec.Output io(String as, IscsiTarget target, int lun, String command) throws Exception {
        String image = "driver=raw,file.driver=iscsi,file.transport=tcp,file.portal=" + ADDRESS + ",file.target="
                + target.iqn() + ",file.lun=" + lun + ",file.timeout=3,file.initiator-name=" + as;
        return lab.client("qemu-io", "--image-opts", image, "-c", command);
    }

    @Test
    void disksAnswerInsideBeforeTheInterfaceOpensAndInitiatorsOutsideAfter() throws Exception {
        IscsiTarget vm = target("vm", 1, 2);
        IscsiTarget db = target("db", 2, 1);
        IscsiServerAdapter adapter = adapter("a");
        long start = System.nanoTime();
        adapter.apply(server(vm, db), call(20));
        long applied = System.nanoTime();
        AnsweringTargetsAdapter asking = new AnsweringTargetsAdapter();
        asking.apply(question(vm, db), call(5));
        System.out.printf(
                "iscsi: serving after %d ms, asked in %d ms%n", ms(start, applied), ms(applied, System.nanoTime()));
        assertThat(asking.holds(question(vm, db), asking.inspect(question(vm, db), call(5))))
                .isTrue();

        lab.open();
        Exec.Output seen = lab.client("iscsi-ls", "-s", "-i", ME, "iscsi://" + ADDRESS + "/");
        assertThat(seen.out()).contains(vm.iqn(), db.iqn());
        assertThat(lab.client("iscsi-inq", "-i", ME, "-e", "1", "-c", "128", url(vm, 2))
                        .out())
                .contains(vm.luns().get(1).serial());
        assertThat(io(ME, vm, 2, "write -P 7 8k 4k").out()).contains("wrote 4096/4096");
        assertThat(Files.readAllBytes(file(vm.luns().get(1)))[10_000]).isEqualTo((byte) 7);
        assertThat(Files.readAllBytes(file(vm.luns().get(0)))).containsOnly(0);
    }

    @Test
    void aDiskIsWrittenThroughAndSaysThatItHasNoCache() throws Exception {
        IscsiTarget vm = target("vm", 1, 1);
        adapter("a").apply(server(vm), call(20));
        lab.open();
        String path = file(vm.luns().get(0)).toRealPath().toString();
        List<String> flags = new ArrayList<>();
        for (String pid : lab.processes()) {
            try (Stream<Path> files = Files.list(Path.of("/proc", pid, "fd"))) {
                for (Path fd : files.toList()) {
                    if (Files.isSymbolicLink(fd)
                            && Files.readSymbolicLink(fd).toString().equals(path)) {
                        flags.add(Files.readString(Path.of("/proc", pid, "fdinfo", String.valueOf(fd.getFileName()))));
                    }
                }
            }
        }
        int sync = 04010000;
        assertThat(flags)
                .hasSize(1)
                .allSatisfy(info -> assertThat(
                                Integer.parseInt(info.replaceFirst("(?s).*flags:\\s+(\\d+).*", "$1"), 8) & sync)
                        .isEqualTo(sync));
    }

    @Test
    void whatIsNotServedAsItShouldBeFailsTheQuestionByItsName() throws Exception {
        IscsiTarget vm = target("vm", 1, 2);
        adapter("a").apply(server(vm), call(20));
        IscsiTarget ghost = target("ghost", 9, 1);
        Lun first = vm.luns().get(0);
        Lun bigger = new Lun(1, "tank", first.path(), 2 * BYTES, first.serial());
        Lun another = new Lun(2, "tank", vm.luns().get(1).path(), BYTES, "another0");
        IscsiTarget wrong = new IscsiTarget("vm", vm.iqn(), 1, List.of(bigger, another), List.of(), List.of());
        AnsweringTargetsAdapter asking = new AnsweringTargetsAdapter();
        assertThat(refused(() -> asking.apply(question(vm, ghost), call(5))))
                .hasMessageContaining("ghost (no answer: it has no such target, or not for this initiator)")
                .hasMessageNotContaining("vm");
        assertThat(refused(() -> asking.apply(question(wrong), call(5))))
                .hasMessageContaining("vm LUN 1 (it has 16777216 bytes, expected 33554432)")
                .hasMessageContaining("vm LUN 2 (its serial is 5e71a11x2, expected another0)");
        assertThat(asking.holds(question(ghost), asking.inspect(question(ghost), call(5))))
                .isFalse();
    }

    @Test
    void onlyThoseComeInWhoMayAndEachIsAskedInsideAllTheSame() throws Exception {
        IscsiTarget named = target("named", 1, 1, List.of(ME), List.of());
        IscsiTarget near = target("near", 2, 1, List.of(), List.of("10.98.7.0/24"));
        IscsiTarget far = target("far", 3, 1, List.of(), List.of("10.11.12.13"));
        IscsiServerAdapter adapter = adapter("a");
        adapter.apply(server(named, near, far), call(20));
        new AnsweringTargetsAdapter().apply(question(named, near, far), call(5));
        lab.open();
        assertThat(io(ME, named, 1, "read 0 512").out()).contains("read 512/512");
        assertThat(io(OTHER, named, 1, "read 0 512").out()).doesNotContain("read 512/512");
        assertThat(io(OTHER, near, 1, "read 0 512").out()).contains("read 512/512");
        assertThat(io(ME, far, 1, "read 0 512").out()).doesNotContain("read 512/512");
    }

    @Test
    void targetsChangeWithoutABreakForInitiatorsOfOthers() throws Exception {
        IscsiTarget one = target("one", 1, 1);
        IscsiTarget two = target("two", 2, 1);
        IscsiServerAdapter adapter = adapter("a");
        IscsiServer before = server(one, two);
        adapter.apply(before, call(20));
        List<String> processes = lab.processes();
        lab.open();
        try (Session session = new Session(one)) {
            assertThat(session.ask("write -P 1 0 4k")).contains("wrote 4096/4096");
            IscsiTarget more = target("one", 1, 2);
            IscsiTarget three = target("three", 3, 1);
            IscsiServer after = server(more, three);
            Facts was = adapter.inspect(before, call(5));
            long start = System.nanoTime();
            adapter.apply(after, call(10));
            System.out.printf("iscsi: changed in place in %d ms%n", ms(start, System.nanoTime()));
            assertThat(adapter.holds(after, adapter.inspect(after, call(5)))).isTrue();
            assertThat(adapter.holds(before, adapter.inspect(before, call(5)))).isFalse();
            assertThat(session.ask("read -P 1 0 4k")).contains("read 4096/4096").doesNotContain("verification failed");
            assertThat(io(ME, more, 2, "read 0 512").out()).contains("read 512/512");
            assertThat(io(ME, three, 1, "read 0 512").out()).contains("read 512/512");
            assertThat(io(ME, two, 1, "read 0 512").out()).doesNotContain("read 512/512");

            adapter.revert(after, was, call(10));
            assertThat(adapter.inspect(before, call(5))).isEqualTo(was);
            assertThat(session.ask("read -P 1 0 4k")).contains("read 4096/4096").doesNotContain("verification failed");
        }
        assertThat(lab.processes()).isEqualTo(processes);
    }

    @Test
    void anInitiatorThatMayNoLongerComeIsPutOut() throws Exception {
        IscsiTarget open = target("one", 1, 1);
        IscsiServerAdapter adapter = adapter("a");
        adapter.apply(server(open), call(20));
        lab.open();
        try (Session session = new Session(open)) {
            assertThat(session.ask("read 0 512")).contains("read 512/512");
            assertThat(logins()).hasSize(1);
            IscsiTarget limited = target("one", 1, 1, List.of(OTHER), List.of());
            adapter.apply(server(limited), call(10));
            assertThat(logins()).isEmpty();
            assertThat(io(OTHER, limited, 1, "read 0 512").out()).contains("read 512/512");
        }
    }

    @Test
    void appliedTwiceRevertedTwiceKilledAndLeftBehind() throws Exception {
        IscsiServer server = server(target("vm", 1, 2), target("db", 2, 1));
        IscsiServerAdapter adapter = adapter("a");
        Facts nothing = adapter.inspect(server, call(5));
        assertThat(nothing).isEqualTo(Facts.NOTHING);
        adapter.revert(server, nothing, call(5));

        adapter.apply(server, call(20));
        List<String> first = lab.processes();
        assertThat(first).hasSize(1);
        adapter.apply(server, call(20));
        assertThat(lab.processes()).isEqualTo(first);
        Facts facts = adapter.inspect(server, call(5));
        assertThat(adapter("a").holds(server, adapter("a").inspect(server, call(5))))
                .as("an agent that was restarted")
                .isTrue();

        ProcessHandle.of(Long.parseLong(first.get(0))).orElseThrow().destroyForcibly();
        org.awaitility.Awaitility.await().until(() -> !adapter.holds(server, adapter.inspect(server, call(5))));
        adapter.apply(server, call(20));
        assertThat(adapter.inspect(server, call(5))).isEqualTo(facts);

        // half an apply: the server runs with some of its targets
        adapter.revert(server, nothing, call(10));
        adapter.apply(server(server.targets().get(0)), call(20));
        assertThat(adapter.holds(server, adapter.inspect(server, call(5)))).isFalse();
        adapter.apply(server, call(20));
        assertThat(adapter.inspect(server, call(5))).isEqualTo(facts);

        adapter.revert(server, nothing, call(10));
        adapter.revert(server, nothing, call(10));
        assertThat(adapter.inspect(server, call(5))).isEqualTo(nothing);
        assertThat(lab.processes()).isEmpty();
        assertThat(dir.resolve("a/servers/" + lab.group + "/iscsi")).doesNotExist();
        assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain("sfo-" + lab.group + "-iscsi");
    }

    @Test
    void noEmptyDiskIsServedInThePlaceOfOneThatIsMissing() throws Exception {
        IscsiTarget vm = target("vm", 1, 1);
        Path file = file(vm.luns().get(0));
        IscsiServerAdapter adapter = adapter("a");
        adapter.apply(server(vm), call(20));
        Files.move(file, file.resolveSibling("elsewhere"));
        assertThat(adapter.holds(server(vm), adapter.inspect(server(vm), call(5))))
                .isFalse();
        assertThat(refused(() -> adapter.apply(server(vm), call(5))))
                .hasMessageContaining(file + " is not there")
                .hasMessageContaining("put it back");
        assertThat(file).doesNotExist();
    }

    @Test
    void theServerOfAnotherGroupIsNotDisturbed() throws Exception {
        IscsiTarget vm = target("vm", 1, 1);
        IscsiServerAdapter a = adapter("a");
        a.apply(server(vm), call(20));
        try (GroupHostLab second = new GroupHostLab("iscsi2")) {
            IscsiServer other = new IscsiServer(
                    second.group,
                    List.of(target("db", 1, 1)),
                    Map.of("tank", dir.resolve("vol").toString()));
            a.apply(other, call(20));
            assertThat(a.holds(other, a.inspect(other, call(5)))).isTrue();
            assertThat(a.holds(server(vm), a.inspect(server(vm), call(5)))).isTrue();
            a.revert(other, Facts.NOTHING, call(10));
            assertThat(a.holds(server(vm), a.inspect(server(vm), call(5)))).isTrue();
        }
    }

    @Test
    void aHundredDisksAreOneProcess() throws Exception {
        IscsiTarget[] many = new IscsiTarget[20];
        for (int i = 0; i < many.length; i++) {
            many[i] = target("many" + i, i + 1, 5);
        }
        IscsiServerAdapter adapter = adapter("a");
        long start = System.nanoTime();
        adapter.apply(server(many), call(20));
        long applied = System.nanoTime();
        new AnsweringTargetsAdapter().apply(question(many), call(20));
        System.out.printf(
                "iscsi: 100 disks served after %d ms, asked in %d ms%n",
                ms(start, applied), ms(applied, System.nanoTime()));
        assertThat(adapter.holds(server(many), adapter.inspect(server(many), call(5))))
                .isTrue();
        assertThat(lab.processes()).hasSize(1);
    }

    private List<ServedTarget.Login> logins() throws HostException {
        TgtControl control = new TgtControl(dir.resolve("a/servers/" + lab.group + "/iscsi/control.0"));
        return ServedTarget.logins(control.targets(call(5)));
    }

    private static long ms(long from, long to) {
        return (to - from) / 1_000_000;
    }

    private static Throwable refused(ThrowingCallable act) {
        return catchThrowableOfType(HostException.class, act);
    }

    /** QEMU's initiator with a session that stays. */
    private final class Session implements AutoCloseable {
        private static final String PROMPT = "qemu-io> ";

        private final Process process;

        Session(IscsiTarget target) throws Exception {
            process = new ProcessBuilder(lab.atClient("qemu-io", "-f", "raw", url(target, 1)))
                    .redirectErrorStream(true)
                    .start();
            answer();
        }

        String ask(String command) throws Exception {
            Writer in = process.outputWriter(StandardCharsets.UTF_8);
            in.write(command + "\n");
            in.flush();
            return answer();
        }

        private String answer() throws Exception {
            InputStream out = process.getInputStream();
            StringBuilder said = new StringBuilder();
            while (!said.toString().endsWith(PROMPT)) {
                int next = out.read();
                if (next < 0) {
                    throw new AssertionError("qemu-io ended: " + said);
                }
                said.append((char) next);
            }
            return said.toString();
        }

        @Override
        public void close() {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }
}
