package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import sfo.it.harness.Pair;
import sfo.it.harness.Reply;
import sfo.it.harness.WireWatch;

/** I1: while a group is handed back anything may fail, and never do two serve it. */
class HandOverIT extends PairStories {
    private static final Set<String> ONLY_LOOK = Set.of("free-address", "answering-shares");

    @BeforeEach
    void bServesAndAIsBack() {
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        pair.write("records", "written on b");
        pair.a.start();
        pair.until("a is ready", pair::mayGoHome);
    }

    /** Of what the undo takes away on b and makes on a. */
    private List<String> kinds() {
        JsonNode plan =
                pair.b.must("plan", Pair.GROUP, "--undo").json().path("body").path("plan");
        return plan.path("steps").findValues("resource").stream()
                .map(resource -> resource.path("kind").asText())
                .distinct()
                .toList();
    }

    /** Chosen anew each time, and named; more of them with {@code -Dsfo.seeds=N}. */
    static LongStream seeds() {
        return new Random().longs(Integer.getInteger("sfo.seeds", 2), 0, 100_000);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void theLinkIsCutAtAnyMomentAndMendedSomeTimeLater(long seed) throws Exception {
        Random random = new Random(seed);
        long untilCut = random.nextInt(1500);
        long untilMended = 300L + random.nextInt(4000);
        try (WireWatch watch = WireWatch.of(pair)) {
            CompletableFuture<Reply> undo = pair.b.typed("undo", Pair.GROUP);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(untilCut));
            pair.cutLink();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(untilMended));
            pair.mendLink();
            Reply reply = undo.get(90, TimeUnit.SECONDS);
            assertThat(reply.exit())
                    .as("cut after %s ms, for %s ms: %s", untilCut, untilMended, reply)
                    .isIn(0, 3, 4, 5);
            pair.until(
                    "one serves, the other stands by",
                    () -> pair.serves(pair.a) != pair.serves(pair.b)
                            && List.of("NORMAL", "DEGRADED", "FAILED_OVER")
                                    .contains(pair.state(pair.serves(pair.a) ? pair.a : pair.b))
                            && pair.state(pair.serves(pair.a) ? pair.b : pair.a).equals("STANDING_BY"));
            assertThat(watch.worst())
                    .as("cut after %s ms, for %s ms: %s", untilCut, untilMended, reply)
                    .isEqualTo(1);
        }
        assertThat(pair.read("records")).isEqualTo("written on b");
        pair.normal();
        assertThat(pair.read("records")).isEqualTo("written on b");
    }

    @Test
    void whicheverStepTheReceiverFailsAtTheGiverServesOn() {
        List<String> kinds = kinds();
        assertThat(kinds).hasSizeGreaterThan(5);
        List<String> looks = new ArrayList<>();
        for (String kind : kinds) {
            pair.until("a has every write", pair::mayGoHome);
            pair.fault(pair.a, kind, "apply before fail");
            try (WireWatch watch = WireWatch.of(pair)) {
                Reply reply = pair.b.sfo("undo", Pair.GROUP);
                assertThat(pair.hasFault(pair.a, kind))
                        .as("%s was reached: %s", kind, reply)
                        .isFalse();
                if (reply.exit() == 0) {
                    // what it only looks for is so after all: the host decides, not the failure
                    looks.add(kind);
                    assertThat(watch.worst()).isEqualTo(1);
                } else {
                    assertThat(reply.exit()).as("%s: %s", kind, reply).isEqualTo(4);
                    assertThat(pair.state(pair.b)).as(kind).isEqualTo("FAILED_OVER");
                    assertThat(pair.onTheWire()).as(kind).containsExactly("b");
                    assertThat(watch.everHeld()).as(kind).containsExactly("b");
                }
            }
            assertThat(pair.read("records")).isEqualTo("written on b");
            if (looks.contains(kind)) {
                pair.normal();
                bServesAndAIsBack();
            }
        }
        assertThat(looks).isSubsetOf(ONLY_LOOK);
        pair.until("a has every write", pair::mayGoHome);
        pair.b.must("undo", Pair.GROUP);
        assertThat(pair.onTheWire()).containsExactly("a");
    }

    @Test
    void everyInverseOfTheGiverFailsAtFirstAndTheUndoIsDoneAllTheSame() {
        List<String> kinds =
                kinds().stream().filter(kind -> !ONLY_LOOK.contains(kind)).toList();
        kinds.forEach(kind -> pair.fault(pair.b, kind, "revert before fail"));
        try (WireWatch watch = WireWatch.of(pair)) {
            Reply reply = pair.b.sfo("undo", Pair.GROUP);
            assertThat(reply.exit()).as("%s", reply).isZero();
            assertThat(watch.worst()).isEqualTo(1);
        }
        assertThat(kinds).noneMatch(kind -> pair.hasFault(pair.b, kind));
        assertThat(pair.onTheWire()).containsExactly("a");
        assertThat(pair.read("records")).isEqualTo("written on b");
    }

    /** The mirror was synchronous before a opened, not some time after. */
    @Test
    void aPowerCutRightAfterTheUndoLosesNothing() throws IOException {
        pair.b.must("undo", Pair.GROUP);
        pair.write("records", "right after the undo");
        Path replica =
                pair.world.appliance("b").resolve("volumes").resolve(Pair.GROUP).resolve("tank/data");
        try (Stream<Path> files = Files.walk(replica)) {
            assertThat(files.filter(file -> file.endsWith("records")))
                    .singleElement()
                    .satisfies(file -> assertThat(Files.readString(file)).startsWith("right after the undo"));
        }
        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP);
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.read("records")).isEqualTo("right after the undo");
    }

    @Test
    void theReceiverDiesUnderItsPermitAndTheGiverServesAgainWhenThatHasRunOut() throws Exception {
        pair.fault(pair.a, "nfs-server", "apply before hang-ms 20000");
        try (WireWatch watch = WireWatch.of(pair)) {
            CompletableFuture<Reply> undo = pair.b.typed("undo", Pair.GROUP);
            pair.until("a is at it", () -> !pair.hasFault(pair.a, "nfs-server"));
            pair.cutPower(pair.a);
            Reply reply = undo.get(90, TimeUnit.SECONDS);
            assertThat(reply.exit()).as("%s", reply).isEqualTo(4);
            pair.until("b serves", Duration.ofSeconds(5), () -> pair.serves(pair.b));
            assertThat(watch.everHeld()).containsExactly("b");
        }
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.read("records")).isEqualTo("written on b");
    }

    @Test
    void theReceiverIsTooSlowForItsPermitAndDoesNotOpen() throws Exception {
        // each below its step's limit, together longer than the permit is valid
        pair.fault(pair.a, "mounted-volume", "apply after hang-ms 9000");
        pair.fault(pair.a, "nfs-server", "apply after hang-ms 9000");
        try (WireWatch watch = WireWatch.of(pair)) {
            Reply reply = pair.b.sfo("undo", Pair.GROUP);
            // 5: the permit ran out and a lives: nobody serves before a has said that it did not open
            assertThat(reply.exit()).as("%s", reply).isIn(4, 5);
            pair.until("b serves again by itself", () -> pair.serves(pair.b));
            assertThat(watch.everHeld()).containsExactly("b");
            assertThat(watch.worst()).isEqualTo(1);
        }
        assertThat(pair.onTheWire()).containsExactly("b");
        assertThat(pair.read("records")).isEqualTo("written on b");
    }
}
