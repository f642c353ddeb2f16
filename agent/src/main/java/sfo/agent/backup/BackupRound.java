package sfo.agent.backup;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.pattern.StatusReply;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import sfo.protocol.model.BackupRef;

/** Waits until one backup is at each peer, or it is known that it won't be; answers once, and ends. */
final class BackupRound extends AbstractBehavior<BackupRound.Command> {
    private final BackupRef ref;
    private final Set<String> asked;
    private final Backups.Pace pace;
    private final ActorRef<StatusReply<Backups.Sent>> replyTo;
    private final Map<String, PeerLink.State> states;
    private final Map<String, Backups.Outcome> outcomes = new TreeMap<>();
    private boolean probed;

    sealed interface Command {}

    record PeerIs(PeerLink.State state) implements Command {}

    private record Probed() implements Command {}

    private record TimeUp() implements Command {}

    /** {@code states} is what is known already, {@code asked} every peer. */
    static Behavior<Command> create(
            BackupRef ref,
            Map<String, PeerLink.State> states,
            Set<String> asked,
            Backups.Pace pace,
            ActorRef<StatusReply<Backups.Sent>> replyTo) {
        return Behaviors.setup(context -> Behaviors.withTimers(
                timers -> new BackupRound(context, timers, ref, states, Set.copyOf(asked), pace, replyTo)));
    }

    private BackupRound(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            BackupRef ref,
            Map<String, PeerLink.State> states,
            Set<String> asked,
            Backups.Pace pace,
            ActorRef<StatusReply<Backups.Sent>> replyTo) {
        super(context);
        this.ref = ref;
        this.asked = asked;
        this.pace = pace;
        this.replyTo = replyTo;
        this.states = new HashMap<>(states);
        // a little later than the links' own probe ends, so that what it found is known
        timers.startSingleTimer(new Probed(), pace.answer().plus(pace.answer().dividedBy(4)));
        timers.startSingleTimer(new TimeUp(), pace.round());
        if (asked.isEmpty()) {
            context.getSelf().tell(new TimeUp());
        }
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(PeerIs.class, m -> {
                    states.put(m.state().peer(), m.state());
                    return judge();
                })
                .onMessage(Probed.class, m -> {
                    probed = true;
                    return judge();
                })
                .onMessage(TimeUp.class, m -> onTimeUp())
                .build();
    }

    private Behavior<Command> judge() {
        for (PeerLink.State state : states.values()) {
            if (state.has(ref)) {
                put(state.peer(), Backups.Fate.STORED, "verified and on its disk");
            } else if (state.refuses(ref)) {
                String why = state.refused().map(r -> r.reason()).orElse("");
                put(state.peer(), Backups.Fate.REFUSED, why + "; the one it had before is still there");
            } else if (probed && !state.reachable()) {
                put(
                        state.peer(),
                        Backups.Fate.UNREACHABLE,
                        "no answer within " + pace.answer().toMillis()
                                + " ms; it gets the newest as soon as it answers");
            }
        }
        return outcomes.keySet().containsAll(asked) ? end() : this;
    }

    private Behavior<Command> onTimeUp() {
        for (String peer : asked) {
            if (!outcomes.containsKey(peer)) {
                put(
                        peer,
                        Backups.Fate.UNREACHABLE,
                        "did not say within " + pace.round().toSeconds()
                                + " s that it has it; it is sent on: sfo backup list");
            }
        }
        return end();
    }

    private void put(String peer, Backups.Fate fate, String detail) {
        outcomes.put(peer, new Backups.Outcome(peer, fate, detail));
    }

    private Behavior<Command> end() {
        List<Backups.Outcome> all = outcomes.values().stream()
                .sorted(Comparator.comparing(Backups.Outcome::peer))
                .toList();
        replyTo.tell(StatusReply.success(new Backups.Sent(ref, all)));
        return Behaviors.stopped();
    }
}
