package sfo.agent.control;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** Bytes as they arrive, cut into lines of bounded length; keeps no more than one. */
final class LineReader {
    /** The line is longer than allowed. */
    static final class TooLong extends Exception {
        private static final long serialVersionUID = 1L;

        TooLong(int most) {
            super("a line of more than " + most + " bytes");
        }
    }

    private final int most;
    private byte[] line = new byte[256];
    private int length;

    LineReader(int most) {
        this.most = most;
    }

    /** The next whole line without its line feed; empty when the bytes are used up before one ends. */
    Optional<String> next(ByteBuffer bytes) throws TooLong {
        while (bytes.hasRemaining()) {
            byte b = bytes.get();
            if (b == '\n') {
                String text = new String(line, 0, length, StandardCharsets.UTF_8);
                length = 0;
                return Optional.of(text);
            }
            if (length == most) {
                throw new TooLong(most);
            }
            if (length == line.length) {
                line = Arrays.copyOf(line, Math.min(most, 2 * length));
            }
            line[length++] = b;
        }
        return Optional.empty();
    }
}
