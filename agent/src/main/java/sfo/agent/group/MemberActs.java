package sfo.agent.group;

import akka.actor.typed.ActorRef;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.agent.rules.member.Act;
import sfo.agent.rules.member.Input;
import sfo.agent.rules.member.Member;
import sfo.agent.rules.member.Memory;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Target;
import sfo.protocol.model.Volume;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.Hello;

/** Carries out what a member of a group decided; what comes of it comes in again. Blocks nobody. */
final class MemberActs {
    private static final Logger log = LoggerFactory.getLogger(GroupMember.class);
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Duration LEASE = Duration.ofSeconds(2);

    private final Member me;
    private final Surroundings around;
    private final ActorRef<Mirrors.Command> mirrors;
    private final Sagas sagas;
    private final Operators operators;
    private final Consumer<Input> comesIn;
    private final Supplier<Memory> memory;
    private final Assessor assessor;

    /**
     * @param memory what the member knows at this moment; asked on any thread
     * @param comesIn takes an input for the member, on any thread
     */
    MemberActs(
            Member me,
            Surroundings around,
            ActorRef<Mirrors.Command> mirrors,
            Sagas sagas,
            Operators operators,
            Supplier<Memory> memory,
            Consumer<Input> comesIn) {
        this.me = me;
        this.around = around;
        this.mirrors = mirrors;
        this.sagas = sagas;
        this.operators = operators;
        this.memory = memory;
        this.comesIn = comesIn;
        this.assessor = new Assessor(around);
    }

    void carryOut(Act act) {
        if (act instanceof Act.Send a) {
            send(a.to(), a.message());
        } else if (act instanceof Act.Reply a) {
            operators.answer(a.wish(), a.answer());
        } else if (act instanceof Act.Show a) {
            operators.show(a.wish(), a.news());
        } else if (act instanceof Act.Saga a) {
            sagas.tell(a.saga(), a.order());
        } else if (act instanceof Act.Assess a) {
            assess(a);
        } else if (act instanceof Act.Prove a) {
            prove(a);
        } else if (act instanceof Act.LookAt a) {
            lookAt(a);
        } else if (act instanceof Act.OpenTargets a) {
            openTargets(a);
        } else if (act instanceof Act.AskClaims a) {
            askClaims(a);
        } else if (act instanceof Act.AskSaga a) {
            sagas.show(a.saga(), saga -> comesIn.accept(new Input.SagaIs(a.wish(), a.what(), a.saga(), saga)));
        } else if (act instanceof Act.AcceptLoss a) {
            mirrors.tell(new Mirrors.AcceptLoss(me.group(), a.accepted()));
        } else if (act instanceof Act.PeerMirrors a) {
            mirrors.tell(new Mirrors.PeerStates(me.group(), a.states()));
        } else if (act instanceof Act.KeepMirror a) {
            mirrors.tell(new Mirrors.Wanted(me.group(), a.volume(), a.wanted(), operators.error(a.wish())));
        } else if (act instanceof Act.LookWhoIsConnected) {
            lookWhoIsConnected();
        } else if (act instanceof Act.Down a) {
            around.peers().down(a.appliance());
        } else if (act instanceof Act.PassUntil a) {
            passUntil(a);
        } else if (act instanceof Act.Warn a) {
            log.warn("{}", a.text());
        } else {
            throw new IllegalStateException("nobody carries out " + act);
        }
    }

    private void send(String to, GroupMessage message) {
        around.peers().tell(to, message);
    }

    /** On any channel. */
    private Optional<Instant> lastSign(String appliance) {
        return Stream.concat(
                        Optional.ofNullable(memory.get().lastSigns().get(appliance)).stream(),
                        around.peers().lastSeen(appliance).stream())
                .max(Comparator.naturalOrder());
    }

    private void assess(Act.Assess a) {
        assessor.assess(a, () -> lastSign(a.from()))
                .whenComplete((assessed, error) -> comesIn.accept(new Input.Assessed(
                        a.wish(), a.what(), Optional.ofNullable(assessed), error == null ? "" : message(error))));
    }

    private void prove(Act.Prove a) {
        assessor.prove(a.group(), a.appliance(), () -> lastSign(a.appliance()), Instant.now())
                .whenComplete((dossier, error) -> comesIn.accept(new Input.Proved(
                        a.permit(), error == null && dossier.verdict().equals("DEAD"))));
    }

    private void lookAt(Act.LookAt a) {
        Instant began = Instant.now();
        assessor.prove(a.group(), a.appliance(), () -> lastSign(a.appliance()), began)
                .whenComplete((dossier, error) -> comesIn.accept(new Input.LookedAt(
                        a.appliance(), error == null && dossier.verdict().equals("DEAD"), began)));
    }

    private void openTargets(Act.OpenTargets a) {
        around.runner()
                .blocking(() -> {
                    List<Target> targets = new ArrayList<>();
                    for (Volume volume : a.volumes()) {
                        needEqual(volume, a.offer());
                        targets.add(around.host()
                                .mirror()
                                .openTarget(me.group(), volume, a.offer(), true, Call.within(LIMIT)));
                    }
                    return targets;
                })
                .whenComplete((targets, error) -> comesIn.accept(new Input.TargetsOpened(
                        a.offer(), error == null ? targets : List.of(), error == null ? "" : message(error))));
    }

    /** Only a mirror that ended in order left both sides equal; one that a power cut ended did not. */
    private void needEqual(Volume volume, Claim offer) throws HostException {
        MirrorState is = around.host().mirror().state(me.group(), volume, Call.within(LIMIT));
        if (is.sync() != MirrorState.Sync.CLEAN && !is.claim().equals(offer)) {
            throw new HostException(
                    "the mirror of volume " + volume.name() + " did not end in order: it is " + is.sync());
        }
    }

    private void askClaims(Act.AskClaims a) {
        Map<String, CompletableFuture<Optional<Hello.GroupClaim>>> asked = new HashMap<>();
        for (String member : a.members()) {
            asked.put(member, around.peers().ask(member, me.group()).toCompletableFuture());
        }
        var unused = CompletableFuture.allOf(asked.values().toArray(CompletableFuture[]::new))
                .whenComplete((all, error) -> {
                    Map<String, Hello.GroupClaim> said = new HashMap<>();
                    asked.forEach((member, answer) -> {
                        if (!answer.isCompletedExceptionally()) {
                            answer.join().ifPresent(claim -> said.put(member, claim));
                        }
                    });
                    comesIn.accept(new Input.Claims(a.wish(), said));
                });
    }

    /** One that is late only makes the lease end as it would have. */
    private void passUntil(Act.PassUntil a) {
        around.runner()
                .blocking(() -> {
                    around.host().passUntil(a.group(), a.nanos(), Call.within(LEASE));
                    return a;
                })
                .whenComplete((done, error) -> {
                    if (error != null) {
                        log.warn("the lease of {} was not renewed: {}", me.group(), message(error));
                    }
                });
    }

    private void lookWhoIsConnected() {
        around.runner().blocking(() -> around.host().connections(me.group())).whenComplete((found, error) -> {
            if (error == null) {
                comesIn.accept(new Input.Connected(found));
            } else {
                log.warn("connections of {}: {}", me.group(), message(error));
            }
        });
    }

    private static String message(Throwable error) {
        Throwable e = error.getCause() == null ? error : error.getCause();
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }
}
