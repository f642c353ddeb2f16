package sfo.agent;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.serialization.Serialization;
import akka.serialization.SerializationExtension;
import akka.serialization.Serializers;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
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
import sfo.protocol.peer.PeerMessage;
import sfo.protocol.peer.SurveyMessage;

/** Akka's own mappers, as the agent sets them, carry what the golden files hold; events in JSON, messages in CBOR. */
class SerializersTest {
    private static final Path GOLDEN = Path.of("../protocol/src/test/resources/golden");
    private static final ActorTestKit KIT = ActorTestKit.create(
            "serializers",
            ConfigFactory.parseString("akka.loglevel = WARNING")
                    .withFallback(ConfigFactory.parseResources("serialization.conf"))
                    .withFallback(ConfigFactory.defaultReference())
                    .resolve());

    @AfterAll
    static void end() {
        KIT.shutdownTestKit();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("types")
    void carriesIt(Class<?> type) throws Exception {
        Object value = Json.read(Files.readString(file(type)), type);
        Serialization serialization = SerializationExtension.get(KIT.system());
        byte[] bytes = serialization.serialize(value).get();
        int id = serialization.findSerializerFor(value).identifier();
        String manifest = Serializers.manifestFor(serialization.findSerializerFor(value), value);

        assertThat(serialization.deserialize(bytes, id, manifest).get()).isEqualTo(value);
        assertThat(serialization.findSerializerFor(value).getClass().getSimpleName())
                .isEqualTo(
                        StoredEvent.class.isAssignableFrom(type) ? "JacksonJsonSerializer" : "JacksonCborSerializer");
        assertThat(PeerMessage.class.isAssignableFrom(type) || StoredEvent.class.isAssignableFrom(type))
                .isTrue();
    }

    private static List<Class<?>> types() {
        List<Class<?>> all = new ArrayList<>();
        for (Class<?> sealed : List.of(
                GroupEvent.class,
                SagaEvent.class,
                RegistryEvent.class,
                GroupMessage.class,
                MirrorMessage.class,
                SurveyMessage.class,
                BackupMessage.class)) {
            Stream.of(sealed.getPermittedSubclasses())
                    .filter(c -> !c.equals(BackupMessage.Copy.class))
                    .forEach(all::add);
        }
        return all;
    }

    private static Path file(Class<?> type) {
        String outer =
                java.util.Objects.requireNonNull(type.getEnclosingClass()).getSimpleName();
        return GOLDEN.resolve(dashed(outer) + "." + dashed(type.getSimpleName()) + ".json");
    }

    private static String dashed(String name) {
        return name.replaceAll("(?<=.)([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }
}
