package sfo.agent.group;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import sfo.agent.failover.FailoverSaga;
import sfo.agent.failover.FailoverSaga.Told;
import sfo.agent.group.GroupMember.Step;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.SagaState;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.control.Requests;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.GroupMessage;

/**
 * Both sides of the permit. The giver has released everything, takes the mirrors' writes, offers, is asked, stores the
 * permit, gives it, and waits: until the receiver has opened (the commit point), says that it has not, or can be proved
 * dead after the permit ran out. The receiver may open only while the permit is valid by its own monotonic clock, counted
 * from its asking. Runs within its {@link GroupMember}.
 */
final class HandOver {
    static final long VALID_MILLIS = 15_000;
    /** How much longer than a permit's validity its giver waits: for clocks that run at different speeds. */
    private static final Duration MARGIN = Duration.ofSeconds(2);

    private static final Duration ANSWER = Duration.ofSeconds(5);
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final GroupMember member;

    /** The giver's side. */
    private record Giving(
            String saga,
            String to,
            Claim claim,
            List<Target> targets,
            boolean permitted,
            String nonce,
            long deadline) {}

    /** The receiver's side. */
    private record Asking(String from, Claim claim, String nonce, long askedAt) {}

    private Optional<Giving> giving = Optional.empty();
    private Optional<Asking> asking = Optional.empty();
    private Optional<String> receivingFrom = Optional.empty();
    private boolean unknown;
    private long resendAt = System.nanoTime();

    HandOver(GroupMember member) {
        this.member = member;
    }

    /** The claim of a permit that was given and whose outcome is open, or NONE. */
    Claim permit() {
        return giving.filter(Giving::permitted).map(Giving::claim).orElse(Claim.NONE);
    }

    String waiting() {
        return unknown
                ? "for word whether " + giving.map(Giving::to).orElse("")
                        + " serves under the permit that it was given; " + "if it does not: sfo resolve " + member.group
                : "";
    }

    boolean isUnknown() {
        return unknown;
    }

    /** The giver's saga has released everything, or was restarted after that. */
    void begin(GroupState state, Told.WantsHandOver wants) {
        if (giving.isPresent()) {
            return;
        }
        SagaState saga = wants.state();
        String to = saga.undo().orElseThrow().to();
        if (saga.permitted().isPresent()) {
            SagaEvent.Permitted permit = saga.permitted().get();
            giving = Optional.of(new Giving(
                    wants.saga(),
                    to,
                    permit.claim(),
                    permit.targets(),
                    true,
                    "",
                    after(Duration.ofMillis(permit.validMillis()).plus(MARGIN))));
            return;
        }
        // the same after a restart: a mirror may have recorded it already
        String id = GroupRules.offerId(wants.saga(), to);
        Claim claim = new Claim(state.claim().generation() + 1, to, id);
        GroupDefinition definition = state.definition().orElseThrow();
        Giving offer = new Giving(wants.saga(), to, claim, List.of(), false, "", after(LIMIT.plus(ANSWER)));
        giving = Optional.of(offer);
        member.around
                .runner()
                .blocking(() -> {
                    List<Target> targets = new ArrayList<>();
                    for (Volume volume : definition.volumes()) {
                        needEqual(volume, claim);
                        targets.add(member.around
                                .host()
                                .mirror()
                                .openTarget(member.group, volume, claim, true, Call.within(LIMIT)));
                    }
                    return targets;
                })
                .whenComplete((targets, error) -> member.turn(s -> Step.then(() -> {
                    if (!giving.equals(Optional.of(offer))) {
                        return; // over meanwhile
                    }
                    if (error != null) {
                        over(false, "this side cannot take the mirror's writes: " + error.getMessage());
                    } else {
                        giving = Optional.of(new Giving(offer.saga(), to, claim, targets, false, "", after(ANSWER)));
                        member.tell(to, new GroupMessage.OfferPermit(member.around.self(), member.group, claim));
                    }
                })));
    }

    /** Only a mirror that ended in order left both sides equal; one that a power cut ended did not. */
    private void needEqual(Volume volume, Claim offer) throws HostException {
        MirrorState is = member.around.host().mirror().state(member.group, volume, Call.within(LIMIT));
        if (is.sync() != MirrorState.Sync.CLEAN && !is.claim().equals(offer)) {
            throw new HostException(
                    "the mirror of volume " + volume.name() + " did not end in order: it is " + is.sync());
        }
    }

    Step peerSays(GroupState state, GroupMessage message) {
        if (message instanceof GroupMessage.OfferPermit m) {
            return offered(state, m);
        } else if (message instanceof GroupMessage.AskPermit m) {
            return asked(state, m);
        } else if (message instanceof GroupMessage.Permit m) {
            return permitted(state, m);
        } else if (message instanceof GroupMessage.Opened m && m.claim().equals(permit())) {
            return Step.then(() -> over(true, m.from() + " has opened"));
        } else if (message instanceof GroupMessage.NotOpened m
                && giving.map(Giving::claim).equals(Optional.of(m.claim()))) {
            return Step.then(() -> over(false, m.why()));
        }
        return Step.NOTHING;
    }

    private Step offered(GroupState state, GroupMessage.OfferPermit m) {
        boolean takes = isFree(state)
                && m.claim().appliance().equals(member.around.self())
                && m.claim().compareTo(state.claim()) > 0;
        if (!takes) {
            return notOpened(state, m.from(), m.claim(), member.around.self() + " does not stand by");
        }
        Asking ask = new Asking(m.from(), m.claim(), UUID.randomUUID().toString(), System.nanoTime());
        asking = Optional.of(ask);
        return Step.then(() -> member.tell(
                m.from(), new GroupMessage.AskPermit(member.around.self(), member.group, m.claim(), ask.nonce())));
    }

    private static boolean isFree(GroupState state) {
        return state.openOperation().isEmpty() && state.servingSaga().isEmpty();
    }

    /**
     * Refuses an offer or a permit, for ever: what was asked is forgotten, so that no copy of the permit is taken later.
     * Silent where it was taken: then only the outcome may be told, and the heartbeats tell it.
     */
    private Step notOpened(GroupState state, String to, Claim claim, String why) {
        int known = state.claim().compareTo(claim);
        if (known == 0 || (known > 0 && !isFree(state))) {
            return Step.NOTHING;
        }
        asking = asking.filter(a -> !a.claim().equals(claim));
        return Step.then(
                () -> member.tell(to, new GroupMessage.NotOpened(member.around.self(), member.group, claim, why)));
    }

    private Step asked(GroupState state, GroupMessage.AskPermit m) {
        int volumes = state.definition().map(d -> d.volumes().size()).orElse(0);
        return giving.filter(g -> g.claim().equals(m.claim())
                        && !g.permitted()
                        && g.nonce().isEmpty()
                        && g.targets().size() == volumes)
                .map(g -> Step.then(() -> {
                    giving = Optional.of(
                            new Giving(g.saga(), g.to(), g.claim(), g.targets(), false, m.nonce(), after(ANSWER)));
                    member.saga(g.saga()).tell(new FailoverSaga.StorePermit(g.claim(), g.targets(), VALID_MILLIS));
                }))
                .orElse(Step.NOTHING);
    }

    void permitStored(GroupState state, Told.PermitStored stored) {
        giving.filter(g -> g.claim().equals(stored.permit().claim())).ifPresent(g -> {
            Duration wait = Duration.ofMillis(VALID_MILLIS).plus(MARGIN);
            giving = Optional.of(new Giving(g.saga(), g.to(), g.claim(), g.targets(), true, g.nonce(), after(wait)));
            sendPermit(state, giving.get());
        });
    }

    /** Again and again until its outcome is known: a copy that comes too late, or twice, is refused. */
    private void sendPermit(GroupState state, Giving g) {
        resendAt = after(ANSWER);
        member.tell(
                g.to(),
                new GroupMessage.Permit(
                        member.around.self(),
                        member.group,
                        g.claim(),
                        g.nonce(),
                        state.definition().orElseThrow(),
                        g.targets(),
                        VALID_MILLIS));
    }

    private Step permitted(GroupState state, GroupMessage.Permit m) {
        Optional<Asking> mine =
                asking.filter(a -> a.nonce().equals(m.nonce()) && a.claim().equals(m.claim()));
        long until = mine.map(Asking::askedAt).orElse(0L)
                + Duration.ofMillis(m.validMillis()).toNanos();
        boolean late = mine.isPresent() && System.nanoTime() - until >= 0;
        if (mine.isEmpty() || late || !isFree(state) || m.claim().compareTo(state.claim()) <= 0) {
            return notOpened(
                    state, m.from(), m.claim(), "the permit came too late to " + member.around.self() + ", or twice");
        }
        asking = Optional.empty();
        List<GroupEvent> events = new ArrayList<>();
        long n = state.ordinal();
        if (m.definition().version() > state.version()) {
            events.add(new GroupEvent.Defined(++n, m.definition(), Instant.now()));
        }
        events.add(new GroupEvent.ClaimKnown(++n, m.claim(), "permitted by " + m.from(), Instant.now()));
        receivingFrom = Optional.of(m.from());
        return member.open(
                state,
                events,
                SagaEvent.Kind.HAND_OVER,
                member.plan(m.definition(), m.from(), m.claim(), m.targets(), Optional.empty()),
                m.claim(),
                new Requests.Operator(0, "undo from " + m.from(), ""),
                Optional.empty(),
                () -> System.nanoTime() - until < 0,
                id -> {});
    }

    /** The receiver's saga has ended: says so to the giver. */
    void sagaEnded(GroupState state, SagaState saga) {
        SagaEvent.Opened opened = saga.opened().orElseThrow();
        if (opened.kind() == SagaEvent.Kind.HAND_OVER && saga.undo().isEmpty()) {
            String to = receivingFrom.orElse(saga.plan().from());
            boolean done = saga.ended().orElseThrow().outcome() == SagaEvent.Outcome.DONE;
            boolean undone = saga.ended().orElseThrow().outcome() == SagaEvent.Outcome.UNDONE;
            if (done) {
                member.tell(to, new GroupMessage.Opened(member.around.self(), member.group, opened.claim()));
            } else if (undone) {
                member.tell(
                        to, new GroupMessage.NotOpened(member.around.self(), member.group, opened.claim(), saga.why()));
            }
        }
    }

    /** What became of the hand-over: known now. */
    void over(boolean opened, String why) {
        giving.ifPresent(g -> {
            giving = Optional.empty();
            unknown = false;
            member.saga(g.saga()).tell(new FailoverSaga.HandedOver(opened, why));
        });
    }

    void tick(GroupState state) {
        giving.filter(g -> g.permitted() && System.nanoTime() - resendAt >= 0).ifPresent(g -> sendPermit(state, g));
        if (giving.isEmpty() || System.nanoTime() - giving.get().deadline() < 0) {
            return;
        }
        Giving g = giving.get();
        if (!g.permitted()) {
            over(false, g.to() + " did not ask for the permit in time");
            return;
        }
        giving = Optional.of(new Giving(g.saga(), g.to(), g.claim(), g.targets(), true, g.nonce(), after(ANSWER)));
        Assessor assessor = new Assessor(member.around);
        Map<String, Instant> signs = new HashMap<>(member.lastSigns);
        assessor.prove(
                        state.definition().orElseThrow(),
                        g.to(),
                        () -> Optional.ofNullable(signs.get(g.to())),
                        Instant.now())
                .whenComplete((dossier, error) -> member.turn(s -> Step.then(() -> {
                    if (giving.map(Giving::claim).filter(g.claim()::equals).isEmpty()) {
                        return; // known meanwhile
                    }
                    if (error == null && dossier.verdict().equals("DEAD")) {
                        over(false, "the permit ran out, and " + g.to() + " is proved dead");
                    } else {
                        unknown = true;
                        member.wishes.handOverUnknown(g.to());
                    }
                })));
    }

    private static long after(Duration time) {
        return System.nanoTime() + time.toNanos();
    }
}
