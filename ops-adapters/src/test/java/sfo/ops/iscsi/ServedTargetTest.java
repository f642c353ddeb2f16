package sfo.ops.iscsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sfo.ops.api.HostException;
import sfo.ops.iscsi.ServedTarget.Disk;
import sfo.ops.iscsi.ServedTarget.Login;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;

class ServedTargetTest {
    /** As tgtd 1.0.85 says it. */
    private static final String SHOWN = """
            Target 1: iqn.2024-07.internal.simple-failover:g1:vm
                System information:
                    Driver: iscsi
                    State: ready
                I_T nexus information:
                    I_T nexus: 3
                        Initiator: iqn.1993-08.org.debian:01:ab12 alias: client
                        Connection: 0
                            IP Address: 10.77.0.50
                LUN information:
                    LUN: 0
                        Type: controller
                        SCSI ID: IET     00010000
                        SCSI SN: beaf10
                        Size: 0 MB, Block size: 1
                        Online: Yes
                        Backing store type: null
                        Backing store path: None
                        Backing store flags:
                    LUN: 1
                        Type: disk
                        SCSI ID: 5f0c3b2a19d84e77
                        SCSI SN: 5f0c3b2a19d84e77
                        Size: 17 MB, Block size: 512
                        Online: Yes
                        Backing store type: rdwr
                        Backing store path: FOLDER/luns/vm-1
                        Backing store flags: sync
                Account information:
                    someone
                ACL information:
                    127.0.0.1
                    10.77.0.0/24
            Target 7: iqn.2024-07.internal.simple-failover:g1:empty
                System information:
                    Driver: iscsi
                    State: ready
                I_T nexus information:
                LUN information:
                    LUN: 0
                        Type: controller
                Account information:
                ACL information:
                    ALL
            """;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @Test
    void whatTheServerSaysIsWhatWasWanted() throws Exception {
        Lun lun = new Lun(1, "tank", "luns/vm-1", 16L << 20, "5f0c3b2a19d84e77");
        IscsiTarget vm =
                new IscsiTarget("vm", IscsiTarget.iqn("g1", "vm"), 1, List.of(lun), List.of(), List.of("10.77.0.0/24"));
        Path file = dir.resolve("luns/vm-1");
        Files.createDirectories(dir.resolve("luns"));
        Files.write(file, new byte[16 << 20]);
        String shown = SHOWN.replace("FOLDER", dir.toString());
        ServedTarget wanted = ServedTarget.of(vm, Map.of("tank", dir.toString()));
        ServedTarget empty =
                new ServedTarget(7, IscsiTarget.iqn("g1", "empty"), new TreeMap<>(), new TreeSet<>(List.of("ALL")));
        assertThat(ServedTarget.parse(shown)).containsExactly(wanted, empty);
        assertThat(ServedTarget.logins(shown)).containsExactly(new Login(1, 3, 0));

        Files.delete(file);
        assertThat(ServedTarget.parse(shown).get(0).disks())
                .containsEntry(1, new Disk(file.toString(), "5f0c3b2a19d84e77", true, -1));
        assertThat(ServedTarget.parse("")).isEmpty();
    }

    @Test
    void aDiskOnAVolumeThatIsNotMountedIsNamed() {
        Lun lun = new Lun(1, "pool", "luns/vm-1", 16L << 20, "5f0c3b2a19d84e77");
        IscsiTarget vm = new IscsiTarget("vm", IscsiTarget.iqn("g1", "vm"), 1, List.of(lun), List.of(), List.of());
        assertThatThrownBy(() -> ServedTarget.of(vm, Map.of("tank", "/srv/tank")))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("volume pool")
                .hasMessageContaining("[tank]");
    }
}
