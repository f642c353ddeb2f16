package sfo.it.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** All files below a folder with their content, read without the product: what a host is, where hosts are folders. */
public final class Tree {
    private static final Pattern CLAIM = Pattern.compile("\"claim\"\\s*:\\s*\\{[^}]*}");
    /** Of a secondary whose primary is gone: nobody can connect to that export any more. */
    private static final Pattern EXPORT = Pattern.compile("\"export\":\"[^\"]*\",\"peer\":\"\"");

    private final NavigableMap<String, String> files;

    private Tree(NavigableMap<String, String> files) {
        this.files = files;
    }

    /** Everything, to the byte. */
    public static Tree of(Path root) {
        NavigableMap<String, String> files = new TreeMap<>();
        try (Stream<Path> walk = Files.walk(root)) {
            for (Path file : walk.filter(Files::isRegularFile).toList()) {
                String name = root.relativize(file).toString();
                if (!name.startsWith("faults/")) {
                    files.put(name, Files.readString(file, StandardCharsets.ISO_8859_1));
                }
            }
        } catch (NoSuchFileException e) {
            return of(root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Tree(files);
    }

    /**
     * But for what a failover leaves that was rolled back: the highest claim that a replica has seen never goes back, the
     * name of an export that lost its primary goes with it, and the content of a replica that was promoted counts as it does to I2: not at all.
     */
    public Tree withoutReplicasContent() {
        NavigableMap<String, String> rest = new TreeMap<>();
        files.forEach((name, text) -> {
            if (!name.contains("/data/")) {
                rest.put(
                        name,
                        name.endsWith("/record.json") || name.startsWith("run/mirrors/") ? unclaimed(text) : text);
            }
        });
        return new Tree(rest);
    }

    private static String unclaimed(String text) {
        return EXPORT.matcher(CLAIM.matcher(text).replaceAll("\"claim\":ANY")).replaceAll("\"export\":ANY");
    }

    /** One line for each file that differs; empty if they are equal. */
    public List<String> differences(Tree other) {
        List<String> lines = new ArrayList<>();
        files.forEach((name, text) -> {
            String now = other.files.get(name);
            if (now == null) {
                lines.add("gone: " + name + " " + text);
            } else if (!now.equals(text)) {
                lines.add("changed: " + name + " " + text + " -> " + now);
            }
        });
        other.files.forEach((name, text) -> {
            if (!files.containsKey(name)) {
                lines.add("new: " + name + " " + text);
            }
        });
        return lines;
    }

    public int size() {
        return files.size();
    }
}
