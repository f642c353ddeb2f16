package sfo.agent.boot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import sfo.config.load.Settings;

/** Keys of two appliances, a and b, made once for all tests of this JVM: making them takes a second. */
public final class TestKeys {
    private static final Path FOLDER = make();

    private TestKeys() {}

    public static Settings.Tls of(String appliance) {
        return in(FOLDER, appliance);
    }

    static Settings.Tls in(Path folder, String appliance) {
        return new Settings.Tls(
                folder.resolve(appliance + ".key"), folder.resolve(appliance + ".crt"), folder.resolve("ca.crt"));
    }

    private static Path make() {
        try {
            Path folder = Files.createTempDirectory("sfo-test-keys");
            Keys.make(folder, List.of("a", "b"));
            folder.toFile().deleteOnExit();
            for (String file : List.of("ca.key", "ca.crt", "a.key", "a.crt", "b.key", "b.crt")) {
                folder.resolve(file).toFile().deleteOnExit();
            }
            return folder;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
