package sfo.ops.volume;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import sfo.ops.api.Lack;
import sfo.ops.exec.Exec;

/** What the adapters of this package need of a host. */
final class Tools {
    private Tools() {}

    /** @param packages by tool, the Debian package that has it */
    static List<Lack> lacks(Map<String, String> packages, boolean fuse) {
        List<Lack> lacks = new ArrayList<>();
        if (!Integer.valueOf(0).equals(uid())) {
            lacks.add(new Lack("the rights of root", "run the agent as root"));
        }
        new TreeMap<>(packages).forEach((tool, owner) -> {
            if (Exec.find(tool).isEmpty()) {
                lacks.add(new Lack("the command " + tool, "apt-get install " + owner));
            }
        });
        if (fuse && !Files.exists(Path.of("/dev/fuse"))) {
            lacks.add(new Lack("/dev/fuse", "modprobe fuse"));
        }
        return lacks;
    }

    private static Object uid() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        } catch (java.io.IOException e) {
            return -1;
        }
    }
}
