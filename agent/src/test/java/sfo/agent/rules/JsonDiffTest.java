package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sfo.protocol.json.Json;

/** What {@code sfo backup diff} shows: a line for each difference, and no more. */
class JsonDiffTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}                          | {}                          | ``",
                "{'a':1,'b':2}               | {'b':2,'a':1}               | ``",
                "{'a':1}                     | {'a':2}                     | `  a: 1 -> 2`",
                "{'a':{'b':'x'}}             | {'a':{'b':'y'}}             | `  a.b: 'x' -> 'y'`",
                "{}                          | {'a':null}                  | `+ a: null`",
                "{'a':[1,2]}                 | {}                          | `- a: [1,2]`",
                "{'a':[1,2]}                 | {'a':[1,3,4]}               | `  a[1]: 2 -> 3;+ a[2]: 4`",
                "{'a':{}}                    | {'a':[]}                    | `  a: {} -> []`",
                "{'a':[{'name':'x','v':1}]}  | {'a':[{'name':'y'},{'name':'x','v':2}]}"
                        + " | `  a[x].v: 1 -> 2;+ a[y]: {'name':'y'}`",
                "{'a':[{'slot':'s','v':1}]}  | {'a':[{'slot':'s','v':2}]}  | `  a[s].v: 1 -> 2`",
                "{'a':[{'name':'x'},{'name':'y'}]} | {'a':[{'name':'y'},{'name':'x'}]} | `  a: in another order`",
                "{'a':[{'name':'x'},{'name':'x'}]} | {'a':[{'name':'x'},{'name':'z'}]}"
                        + " | `- a[0]: {'name':'x'};- a[1]: {'name':'x'};+ a[x]: {'name':'x'};+ a[z]: {'name':'z'}`",
                "{'a':[{'name':'x'},{'v':1}]} | {'a':[{'name':'x'},{'v':2}]} | `  a[1].v: 1 -> 2`",
            })
    void aLineForEachDifference(String before, String after, String lines) throws Exception {
        assertThat(String.join(";", JsonDiff.lines(json(before), json(after)))).isEqualTo(lines.replace('\'', '"'));
    }

    @Test
    void whatIsLongIsShortenedWithItsChecksum() throws Exception {
        String most = "x".repeat(78);
        assertThat(JsonDiff.lines(json("{'a':1}"), json("{'a':'" + most + "'}")))
                .containsExactly("  a: 1 -> \"" + most + "\"");
        String more = "x".repeat(79);
        String shown = "\"" + more + "\"";
        assertThat(JsonDiff.lines(json("{'a':1}"), json("{'a':'" + more + "'}")))
                .containsExactly("  a: 1 -> \"" + more + "... (81 characters, sha256 "
                        + BackupParts.sha256(shown).substring(0, 8) + ")");
    }

    private static JsonNode json(String text) throws Exception {
        return Json.MAPPER.readTree(text.replace('\'', '"'));
    }
}
