package sfo.agent.membership;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import sfo.agent.boot.Tls;
import sfo.config.load.Settings;
import sfo.protocol.json.Json;
import sfo.protocol.peer.Hello;

/** Asks a peer's hello endpoint. Keeps connections, so that asking each second costs next to nothing. */
public final class HelloClient implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofMillis(600);
    private static final Duration ANSWER = Duration.ofSeconds(1);

    private final ExecutorService threads = Executors.newFixedThreadPool(2, task -> {
        Thread thread = new Thread(task, "hello-client");
        thread.setDaemon(true);
        return thread;
    });
    private final HttpClient http;

    public HelloClient(SSLContext tls) {
        http = HttpClient.newBuilder()
                .sslContext(tls)
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT)
                .executor(threads)
                .build();
    }

    /**
     * Ends within about a second. Fails with an {@link IOException} (bare, or inside a {@link CompletionException}) if
     * nothing answers, or what answers is not that appliance: its certificate and its words have to name it.
     */
    public CompletableFuture<Hello> ask(Settings.Peer peer) {
        String host = peer.host().contains(":") ? "[" + peer.host() + "]" : peer.host();
        HttpRequest request = HttpRequest.newBuilder(URI.create("https://" + host + ":" + peer.helloPort() + "/hello"))
                .timeout(ANSWER)
                .GET()
                .build();
        return http.sendAsync(request, HttpResponse.BodyHandlers.ofString()).thenApply(answer -> read(peer, answer));
    }

    private static Hello read(Settings.Peer peer, HttpResponse<String> answer) {
        try {
            if (answer.statusCode() != 200) {
                throw new IOException("expected a hello, got HTTP status " + answer.statusCode());
            }
            SSLSession session = answer.sslSession().orElseThrow();
            String certified = Tls.commonName((X509Certificate) session.getPeerCertificates()[0]);
            Hello hello = Json.read(answer.body(), Hello.class);
            if (!certified.equals(peer.appliance()) || !hello.appliance().equals(peer.appliance())) {
                throw new IOException("at " + peer.host() + ":" + peer.helloPort() + " expected the appliance \""
                        + peer.appliance() + "\", but \"" + hello.appliance() + "\" answers with the certificate of \""
                        + certified + "\": correct sfo.peers in the settings file");
            }
            return hello;
        } catch (SSLPeerUnverifiedException e) {
            throw new CompletionException(e);
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
