package sfo.protocol.control;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One line on the control socket: a flat JSON object whose values are texts, whole numbers, booleans or lists of texts.
 * Hand-written, since the client that uses it has to start in a few milliseconds; not nested, so that no input can
 * exhaust a stack.
 *
 * <p>Client to agent, first: {@code argv}, {@code cwd}, {@code width}, {@code ask} (somebody can be asked), {@code
 * terminal} (lines can be redrawn), {@code sudo}. Then, when asked: {@code answer}, or {@code end} at the end of input.
 *
 * <p>Agent to client: {@code out}, {@code err} (texts to print as they are); {@code ask} (a question); {@code live} (lines that replace the last such lines); {@code detach} (what to say if the operator leaves);
 * at last {@code exit}.
 */
public final class Frame {
    public static final String ARGV = "argv";
    public static final String CWD = "cwd";
    public static final String WIDTH = "width";
    public static final String TERMINAL = "terminal";
    public static final String SUDO = "sudo";
    public static final String ANSWER = "answer";
    public static final String END = "end";
    public static final String OUT = "out";
    public static final String ERR = "err";
    public static final String ASK = "ask";
    public static final String LIVE = "live";
    /** The agent has the request: whatever it takes, it is at work. */
    public static final String TAKEN = "taken";

    public static final String DETACH = "detach";
    public static final String EXIT = "exit";

    private final Map<String, Object> fields = new LinkedHashMap<>();

    /** A line that is no frame. The message says at which character, and what was expected there. */
    public static final class Malformed extends IOException {
        private static final long serialVersionUID = 1L;

        Malformed(String message) {
            super(message);
        }
    }

    /** Adds a field; {@code value} is a String, a Boolean, a whole number or a list of Strings. */
    public Frame with(String name, Object value) {
        fields.put(name, value);
        return this;
    }

    public boolean has(String name) {
        return fields.containsKey(name);
    }

    /** The text, or {@code otherwise} if there is none of that name. */
    public String text(String name, String otherwise) {
        Object value = fields.get(name);
        return value instanceof String text ? text : otherwise;
    }

    public long number(String name, long otherwise) {
        Object value = fields.get(name);
        return value instanceof Number number ? number.longValue() : otherwise;
    }

    public boolean flag(String name) {
        return Boolean.TRUE.equals(fields.get(name));
    }

    /** The list, empty if there is none of that name. */
    public List<String> texts(String name) {
        List<String> texts = new ArrayList<>();
        if (fields.get(name) instanceof List<?> list) {
            for (Object element : list) {
                texts.add((String) element);
            }
        }
        return texts;
    }

    /** The frame as one line, without its line feed. */
    public String line() {
        StringBuilder line = new StringBuilder(64).append('{');
        for (Map.Entry<String, Object> field : fields.entrySet()) {
            if (line.length() > 1) {
                line.append(',');
            }
            quote(field.getKey(), line);
            line.append(':');
            value(field.getValue(), line);
        }
        return line.append('}').toString();
    }

    @Override
    public String toString() {
        return line();
    }

    private static void value(Object value, StringBuilder line) {
        if (value instanceof List<?> list) {
            line.append('[');
            for (int i = 0; i < list.size(); i++) {
                if (i > 0) {
                    line.append(',');
                }
                quote((String) list.get(i), line);
            }
            line.append(']');
        } else if (value instanceof String text) {
            quote(text, line);
        } else {
            line.append(value);
        }
    }

    private static void quote(String text, StringBuilder line) {
        line.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                line.append('\\').append(c);
            } else if (c == '\n') {
                line.append("\\n");
            } else if (c < ' ' || c == 0x7f || Character.isSurrogate(c)) {
                // a lone surrogate has no UTF-8 form; escaped, every text survives
                line.append("\\u").append(Integer.toHexString(0x10000 | c), 1, 5);
            } else {
                line.append(c);
            }
        }
        line.append('"');
    }

    /** @throws Malformed unless {@code line} is one flat JSON object and nothing else */
    public static Frame read(String line) throws Malformed {
        return new Reader(line).frame();
    }

    private static final class Reader {
        private final String line;
        private int at;

        Reader(String line) {
            this.line = line;
        }

        Frame frame() throws Malformed {
            Frame frame = new Frame();
            expect('{');
            if (!next('}')) {
                do {
                    String name = string();
                    expect(':');
                    frame.with(name, value());
                } while (next(','));
                expect('}');
            }
            skip();
            if (at < line.length()) {
                throw malformed("the end of the line");
            }
            return frame;
        }

        private Object value() throws Malformed {
            skip();
            char c = at < line.length() ? line.charAt(at) : ' ';
            if (c == '"') {
                return string();
            }
            if (c == '[') {
                return list();
            }
            if (word("true")) {
                return true;
            }
            if (word("false")) {
                return false;
            }
            return number();
        }

        private List<String> list() throws Malformed {
            List<String> list = new ArrayList<>();
            expect('[');
            if (!next(']')) {
                do {
                    list.add(string());
                } while (next(','));
                expect(']');
            }
            return list;
        }

        private Long number() throws Malformed {
            int from = at;
            if (at < line.length() && line.charAt(at) == '-') {
                at++;
            }
            while (at < line.length() && line.charAt(at) >= '0' && line.charAt(at) <= '9') {
                at++;
            }
            if (at == from || at - from > 18 || line.charAt(at - 1) == '-') {
                at = from;
                throw malformed("a text, a whole number, true, false or a list of texts");
            }
            return Long.valueOf(line.substring(from, at));
        }

        private String string() throws Malformed {
            expect('"');
            StringBuilder text = new StringBuilder();
            while (true) {
                char c = take();
                if (c == '"') {
                    return text.toString();
                }
                if (c < ' ') {
                    throw malformed("an escaped control character");
                }
                text.append(c == '\\' ? escaped() : c);
            }
        }

        private char escaped() throws Malformed {
            char c = take();
            return switch (c) {
                case 'n' -> '\n';
                case 't' -> '\t';
                case 'r' -> '\r';
                case 'b' -> '\b';
                case 'f' -> '\f';
                case 'u' -> unicode();
                case '"', '\\', '/' -> c;
                default -> throw malformed("one of the escapes of JSON");
            };
        }

        private char unicode() throws Malformed {
            int code = 0;
            for (int i = 0; i < 4; i++) {
                int digit = Character.digit(take(), 16);
                if (digit < 0) {
                    throw malformed("four hex digits");
                }
                code = code * 16 + digit;
            }
            return (char) code;
        }

        private char take() throws Malformed {
            if (at >= line.length()) {
                throw malformed("the text to end with '\"'");
            }
            return line.charAt(at++);
        }

        private boolean word(String word) {
            if (line.startsWith(word, at)) {
                at += word.length();
                return true;
            }
            return false;
        }

        private void expect(char c) throws Malformed {
            if (!next(c)) {
                throw malformed("'" + c + "'");
            }
        }

        private boolean next(char c) {
            skip();
            if (at < line.length() && line.charAt(at) == c) {
                at++;
                return true;
            }
            return false;
        }

        private void skip() {
            while (at < line.length() && (line.charAt(at) == ' ' || line.charAt(at) == '\t')) {
                at++;
            }
        }

        private Malformed malformed(String expected) {
            return new Malformed("not a frame of the control socket: expected " + expected + " at character " + at);
        }
    }
}
