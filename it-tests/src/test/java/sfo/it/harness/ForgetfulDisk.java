package sfo.it.harness;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import sfo.agent.demo.NamespaceLab;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;

/**
 * A disk of an appliance in namespaces, with a volatile write cache as disks have: the cache is in the memory of a process
 * of the appliance, so a power cut takes it, and with it whatever nobody flushed.
 */
public final class ForgetfulDisk {
    /** The loop device is detached by the kernel when its last user is gone: it lives as long as the appliance's power. */
    private static final String ATTACH = """
            set -eu
            platter=$1 link=$2
            run=/run/disk-$(basename "$link")
            mkdir "$run"
            : >"$run/file"
            nbdkit -U "$run/nbd" --filter=cache file "$platter" cache=writeback
            nbdfuse "$run/file" "nbd+unix:///?socket=$run/nbd" >"$run/log" 2>&1 &
            while [ "$(stat -c %s "$run/file")" = 0 ]; do sleep 0.02; done
            device=$(losetup --find --show "$run/file")
            exec 9<"$device"
            sleep infinity >/dev/null 2>&1 &
            losetup --detach "$device"
            ln -sfn "$device" "$link"
            """;

    private final Exec exec = new Exec();
    private final NamespaceLab lab;
    private final String appliance;
    private final Path platter;
    private final Path device;

    public ForgetfulDisk(NamespaceLab lab, String appliance, String name, long bytes) throws IOException {
        this.lab = lab;
        this.appliance = appliance;
        Path folder = Files.createDirectories(lab.folder().resolve("disks-" + appliance));
        this.platter = folder.resolve(name + ".platter");
        this.device = folder.resolve(name);
        try (RandomAccessFile made = new RandomAccessFile(platter.toFile(), "rw")) {
            made.setLength(bytes);
        }
    }

    public String appliance() {
        return appliance;
    }

    /** Where the appliance finds it, the same after each boot. */
    public Path device() {
        return device;
    }

    /** After each boot, before the agent starts. */
    public void attach() throws HostException {
        List<String> argv = List.of("sh", "-c", ATTACH, "disk", platter.toString(), device.toString());
        exec.need(Call.within(Duration.ofSeconds(20)), lab.inside(appliance, argv), "");
    }
}
