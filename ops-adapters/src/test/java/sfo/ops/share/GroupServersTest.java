package sfo.ops.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.ops.share.GroupServers.Server;

@ResourceLock("group hosts")
class GroupServersTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @Test
    void underSystemdAServerIsAUnitOfItsOwn() {
        Server server = new GroupServers(new Exec(), Path.of("/run/sfo")).server("office", "smb");
        assertThat(GroupServers.asUnit(server, List.of("smbd"), Path.of("/log")))
                .startsWith("systemd-run", "--quiet", "--collect", "--unit=sfo-office-smb")
                .endsWith("--", "smbd");
    }

    @Test
    void withoutAGroupHostItSaysWhatIsMissing() {
        GroupServers servers = new GroupServers(new Exec(), dir);
        Server server = servers.server("sv-nowhere", "smb");
        Call call = Call.within(Duration.ofSeconds(5));
        assertThatThrownBy(() -> servers.start(server, List.of("true"), List.of(), call))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("expected /run/netns/sfo-sv-nowhere")
                .hasMessageContaining("sfo resume");
    }

    @Test
    void aGroupsNameIsNoPath() {
        GroupServers servers = new GroupServers(new Exec(), dir);
        assertThatThrownBy(() -> servers.server("../etc", "smb")).hasMessageContaining("../etc");
    }

    @Test
    void tellsWhetherTwoViewsSeeTheSameAtAPlace() {
        String host = """
                27 1 8:1 / / rw - ext4 /dev/sda1 rw
                30 27 0:24 / /run rw - tmpfs tmpfs rw
                41 27 7:0 / /srv/my\\040tank rw - ext4 /dev/loop0 rw
                """;
        String server = """
                127 1 8:1 / / rw - ext4 /dev/sda1 rw
                130 127 0:99 / /run rw - tmpfs sfo-x rw
                131 130 0:24 /sfo /run/sfo rw - tmpfs tmpfs rw
                """;
        assertThat(MountTable.at(host, Path.of("/run/sfo/state"))).isEqualTo("0:24 /sfo/state");
        assertThat(MountTable.at(server, Path.of("/run/sfo/state"))).isEqualTo("0:24 /sfo/state");
        assertThat(MountTable.at(host, Path.of("/srv/my tank/data"))).isEqualTo("7:0 /data");
        assertThat(MountTable.at(server, Path.of("/srv/my tank/data"))).isEqualTo("8:1 /srv/my tank/data");
    }

    @Test
    void aServerThatEndsAtOnceSaysWhy() throws Exception {
        GroupHostLab.assumeHost();
        try (GroupHostLab lab = new GroupHostLab("svends")) {
            GroupServers servers = new GroupServers(lab.exec, dir);
            Server server = servers.server(lab.group, "smb");
            Call call = GroupHostLab.call(20);
            servers.start(server, List.of("ls", "/no/such/folder"), List.of(), call);
            assertThatThrownBy(() -> servers.awaitListening(server, 445, call))
                    .hasMessageContaining("ended before it listened on port 445")
                    .hasMessageContaining("/no/such/folder");
        }
    }

    @Test
    void theEndOfAServerIsToldButNotThatOfWhatItDoesForAClient() throws Exception {
        GroupHostLab.assumeHost();
        try (GroupHostLab lab = new GroupHostLab("svtold")) {
            GroupServers servers = new GroupServers(lab.exec, dir);
            BlockingQueue<String> told = new LinkedBlockingQueue<>();
            servers.whenEnded(told::add);
            Server server = servers.server(lab.group, "smb");
            Path forks = Files.writeString(dir.resolve("forks"), "while :; do sleep 1000; done\n");
            servers.start(server, List.of("/bin/sh", forks.toString()), List.of(), GroupHostLab.call(5));
            org.awaitility.Awaitility.await()
                    .until(() -> servers.processes(server).size() == 2);

            List<ProcessHandle> both = servers.processes(server);
            ProcessHandle child = both.stream()
                    .filter(process -> process.parent().filter(both::contains).isPresent())
                    .findFirst()
                    .orElseThrow();
            child.destroyForcibly();
            org.awaitility.Awaitility.await()
                    .until(() -> servers.processes(server).size() == 2 && !child.isAlive());
            assertThat(told.poll(6, TimeUnit.SECONDS)).isNull();

            servers.stop(server, Duration.ofSeconds(2), GroupHostLab.call(5));
            assertThat(told.poll(10, TimeUnit.SECONDS)).isEqualTo(lab.group);
            assertThat(told.poll(1, TimeUnit.SECONDS)).isNull();
        }
    }

    @Test
    void whatIgnoresATermIsKilledAndNothingIsLeft() throws Exception {
        GroupHostLab.assumeHost();
        try (GroupHostLab lab = new GroupHostLab("svstub")) {
            GroupServers servers = new GroupServers(lab.exec, dir);
            Server server = servers.server(lab.group, "smb");
            Path stubborn = Files.writeString(dir.resolve("stubborn"), "trap '' TERM; while :; do sleep 1; done\n");
            servers.start(server, List.of("/bin/sh", stubborn.toString()), List.of(), GroupHostLab.call(5));
            org.awaitility.Awaitility.await()
                    .until(() -> servers.processes(server).size() == 2);
            servers.stop(server, Duration.ofMillis(100), GroupHostLab.call(5));
            assertThat(lab.processes()).isEmpty();
            assertThat(server.folder()).doesNotExist();
        }
    }
}
