package sfo.agent.boot;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import org.fusesource.leveldbjni.JniDBFactory;

/**
 * The native libraries that the agent ships, unpacked into its data folder before their owners look for them: in the temp
 * folder each kill would leave a copy behind, and a noexec one kills the JVM.
 */
final class NativeLibraries {
    private NativeLibraries() {}

    /**
     * Before the first use of LevelDB.
     *
     * @throws StartRefused if there is none for this processor, or it can't be loaded from there
     */
    static void journal(Path data) {
        Path place = unpack(data, "/META-INF/native/linux64/", "libleveldbjni.so");
        System.setProperty("library.leveldbjni.path", place.toString());
    }

    /**
     * Before the first use of JNA, which comes with the adapters.
     *
     * @throws StartRefused as {@link #journal}
     */
    static void systemCalls(Path data) {
        Path place = unpack(data, "/com/sun/jna/linux-x86-64/", "libjnidispatch.so");
        System.setProperty("jna.boot.library.path", place.toString());
        System.setProperty("jna.nounpack", "true");
    }

    /** @return the folder that holds it now */
    private static Path unpack(Path data, String resources, String name) {
        String arch = System.getProperty("os.arch", "");
        if (!arch.equals("amd64") && !arch.equals("x86_64")) {
            throw new StartRefused(
                    "this build has no native libraries for the processor \"" + arch + "\": expected amd64 (x86-64)");
        }
        Path place = data.resolve("native");
        Path file = place.resolve(name);
        try (InputStream shipped = JniDBFactory.class.getResourceAsStream(resources + name)) {
            if (shipped == null) {
                throw new StartRefused(
                        "this build lacks " + resources + name + ": build it again: ./mvnw -DskipTests package");
            }
            byte[] library = shipped.readAllBytes();
            DataFolder.make(data);
            Files.createDirectories(place);
            if (!Files.exists(file) || !Arrays.equals(Files.readAllBytes(file), library)) {
                Path whole = Files.write(place.resolve(name + ".new"), library);
                Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
            }
            System.load(file.toAbsolutePath().toString());
            return place;
        } catch (IOException e) {
            throw DataFolder.unusable(data, e);
        } catch (UnsatisfiedLinkError e) {
            throw new StartRefused(
                    "can't load " + file + ": " + e.getMessage()
                            + ": is that file system mounted noexec? Then give sfo.data a folder that is not, or: mount -o remount,exec",
                    e);
        }
    }
}
