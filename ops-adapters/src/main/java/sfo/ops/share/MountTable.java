package sfo.ops.share;

import java.nio.file.Path;

/** Reads the text of {@code /proc/PID/mountinfo}, and writes names as tables of mounts have them. */
final class MountTable {
    private MountTable() {}

    /**
     * Which file of which file system a path is, {@code "7:0 /data"}: the same for two views exactly if they see the same
     * there. Of several mounts at one place the last counts.
     */
    static String at(String mountinfo, Path path) {
        String found = "";
        Path deepest = Path.of("/");
        for (String line : mountinfo.lines().toList()) {
            String[] fields = line.split(" ", -1);
            if (fields.length < 5) {
                continue;
            }
            Path point = Path.of(unescape(fields[4]));
            if (path.startsWith(point) && point.startsWith(deepest)) {
                deepest = point;
                found = fields[2] + " "
                        + Path.of(unescape(fields[3]))
                                .resolve(point.relativize(path))
                                .normalize();
            }
        }
        return found;
    }

    static String escape(String name) {
        return name.replace("\\", "\\134")
                .replace(" ", "\\040")
                .replace("\t", "\\011")
                .replace("\n", "\\012");
    }

    private static String unescape(String field) {
        return field.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
