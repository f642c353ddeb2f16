package sfo.agent.rules.member;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.Planner;
import sfo.agent.rules.SagaInput;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.GroupMessage.Beat;
import sfo.protocol.plan.Plan;

/** One decision in the making: what the member knows, as it changes, and what is to be stored and done in the end. */
final class Turn {
    final Member me;
    final Moment now;
    final Map<String, Beat> beats;
    final Map<String, Instant> lastSigns;
    final Map<String, List<String>> clients;
    final Map<String, List<MirrorState>> said;
    List<MirrorState> mirrors;
    HandOver handOver;
    Optional<Operation> operation;
    long resumeAfter;
    int resumesFailed;
    String resumeFailure;
    long givenUntil;
    long holderHeard;
    long passUntil;
    long lookAfter;
    List<String> broken;
    long termsSince;

    private GroupState state;
    private final List<GroupEvent> events = new ArrayList<>();
    private final List<Act> acts = new ArrayList<>();
    private int made;

    Turn(Member me, GroupState state, Memory memory, Moment now) {
        this.me = me;
        this.now = now;
        this.state = state;
        this.beats = new HashMap<>(memory.beats());
        this.lastSigns = new HashMap<>(memory.lastSigns());
        this.clients = new HashMap<>(memory.clients());
        this.said = new HashMap<>(memory.said());
        this.mirrors = memory.mirrors();
        this.handOver = memory.handOver();
        this.operation = memory.operation();
        this.resumeAfter = memory.resumeAfter();
        this.resumesFailed = memory.resumesFailed();
        this.resumeFailure = memory.resumeFailure();
        this.givenUntil = memory.givenUntil();
        this.holderHeard = memory.holderHeard();
        this.passUntil = memory.passUntil();
        this.lookAfter = memory.lookAfter();
        this.broken = memory.broken();
        this.termsSince = memory.termsSince();
    }

    // --- what is known

    /** With the events of this turn. */
    GroupState state() {
        return state;
    }

    /** There is such a group, and this appliance has a part in it. */
    boolean exists() {
        return state.definition().filter(d -> d.voters().contains(me.self())).isPresent() && !state.destroyed();
    }

    GroupDefinition definition() {
        return state.definition().orElseThrow();
    }

    Standing standing() {
        return GroupRules.standing(state, me.self(), me.boot());
    }

    boolean holds() {
        return standing() == Standing.HOLDS;
    }

    boolean named() {
        return state.claim().appliance().equals(me.self());
    }

    /** Nothing is served here, and nothing is under way. */
    boolean standsBy() {
        return state.servingSaga().isEmpty() && state.openOperation().isEmpty();
    }

    /** Whether it could be served here: a witness only votes. */
    boolean mayServe() {
        return definition().members().contains(me.self());
    }

    /** All others who vote. */
    List<String> others() {
        return others(definition());
    }

    List<String> others(GroupDefinition definition) {
        return definition.voters().stream().filter(m -> !m.equals(me.self())).toList();
    }

    /** All others that it could be served on. */
    List<String> otherMembers() {
        return definition().members().stream().filter(m -> !m.equals(me.self())).toList();
    }

    /** On any channel. */
    Optional<Instant> lastSign(String appliance) {
        return Stream.of(lastSigns.get(appliance), now.seen().get(appliance))
                .flatMap(Stream::ofNullable)
                .max(Comparator.naturalOrder());
    }

    List<MirrorState> said(String appliance) {
        return said.getOrDefault(appliance, List.of());
    }

    // --- time and names

    boolean isPast(long deadline) {
        return now.nanos() - deadline >= 0;
    }

    long in(Duration time) {
        return now.nanos() + time.toNanos();
    }

    long millisSince(long then) {
        return (now.nanos() - then) / 1_000_000;
    }

    String freshId() {
        String name = now.id() + "/" + made++;
        return UUID.nameUUIDFromBytes(name.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                .toString();
    }

    Claim nextClaim(String appliance) {
        return nextClaim(appliance, state.definition());
    }

    /** Above every claim that is known, also by a definition that was made under it. */
    Claim nextClaim(String appliance, Optional<GroupDefinition> made) {
        long known = made.map(GroupDefinition::generation).orElse(0L);
        return new Claim(Math.max(state.claim().generation(), known) + 1, appliance, freshId());
    }

    Plan plan(GroupDefinition definition, String from, Claim claim, List<Target> targets, Optional<Mac> mac) {
        Map<String, String> mounts = new HashMap<>();
        for (Volume volume : definition.volumes()) {
            mounts.put(volume.name(), me.mounts().of(me.group(), volume.name()));
        }
        List<String> connections = clients.getOrDefault(from, List.of());
        return Planner.plan(new Planner.Input(definition, me.self(), from, claim, mounts, targets, connections, mac));
    }

    // --- what follows

    /** @param event from its ordinal */
    void store(LongFunction<GroupEvent> event) {
        GroupEvent next = event.apply(state.ordinal() + 1);
        events.add(next);
        state = state.apply(next);
        if (next instanceof GroupEvent.Defined) {
            termsSince = now.nanos();
        }
    }

    /** As the holder, who alone changes what a group is. */
    void define(GroupDefinition changed) {
        if (!named()) {
            throw new IllegalStateException(heldBy() + ", and not " + me.self() + "'s to change");
        }
        store(n -> new GroupEvent.Defined(n, changed.under(state.claim().generation()), now.wall()));
    }

    /** A claim that others made: whoever is given one is bound by the lease at once. */
    void claimKnown(Claim claim, String why) {
        if (isOwnProposal(claim)) {
            if (!FailingOver.asksFor(this, claim)) {
                // else it would serve by votes that came when its operator was told that nothing came of it
                claimMade(backTo(state.claim().appliance(), claim), "given up before " + why);
            }
            return;
        }
        claimMade(claim, why);
        if (claim.appliance().equals(me.self())) {
            Leasing.bound(this);
        }
    }

    /** The claim above that one, by which the group is another's again. */
    Claim backTo(String appliance, Claim above) {
        return Claim.givenBack(above.generation() + 1, appliance, freshId());
    }

    /** Not one that it made and has forgotten. Votes for it are counted as they come. */
    private boolean isOwnProposal(Claim claim) {
        return claim.appliance().equals(me.self())
                && !claim.isGivenBack()
                && state.abstained().isEmpty()
                && !state.claim().isNone();
    }

    /** A claim that this appliance made, or was permitted; or one of another's that it may not be told. */
    void claimMade(Claim claim, String why) {
        store(n -> new GroupEvent.ClaimKnown(n, claim, why, now.wall()));
        // its first heartbeat as the holder may be its last
        Hearing.expectWord(this, claim.appliance());
    }

    /** What this appliance acknowledged before it may have forgotten: it does not vote until it caught up. */
    void abstain(String why, Instant since) {
        store(n -> new GroupEvent.Abstained(n, why, since));
        act(new Act.Warn(
                me.self() + " abstains in group " + me.group() + " until it has heard all other members: " + why));
    }

    void act(Act act) {
        acts.add(act);
    }

    void send(String to, GroupMessage message) {
        act(new Act.Send(to, message));
    }

    void saga(String saga, SagaOrder order) {
        act(new Act.Saga(saga, order));
    }

    void saga(String saga, SagaInput input) {
        saga(saga, new SagaOrder.Say(input));
    }

    /** Opens a saga for a plan, and says its name. */
    String open(
            SagaEvent.Kind kind,
            Plan plan,
            Claim claim,
            Operator by,
            Optional<DossierView> dossier,
            OptionalLong openUntil) {
        String id = state.nextSaga(me.group(), claim.generation());
        boolean claims = kind == SagaEvent.Kind.FAILOVER || kind == SagaEvent.Kind.HAND_OVER;
        Optional<String> from = claims ? Optional.of(plan.from()) : Optional.empty();
        store(n -> new GroupEvent.OperationOpened(n, id, from, now.wall()));
        saga(id, new SagaOrder.Open(kind, plan, claim, by, dossier, openUntil));
        return id;
    }

    /** The saga that is opened next may look ahead. */
    void prepare(Plan plan, Claim claim, Duration after) {
        saga(state.nextSaga(me.group(), claim.generation()), new SagaOrder.Prepare(plan, after.toMillis()));
    }

    void reply(String wish, Answer answer) {
        act(new Act.Reply(wish, answer));
    }

    /** Answers the wish that is under way, if any. */
    void finish(Answer answer) {
        operation.ifPresent(o -> reply(o.wish(), answer));
        operation = Optional.empty();
    }

    void stage(Operation.Stage stage) {
        operation = operation.map(o -> o.at(stage));
    }

    void carriedOutBy(String saga) {
        operation = operation.map(o -> o.by(saga));
    }

    void show(String step, String title, String how, long millis, String detail) {
        operation.ifPresent(o -> act(new Act.Show(
                o.wish(), new Progress(o.saga().orElse(o.what().word()), step, title, how, millis, detail))));
    }

    Decision end() {
        List<Act> all = new ArrayList<>();
        if (!events.isEmpty()) {
            Leasing.renew(this);
            all.add(new Act.TellStanding());
            turnBackIfSuperseded().ifPresent(all::add);
            all.addAll(Hearing.beats(this));
        }
        all.addAll(acts);
        Memory memory = new Memory(
                Map.copyOf(beats),
                Map.copyOf(lastSigns),
                Map.copyOf(clients),
                Map.copyOf(said),
                mirrors,
                handOver,
                operation,
                resumeAfter,
                resumesFailed,
                resumeFailure,
                givenUntil,
                holderHeard,
                passUntil,
                lookAfter,
                broken,
                termsSince);
        return new Decision(memory, List.copyOf(events), List.copyOf(all));
    }

    /** What is under way to serve the group goes back as soon as another appliance is known to hold it. */
    private Optional<Act> turnBackIfSuperseded() {
        return state.openOperation()
                .filter(saga -> !named() && !state.claim().isNone())
                .map(saga -> new Act.Saga(saga, new SagaOrder.Say(new SagaInput.Release(heldBy()))));
    }

    String heldBy() {
        return "group " + me.group() + " is held by " + state.claim().tag();
    }
}
