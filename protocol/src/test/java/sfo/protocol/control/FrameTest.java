package sfo.protocol.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameTest {
    static IntStream seeds() {
        return IntStream.range(0, 50);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void anyTextSurvivesAndIsJsonForOthers(int seed) throws Exception {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            text.append((char) (random.nextBoolean() ? random.nextInt(128) : random.nextInt(65536)));
        }
        String any = text.toString();
        Frame frame = new Frame()
                .with("argv", List.of(any, ""))
                .with("n", random.nextInt())
                .with("yes", true);
        String line = frame.line();

        assertThat(line.getBytes(UTF_8)).as("one line").doesNotContain((byte) '\n');
        Frame read = Frame.read(new String(line.getBytes(UTF_8), UTF_8));
        assertThat(read.texts("argv")).containsExactly(any, "");
        assertThat(read.line()).isEqualTo(line);
        assertThat(JsonMapper.builder().build().readValue(line, Map.class).get("argv"))
                .isEqualTo(List.of(any, ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "}",
                "[]",
                "null",
                "{\"a\"}",
                "{\"a\":}",
                "{\"a\":{}}",
                "{\"a\":[[]]}",
                "{\"a\":null}",
                "{\"a\":1e9}",
                "{\"a\":-}",
                "{\"a\":12345678901234567890}",
                "{\"a\":\"\\x\"}",
                "{\"a\":\"\\u12\"}",
                "{\"a\":\"",
                "{\"a\":1}}",
                "{\"a\":1,}",
                "{'a':1}",
                "GET / HTTP/1.1",
                "{\"a\":\"\\uZZZZ\"}"
            })
    void whatIsNoFrameIsRefusedWithItsPlace(String line) {
        assertThatThrownBy(() -> Frame.read(line))
                .isInstanceOf(Frame.Malformed.class)
                .hasMessageContaining("expected")
                .hasMessageContaining("at character");
    }

    @Test
    void whatIsMissingOrOfAnotherKindIsAsIfItWereNotThere() throws Exception {
        Frame frame = Frame.read("{ \"a\" : \"x\" , \"b\":7 }");
        assertThat(frame.text("b", "none")).isEqualTo("none");
        assertThat(frame.number("a", 3)).isEqualTo(3);
        assertThat(frame.flag("a")).isFalse();
        assertThat(frame.texts("a")).isEmpty();
    }
}
