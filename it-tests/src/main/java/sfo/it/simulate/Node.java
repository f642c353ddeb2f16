package sfo.it.simulate;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.member.Act;
import sfo.agent.rules.member.Decision;
import sfo.agent.rules.member.Input;
import sfo.agent.rules.member.Member;
import sfo.agent.rules.member.Memory;
import sfo.agent.rules.member.Moment;
import sfo.agent.rules.member.SagaOrder;
import sfo.agent.rules.member.Wish;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.peer.GroupMessage;

/** An appliance: its power, its disk, its host, its agent. */
final class Node {
    static final Operator ROOT = new Operator(0, "root", "");

    final World world;
    final int number;
    final String name;
    final Side side = new Side();
    final Hands hands;
    boolean power;
    boolean frozen;

    /** What is on disk. */
    private final List<GroupEvent> groupLog = new ArrayList<>();

    private final Map<String, List<SagaEvent>> sagaLogs = new HashMap<>();
    private int boots;
    private double rate = 1;
    private long skewMillis;

    // what dies with the agent
    private boolean agent;
    private int run;
    private Member me = member("");
    private GroupState state = GroupState.EMPTY;
    private Memory memory = Memory.fresh(0);
    private final Deque<Input> inbox = new ArrayDeque<>();
    private boolean storing;
    private final Map<String, Saga> sagas = new TreeMap<>();
    private boolean acceptLoss;
    private List<MirrorState> toldMirrors = List.of();
    private final Map<String, Wish> wishes = new HashMap<>();
    /** The last operation that an operator began here put up with lost writes. */
    private boolean lossPutUpWith;
    /** Whether its host has the lease's gate, and until when frames pass that. */
    boolean gated;

    private long passUntil;

    Node(World world, int number) {
        this.world = world;
        this.number = number;
        this.name = World.name(number);
        this.hands = new Hands(this);
        this.rate = 1 + (world.random.nextDouble() - 0.5) / 500;
    }

    private Member member(String incarnation) {
        return new Member(
                World.GROUP, name, "boot-" + boots, Optional.empty(), incarnation, (group, volume) -> "/srv/" + volume);
    }

    // --- what is true

    boolean isOpen() {
        return power && hands.isApplied("open fo0") && passes();
    }

    /** There is no gate, or its lease runs; its kernel's clock tells, whatever became of its agent. */
    boolean passes() {
        return !gated || world.now() < passUntil;
    }

    /** A member, whatever became of its journal; or one that votes, by what it knows. */
    boolean hasPart() {
        return world.definition.members().contains(name)
                || definition().filter(d -> d.voters().contains(name)).isPresent();
    }

    /** What it knows of the group, on its disk. */
    Optional<GroupDefinition> definition() {
        return replayed().definition();
    }

    boolean isMounted() {
        return hands.isApplied("mount /srv/" + World.VOLUME);
    }

    Claim claim() {
        return replayed().claim();
    }

    private GroupState replayed() {
        return state.ordinal() >= groupLog.size() && agent ? state : replay();
    }

    private GroupState replay() {
        GroupState again = GroupState.EMPTY;
        for (GroupEvent event : groupLog) {
            again = again.apply(event);
        }
        return again;
    }

    String boot() {
        return "boot-" + boots;
    }

    Standing standing() {
        return GroupRules.standing(state, name, "boot-" + boots);
    }

    boolean isServing() {
        return answers()
                && standing() == Standing.HOLDS
                && state.openOperation().isEmpty();
    }

    boolean answers() {
        return power && agent && !frozen;
    }

    boolean lossAccepted() {
        return acceptLoss;
    }

    boolean lossPutUpWith() {
        return lossPutUpWith;
    }

    /** It has seen proof of the other's death, and nothing since. */
    boolean holdsDead(Node other) {
        java.time.Instant death = replayed().deaths().get(other.name);
        return death != null
                && java.util.Optional.ofNullable(memory.lastSigns().get(other.name))
                        .filter(death::isBefore)
                        .isEmpty();
    }

    /** No word of an operator is needed here: all know one claim, and nobody but its holder has anything. */
    boolean agrees(List<Node> all) {
        return all.stream().filter(Node::hasPart).allMatch(n -> n.claim().equals(claim()))
                && !claim().isNone()
                && (claim().appliance().equals(name) || !isOpen())
                && state.conflict().isEmpty()
                && state.openOperation().isEmpty()
                && memory.operation().isEmpty();
    }

    /** It may have forgotten what it acknowledged. */
    boolean abstains() {
        return replayed().abstains();
    }

    /** Something is open that only an operator can end. */
    boolean needsOperator() {
        boolean stuck = state.openOperation()
                .map(id -> sagaState(id).ended())
                .flatMap(ended -> ended)
                .filter(e -> e.outcome() == SagaEvent.Outcome.NEEDS_ATTENTION)
                .isPresent();
        boolean alone = standing() == Standing.UNCONFIRMED
                && memory.beats().values().stream().anyMatch(beat -> !GroupRules.hasNothingAlone(beat));
        // a volume that met an offer of which the lost journal knows nothing
        boolean forgot = standing() == Standing.UNCONFIRMED
                && state.abstained().isPresent()
                && !memory.resumeFailure().isEmpty();
        return stuck
                || forgot
                || alone
                || state.conflict().isPresent()
                || memory.handOver().unknown();
    }

    Instant wall() {
        return world.wall().plusMillis(skewMillis);
    }

    long nanos() {
        return (long) (world.now() * 1_000_000L * rate);
    }

    // --- what befalls it

    void powerOn() {
        if (!power) {
            power = true;
            frozen = false;
            boots++;
            world.tell(name + " has power");
            startAgent();
        }
    }

    void powerCut() {
        if (power) {
            world.tell(name + " loses power");
            killAgent();
            power = false;
            frozen = false;
            hands.powerCut();
            side.powerCut();
            passUntil = 0;
            gated = false;
        }
    }

    /** Its journal is gone, with all that it acknowledged; what its volume is it knows still. */
    void losesJournal() {
        powerCut();
        world.tell(name + " loses its journal");
        groupLog.clear();
        sagaLogs.clear();
    }

    void killAgent() {
        if (agent) {
            world.tell("agent of " + name + " is killed");
            agent = false;
            run++;
            hands.agentGone();
            if (storing && world.chance(0.5)) {
                // it was on its way to the disk, and got there
                groupLog.addAll(unstored);
            }
            for (Saga saga : sagas.values()) {
                saga.killed();
            }
        }
    }

    private List<GroupEvent> unstored = List.of();
    /** How often a word of the holder was expected anew. */
    private long words;

    void startAgent() {
        if (power && !agent && !frozen) {
            world.tell("agent of " + name + " starts");
            agent = true;
            run++;
            storing = false;
            unstored = List.of();
            inbox.clear();
            sagas.clear();
            wishes.clear();
            acceptLoss = false;
            toldMirrors = List.of();
            me = member(world.freshId() + ":");
            state = replay();
            memory = Memory.fresh(nanos());
            take(new Input.JournalRead());
            int mine = run;
            world.later(world.dice(1_000), () -> tick(mine));
        }
    }

    void freeze() {
        if (power && !frozen) {
            world.tell(name + " is frozen");
            frozen = true;
        }
    }

    void thaw() {
        if (frozen) {
            world.tell(name + " is thawed");
            frozen = false;
            pump();
            sagas.values().forEach(Saga::pump);
        }
    }

    void clockJumps(long millis) {
        world.tell("clock of " + name + " jumps by " + millis + " ms");
        skewMillis += millis;
    }

    private void tick(int mine) {
        if (run == mine && agent) {
            take(new Input.Tick());
            world.later(1_000, () -> tick(mine));
        }
    }

    /** Runs {@code then} after a while, if this run of the agent is still there; a frozen one waits. */
    void later(long millis, Runnable then) {
        int mine = run;
        world.later(millis, () -> whenAwake(mine, then));
    }

    private void whenAwake(int mine, Runnable then) {
        if (run == mine && agent) {
            if (frozen) {
                world.later(100, () -> whenAwake(mine, then));
            } else {
                then.run();
            }
        }
    }

    // --- its member of the group

    void take(Input input) {
        if (agent) {
            inbox.add(input);
            pump();
        }
    }

    private void pump() {
        while (agent && !frozen && !storing && !inbox.isEmpty()) {
            Input input = inbox.poll();
            Moment moment = new Moment(wall(), nanos(), world.freshId(), Map.of());
            Decision decision = world.core.member(me, state, memory, moment, input);
            memory = decision.memory();
            if (decision.events().isEmpty()) {
                decision.acts().forEach(this::carryOut);
            } else {
                store(decision);
            }
        }
    }

    private void store(Decision decision) {
        storing = true;
        unstored = decision.events();
        checkTie(unstored);
        if (!world.core.storesFirst()) {
            decision.acts().forEach(this::carryOut);
        }
        later(1 + world.dice(world.chance(0.02) ? 800 : 8), () -> {
            storing = false;
            groupLog.addAll(decision.events());
            for (GroupEvent event : decision.events()) {
                state = state.apply(event);
                if (event instanceof GroupEvent.Defined e) {
                    world.defined(this, e.definition());
                }
                if (!(event instanceof GroupEvent.FellSilent)) {
                    world.tell(name + " knows: " + brief(event));
                }
            }
            if (world.core.storesFirst()) {
                decision.acts().forEach(this::carryOut);
            }
            pump();
        });
    }

    /** I1: two claims of one generation are an operator's to choose from. */
    private void checkTie(List<GroupEvent> events) {
        GroupState next = state;
        for (GroupEvent event : events) {
            if (event instanceof GroupEvent.ClaimKnown e && e.claim().conflictsWith(next.claim())) {
                throw new World.Violation("I1", name + " chooses by itself between claims of one generation");
            }
            next = next.apply(event);
        }
    }

    private static String brief(GroupEvent event) {
        return event instanceof GroupEvent.ClaimKnown e
                ? "claim " + e.claim().tag() + " (" + e.why() + ")"
                : event instanceof GroupEvent.Defined d
                        ? "definition " + d.definition().version() + " "
                                + d.definition().agreed()
                        : event.toString();
    }

    private void carryOut(Act act) {
        if (act instanceof Act.Send a) {
            send(a.to(), a.message());
        } else if (act instanceof Act.Reply a) {
            replied(a.wish(), a.answer());
        } else if (act instanceof Act.Saga a) {
            order(a.saga(), a.order());
        } else if (act instanceof Act.Assess a) {
            new Proof(this).assess(a, () -> memory.lastSigns());
        } else if (act instanceof Act.Prove a) {
            Proof proof = new Proof(this);
            proof.prove(world.node(a.appliance()), dossier -> {
                if (proof.isApart()) {
                    // the design's word, not an operator's: a permit that ran out, and a proof of death
                    world.excuse(
                            name + " takes its permit back from " + a.appliance() + ", cut apart on every channel");
                }
                take(new Input.Proved(a.permit(), dossier.verdict().equals("DEAD")));
            });
        } else if (act instanceof Act.ExpectWord a) {
            long mine = ++words;
            later(a.millis(), () -> {
                if (mine == words) {
                    take(new Input.NoWord(a.appliance()));
                }
            });
        } else if (act instanceof Act.LookAt a) {
            Instant began = wall();
            new Proof(this)
                    .prove(
                            world.node(a.appliance()),
                            dossier -> take(new Input.LookedAt(
                                    a.appliance(), dossier.verdict().equals("DEAD"), began)));
        } else if (act instanceof Act.OpenTargets a) {
            later(
                    10 + world.dice(300),
                    () -> take(new Input.TargetsOpened(
                            a.offer(), List.of(), world.hasVolume() ? world.mirror.offer(this, a.offer()) : "")));
        } else if (act instanceof Act.AskClaims a) {
            askClaims(a);
        } else if (act instanceof Act.AskSaga a) {
            take(new Input.SagaIs(a.wish(), a.what(), a.saga(), sagaState(a.saga())));
        } else if (act instanceof Act.PassUntil a) {
            later(2 + world.dice(40), () -> {
                long left = (long) ((a.nanos() - nanos()) / rate) / 1_000_000;
                passUntil = left > 0 ? world.now() + left : passUntil;
            });
        } else if (act instanceof Act.AcceptLoss a) {
            acceptLoss = a.accepted();
        }
    }

    private void send(String to, GroupMessage message) {
        Node other = world.node(to);
        int copies = world.chance(0.02) ? 0 : world.chance(0.02) ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            long delay = world.chance(0.02) ? world.dice(4_000) : 1 + world.dice(40);
            if (world.network.passes(Network.LAN, number, other.number)) {
                world.later(delay, () -> {
                    if (world.network.passes(Network.LAN, number, other.number)) {
                        other.take(new Input.Heard(message));
                    }
                });
            }
        }
    }

    private void askClaims(Act.AskClaims a) {
        later(300 + world.dice(700), () -> {
            Map<String, sfo.protocol.peer.Hello.GroupClaim> said = new HashMap<>();
            for (String member : a.members()) {
                Node other = world.node(member);
                if (other.answers() && world.network.bothWays(Network.LAN, number, other.number)) {
                    said.put(
                            member,
                            new sfo.protocol.peer.Hello.GroupClaim(
                                    World.GROUP,
                                    other.state.version(),
                                    other.state.claim(),
                                    other.standing() == Standing.HOLDS));
                } else {
                    world.excuse("resume on " + name + ", whatever silent " + other.name + " serves or knows");
                }
            }
            take(new Input.Claims(a.wish(), said));
        });
    }

    /** The member is told of its side of the mirror whenever that changes. */
    void tellMirrors() {
        if (answers() && world.hasVolume() && world.definition.members().contains(name)) {
            List<MirrorState> now = List.of(side.state(World.GROUP, World.VOLUME));
            if (!now.equals(toldMirrors)) {
                toldMirrors = now;
                later(world.dice(100), () -> take(Mirror.states(this)));
            }
        }
    }

    // --- operators

    void types(Wish wish) {
        if (answers()) {
            String id = world.freshId();
            wishes.put(id, wish);
            world.tell("operator on " + name + ": " + wish.word() + words(wish));
            take(new Input.Wanted(id, wish));
        }
    }

    private static String words(Wish wish) {
        return wish instanceof Wish.Failover f
                ? (f.request().acceptLoss() ? " --accept-loss" : "")
                        + (f.request().override().isPresent() ? " --override" : "")
                : wish instanceof Wish.Undo u && u.request().acceptLoss() ? " --accept-loss" : "";
    }

    private void replied(String id, Answer answer) {
        Wish wish = wishes.remove(id);
        if (wish instanceof Wish.Failover
                && answer.text().startsWith("rolled back")
                && claim().appliance().equals(name)) {
            throw new World.Violation("I2", name + " rolled its failover back, and keeps the claim");
        }
        world.tell(name + " answers " + (wish == null ? "" : wish.word()) + ": " + answer.exit() + " " + answer.text()
                + answer.reasons().stream().map(r -> " " + r.code()).reduce("", String::concat));
    }

    // --- sagas

    SagaState sagaState(String id) {
        return saga(id).state();
    }

    private Saga saga(String id) {
        return sagas.computeIfAbsent(
                id, name -> new Saga(this, name, sagaLogs.computeIfAbsent(name, n -> new ArrayList<>())));
    }

    List<SagaEvent> sagaLog(String id) {
        return sagaLogs.getOrDefault(id, List.of());
    }

    private void order(String id, SagaOrder order) {
        if (order instanceof SagaOrder.Open o) {
            boolean claims = o.kind() == SagaEvent.Kind.FAILOVER;
            if (o.kind() != SagaEvent.Kind.HAND_OVER) {
                // who resumes on an operator's word does not know what a silent one has
                lossPutUpWith = claims
                        ? puttingUpWithLoss()
                        : o.by().uid() == 0 && o.by().user().equals("root");
            }
            saga(id).open(o, "boot-" + boots, wall());
        } else if (order instanceof SagaOrder.Wake) {
            saga(id);
        } else if (order instanceof SagaOrder.Adjust a) {
            saga(id).adjust(a);
        } else if (order instanceof SagaOrder.Say say) {
            if (say.input() instanceof SagaInput.Undo) {
                lossPutUpWith = puttingUpWithLoss();
            }
            saga(id).take(say.input());
        }
    }

    private boolean puttingUpWithLoss() {
        Optional<Wish> what = memory.operation().map(o -> o.what());
        return what.filter(w -> (w instanceof Wish.Failover f
                                && (f.request().acceptLoss()
                                        || f.request().override().isPresent()))
                        || (w instanceof Wish.Undo u && u.request().acceptLoss()))
                .isPresent();
    }

    boolean isPrimary() {
        return side.role == Role.PRIMARY;
    }
}
