package sfo.agent.failover;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.FishingOutcomes;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.persistence.testkit.javadsl.EventSourcedBehaviorTestKit;
import akka.persistence.testkit.javadsl.EventSourcedBehaviorTestKit.CommandResult;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import sfo.agent.failover.FailoverSaga.Command;
import sfo.agent.failover.FailoverSaga.Told;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaState;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/** What each command stores, that all of it can be written and read, and that what is read adds up to what was there. */
class SagaEventsTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            "saga-events",
            EventSourcedBehaviorTestKit.config()
                    .withFallback(ConfigFactory.parseString("akka.loglevel = WARNING"))
                    .withFallback(ConfigFactory.parseResources("serialization.conf"))
                    .withFallback(ConfigFactory.defaultReference())
                    .resolve());

    private static final Step ONE =
            new Step("one", Phase.STORAGE, new Resource.GroupHost("one"), List.of(), 5000, true);
    private static final Step OPEN =
            new Step("open", Phase.OPEN, new Resource.GroupHost("open"), List.of("one"), 5000, true);

    private final StepRunner runner = new StepRunner(new FakeHost());
    private final TestProbe<Told> parent = KIT.createTestProbe(Told.class);
    private final EventSourcedBehaviorTestKit<Command, SagaEvent, SagaState> saga = EventSourcedBehaviorTestKit.create(
            KIT.system(),
            FailoverSaga.create("files-1", "boot", Optional.empty(), runner, parent.ref()),
            EventSourcedBehaviorTestKit.enabledSerializationSettings()
                    .withVerifyCommands(false)
                    .withVerifyState(false)
                    .withVerifyEquality(true));

    @AfterEach
    void closeRunner() {
        runner.close();
    }

    @AfterAll
    static void end() {
        KIT.shutdownTestKit();
    }

    @Test
    void aFailoverAndItsUndoAreReadAsTheyWereWritten() {
        assertThat(first(new FailoverSaga.Open(
                        SagaEvent.Kind.FAILOVER,
                        new Plan("files", "b", "a", List.of(ONE, OPEN)),
                        new Claim(2, "b", "x"),
                        "root",
                        "",
                        Optional.empty(),
                        () -> true)))
                .isInstanceOf(SagaEvent.Opened.class);
        assertThat(told(Told.Ended.class).state().ended().orElseThrow().outcome())
                .isEqualTo(SagaEvent.Outcome.DONE);
        assertReadAsWritten();

        SagaInput undo = new SagaInput.Undo("a", "root", "a is back");
        assertThat(first(new FailoverSaga.In(undo))).isInstanceOf(SagaEvent.UndoRequested.class);
        told(Told.WantsHandOver.class);
        assertReadAsWritten();
        assertThat(saga.runCommand(new FailoverSaga.In(undo)).hasNoEvents()).isTrue();

        assertThat(first(new FailoverSaga.In(new SagaInput.StorePermit(new Claim(3, "a", "p"), List.of(), 15_000))))
                .isInstanceOf(SagaEvent.Permitted.class);
        assertReadAsWritten();
        assertThat(first(new FailoverSaga.In(new SagaInput.HandedOver(true, "a has opened"))))
                .isInstanceOf(SagaEvent.HandOverEnded.class);
        assertThat(told(Told.Ended.class).state().ended().orElseThrow().outcome())
                .isEqualTo(SagaEvent.Outcome.UNDONE);
        assertReadAsWritten();
    }

    private SagaEvent first(Command command) {
        CommandResult<Command, SagaEvent, SagaState> result = saga.runCommand(command);
        return result.events().get(0);
    }

    private void assertReadAsWritten() {
        SagaState before = saga.getState();
        assertThat(saga.restart().state()).isEqualTo(before);
    }

    private <T extends Told> T told(Class<T> kind) {
        return kind.cast(parent.fishForMessage(
                        Duration.ofSeconds(15),
                        told -> kind.isInstance(told)
                                ? FishingOutcomes.complete()
                                : FishingOutcomes.continueAndIgnore())
                .get(0));
    }
}
