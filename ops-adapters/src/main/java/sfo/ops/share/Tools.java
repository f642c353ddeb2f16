package sfo.ops.share;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import sfo.ops.api.Lack;
import sfo.ops.exec.Exec;

/** What a server needs of its host. */
public final class Tools {
    private Tools() {}

    /** @param packages by tool, the Debian package that has it */
    public static List<Lack> lacks(Map<String, String> packages) {
        List<Lack> lacks = new ArrayList<>();
        new TreeMap<>(packages).forEach((tool, from) -> {
            if (Exec.find(tool).isEmpty()) {
                lacks.add(new Lack("the command " + tool, "apt-get install " + from));
            }
        });
        if (!"root".equals(System.getProperty("user.name"))) {
            lacks.add(new Lack("the rights of root", "run the agent as root"));
        }
        return List.copyOf(lacks);
    }
}
