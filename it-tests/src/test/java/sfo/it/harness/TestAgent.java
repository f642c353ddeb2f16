package sfo.it.harness;

import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.agent.boot.AgentContext;
import sfo.agent.boot.Main;
import sfo.agent.boot.Part;
import sfo.agent.boot.StartRefused;
import sfo.agent.membership.Membership;
import sfo.protocol.peer.PeerMessage;

/**
 * The product's main with one part, which does what its standard input says: {@code down NAME}, {@code saga open},
 * {@code saga closed}, {@code say NAME WORD} (the other one logs {@code heard WORD from NAME}; the product's has no such
 * message), {@code restart}.
 */
public final class TestAgent implements Part {
    private static final Logger log = LoggerFactory.getLogger("sfo.it.TestAgent");

    /** What {@code say} sends. */
    public record Word(String from, String word) implements PeerMessage {}

    private volatile boolean sagaIsOpen;
    private @Nullable AgentContext agent;

    private TestAgent() {}

    public static void main(String[] words) {
        TestAgent part = new TestAgent();
        try {
            Main.run(Path.of(words[0]), settings -> List.of(part));
        } catch (StartRefused e) {
            System.err.println(e.getMessage());
            System.exit(3);
        }
    }

    @Override
    public void open(AgentContext context) {
        agent = context;
        Thread reader = new Thread(this::read, "stdin");
        reader.setDaemon(true);
        reader.start();
    }

    @Override
    public void start(ActorContext<?> context, AgentContext around) {
        context.spawn(
                Behaviors.receive(Word.class)
                        .onMessage(Word.class, word -> {
                            log.info("heard {} from {}", word.word(), word.from());
                            return Behaviors.same();
                        })
                        .build(),
                "ear");
    }

    @Override
    public boolean openSaga() {
        return sagaIsOpen;
    }

    private void read() {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                obey(List.of(line.split(" ", -1)));
            }
        } catch (IOException e) {
            log.error("stdin", e);
        }
    }

    private void obey(List<String> words) {
        AgentContext context = java.util.Objects.requireNonNull(agent);
        switch (words.get(0)) {
            case "down" -> context.membership().tell(new Membership.DownAppliance(words.get(1)));
            case "saga" -> sagaIsOpen = words.get(1).equals("open");
            case "say" ->
                context.peers()
                        .tell(words.get(1), "ear", new Word(context.settings().appliance(), words.get(2)));
            case "restart" -> context.restart("told to");
            default -> throw new IllegalArgumentException(words.toString());
        }
        log.info("obeyed {}", words);
    }
}
