package sfo.agent.boot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * Tells one boot of an appliance from the next: the kernel's boot id, and when pid 1 started (an appliance in a namespace
 * shares the kernel's id with others). Another agent process of the same boot has the same one.
 */
public final class BootIdentity {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final Path PID_1 = Path.of("/proc/1/stat");
    /** Of a host without /proc: every start of the agent counts as a boot, which is the safe side. */
    private static final String OF_THIS_JVM = "jvm-" + UUID.randomUUID();

    private static final int START_TIME = 22;

    private BootIdentity() {}

    public static String read() {
        try {
            return Files.readString(BOOT_ID).strip() + "-" + startTime(Files.readString(PID_1));
        } catch (IOException e) {
            return OF_THIS_JVM;
        }
    }

    /** Field 22 of proc(5)'s stat; the second one, in parentheses, may contain blanks and parentheses itself. */
    static String startTime(String stat) {
        String[] fromThird = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return fromThird[START_TIME - 3];
    }
}
