package sfo.ops.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.ops.volume.MirrorRig.claim;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Volume;

/** I4 on real daemons: what a client's fsync acknowledged is on the other side. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@ResourceLock("mounts")
class MirrorTest {
    private static final Claim FIRST = claim(1, "a");
    private static final Claim SECOND = claim(2, "b");

    private MirrorRig rig;

    @BeforeEach
    void start() throws Exception {
        rig = new MirrorRig();
    }

    @AfterEach
    void end() throws Exception {
        if (rig != null) {
            rig.end();
        }
    }

    @ParameterizedTest
    @EnumSource(Volume.FileSystem.class)
    void aKilledPrimaryLosesNoAcknowledgedWrite(Volume.FileSystem type) throws Exception {
        Volume volume = rig.a.volume(type);
        rig.serving(volume, FIRST);
        assertThat(rig.a.state(volume).sync()).isEqualTo(Sync.REPLICATING);
        assertThat(rig.b.state(volume).sync()).isEqualTo(Sync.REPLICATING);
        Appender appender = new Appender(rig.a.point().resolve("data/records"));
        rig.atEnd(appender::finish);
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> appender.acknowledged() > 50);

        rig.a.kill(volume);
        int acknowledged = appender.finish();
        rig.a.unmount(volume, FIRST);
        long begun = System.nanoTime();
        rig.b.promote(volume, SECOND);
        System.out.printf("%s: promoted in %d ms%n", type, (System.nanoTime() - begun) / 1_000_000);
        rig.b.mount(volume, SECOND);

        assertThat(appender.end()).as("the client saw the kill").isNotEmpty();
        assertThat(Appender.missing(rig.b.point().resolve("data/records"), acknowledged))
                .isEmpty();
    }
}
