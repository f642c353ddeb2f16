package sfo.protocol.golden;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.RegistryEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.StoredEvent;
import sfo.protocol.json.Json;
import sfo.protocol.peer.BackupMessage;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.MirrorMessage;
import sfo.protocol.peer.SurveyMessage;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/**
 * What journals hold and peers send is append-only: each of these files was written by some version, and is read for
 * ever. A field that is renamed, or a name that changes, breaks one of them. A new one is written by
 * {@code -Dsfo.golden.write=true}, once.
 */
class GoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/golden");

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void isReadAsItWasWritten(String name, Object value) throws IOException {
        Path file = FOLDER.resolve(name + ".json");
        if (Boolean.getBoolean("sfo.golden.write") && !Files.exists(file)) {
            Files.createDirectories(FOLDER);
            Files.writeString(file, pretty(value));
        }
        String stored = Files.readString(file);
        Object read = Json.read(stored, value.getClass());
        assertThat(read).isEqualTo(value);
        assertThat(pretty(read)).as("written back").isEqualTo(stored);
        if (value instanceof StoredEvent) {
            assertThat(Json.read(stored, parent(value)))
                    .as("by the name that it carries")
                    .isEqualTo(value);
        }
    }

    @Test
    void nothingThatIsStoredOrSentIsLeftOut() {
        Set<Class<?>> shown = all().map(a -> a[1].getClass()).collect(Collectors.toSet());
        for (Class<?> kind : List.of(
                GroupEvent.class,
                SagaEvent.class,
                RegistryEvent.class,
                GroupMessage.class,
                MirrorMessage.class,
                SurveyMessage.class)) {
            assertThat(shown).contains(kind.getPermittedSubclasses());
        }
        assertThat(shown)
                .contains(Arrays.stream(BackupMessage.class.getPermittedSubclasses())
                        .filter(c -> !c.equals(BackupMessage.Copy.class))
                        .toArray(Class<?>[]::new));
        assertThat(Stored.plan().steps().stream().map(Step::resource).map(Object::getClass))
                .contains(Resource.class.getPermittedSubclasses());
    }

    @Test
    void everyEventAndResourceHasANameOfItsOwnThatIsNotItsClass() {
        for (Class<?> kind : List.of(GroupEvent.class, SagaEvent.class, RegistryEvent.class, Resource.class)) {
            JsonSubTypes names = java.util.Objects.requireNonNull(kind.getAnnotation(JsonSubTypes.class));
            Set<String> distinct = new HashSet<>();
            List<Class<?>> named = new ArrayList<>();
            for (JsonSubTypes.Type type : names.value()) {
                assertThat(type.name()).matches("[a-z-]+");
                assertThat(distinct.add(type.name())).as(type.name()).isTrue();
                named.add(type.value());
            }
            assertThat(named).containsExactlyInAnyOrder(kind.getPermittedSubclasses());
        }
    }

    @Test
    void whatANewerAgentSaysMoreIsPassedOver() {
        GroupEvent.Released event = new GroupEvent.Released(5, "undo", java.time.Instant.EPOCH);
        String more = Json.text(event).replaceFirst("\\{", "{\"since-version-9\":{\"x\":[1]},");
        assertThat(Json.read(more, GroupEvent.class)).isEqualTo(event);
    }

    static Stream<Object[]> all() {
        Stream<Object[]> first = Stream.concat(
                        Stream.concat(Stored.events().stream(), Stored.messages().stream()),
                        Stream.of(Stored.hello(), Stored.plan()))
                .map(value -> new Object[] {name(value.getClass()), value});
        return Stream.concat(first, Stored.later().entrySet().stream().map(e ->
                new Object[] {e.getKey(), e.getValue()}));
    }

    /** {@code group-event.claim-known}. */
    private static String name(Class<?> type) {
        Class<?> outer = type.getEnclosingClass();
        String own = dashed(type.getSimpleName());
        return outer == null ? own : dashed(outer.getSimpleName()) + "." + own;
    }

    private static String dashed(String name) {
        return name.replaceAll("(?<=.)([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    private static Class<?> parent(Object value) {
        return value.getClass().getInterfaces()[0];
    }

    private static String pretty(Object value) throws IOException {
        return Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
    }
}
