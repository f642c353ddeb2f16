package sfo.ops.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;
import sfo.ops.api.Adapter;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource.GroupHost;

@Timeout(60)
@ResourceLock("lan")
class GroupHostTest {
    private static final GroupHost GROUP = new GroupHost(Lan.A);
    private static final Namespace HOST = Namespace.of(Lan.A);

    private Lan lan;
    private Adapter<GroupHost> adapter;

    @BeforeEach
    void up() throws Exception {
        lan = new Lan();
        adapter = lan.adapter("a", GROUP);
    }

    @AfterEach
    void down() throws Exception {
        if (lan != null) {
            lan.close();
        }
    }

    @Test
    void isMadeOnceAndLeavesNothing() throws Exception {
        assertThat(adapter.inspect(GROUP, Lan.call())).isEqualTo(Facts.NOTHING);
        adapter.apply(GROUP, Lan.call());
        adapter.apply(GROUP, Lan.call());
        Facts facts = adapter.inspect(GROUP, Lan.call());
        assertThat(adapter.holds(GROUP, facts)).as("%s", facts).isTrue();
        assertThat(adapter.inspect(GROUP, Lan.call())).isEqualTo(facts);
        assertThat(lan.ip.links(HOST, Lan.call())).extracting(Ip.Link::name).containsExactly("lo");

        lan.ip.act(HOST, List.of("link set lo down"), Lan.call());
        assertThat(adapter.holds(GROUP, adapter.inspect(GROUP, Lan.call()))).isFalse();

        adapter.revert(GROUP, Facts.NOTHING, Lan.call());
        adapter.revert(GROUP, Facts.NOTHING, Lan.call());
        assertThat(HOST.isThere()).isFalse();
    }

    @Test
    void oneThatWasThereBeforeStays() throws Exception {
        adapter.apply(GROUP, Lan.call());
        Facts before = adapter.inspect(GROUP, Lan.call());
        adapter.revert(GROUP, before, Lan.call());
        assertThat(adapter.inspect(GROUP, Lan.call())).isEqualTo(before);
    }

    @Test
    void whatIsBrokenIsMadeAnewOrTakenAway() throws Exception {
        Files.createFile(HOST.path());
        Facts before = adapter.inspect(GROUP, Lan.call());
        assertThat(adapter.holds(GROUP, before)).isFalse();
        adapter.apply(GROUP, Lan.call());
        assertThat(adapter.holds(GROUP, adapter.inspect(GROUP, Lan.call()))).isTrue();
        adapter.revert(GROUP, Facts.NOTHING, Lan.call());

        Files.createFile(HOST.path());
        adapter.revert(GROUP, before, Lan.call());
        assertThat(HOST.isThere()).isFalse();
    }

    @Test
    void processesInItAreEndedAndNoOthers() throws Exception {
        adapter.apply(GROUP, Lan.call());
        Process inside = new ProcessBuilder("ip", "netns", "exec", HOST.toString(), "sleep", "60").start();
        Process outside = new ProcessBuilder("sleep", "60").start();
        try {
            Awaitility.await()
                    .atMost(5, TimeUnit.SECONDS)
                    .until(() -> !HOST.processes().isEmpty());
            adapter.revert(GROUP, Facts.NOTHING, Lan.call());
            assertThat(inside.waitFor(1, TimeUnit.SECONDS)).isTrue();
            assertThat(outside.isAlive()).isTrue();
            assertThat(HOST.isThere()).isFalse();
        } finally {
            inside.destroyForcibly();
            outside.destroyForcibly();
        }
    }

    @Test
    void nothingIsLacking() {
        assertThat(adapter.lacks()).isEmpty();
        assertThat(Path.of("/sys/class/net/sfo-probe")).doesNotExist();
    }
}
