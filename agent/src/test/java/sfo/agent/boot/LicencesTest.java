package sfo.agent.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The list of licences has what the product ships, in the version that it ships, and nothing else. */
class LicencesTest {
    /** As the build resolved it: group:artifact:jar[:classifier]:version:scope. */
    private static final Pattern RESOLVED =
            Pattern.compile("\\s+([\\w.-]+):([\\w.-]+):jar(?::native)?:([\\w.-]+):(?:compile|runtime).*");

    private static final Pattern LISTED = Pattern.compile("\\| ([\\w.-]+):([\\w.-]+) \\| ([\\w.-]+) \\| (\\S.*) \\|");

    @Test
    void theListIsWhatTheBuildResolved() throws IOException {
        assertThat(found(Path.of("docs/licences.md"), LISTED))
                .isEqualTo(found(Path.of("target/dependencies.txt"), RESOLVED));
    }

    private static Set<String> found(Path file, Pattern pattern) throws IOException {
        Set<String> found = Files.readAllLines(file).stream()
                .map(pattern::matcher)
                .filter(java.util.regex.Matcher::matches)
                .map(line -> line.group(1) + ":" + line.group(2) + " " + line.group(3))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(found).as(file.toString()).hasSizeGreaterThan(20);
        return found;
    }
}
