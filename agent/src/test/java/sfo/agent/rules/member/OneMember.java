package sfo.agent.rules.member;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongFunction;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.Sample;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.GroupMessage.Beat;
import sfo.protocol.plan.Plan;

/** One appliance's member of the group "files", its journal and its memory, told one thing after another. */
final class OneMember {
    static final Operator ROOT = new Operator(1000, "root", "typed by hand");

    Member me;
    GroupState state = GroupState.EMPTY;
    Memory memory = Memory.fresh(0);
    /** Of the clock, and of the wall's since noon. */
    long millis;
    /** By appliance, on other channels. */
    final Map<String, Instant> seen = new HashMap<>();

    private Decision last = new Decision(memory, List.of(), List.of());
    private int moments;

    OneMember(String self) {
        me = new Member("files", self, "boot", Optional.empty(), "run:", (group, volume) -> "/srv/" + volume);
    }

    /** Knows a group, and who holds it. */
    static OneMember of(String self, GroupDefinition group, Claim claim) {
        return new OneMember(self)
                .stored(n -> new GroupEvent.Defined(n, group, Sample.NOON))
                .stored(n -> new GroupEvent.ClaimKnown(n, claim, "before", Sample.NOON));
    }

    /** Serves by a saga that is named after its claim. */
    static OneMember serving(String self, GroupDefinition group, Claim claim) {
        String saga = "files-" + claim.generation();
        return of(self, group, claim)
                .stored(n -> new GroupEvent.OperationOpened(n, saga, Optional.empty(), Sample.NOON))
                .stored(n -> new GroupEvent.Serving(n, saga, "boot", Sample.NOON))
                .stored(n -> new GroupEvent.OperationEnded(n, saga, "DONE", Sample.NOON));
    }

    OneMember stored(LongFunction<GroupEvent> event) {
        state = state.apply(event.apply(state.ordinal() + 1));
        return this;
    }

    /** Lost its journal. */
    OneMember forgetful() {
        return stored(n -> new GroupEvent.Abstained(n, "its journal was lost", Sample.NOON));
    }

    OneMember booted(String boot) {
        me = new Member(me.group(), me.self(), boot, me.repaired(), me.incarnation(), me.mounts());
        return this;
    }

    OneMember repaired(Instant at) {
        me = new Member(me.group(), me.self(), me.boot(), Optional.of(at), me.incarnation(), me.mounts());
        return this;
    }

    /** What dies with an agent is gone. */
    OneMember restarted() {
        memory = Memory.fresh(millis * 1_000_000);
        return this;
    }

    OneMember at(long newMillis) {
        millis = newMillis;
        return this;
    }

    Instant wall() {
        return Sample.NOON.plusMillis(millis);
    }

    // --- what comes in

    OneMember on(Input input) {
        String moment = me.self() + "-" + moments++;
        last = MemberRules.on(
                me, state, memory, new Moment(wall(), millis * 1_000_000, moment, Map.copyOf(seen)), input);
        memory = last.memory();
        last.events().forEach(event -> state = state.apply(event));
        return this;
    }

    OneMember hears(GroupMessage message) {
        return on(new Input.Heard(message));
    }

    OneMember tick() {
        return on(new Input.Tick());
    }

    /** An operator's wish named "w". */
    OneMember wants(Wish what) {
        return on(new Input.Wanted("w", what));
    }

    /** What was ordered of a saga that serves is done, or was not. */
    OneMember adjusted(String saga, String error) {
        Operation.Stage.Adjusting stage =
                (Operation.Stage.Adjusting) memory.operation().orElseThrow().stage();
        return on(new Input.SagaAdjusted(saga, stage.id(), error));
    }

    OneMember ended(String saga, SagaState how) {
        return on(new Input.SagaEnded(saga, how));
    }

    /** A saga of this member, opened to take over from an appliance, has ended. */
    OneMember ended(String saga, Kind kind, String from, Outcome outcome, String why) {
        return ended(saga, over(saga(saga, kind, from), outcome, why));
    }

    // --- what came of the last

    List<GroupEvent> events() {
        return last.events();
    }

    List<Act> acts() {
        return last.acts();
    }

    <A extends Act> List<A> acts(Class<A> kind) {
        return last.acts().stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** What was sent, but for heartbeats. */
    List<Act.Send> sent() {
        return acts(Act.Send.class).stream()
                .filter(send -> !(send.message() instanceof Beat))
                .toList();
    }

    /** By appliance, for which claim it was asked for its vote. */
    Map<String, Claim> proposed() {
        Map<String, Claim> all = new TreeMap<>();
        for (Act.Send send : sent()) {
            if (send.message() instanceof GroupMessage.Propose propose) {
                all.put(send.to(), propose.claim());
            }
        }
        return all;
    }

    /** For which claim it asks for votes now. */
    Claim voting() {
        return ((Operation.Stage.Voting) memory.operation().orElseThrow().stage()).claim();
    }

    /** The last heartbeat sent to an appliance. */
    Beat beat(String to) {
        return acts(Act.Send.class).stream()
                .filter(send -> send.to().equals(to) && send.message() instanceof Beat)
                .map(send -> (Beat) send.message())
                .reduce((one, next) -> next)
                .orElseThrow();
    }

    Optional<Answer> answered() {
        List<Act.Reply> replies = acts(Act.Reply.class);
        if (replies.size() > 1 || replies.stream().anyMatch(r -> !r.wish().equals("w"))) {
            throw new AssertionError("one answer to one wish: " + replies);
        }
        return replies.stream().map(Act.Reply::answer).findFirst();
    }

    Answer answer() {
        return answered().orElseThrow(() -> new AssertionError("no answer among " + acts()));
    }

    /** Why what was asked for finds no majority. */
    String noMajority() {
        Answer refused = answer();
        if (refused.exit() != ExitCode.REFUSED
                || refused.reasons().size() != 1
                || !refused.reasons().get(0).code().equals("NO-MAJORITY")) {
            throw new AssertionError(refused);
        }
        return refused.reasons().get(0).text();
    }

    List<Progress> shown() {
        return acts(Act.Show.class).stream().map(Act.Show::news).toList();
    }

    /** What sagas are told, with their names. */
    List<Act.Saga> orders() {
        return acts(Act.Saga.class);
    }

    /** What was said to sagas, but for orders to open or to prepare. */
    List<SagaInput> told(String saga) {
        return orders().stream()
                .filter(order -> order.saga().equals(saga) && order.order() instanceof SagaOrder.Say)
                .map(order -> ((SagaOrder.Say) order.order()).input())
                .toList();
    }

    /** The saga that was opened, and how. */
    Opening opened() {
        List<Opening> all = orders().stream()
                .filter(order -> order.order() instanceof SagaOrder.Open)
                .map(order -> new Opening(order.saga(), (SagaOrder.Open) order.order()))
                .toList();
        if (all.size() != 1) {
            throw new AssertionError("one saga is opened: " + all);
        }
        return all.get(0);
    }

    record Opening(String saga, SagaOrder.Open order) {}

    Standing standing() {
        return GroupRules.standing(state, me.self(), me.boot());
    }

    String waitsFor() {
        return MemberRules.waitsFor(me, state, memory, millis * 1_000_000);
    }

    // --- wishes, sagas, peers

    static Wish.Failover failover() {
        return failover(Optional.empty());
    }

    static Wish.Failover failover(Optional<String> override) {
        return new Wish.Failover(
                new Requests.Failover(
                        "files", Optional.empty(), Optional.empty(), Optional.empty(), override, false, false),
                ROOT);
    }

    /** An operator's failover whose proof finds nothing against it. */
    OneMember proved(Wish.Failover wish, String from) {
        return proved(wish, new Assessment(state.definition().orElseThrow(), from, List.of(), Optional.empty()));
    }

    OneMember proved(Wish.Failover wish, Assessment assessment) {
        return on(new Input.Assessed("w", wish, Optional.of(assessment), ""));
    }

    /** A saga of this member that is under way. */
    SagaState saga(String id, Kind kind, String from) {
        Plan plan = new Plan("files", me.self(), from, List.of());
        return SagaState.EMPTY.apply(new SagaEvent.Opened(
                1, id, kind, plan, state.claim(), me.boot(), "root", "", Optional.empty(), Sample.NOON));
    }

    static SagaState over(SagaState saga, Outcome outcome, String why) {
        SagaState turned = outcome == Outcome.UNDONE
                ? saga.apply(new SagaEvent.TurnedBack(saga.ordinal() + 1, why, Sample.NOON))
                : saga;
        return turned.apply(new SagaEvent.Ended(turned.ordinal() + 1, outcome, List.of(), Sample.NOON));
    }

    /** A peer that stands by, equal in everything, and has heard this member a moment ago. */
    Beat standsBy(String from) {
        return fresh(Sample.standingBy(from, state.claim()));
    }

    /** A heartbeat of someone who has heard this member a moment ago. */
    Beat fresh(Beat beat) {
        return new Beat(
                beat.from(),
                beat.group(),
                beat.boot(),
                state.version(),
                beat.claim(),
                beat.serving(),
                beat.standingBy(),
                beat.mirrors(),
                beat.connections(),
                "mark-of-" + beat.from(),
                Map.of(me.self(), me.incarnation() + millis * 1_000_000),
                beat.abstains(),
                beat.leased());
    }
}
