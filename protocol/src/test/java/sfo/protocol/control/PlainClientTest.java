package sfo.protocol.control;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class PlainClientTest {
    @TempDir
    Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void clientNeedsNothingButTheJdk() {
        classes()
                .that()
                .haveFullyQualifiedName(Client.class.getName())
                .or()
                .haveNameMatching("sfo\\.protocol\\.control\\.(Client|Frame|ExitCode).*")
                .should()
                .onlyDependOnClassesThat(com.tngtech.archunit.base.DescribedPredicate.<JavaClass>describe(
                        "the JDK, null-ness annotations, or one another",
                        c -> c.getPackageName().startsWith("java.")
                                || c.getPackageName().equals("org.jspecify.annotations")
                                || c.getName().matches("sfo\\.protocol\\.control\\.(Client|Frame|ExitCode).*")
                                || c.isPrimitive()
                                || c.isArray()))
                .check(new ClassFileImporter(List.of(new ImportOption.DoNotIncludeTests()))
                        .importPackages("sfo.protocol.control"));
    }

    @Test
    void withoutAnAgentItEndsWith6AndSaysWhatToType() throws Exception {
        String socket = folder.resolve("none.sock").toString();

        assertThat(client(socket, "", "status").run()).isEqualTo(6);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains(socket).contains("sfo agent --config FILE");
    }

    @Test
    void withoutAnAgentJsonIsStillJson() throws Exception {
        assertThat(client("/nowhere/x.sock", "", "status", "--json").run()).isEqualTo(6);
        assertThat(Frame.read(out.toString(StandardCharsets.UTF_8).strip()).text("exit", ""))
                .isEqualTo("NO_AGENT");
    }

    @Test
    void socketOptionIsItsOwnAndTheRestIsSent() throws Exception {
        Path socket = folder.resolve("a.sock");
        try (ServerSocketChannel server = listen(socket)) {
            CompletableFuture<String> request = CompletableFuture.supplyAsync(() -> serve(server, "{\"exit\":4}\n"));
            assertThat(client("/nowhere", "", "--socket", socket.toString(), "failover", "g1", "--", "--socket")
                            .run())
                    .isEqualTo(4);
            assertThat(Frame.read(request.get(10, TimeUnit.SECONDS)).texts("argv"))
                    .containsExactly("failover", "g1", "--", "--socket");
        }
    }

    @Test
    void printsAnswersRedrawsAndEndsWithTheAgentsCode() throws Exception {
        Path socket = folder.resolve("a.sock");
        String frames =
                "{\"out\":\"one\\n\"}\n{\"live\":\"a\\nb\\n\"}\n{\"live\":\"c\\n\"}\n{\"err\":\"bad\\n\"}\n{\"exit\":3}\n";
        try (ServerSocketChannel server = listen(socket)) {
            CompletableFuture<String> request = CompletableFuture.supplyAsync(() -> serve(server, frames));
            assertThat(client(socket.toString(), "", "x").run()).isEqualTo(3);
            assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("one\n\r\u001b[Ja\nb\n\u001b[2A\r\u001b[Jc\n");
            assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("bad\n");
            assertThat(request.get(10, TimeUnit.SECONDS)).contains("argv");
        }
    }

    @Test
    void anAgentThatDiesInTheMiddleIsNoSuccess() throws Exception {
        Path socket = folder.resolve("a.sock");
        try (ServerSocketChannel server = listen(socket)) {
            CompletableFuture<String> request =
                    CompletableFuture.supplyAsync(() -> serve(server, "{\"out\":\"begun\\n\"}\n"));
            assertThat(client(socket.toString(), "", "failover").run()).isEqualTo(6);
            assertThat(err.toString(StandardCharsets.UTF_8)).contains("sfo history");
            assertThat(request.get(10, TimeUnit.SECONDS)).contains("failover");
        }
    }

    private Client client(String socket, String typed, String... words) {
        InputStream in = new ByteArrayInputStream(typed.getBytes(StandardCharsets.UTF_8));
        return new Client(words, socket, in, out, err);
    }

    private static ServerSocketChannel listen(Path socket) throws Exception {
        Files.deleteIfExists(socket);
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
    }

    /** Takes one request line, sends the frames, closes; returns the line. */
    private static String serve(ServerSocketChannel server, String frames) {
        try (SocketChannel channel = server.accept()) {
            StringBuilder line = new StringBuilder();
            ByteBuffer one = ByteBuffer.allocate(1);
            while (channel.read(one) == 1 && one.get(0) != '\n') {
                line.append((char) one.get(0));
                one.clear();
            }
            ByteBuffer bytes = ByteBuffer.wrap(frames.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            return line.toString();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
