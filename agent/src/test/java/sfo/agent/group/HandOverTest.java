package sfo.agent.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.member.Wish;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests;
import sfo.protocol.peer.GroupMessage;

/** I1: a group goes from a to b and back, whatever messages are lost and whoever fails on the way. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(90)
class HandOverTest {
    private static final Requests.Operator ROOT = new Requests.Operator(0, "root", "");
    private static final Duration SOON = Duration.ofSeconds(15);

    @TempDir
    Path folder = Path.of("set by JUnit");

    @SuppressWarnings("NullAway.Init")
    private Twins twins;

    @BeforeEach
    void create() throws Exception {
        twins = new Twins(folder);
    }

    @AfterEach
    void neverTwoAtOnce() {
        twins.close();
        assertThat(twins.twice).hasValue(0);
    }

    @Test
    void aFailoverAndItsUndo() throws Exception {
        failedOver();
        ended(undo(), ExitCode.DONE);
        assertThat(twins.serving()).containsExactly("a");
        await().atMost(SOON).until(() -> twins.standing("b") == Standing.STANDS_BY);
        assertThat(twins.standing("a")).isEqualTo(Standing.HOLDS);
        await().atMost(SOON)
                .until(() -> twins.known("b")
                        .state()
                        .claim()
                        .equals(twins.known("a").state().claim()));
    }

    @Test
    void aPermitThatIsLostOnceIsToldAgain() throws Exception {
        failedOver();
        AtomicInteger permits = new AtomicInteger();
        twins.lost = m -> m instanceof GroupMessage.Permit && permits.incrementAndGet() == 1;
        ended(undo(), ExitCode.DONE);
        assertThat(permits.get()).isGreaterThan(1);
        assertThat(twins.serving()).containsExactly("a");
    }

    @Test
    void thatTheReceiverHasOpenedIsAlsoHeardFromItsHeartbeat() throws Exception {
        failedOver();
        twins.lost = m -> m instanceof GroupMessage.Opened;
        ended(undo(), ExitCode.DONE);
        assertThat(twins.serving()).containsExactly("a");
    }

    @Test
    void aReceiverThatCannotOpenGivesBackAndTheSurvivorServesOn() throws Exception {
        failedOver();
        twins.fault("a", "open-interface", "apply fail");
        Answer answer = undo();
        assertThat(answer.exit()).as(answer.text()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(twins.serving()).containsExactly("b");
        ended(undo(), ExitCode.DONE);
        assertThat(twins.serving()).containsExactly("a");
    }

    @Test
    void thatTheReceiverFailedIsAlsoHeardFromItsHeartbeat() throws Exception {
        failedOver();
        twins.fault("a", "open-interface", "apply fail");
        twins.lost = m -> m instanceof GroupMessage.NotOpened;
        ended(undo(), ExitCode.ROLLED_BACK);
        assertThat(twins.serving()).containsExactly("b");
    }

    @Test
    void anOfferThatIsLostEndsWithTheSurvivorServing() throws Exception {
        failedOver();
        twins.lost = m -> m instanceof GroupMessage.OfferPermit;
        ended(undo(), ExitCode.ROLLED_BACK);
        assertThat(twins.serving()).containsExactly("b");
    }

    @Test
    void aReceiverThatForgotWhatItAskedForNeverUsesThePermit() throws Exception {
        failedOver();
        AtomicInteger permits = new AtomicInteger();
        twins.lost = m -> m instanceof GroupMessage.Permit && permits.incrementAndGet() > 0;
        CompletableFuture<Answer> undo = twins.begin("b", undoWish());
        await().atMost(SOON).until(() -> permits.get() > 0);
        twins.stop("a");
        twins.lost = m -> false;
        twins.start("a");
        assertThat(undo.get(60, TimeUnit.SECONDS).exit()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(twins.serving()).containsExactly("b");
    }

    @Test
    void aHolderThatBootsServesAgainOnlyWhenTheOtherConfirms() throws Exception {
        created();
        twins.cutPower("a");
        twins.lost = m -> true;
        twins.start("a");
        assertThat(twins.standing("a")).isEqualTo(Standing.UNCONFIRMED);
        assertThat(twins.serving()).isEmpty();
        twins.lost = m -> false;
        await().atMost(SOON).until(() -> twins.standing("a") == Standing.HOLDS);
        assertThat(twins.serving()).containsExactly("a");
    }

    @Test
    void anOperatorsResumeAsksThoseWhoAnswerAndServesIfNobodyDoes() throws Exception {
        failedOver();
        twins.cutPower("a");
        twins.cutPower("b");
        twins.lost = m -> true;
        twins.start("a");
        ended(twins.wish("a", new Wish.Resume(ROOT)), ExitCode.REFUSED);
        twins.start("b");
        await().atMost(SOON).until(() -> twins.standing("b") == Standing.UNCONFIRMED);
        ended(twins.wish("b", new Wish.Resume(ROOT)), ExitCode.DONE);
        assertThat(twins.serving()).containsExactly("b");
    }

    @Test
    void aResumeIsRefusedWhereAnotherKnowsOfAHigherClaim() throws Exception {
        created();
        twins.cutPower("a");
        ended(twins.wish("b", new Wish.Failover(failover(), ROOT)), ExitCode.DONE);
        twins.lost = m -> true;
        twins.start("a");
        Answer answer = twins.wish("a", new Wish.Resume(ROOT));
        ended(answer, ExitCode.REFUSED);
        assertThat(answer.reasons()).extracting(r -> r.code()).containsExactly("HELD-ELSEWHERE");
        assertThat(twins.serving()).containsExactly("b");
    }

    @Test
    void anUndoThatIsStuckIsServedAgainOnceItIsResolved() throws Exception {
        failedOver();
        twins.breakDown("b", "group-host");
        ended(undo(), ExitCode.NEEDS_ATTENTION);
        assertThat(twins.serving()).isEmpty();
        twins.mend("b", "group-host");
        ended(twins.wish("b", new Wish.Resolve(ROOT)), ExitCode.DONE);
        await().atMost(SOON).until(() -> twins.standing("b") == Standing.HOLDS);
        assertThat(twins.serving()).containsExactly("b");
    }

    @Test
    void aJournalThatFailsForAMomentLosesNoGroup() throws Exception {
        created();
        twins.cutPower("a");
        twins.failJournal("b", "group-files", 1);
        Answer answer = twins.wish("b", new Wish.Failover(failover(), ROOT));
        ended(answer, ExitCode.ROLLED_BACK);
        assertThat(twins.serving()).isEmpty();
        ended(twins.wish("b", new Wish.Failover(failover(), ROOT)), ExitCode.DONE);
        assertThat(twins.serving()).containsExactly("b");
    }

    @Test
    void anUndoThatTheJournalDoesNotTakeIsAnsweredAndCanBeTypedAgain() throws Exception {
        failedOver();
        String saga = twins.known("b").state().servingSaga().orElseThrow();
        twins.failJournal("b", "saga-" + saga, 1);
        ended(undo(), ExitCode.ROLLED_BACK);
        assertThat(twins.serving()).containsExactly("b");
        ended(undo(), ExitCode.DONE);
        assertThat(twins.serving()).containsExactly("a");
    }

    @Test
    void aGroupThatCouldNotStartIsNone() throws Exception {
        twins.fault("a", "open-interface", "apply fail");
        Answer answer = twins.wish("a", new Wish.Create(Twins.group(), ROOT));
        assertThat(answer.exit()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(twins.known("a").state().destroyed()).isTrue();
        await().atMost(SOON).until(() -> twins.known("b").state().destroyed());
        assertThat(twins.serving()).isEmpty();
        created();
    }

    private void created() throws Exception {
        Answer answer = twins.wish("a", new Wish.Create(Twins.group(), ROOT));
        assertThat(answer.exit()).as(answer.text()).isEqualTo(ExitCode.DONE);
        await().atMost(SOON)
                .until(() -> twins.known("b").state().claim().appliance().equals("a"));
    }

    /** b serves; a is back and stands by. */
    private void failedOver() throws Exception {
        created();
        twins.cutPower("a");
        ended(twins.wish("b", new Wish.Failover(failover(), ROOT)), ExitCode.DONE);
        assertThat(twins.serving()).containsExactly("b");
        twins.start("a");
        await().atMost(SOON).until(() -> {
            sfo.agent.rules.GroupViews.Known a = twins.known("a");
            return a.state().claim().appliance().equals("b")
                    && a.state().servingSaga().isEmpty()
                    && a.state().openOperation().isEmpty()
                    && twins.known("b").heard().contains("a");
        });
    }

    private static Requests.Failover failover() {
        return new Requests.Failover(
                "files", Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), false, false);
    }

    private static void ended(Answer answer, ExitCode exit) {
        assertThat(answer.exit()).as(answer.text() + answer.reasons()).isEqualTo(exit);
    }

    private static Wish undoWish() {
        return new Wish.Undo(new Requests.Undo("files", false, false), ROOT);
    }

    /** As soon as a's heartbeat says that it stands by. */
    private Answer undo() throws Exception {
        Answer answer = twins.wish("b", undoWish());
        long until = System.nanoTime() + SOON.toNanos();
        while (answer.exit() == ExitCode.REFUSED && System.nanoTime() < until) {
            answer = twins.wish("b", undoWish());
        }
        return answer;
    }
}
