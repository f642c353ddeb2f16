package sfo.agent.rules.member;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.member.HandOver.Asking;
import sfo.agent.rules.member.HandOver.Giving;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Claim;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.plan.Plan;

/**
 * Both sides of the permit. The giver has released everything, takes the mirrors' writes, offers, is asked, stores the
 * permit, gives it, and waits: until the receiver has opened (the commit point), says that it has not, or can be proved
 * dead after the permit ran out. The receiver may open only while the permit is valid by its own monotonic clock, counted
 * from its asking.
 */
final class HandingOver {
    static final long VALID_MILLIS = 15_000;
    /** How much longer than a permit's validity its giver waits: for clocks that run at different speeds. */
    private static final Duration MARGIN = Duration.ofSeconds(2);

    private static final Duration ANSWER = Duration.ofSeconds(5);
    /** For taking the mirrors' writes. */
    static final Duration OPEN_TARGETS = Duration.ofSeconds(20);

    private HandingOver() {}

    static void heard(Turn t, GroupMessage message) {
        if (message instanceof GroupMessage.OfferPermit m) {
            offered(t, m);
        } else if (message instanceof GroupMessage.AskPermit m) {
            asked(t, m);
        } else if (message instanceof GroupMessage.Permit m) {
            permitted(t, m);
        } else if (message instanceof GroupMessage.Opened m) {
            if (m.claim().equals(t.handOver.permit())) {
                over(t, true, m.from() + " has opened");
            }
        } else if (message instanceof GroupMessage.NotOpened m) {
            if (t.handOver.giving().map(Giving::claim).equals(Optional.of(m.claim()))) {
                over(t, false, m.why());
            }
        }
    }

    // --- the giver

    /** The giver's saga has released everything, or was restarted after that. */
    static void begin(Turn t, Input.SagaWantsHandOver in) {
        if (t.handOver.giving().isPresent()) {
            return;
        }
        String to = in.state().undo().orElseThrow().to();
        Optional<SagaEvent.Permitted> before = in.state().permitted();
        if (before.isPresent()) {
            SagaEvent.Permitted permit = before.get();
            long deadline = t.in(Duration.ofMillis(permit.validMillis()).plus(MARGIN));
            t.handOver =
                    t.handOver.giving(new Giving(in.saga(), to, permit.claim(), permit.targets(), true, "", deadline));
            return;
        }
        // the same after a restart: a mirror may have recorded it already
        Claim offer = new Claim(t.state().claim().generation() + 1, to, GroupRules.offerId(in.saga(), to));
        long deadline = t.in(OPEN_TARGETS.plus(ANSWER));
        t.handOver = t.handOver.giving(new Giving(in.saga(), to, offer, List.of(), false, "", deadline));
        t.act(new Act.OpenTargets(offer, t.definition().volumes()));
    }

    static void targetsOpened(Turn t, Input.TargetsOpened in) {
        t.handOver
                .giving()
                .filter(g -> g.claim().equals(in.offer())
                        && !g.permitted()
                        && g.nonce().isEmpty())
                .ifPresent(g -> {
                    if (!in.error().isEmpty()) {
                        over(t, false, "this side cannot take the mirror's writes: " + in.error());
                    } else {
                        t.handOver = t.handOver.giving(g.open(in.targets(), t.in(ANSWER)));
                        t.send(g.to(), new GroupMessage.OfferPermit(t.me.self(), t.me.group(), g.claim()));
                    }
                });
    }

    private static void asked(Turn t, GroupMessage.AskPermit m) {
        t.handOver
                .giving()
                .filter(g -> g.claim().equals(m.claim())
                        && !g.permitted()
                        && g.nonce().isEmpty()
                        && g.targets().size() == t.definition().volumes().size())
                .ifPresent(g -> {
                    t.handOver = t.handOver.giving(g.asked(m.nonce(), t.in(ANSWER)));
                    t.saga(g.saga(), new SagaInput.StorePermit(g.claim(), g.targets(), VALID_MILLIS));
                });
    }

    static void permitStored(Turn t, SagaEvent.Permitted permit) {
        t.handOver.giving().filter(g -> g.claim().equals(permit.claim())).ifPresent(g -> {
            Giving given = g.permitted(t.in(Duration.ofMillis(VALID_MILLIS).plus(MARGIN)));
            t.handOver = t.handOver.giving(given);
            send(t, given);
        });
    }

    /** Again and again until its outcome is known: a copy that comes too late, or twice, is refused. */
    private static void send(Turn t, Giving g) {
        t.handOver = t.handOver.resend(t.in(ANSWER));
        t.send(
                g.to(),
                new GroupMessage.Permit(
                        t.me.self(), t.me.group(), g.claim(), g.nonce(), t.definition(), g.targets(), VALID_MILLIS));
    }

    static void tick(Turn t) {
        t.handOver
                .giving()
                .filter(g -> g.permitted() && t.isPast(t.handOver.resendAt()))
                .ifPresent(g -> send(t, g));
        t.handOver.giving().filter(g -> t.isPast(g.deadline())).ifPresent(g -> {
            if (!g.permitted()) {
                over(t, false, g.to() + " did not ask for the permit in time");
            } else {
                t.handOver = t.handOver.giving(g.until(t.in(ANSWER)));
                t.act(new Act.Prove(g.claim(), t.definition(), g.to()));
            }
        });
    }

    static void proved(Turn t, Input.Proved in) {
        t.handOver.giving().filter(g -> g.claim().equals(in.permit())).ifPresent(g -> {
            if (in.dead()) {
                over(t, false, "the permit ran out, and " + g.to() + " is proved dead");
            } else {
                t.handOver = t.handOver.notKnown();
                t.finish(Answer.of(
                        ExitCode.NEEDS_ATTENTION,
                        "the permit that " + g.to()
                                + " was given has run out, and whether it opened can't be known from here; "
                                + t.me.self() + " serves nothing. It resolves itself when " + g.to()
                                + " is heard again; if you know that " + g.to() + " is off: sfo resolve "
                                + t.me.group()));
            }
        });
    }

    /** What became of the hand-over: known now. */
    static void over(Turn t, boolean opened, String why) {
        t.handOver.giving().ifPresent(g -> {
            t.handOver = t.handOver.given(opened || !g.permitted() ? Claim.NONE : g.claim());
            t.saga(g.saga(), new SagaInput.HandedOver(opened, why));
        });
    }

    // --- the receiver

    private static void offered(Turn t, GroupMessage.OfferPermit m) {
        boolean takes = t.standsBy()
                && m.claim().appliance().equals(t.me.self())
                && m.claim().outranks(t.state().claim());
        if (!takes) {
            notOpened(t, m.from(), m.claim(), t.me.self() + " does not stand by");
            return;
        }
        Asking ask = new Asking(m.from(), m.claim(), t.freshId(), t.now.nanos());
        t.handOver = t.handOver.asking(Optional.of(ask));
        t.send(m.from(), new GroupMessage.AskPermit(t.me.self(), t.me.group(), m.claim(), ask.nonce()));
        if (t.exists()) {
            Plan plan = t.plan(t.definition(), m.from(), m.claim(), List.of(), Optional.empty());
            t.prepare(plan, m.claim(), Duration.ZERO);
        }
    }

    /**
     * Refuses an offer or a permit, for ever: what was asked is forgotten, so that no copy of the permit is taken later.
     * Silent where it was taken: then only the outcome may be told, and the heartbeats tell it.
     */
    private static void notOpened(Turn t, String to, Claim claim, String why) {
        int known = t.state().claim().compareTo(claim);
        if (known == 0 || (known > 0 && !t.standsBy())) {
            return;
        }
        t.handOver =
                t.handOver.asking(t.handOver.asking().filter(a -> !a.claim().equals(claim)));
        t.send(to, new GroupMessage.NotOpened(t.me.self(), t.me.group(), claim, why));
    }

    private static void permitted(Turn t, GroupMessage.Permit m) {
        Optional<Asking> mine = t.handOver
                .asking()
                .filter(a -> a.nonce().equals(m.nonce()) && a.claim().equals(m.claim()));
        long until = mine.map(Asking::askedAt).orElse(0L)
                + Duration.ofMillis(m.validMillis()).toNanos();
        if (mine.isEmpty()
                || t.isPast(until)
                || !t.standsBy()
                || !m.claim().outranks(t.state().claim())) {
            notOpened(t, m.from(), m.claim(), "the permit came too late to " + t.me.self() + ", or twice");
            return;
        }
        t.handOver = t.handOver.receiving(m.from());
        if (m.definition().version() > t.state().version()) {
            t.store(n -> new GroupEvent.Defined(n, m.definition(), t.now.wall()));
        }
        // its giver confirms nothing before it knows that the permit was used
        t.claimMade(m.claim(), "permitted by " + m.from());
        Plan plan = t.plan(m.definition(), m.from(), m.claim(), m.targets(), Optional.empty());
        t.open(
                SagaEvent.Kind.HAND_OVER,
                plan,
                m.claim(),
                new Requests.Operator(0, "undo from " + m.from(), ""),
                Optional.empty(),
                OptionalLong.of(until));
    }

    /** The giver's saga knows its outcome; or the receiver's has ended, which the giver is told. */
    static void sagaEnded(Turn t, SagaState saga) {
        if (saga.handOver().isPresent()) {
            t.handOver = t.handOver.settled();
        }
        SagaEvent.Opened opened = saga.opened().orElseThrow();
        if (opened.kind() == SagaEvent.Kind.HAND_OVER && saga.undo().isEmpty()) {
            String to = t.handOver.receivingFrom().orElse(saga.plan().from());
            Outcome outcome = saga.ended().orElseThrow().outcome();
            if (outcome == Outcome.DONE) {
                t.send(to, new GroupMessage.Opened(t.me.self(), t.me.group(), opened.claim()));
            } else if (outcome == Outcome.UNDONE) {
                t.send(to, new GroupMessage.NotOpened(t.me.self(), t.me.group(), opened.claim(), saga.why()));
            }
        }
    }

    static String waiting(HandOver handOver, String group) {
        return handOver.unknown()
                ? "for word whether " + handOver.giving().map(Giving::to).orElse("")
                        + " serves under the permit that it was given; if it does not: sfo resolve " + group
                : "";
    }
}
