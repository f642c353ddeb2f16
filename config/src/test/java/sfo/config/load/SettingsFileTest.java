package sfo.config.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsFileTest {
    @TempDir
    Path folder = Path.of("set by JUnit");

    private String example = "";

    @BeforeEach
    void readTheShippedExample() throws IOException {
        try (InputStream in = Objects.requireNonNull(Settings.class.getResourceAsStream("/sfo-example.conf"))) {
            example = new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        }
    }

    @Test
    void theShippedExampleIsGood() throws IOException {
        Settings settings = SettingsFile.load(write(example));

        assertThat(settings.appliance()).isEqualTo("a");
        assertThat(settings.data()).isEqualTo(Path.of("/var/lib/sfo"));
        assertThat(settings.endpoint()).isEqualTo(new Settings.Endpoint("10.77.0.11", 7800, 7801));
        assertThat(settings.tls().key()).isEqualTo(folder.resolve("a.key"));
        assertThat(settings.peers()).containsExactly(new Settings.Peer("b", "10.77.0.12", 7800, 7801, "10.78.0.12"));
        assertThat(settings.witnesses()).containsExactly("10.77.0.254", "10.78.0.254");
        assertThat(settings.mirrorAddress()).isEqualTo("10.78.0.11");
        assertThat(settings.adapters().embedded()).isEmpty();
        assertThat(settings.backups()).isEqualTo(new Settings.Backups(Duration.ofMinutes(5), 20, Duration.ofHours(1)));
    }

    @Test
    void whatNeedNotBeSaidHasADefault() throws IOException {
        Settings settings = SettingsFile.load(write("""
                sfo {
                  appliance = a
                  run = here/run
                  endpoint { host = 127.0.0.2, port = 1, hello-port = 2 }
                  tls { key = a.key, certificate = a.crt, authority = ca.crt }
                  peers = [ { appliance = b, host = 127.0.0.3, port = 1, hello-port = 2 } ]
                  adapters { embedded = ./world }
                }"""));

        assertThat(settings.socket()).isEqualTo(folder.resolve("here/run/control.sock"));
        assertThat(settings.mirrorAddress()).isEqualTo("127.0.0.2");
        assertThat(settings.peers().get(0).mirrorAddress()).isEqualTo("127.0.0.3");
        assertThat(settings.adapters().embedded()).contains(folder.resolve("world"));
        assertThat(settings.backups().keep()).isEqualTo(20);
    }

    @Test
    void anAgentOnlyVotesIfItsFileSaysSoAndItsFlagDoesNotDisagree() throws IOException {
        Path member = Files.writeString(folder.resolve("member.conf"), example);
        Path witness = write(example.replace("appliance = a\n", "appliance = a\n  witness = true\n")
                .replace("appliance = b,", "appliance = b, witness = true,"));

        assertThat(SettingsFile.load(member).witness()).isFalse();
        assertThat(SettingsFile.load(member).servers()).hasSize(1);
        assertThat(catchThrowableOfType(SettingsErrors.class, () -> SettingsFile.load(member, true)))
                .hasMessageContaining("sfo.witness is missing")
                .hasMessageContaining("--witness was typed");
        for (boolean typed : new boolean[] {false, true}) {
            Settings settings = SettingsFile.load(witness, typed);
            assertThat(settings.witness()).isTrue();
            assertThat(settings.peers().get(0).witness()).isTrue();
            assertThat(settings.servers()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "appliance = a            | appliance = A_           | sfo.appliance            | A_",
                "appliance = a            | appliance = b            | sfo.peers[0].appliance   | b",
                "host = 10.77.0.11        | host = filer-a           | sfo.endpoint.host        | filer-a",
                "host = 10.77.0.11        | host = 0.0.0.0           | sfo.endpoint.host        | 0.0.0.0",
                "port = 7800, hello-port = 7801 } | port = 7800, hello-port = 7800 } | sfo.endpoint.hello-port | 7800",
                "port = 7800, hello       | port = 70000, hello      | sfo.endpoint.port        | 70000",
                "port = 7800, hello       | port = high, hello       | sfo.endpoint.port        | high",
                "host = 10.77.0.12        | host = 10.77.0.11        | sfo.peers[0].port        | 7800",
                "every = 5m               | every = often            | sfo.backups.every        | often",
                "every = 5m               | every = 10ms             | sfo.backups.every        | 10ms",
                "keep = 20                | keep = 1                 | sfo.backups.keep         | 1",
                "[ 10.77.0.254, 10.78     | [ 10.77.0.11, 10.78      | sfo.witnesses            | [\"10.77.0.11\",\"10.78.0.254\"]",
                "[ 10.77.0.254, 10.78     | [ gateway, 10.78         | sfo.witnesses            | gateway",
                "run = /run/sfo           | run = /var/lib/sfo       | sfo.run                  | /var/lib/sfo",
                "tls {                    | tsl {                    | sfo.tsl                  | ",
            })
    void aWrongValueIsNamedWithItsFileLineAndKey(String good, String bad, String key, String value) throws IOException {
        Path file = write(example.replaceFirst(
                java.util.regex.Pattern.quote(good), java.util.regex.Matcher.quoteReplacement(bad)));

        SettingsErrors errors =
                Objects.requireNonNull(catchThrowableOfType(SettingsErrors.class, () -> SettingsFile.load(file)));

        assertThat(errors.problems()).anySatisfy(problem -> {
            assertThat(problem.file()).isEqualTo(file.toString());
            assertThat(problem.key()).isEqualTo(key);
            assertThat(problem.line()).isPositive();
            if (value != null) {
                assertThat(problem.value()).isEqualTo(value);
            }
            assertThat(problem.expected()).isNotBlank();
        });
    }

    @Test
    void aMisspeltKeyIsAnErrorThatNamesTheNearestOne() throws IOException {
        SettingsErrors errors = load(example.replace("witnesses", "witnessses"));

        assertThat(errors).hasMessageContaining("sfo.witnessses").hasMessageContaining("did you mean witnesses?");
        assertThat(errors.problems().get(0).line())
                .isEqualTo(1 + example.lines().toList().indexOf(line("witnesses = ")));
    }

    @Test
    void allErrorsAreReportedAtOnceInTheOrderOfTheirLines() throws IOException {
        SettingsErrors errors = load("""
                sfo {
                  appliance = "no good"
                  endpoint { host = nowhere, port = 0, hello-port = 7801 }
                  tls { key = a.key, authority = ca.crt }
                  peers = []
                  extra = 1
                }
                other = 2""");

        assertThat(errors.problems().stream().map(SettingsErrors.Problem::key))
                .containsExactlyInAnyOrder(
                        "sfo.appliance",
                        "sfo.endpoint.host",
                        "sfo.endpoint.port",
                        "sfo.mirror-address",
                        "sfo.tls.certificate",
                        "sfo.peers",
                        "sfo.extra",
                        "other");
        assertThat(errors.problems().stream().map(SettingsErrors.Problem::line)).isSorted();
    }

    @Test
    void whatFollowsFromAnErrorIsNoneOfItsOwn() throws IOException {
        assertThat(load(example.replace(line("endpoint {"), "  endpoint { host = 10.77.0.11 }\n"))
                        .problems())
                .extracting(SettingsErrors.Problem::key)
                .containsExactly("sfo.endpoint.port", "sfo.endpoint.hello-port");
    }

    @Test
    void aSocketPathThatTheKernelCannotTakeIsRefused() throws IOException {
        assertThat(load(example.replace("/run/sfo/control.sock", "/" + "x".repeat(107))))
                .hasMessageContaining("sfo.socket")
                .hasMessageContaining("107 bytes");
    }

    @Test
    void aForgottenCommaBetweenTwoPeersIsAnErrorAndDoesNotLoseOne() throws IOException {
        String peer = line("appliance = b");
        assertThat(load(example.replace(peer, peer + peer.replace("appliance = b", "appliance = c"))))
                .hasMessageContaining("comma between } and {");
    }

    @Test
    void aSyntaxErrorNamesItsLine() throws IOException {
        assertThat(load("sfo {\n  appliance = a\n  peers = [\n").problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.line()).isPositive());
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        SettingsErrors errors = Objects.requireNonNull(
                catchThrowableOfType(SettingsErrors.class, () -> SettingsFile.load(folder.resolve("none.conf"))));
        assertThat(errors).hasMessageContaining("none.conf");
    }

    private String line(String containing) {
        return example.lines().filter(l -> l.contains(containing)).findFirst().orElseThrow();
    }

    private SettingsErrors load(String text) throws IOException {
        Path file = write(text);
        List<String> lines = text.lines().toList();
        assertThat(lines).isNotEmpty();
        return Objects.requireNonNull(catchThrowableOfType(SettingsErrors.class, () -> SettingsFile.load(file)));
    }

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("sfo.conf"), text);
    }
}
