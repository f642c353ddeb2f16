package sfo.agent.demo;

import java.io.IOException;
import java.util.List;

/** A client at work: reads and writes as fast as its pace says, and remembers what was acknowledged, and when. */
public interface Workload extends AutoCloseable {
    /** What kind of client, in a few words. */
    String name();

    /** Returns after the first good I/O. @throws IOException if none succeeds within 30 s */
    void start() throws IOException;

    IoLog log();

    /** Ends the work; the last acknowledgement is counted when it returns. */
    void stop();

    /** After {@link #stop}: reads everything that was acknowledged once more, as a new client. */
    Verdict verify() throws IOException;

    @Override
    void close();

    /**
     * @param acknowledged how many writes the server said to have on disk
     * @param lost those that are not there as they were written, described
     */
    record Verdict(long acknowledged, List<String> lost) {}
}
