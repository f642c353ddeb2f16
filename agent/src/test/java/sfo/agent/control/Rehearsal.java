package sfo.agent.control;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** A control socket with the fake pair behind it, for a look by hand and for tests of the launcher: its path as word. */
public final class Rehearsal {
    private Rehearsal() {}

    public static void main(String[] args) throws Exception {
        FakeOperations operations = new FakeOperations();
        try (ControlServer server = ControlServer.start(Path.of(args[0]), () -> operations)) {
            System.out.println("ready at " + server.socket());
            new CountDownLatch(1).await();
        }
    }
}
