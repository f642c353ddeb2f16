package sfo.agent.rules.member;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupRules.Conclusion;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.ReadinessRules;
import sfo.agent.rules.SagaInput;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.GroupMessage.Beat;

/** What members say to one another, and their silence. */
final class Hearing {
    /** What a peer says confirms a claim only if it heard from this appliance, as it is now, within this long. */
    private static final Duration FRESH = Duration.ofSeconds(5);
    /** A holder that misses a heartbeat is looked at: whether it was dead before its mirror could go on alone. */
    private static final long WORD_MILLIS = 1_300;

    private Hearing() {}

    static void heard(Turn t, GroupMessage message) {
        if (message.from().equals(t.me.self())) {
            return;
        }
        t.lastSigns.put(message.from(), t.now.wall());
        if (t.state().deaths().containsKey(message.from())) {
            // stored: after the next boot nobody would know that it came back
            t.store(n -> new GroupEvent.LookedAt(n, message.from(), false, t.now.wall()));
        }
        if (message instanceof Beat m) {
            beat(t, m);
        } else if (message instanceof GroupMessage.AskDefinition m) {
            Defining.tell(t, m.from());
        } else if (message instanceof GroupMessage.Definition m) {
            Defining.told(t, m);
        } else if (message instanceof GroupMessage.DefinitionKept m) {
            Defining.kept(t, m);
        } else if (message instanceof GroupMessage.Destroyed m) {
            Defining.destroyed(t, m);
        } else if (message instanceof GroupMessage.Propose m) {
            FailingOver.proposed(t, m);
        } else if (message instanceof GroupMessage.Acknowledge m) {
            FailingOver.acknowledged(t, m);
        } else {
            HandingOver.heard(t, message);
        }
    }

    private static void beat(Turn t, Beat beat) {
        boolean first = t.beats.put(beat.from(), beat) == null;
        if (beat.serving()) {
            t.clients.put(beat.from(), beat.connections());
            t.said.put(beat.from(), beat.mirrors());
        }
        if (!t.exists()) {
            if (beat.definitionVersion() > t.state().version() && !t.state().destroyed()) {
                // known to others, and not here: this appliance's journal was lost, or it is to vote from now on
                t.send(beat.from(), new GroupMessage.AskDefinition(t.me.self(), t.me.group()));
            }
            return;
        }
        if (beat.claim().appliance().equals(beat.from())) {
            t.holderHeard = t.now.nanos();
        }
        t.act(new Act.PeerMirrors(beat.mirrors()));
        expectWord(t, beat.from());
        if (first) {
            t.send(beat.from(), own(t));
        }
        Claim highest = beat.claim().compareTo(t.state().claim()) > 0
                ? beat.claim()
                : t.state().claim();
        Set<String> agree = t.beats.values().stream()
                .filter(b -> b.claim().equals(highest) && b.standingBy() && !b.abstains() && isFresh(t, b))
                .map(Beat::from)
                .collect(Collectors.toCollection(HashSet::new));
        if (!t.state().abstains()) {
            agree.add(t.me.self());
        }
        long agreed = GroupRules.agreeing(t.definition(), Set.copyOf(agree));
        for (Conclusion c : GroupRules.onBeat(t.state(), t.me.self(), t.me.boot(), t.handOver.permit(), beat, agreed)) {
            conclude(t, beat.from(), c);
        }
        if (beat.leased() && beat.claim().equals(t.state().claim())) {
            Leasing.bound(t);
        }
        Leasing.renew(t);
        ChangingTerms.end(t);
        if (t.state().abstains() && t.others().stream().allMatch(other -> isFresh(t, other))) {
            caughtUp(t, "heard " + String.join(", ", t.others()));
        }
    }

    /** What it may have forgotten it knows again. */
    static void caughtUp(Turn t, String why) {
        t.store(n -> new GroupEvent.CaughtUp(n, why, t.now.wall()));
    }

    private static boolean isFresh(Turn t, String other) {
        return Optional.ofNullable(t.beats.get(other))
                .filter(beat -> isFresh(t, beat))
                .isPresent();
    }

    private static void conclude(Turn t, String from, Conclusion c) {
        if (c instanceof Conclusion.Adopt a) {
            t.claimKnown(a.claim(), "heard from " + from);
        } else if (c instanceof Conclusion.Conflict x) {
            // one of them is enough: of three, each heartbeat would be news
            if (t.state().conflict().isEmpty()) {
                t.store(n -> new GroupEvent.ConflictFound(n, x.other(), t.now.wall()));
            }
        } else if (c instanceof Conclusion.Release) {
            release(t);
        } else if (c instanceof Conclusion.Confirmed) {
            Resuming.byItself(t, from + " confirms the claim");
        } else if (c instanceof Conclusion.AskDefinition) {
            t.send(from, new GroupMessage.AskDefinition(t.me.self(), t.me.group()));
        } else if (c instanceof Conclusion.SendDefinition) {
            Defining.tell(t, from);
        } else if (c instanceof Conclusion.PermitUsed) {
            HandingOver.over(t, true, from + " serves");
        } else if (c instanceof Conclusion.PermitUnused) {
            HandingOver.over(t, false, from + " did not open");
        }
    }

    /** Whether its sender had heard from this appliance, as it is now, a moment before. */
    private static boolean isFresh(Turn t, Beat beat) {
        return isFresh(t, Optional.ofNullable(beat.heard().get(t.me.self())));
    }

    /** Whether this mark went out from this appliance, as it is now, a moment before. */
    static boolean isFresh(Turn t, Optional<String> heard) {
        return heard.filter(mark -> mark.startsWith(t.me.incarnation()))
                .map(mark -> Long.parseLong(mark.substring(t.me.incarnation().length())))
                .filter(sent -> t.now.nanos() - sent < FRESH.toNanos())
                .isPresent();
    }

    /** Serves nothing of the group any more: another appliance holds it. */
    private static void release(Turn t) {
        Optional<String> serving = t.state().servingSaga();
        if (serving.isPresent() && t.state().openOperation().isEmpty()) {
            String why = t.heldBy();
            t.store(n -> new GroupEvent.OperationReopened(n, serving.get(), why, t.now.wall()));
            t.saga(serving.get(), new SagaInput.Release(why));
        }
    }

    static void tick(Turn t) {
        if (!t.exists()) {
            return;
        }
        fromVolumes(t);
        Leasing.renew(t);
        Instant quiet = t.now.wall().minus(MemberRules.SILENT);
        boolean news = false;
        for (Map.Entry<String, Instant> sign : t.lastSigns.entrySet()) {
            boolean stored = sign.getValue().equals(t.state().lastSigns().get(sign.getKey()));
            if (sign.getValue().isBefore(quiet) && !stored) {
                t.beats.remove(sign.getKey());
                if (t.now.storable()) {
                    t.store(n -> new GroupEvent.FellSilent(n, sign.getKey(), sign.getValue()));
                    news = true;
                }
            }
        }
        if (!news) {
            beats(t).forEach(t::act);
        }
        if (t.holds() && t.state().openOperation().isEmpty()) {
            t.act(new Act.LookWhoIsConnected());
        }
        if (t.standing() == Standing.SUPERSEDED) {
            release(t);
        }
    }

    /** A replica that lost its primary just now is in sync only if that is dead now. */
    static void mirrors(Turn t, List<MirrorState> states) {
        boolean lost = states.stream().anyMatch(s -> s.sync() == Sync.LOST && !t.mirrors.contains(s));
        t.mirrors = List.copyOf(states);
        fromVolumes(t);
        if (lost) {
            lookAt(t, t.state().claim().appliance());
        }
        beats(t).forEach(t::act);
    }

    /** The volumes that it served remember claims of its own that a lost journal does not. */
    private static void fromVolumes(Turn t) {
        t.mirrors.stream()
                .map(MirrorState::claim)
                .filter(claim -> claim.appliance().equals(t.me.self())
                        && claim.outranks(t.state().claim()))
                .max(Comparator.naturalOrder())
                .filter(claim ->
                        t.exists() && t.standsBy() && t.state().abstained().isPresent())
                .ifPresent(claim -> t.claimKnown(claim, "found on this appliance's volumes"));
    }

    private static boolean isHolder(Turn t, String other) {
        // a witness has no replica whose fitness that could prove
        return t.exists()
                && t.mayServe()
                && other.equals(t.state().claim().appliance())
                && t.others().contains(other);
    }

    static void expectWord(Turn t, String from) {
        if (isHolder(t, from)) {
            t.act(new Act.ExpectWord(from, WORD_MILLIS));
        }
    }

    static void lookAt(Turn t, String holder) {
        if (isHolder(t, holder)) {
            t.act(new Act.LookAt(t.definition(), holder));
        }
    }

    static void lookedAt(Turn t, Input.LookedAt in) {
        boolean known = t.state().deaths().containsKey(in.appliance());
        boolean heard = t.lastSign(in.appliance()).filter(in.at()::isBefore).isPresent();
        // the first proof of a death is the one that counts
        boolean proves = in.dead()
                && !heard
                && t.now.storable()
                && !ReadinessRules.wasSetBack(in.at(), t.mirrors)
                && FailingOver.death(t, in.appliance()).isEmpty();
        if (t.exists() && (proves || (known && !in.dead()))) {
            t.store(n -> new GroupEvent.LookedAt(n, in.appliance(), in.dead(), in.at()));
        }
        if (!in.dead() && !heard) {
            expectWord(t, in.appliance());
        }
    }

    /** To everyone. */
    static List<Act> beats(Turn t) {
        if (t.state().definition().filter(d -> d.voters().contains(t.me.self())).isEmpty()) {
            return List.of();
        }
        GroupMessage mine = own(t);
        return t.others().stream().<Act>map(to -> new Act.Send(to, mine)).toList();
    }

    private static GroupMessage own(Turn t) {
        if (t.state().destroyed()) {
            return new GroupMessage.Destroyed(t.me.self(), t.me.group());
        }
        Map<String, String> marks = new HashMap<>();
        t.beats.forEach((member, heard) -> marks.put(member, heard.mark()));
        boolean serving = t.holds();
        return new Beat(
                t.me.self(),
                t.me.group(),
                t.me.boot(),
                t.state().version(),
                t.state().claim(),
                serving,
                t.standsBy(),
                t.mirrors,
                serving ? t.clients.getOrDefault(t.me.self(), List.of()) : List.of(),
                t.me.incarnation() + t.now.nanos(),
                Map.copyOf(marks),
                t.state().abstains(),
                serving && t.state().leased().equals(t.state().claim()));
    }
}
