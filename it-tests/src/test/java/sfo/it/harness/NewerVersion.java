package sfo.it.harness;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.persistence.typed.PersistenceId;
import akka.persistence.typed.RecoveryFailed;
import akka.persistence.typed.javadsl.CommandHandler;
import akka.persistence.typed.javadsl.Effect;
import akka.persistence.typed.javadsl.EventHandler;
import akka.persistence.typed.javadsl.EventSourcedBehavior;
import akka.persistence.typed.javadsl.SignalHandler;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import sfo.agent.rules.BackupParts;
import sfo.protocol.events.StoredEvent;
import sfo.protocol.json.Json;

/** What a version of the agent leaves that is newer than the product: made by Akka, and by the appliance's own key. */
public final class NewerVersion {
    private static final long LIMIT = 60;

    /** The product has no such event. */
    public record Moved(long ordinal, String to) implements StoredEvent {}

    /** Told whether it is to store one more (1, or 0); the answer is all that are stored then. */
    private static final class Entity extends EventSourcedBehavior<Integer, StoredEvent, List<StoredEvent>> {
        private final CompletableFuture<List<StoredEvent>> all;

        private Entity(String id, CompletableFuture<List<StoredEvent>> all) {
            super(PersistenceId.ofUniqueId(id));
            this.all = all;
        }

        static Behavior<Integer> create(String id, int more, CompletableFuture<List<StoredEvent>> all) {
            return Behaviors.setup(context -> {
                context.getSelf().tell(more);
                return new Entity(id, all);
            });
        }

        @Override
        public List<StoredEvent> emptyState() {
            return List.of();
        }

        @Override
        public EventHandler<List<StoredEvent>, StoredEvent> eventHandler() {
            return (events, event) -> {
                List<StoredEvent> longer = new ArrayList<>(events);
                longer.add(event);
                return List.copyOf(longer);
            };
        }

        @Override
        public CommandHandler<Integer, StoredEvent, List<StoredEvent>> commandHandler() {
            return (events, count) -> count == 0
                    ? Effect().none().thenRun(all::complete)
                    : Effect()
                            .persist((StoredEvent) new Moved(events.size() + 1L, "c"))
                            .thenRun(all::complete);
        }

        @Override
        public SignalHandler<List<StoredEvent>> signalHandler() {
            return newSignalHandlerBuilder()
                    .onSignal(RecoveryFailed.class, (events, failed) -> all.completeExceptionally(failed.getFailure()))
                    .build();
        }
    }

    private NewerVersion() {}

    /** All events of an entity in the journal of an agent that does not run. */
    public static List<StoredEvent> events(Path data, String entity) throws Exception {
        return with(data, entity, 0);
    }

    /** Adds one to them that the product does not know. */
    public static void addEvent(Path data, String entity) throws Exception {
        with(data, entity, 1);
    }

    private static List<StoredEvent> with(Path data, String entity, int more) throws Exception {
        Config config = ConfigFactory.parseMap(Map.of(
                        "akka.loglevel",
                        "WARNING",
                        "akka.persistence.journal.leveldb.dir",
                        data.resolve("journal").toString()))
                .withFallback(ConfigFactory.parseResources("persistence.conf"))
                .withFallback(ConfigFactory.parseResources("serialization.conf"))
                .withFallback(ConfigFactory.defaultReference())
                .resolve();
        CompletableFuture<List<StoredEvent>> all = new CompletableFuture<>();
        ActorSystem<Integer> system = ActorSystem.create(Entity.create(entity, more, all), "newer", config);
        try {
            return all.get(LIMIT, TimeUnit.SECONDS);
        } finally {
            system.terminate();
            system.getWhenTerminated().toCompletableFuture().get(LIMIT, TimeUnit.SECONDS);
        }
    }

    /**
     * Beside an appliance's newest backup in that folder one that is newer, and of a format that the product can't read.
     *
     * @param key the appliance's own
     */
    public static void addBackup(Path folder, Path key) throws IOException, GeneralSecurityException {
        Path newest;
        try (Stream<Path> files = Files.list(folder)) {
            newest = files.filter(file -> file.toString().endsWith(".json"))
                    .max(Comparator.comparing(NewerVersion::sequence))
                    .orElseThrow();
        }
        List<String> lines = Files.readAllLines(newest);
        ObjectNode header = (ObjectNode) Json.MAPPER.readTree(lines.get(0));
        // many after it: those that the appliance goes on to make stay older
        long sequence = header.path("sequence").asLong() + 100_000;
        header.put("format", 2).put("sequence", sequence);
        String signed = Json.text(header);
        String body =
                signed + "\n" + Json.text(signature(signed, key)) + "\n" + lines.get(2) + "\n" + lines.get(3) + "\n";
        Files.writeString(
                folder.resolve(header.path("epoch").asLong() + "-" + sequence + ".json"),
                body + Json.text(BackupParts.sha256(body)) + "\n");
    }

    private static long sequence(Path file) {
        return Long.parseLong(String.valueOf(file.getFileName()).split("[-.]")[1]);
    }

    private static String signature(String text, Path key) throws IOException, GeneralSecurityException {
        String base64 = Files.readAllLines(key).stream()
                .filter(line -> !line.startsWith("-----"))
                .collect(Collectors.joining());
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(KeyFactory.getInstance("RSA")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64))));
        signature.update(text.getBytes(StandardCharsets.UTF_8));
        return Base64.getEncoder().encodeToString(signature.sign());
    }
}
