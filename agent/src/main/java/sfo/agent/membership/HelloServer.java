package sfo.agent.membership;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.protocol.json.Json;
import sfo.protocol.peer.Hello;

/**
 * Answers {@code GET /hello} to those who show a certificate of our authority, on a port of its own. It lives as long as
 * the JVM, beside the actor systems, so that one that is downed, quarantined or restarting is still heard.
 */
public final class HelloServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HelloServer.class);
    private static final int THREADS = 8;

    static {
        // seconds; one that connects and then says nothing must not keep a thread
        System.setProperty("sun.net.httpserver.maxReqTime", "5");
        System.setProperty("sun.net.httpserver.maxRspTime", "5");
        // how often it looks for those; each look wakes a thread
        System.setProperty("sun.net.httpserver.timerMillis", "5000");
    }

    private final HttpsServer server;
    private final ExecutorService workers;

    private HelloServer(HttpsServer server, ExecutorService workers) {
        this.server = server;
        this.workers = workers;
    }

    /**
     * @param self called on any of the server's threads, must not block
     * @throws IOException if the port can't be had
     */
    public static HelloServer start(String host, int port, SSLContext tls, Supplier<Hello> self) throws IOException {
        HttpsServer server = HttpsServer.create(new InetSocketAddress(host, port), 64);
        server.setHttpsConfigurator(new HttpsConfigurator(tls) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters both = getSSLContext().getDefaultSSLParameters();
                both.setProtocols(new String[] {"TLSv1.3"});
                both.setNeedClientAuth(true);
                parameters.setSSLParameters(both);
            }
        });
        server.createContext("/hello", exchange -> answer(exchange, self));
        // with all of that taken a connection gets no answer: peers ask again in a second
        ThreadPoolExecutor workers =
                new ThreadPoolExecutor(THREADS, THREADS, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(64), task -> {
                    Thread thread = new Thread(task, "hello");
                    thread.setDaemon(true);
                    return thread;
                });
        workers.allowCoreThreadTimeOut(true);
        server.setExecutor(workers);
        server.start();
        return new HelloServer(server, workers);
    }

    private static void answer(HttpExchange exchange, Supplier<Hello> self) throws IOException {
        try (exchange) {
            if (!exchange.getRequestMethod().equals("GET")) {
                exchange.sendResponseHeaders(405, -1);
                return;
            }
            byte[] body = Json.bytes(self.get());
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        } catch (RuntimeException e) {
            log.error("could not answer a hello", e);
            throw e;
        }
    }

    @Override
    public void close() {
        server.stop(0);
        workers.shutdownNow();
    }
}
