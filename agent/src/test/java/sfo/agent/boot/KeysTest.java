package sfo.agent.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import sfo.protocol.model.Invalid;

class KeysTest {
    @TempDir
    Path folder = Path.of("set by JUnit");

    @BeforeEach
    void copyKeys() throws IOException {
        for (String name : List.of("a", "b")) {
            for (Path file : List.of(TestKeys.of(name).key(), TestKeys.of(name).certificate())) {
                copy(file);
            }
        }
        copy(TestKeys.of("a").authority());
        copy(TestKeys.of("a").authority().resolveSibling("ca.key"));
    }

    @Test
    void whatIsMadePassesTheCheckAndIsForItsOwnerOnly() throws IOException {
        assertThatCode(() -> Tls.check(TestKeys.in(folder, "a"), "a")).doesNotThrowAnyException();
        assertThat(Tls.context(TestKeys.in(folder, "b")).getProtocol()).isEqualTo("TLSv1.3");
        Path fresh = folder.resolve("fresh");
        Keys.make(fresh, List.of("x"));
        for (String file : List.of("ca.key", "ca.crt", "x.key", "x.crt")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(fresh.resolve(file))))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void anAuthorityIsReusedToAddAnApplianceAndNothingIsOverwritten() throws IOException {
        byte[] authority = Files.readAllBytes(folder.resolve("ca.crt"));
        byte[] key = Files.readAllBytes(folder.resolve("a.key"));

        Keys.make(folder, List.of("a", "c"));

        assertThat(folder.resolve("ca.crt")).hasBinaryContent(authority);
        assertThat(folder.resolve("a.key")).hasBinaryContent(key);
        assertThatCode(() -> Tls.check(TestKeys.in(folder, "c"), "c")).doesNotThrowAnyException();
    }

    @Test
    void itsPageNeedsNoOtherWords() {
        assertThat(new CommandLine(new Main()).execute("keys", "-h")).isZero();
    }

    @Test
    void anAuthorityWithoutItsKeyIsNotReplaced() throws IOException {
        Files.delete(folder.resolve("ca.key"));
        assertThatThrownBy(() -> Keys.make(folder, List.of("c")))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("ca.key is missing");
        assertThat(folder.resolve("c.key")).doesNotExist();
    }

    @Test
    void aNameThatIsNoApplianceIsRefused() {
        assertThatThrownBy(() -> Keys.make(folder, List.of("../x"))).isInstanceOf(Invalid.class);
    }

    @Test
    void aMissingFileIsNamedWithWhatToDo() throws IOException {
        Files.delete(folder.resolve("a.crt"));
        refused("a").hasMessageContaining("a.crt does not exist").hasMessageContaining("sfo agent keys");
    }

    @Test
    void aKeyOfAnotherCertificateIsRefused() throws IOException {
        Files.copy(folder.resolve("b.key"), folder.resolve("a.key"), StandardCopyOption.REPLACE_EXISTING);
        refused("a").hasMessageContaining("a.crt is not the certificate of the key in");
    }

    @Test
    void aCertificateOfAnotherAuthorityIsRefused() {
        Path other = folder.resolve("other");
        Keys.make(other, List.of("z"));
        assertThatCode(() -> Files.copy(
                        other.resolve("ca.crt"), folder.resolve("ca.crt"), StandardCopyOption.REPLACE_EXISTING))
                .doesNotThrowAnyException();
        refused("a").hasMessageContaining("was not signed by the authority");
    }

    @Test
    void aCertificateOfAnotherApplianceIsRefused() {
        assertThatThrownBy(() -> Tls.check(TestKeys.in(folder, "a"), "b"))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("is the certificate of \"a\", and this appliance is \"b\"");
    }

    @Test
    void aKeyThatAllCanReadIsRefused() throws IOException {
        Files.setPosixFilePermissions(folder.resolve("a.key"), PosixFilePermissions.fromString("rw-r--r--"));
        refused("a").hasMessageContaining("chmod 600");
    }

    @Test
    void whatIsNoKeyIsRefused() throws IOException {
        Files.writeString(folder.resolve("a.key"), "nonsense");
        refused("a").hasMessageContaining("a.key").hasMessageContaining("PKCS#8");
    }

    private org.assertj.core.api.AbstractThrowableAssert<?, ? extends Throwable> refused(String appliance) {
        return assertThatThrownBy(() -> Tls.check(TestKeys.in(folder, appliance), appliance))
                .isInstanceOf(StartRefused.class);
    }

    private void copy(Path file) throws IOException {
        Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
    }
}
