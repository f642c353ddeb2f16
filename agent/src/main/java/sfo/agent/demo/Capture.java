package sfo.agent.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * Frames as the switch sees them on all its ports, also on those that come and go, one line each: time, port, direction,
 * source MAC, and what tcpdump makes of it.
 */
public final class Capture implements AutoCloseable {
    private final Process process;
    private final List<String> lines = new ArrayList<>();
    private final CountDownLatch listening = new CountDownLatch(1);

    private Capture(Process process) {
        this.process = process;
    }

    static Capture start(Sandbox network, String filter) throws IOException {
        List<String> argv =
                List.of("tcpdump", "-i", "any", "-n", "-e", "-l", "-tt", "--immediate-mode", "-Z", "root", filter);
        Process process = new ProcessBuilder(network.inside(argv)).start();
        Capture capture = new Capture(process);
        capture.read(process.inputReader(StandardCharsets.UTF_8), false);
        capture.read(new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8)), true);
        try {
            if (!capture.listening.await(10, TimeUnit.SECONDS) || !process.isAlive()) {
                capture.close();
                throw new IOException("tcpdump does not listen with filter \"" + filter + "\": " + capture.lines());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            capture.close();
            throw new IOException("interrupted while tcpdump was starting", e);
        }
        return capture;
    }

    private void read(BufferedReader reader, boolean errors) {
        Thread thread = new Thread(
                () -> {
                    try (reader) {
                        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                            if (!errors) {
                                add(line);
                            } else if (line.contains("listening on")) {
                                listening.countDown();
                            }
                        }
                    } catch (IOException e) {
                        add("the capture broke off: " + e);
                    }
                    listening.countDown();
                },
                "capture");
        thread.setDaemon(true);
        thread.start();
    }

    private void add(String line) {
        synchronized (lines) {
            lines.add(line);
        }
    }

    /** What was seen until now. */
    public List<String> lines() {
        synchronized (lines) {
            return List.copyOf(lines);
        }
    }

    /** What was seen coming in from an appliance. */
    public List<String> from(String appliance) {
        Pattern coming = Pattern.compile("^\\S+ p[01]" + appliance + "\\s+(In|M|B|P)\\b");
        return lines().stream().filter(line -> coming.matcher(line).find()).toList();
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
    }
}
