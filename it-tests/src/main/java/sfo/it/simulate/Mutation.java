package sfo.it.simulate;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import sfo.agent.rules.DossierRules.Heard;
import sfo.agent.rules.DossierRules.Probe;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.ReadinessRules;
import sfo.agent.rules.SagaDecision;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.member.Act;
import sfo.agent.rules.member.Decision;
import sfo.agent.rules.member.HandOver;
import sfo.agent.rules.member.Input;
import sfo.agent.rules.member.Member;
import sfo.agent.rules.member.Memory;
import sfo.agent.rules.member.Moment;
import sfo.agent.rules.member.Operation;
import sfo.agent.rules.member.SagaOrder;
import sfo.agent.rules.member.Wish;
import sfo.protocol.control.Requests.Operator;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Reason;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.GroupMessage.Beat;
import sfo.protocol.plan.Facts;

/** Ways to break the decisions, one at a time: the simulation has to notice each. */
enum Mutation {
    /** claims without waiting for a majority's acknowledgements */
    SKIP_THE_VOTES(new Core() {
        @Override
        Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
            Decision decision = super.member(me, state, memory, now, input);
            for (String other : others(me, state)) {
                Optional<Claim> claim = decision.memory()
                        .operation()
                        .map(Operation::stage)
                        .filter(Operation.Stage.Voting.class::isInstance)
                        .map(Operation.Stage.Voting.class::cast)
                        // a word of the dead one would be a sign of life
                        .filter(stage -> !stage.assessment().from().equals(other))
                        .map(Operation.Stage.Voting::claim);
                if (claim.isPresent()) {
                    GroupMessage yes = new GroupMessage.Acknowledge(other, me.group(), claim.get(), claim.get());
                    GroupState stored = after(state, decision.events());
                    decision = then(decision, super.member(me, stored, decision.memory(), now, new Input.Heard(yes)));
                }
            }
            return decision;
        }
    }),
    /** takes what the cluster calls unreachable for dead */
    TRUST_UNREACHABLE(new Core() {
        @Override
        DossierView judge(String appliance, List<Probe> probes, List<Probe> witnesses) {
            return new DossierView(appliance, "DEAD", List.of());
        }
    }),
    /** counts silence on a channel that could reach nothing */
    COUNT_A_CHANNEL_THAT_REACHES_NOTHING(new Core() {
        @Override
        DossierView judge(String appliance, List<Probe> probes, List<Probe> witnesses) {
            return super.judge(
                    appliance,
                    probes,
                    witnesses.stream()
                            .map(w -> new Probe(w.channel(), w.device(), true, Heard.ANSWER, ""))
                            .toList());
        }
    }),
    ACT_BEFORE_THE_JOURNAL(new Core() {
        @Override
        boolean storesFirst() {
            return false;
        }
    }),
    FORGET_A_PRE_IMAGE(new Core() {
        @Override
        SagaDecision saga(SagaState state, SagaInput input, boolean mayOpen, boolean released, Instant now) {
            if (input instanceof SagaInput.CheckpointTaken c) {
                Map<String, Facts> less = new HashMap<>(c.before());
                less.remove("network.interface.fo0");
                return super.saga(state, new SagaInput.CheckpointTaken(less, c.error()), mayOpen, released, now);
            }
            return super.saga(state, input, mayOpen, released, now);
        }
    }),
    /** promotes a replica in the middle of a resync */
    PROMOTE_IN_MID_RESYNC(new Core() {
        @Override
        List<Reason> readiness(ReadinessRules.Input in) {
            return without(super.readiness(in), "MIRROR-UNFIT");
        }

        @Override
        boolean volumesGuarded() {
            return false;
        }
    }),
    /** promotes a replica that may be behind, and tells nobody */
    PROMOTE_WHAT_IS_BEHIND(new Core() {
        @Override
        List<Reason> readiness(ReadinessRules.Input in) {
            return without(super.readiness(in), "MIRROR-BEHIND");
        }
    }),
    /** takes a primary of which nothing was heard for dead since then, as this product once did */
    TAKE_SILENCE_FOR_DEATH(new Core() {
        @Override
        List<Reason> readiness(ReadinessRules.Input in) {
            return super.readiness(new ReadinessRules.Input(
                    in.group(),
                    in.self(),
                    in.from(),
                    in.mirrors(),
                    in.said(),
                    in.lastSign(),
                    in.lastSign().or(in::death),
                    in.backup(),
                    in.devices(),
                    in.lacks(),
                    in.startedAtBoot()));
        }
    }),
    /** takes a replica that was once taken down in order for equal, whoever served since, as this product once did */
    TRUST_AN_OLD_ORDERLY_END(new Core() {
        @Override
        List<Reason> readiness(ReadinessRules.Input in) {
            return in.mirrors().values().stream().allMatch(state -> state.sync() == Sync.CLEAN)
                    ? without(super.readiness(in), "MIRROR-BEHIND")
                    : super.readiness(in);
        }
    }),
    /** serves after a boot without asking anybody */
    ACTIVATE_AT_BOOT(new Core() {
        @Override
        Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
            Decision decision = super.member(me, state, memory, now, input);
            boolean booted = input instanceof Input.JournalRead
                    && GroupRules.standing(state, me.self(), me.boot()) == Standing.UNCONFIRMED;
            if (!booted) {
                return decision;
            }
            Wish resume = new Wish.Resume(new Operator(0, "agent", ""));
            Decision begun = super.member(me, state, decision.memory(), now, new Input.Wanted("boot", resume));
            Decision resumed = super.member(me, state, begun.memory(), now, new Input.Claims("boot", Map.of()));
            return then(decision, resumed);
        }
    }),
    /** hands over whatever the returning appliance has */
    UNDO_WITHOUT_RESYNC(new Core() {
        @Override
        Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
            Input blind = input instanceof Input.Mirrors m ? new Input.Mirrors(replicating(m.states())) : input;
            if (input instanceof Input.Heard h && h.message() instanceof Beat b) {
                List<MirrorState> same = b.serving() ? b.mirrors() : replicating(b.mirrors());
                blind = new Input.Heard(new Beat(
                        b.from(),
                        b.group(),
                        b.boot(),
                        b.definitionVersion(),
                        b.claim(),
                        b.serving(),
                        b.standingBy(),
                        same,
                        b.connections(),
                        b.mark(),
                        b.heard(),
                        b.abstains()));
            }
            return super.member(me, state, memory, now, blind);
        }

        @Override
        boolean volumesGuarded() {
            return false;
        }

        private List<MirrorState> replicating(List<MirrorState> states) {
            return states.stream()
                    .map(s -> new MirrorState(
                            s.group(),
                            s.volume(),
                            s.role() == Role.PRIMARY ? Role.PRIMARY : Role.SECONDARY,
                            s.claim(),
                            Sync.REPLICATING,
                            s.since(),
                            0,
                            s.link(),
                            ""))
                    .toList();
        }
    }),
    /** a failover that was rolled back keeps the claim */
    LET_A_ROLLED_BACK_CLAIM_STAND(new Core() {
        @Override
        Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
            Decision d = super.member(me, state, memory, now, input);
            List<GroupEvent> events = new ArrayList<>();
            for (GroupEvent event : d.events()) {
                boolean back =
                        event instanceof GroupEvent.ClaimKnown c && c.why().startsWith("rollback");
                events.add(
                        back ? new GroupEvent.ClaimKnown(event.ordinal(), state.claim(), "stands", now.wall()) : event);
            }
            return new Decision(d.memory(), events, d.acts());
        }
    }),
    /** of two claims of one generation takes the one that sorts higher */
    RESOLVE_A_TIE(new Core() {
        @Override
        Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
            if (input instanceof Input.Heard h
                    && h.message() instanceof Beat b
                    && b.claim().conflictsWith(state.claim())
                    && b.claim().compareTo(state.claim()) > 0) {
                GroupEvent taken = new GroupEvent.ClaimKnown(state.ordinal() + 1, b.claim(), "higher", now.wall());
                return new Decision(memory, List.of(taken), List.of());
            }
            return super.member(me, state, memory, now, input);
        }
    }),
    OPEN_AFTER_THE_PERMIT_RAN_OUT(new Core() {
        @Override
        boolean mayOpen(OptionalLong until, long nanos) {
            return true;
        }
    }),
    /** takes a permit back as soon as it is given */
    TAKE_BACK_TOO_SOON(new Core() {
        @Override
        Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
            Optional<HandOver.Giving> given = memory.handOver().giving().filter(HandOver.Giving::permitted);
            return input instanceof Input.Tick && given.isPresent()
                    ? super.member(
                            me, state, memory, now, new Input.Proved(given.get().claim(), true))
                    : super.member(me, state, memory, now, input);
        }
    }),
    /** acknowledges whatever claim is proposed, however low */
    SKIP_THE_GENERATION_CHECK(new Core() {
        @Override
        Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
            Decision d = super.member(me, state, memory, now, input);
            List<Act> acts = d.acts().stream()
                    .map(act -> act instanceof Act.Send s && s.message() instanceof GroupMessage.Acknowledge a
                            ? new Act.Send(
                                    s.to(),
                                    new GroupMessage.Acknowledge(a.from(), a.group(), a.proposed(), a.proposed()))
                            : act)
                    .toList();
            return new Decision(d.memory(), d.events(), acts);
        }
    }),
    /** renews its lease without the word of a voter */
    RENEW_THE_LEASE_UNCONFIRMED(new Core() {
        @Override
        Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
            Decision d = super.member(me, state, memory, now, input);
            boolean serves = state.servingSaga().isPresent()
                    && state.definition().flatMap(g -> g.lease()).isPresent();
            if (!serves || !(input instanceof Input.Tick)) {
                return d;
            }
            List<Act> acts = new ArrayList<>(d.acts());
            acts.add(new Act.PassUntil(state.definition().get(), now.nanos() + 5_000_000_000L));
            return new Decision(d.memory(), d.events(), acts);
        }
    }),
    /** claims before the lease of the one that it takes over from must have run out */
    CLAIM_DURING_THE_LEASE(new Core() {
        @Override
        Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
            Memory longAgo = new Memory(
                    memory.beats(),
                    memory.lastSigns(),
                    memory.clients(),
                    memory.said(),
                    memory.mirrors(),
                    memory.handOver(),
                    memory.operation(),
                    memory.resumeAfter(),
                    memory.resumesFailed(),
                    memory.resumeFailure(),
                    memory.givenUntil(),
                    now.nanos() - 3_600_000_000_000L,
                    memory.passUntil(),
                    memory.lookAfter(),
                    memory.broken(),
                    memory.termsSince());
            return super.member(me, state, longAgo, now, input);
        }
    }),
    /** a holder that hears of a higher claim serves on */
    NEVER_RELEASE(new Core() {
        @Override
        Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
            Decision d = super.member(me, state, memory, now, input);
            boolean reopens = d.events().stream()
                    .anyMatch(e -> e instanceof GroupEvent.OperationReopened r
                            && r.why().contains("is held by"));
            Predicate<Act> releases = act -> act instanceof Act.Saga s
                    && s.order() instanceof SagaOrder.Say say
                    && say.input() instanceof SagaInput.Release;
            return reopens
                    ? new Decision(
                            d.memory(),
                            d.events().stream()
                                    .filter(e -> !(e instanceof GroupEvent.OperationReopened))
                                    .toList(),
                            d.acts().stream().filter(releases.negate()).toList())
                    : d;
        }
    }),
    /** numbers what it makes of a group one higher than what it knew, under whatever claim */
    COUNT_VERSIONS_WITHOUT_THE_CLAIM(new Core() {
        @Override
        Decision member(Member me, GroupState state, Memory memory, Moment now, Input input) {
            Decision d = super.member(me, state, memory, now, input);
            boolean makes = state.claim().appliance().equals(me.self());
            List<GroupEvent> events = d.events().stream()
                    .map(e -> makes && e instanceof GroupEvent.Defined g
                            ? new GroupEvent.Defined(g.ordinal(), g.definition().above(state.version()), g.at())
                            : e)
                    .toList();
            return new Decision(d.memory(), events, d.acts());
        }
    });

    @SuppressWarnings("ImmutableEnumChecker") // a core has no state
    final Core core;

    Mutation(Core core) {
        this.core = core;
    }

    private static List<String> others(Member me, GroupState state) {
        return state.definition().stream()
                .flatMap(d -> d.members().stream())
                .filter(m -> !m.equals(me.self()))
                .toList();
    }

    private static List<Reason> without(List<Reason> reasons, String code) {
        return reasons.stream().filter(r -> !r.code().equals(code)).toList();
    }

    private static GroupState after(GroupState state, List<GroupEvent> events) {
        GroupState after = state;
        for (GroupEvent event : events) {
            after = after.apply(event);
        }
        return after;
    }

    /** Of two decisions in a row. */
    private static Decision then(Decision first, Decision second) {
        List<Act> acts = new ArrayList<>(first.acts());
        acts.addAll(second.acts());
        List<GroupEvent> events = new ArrayList<>(first.events());
        events.addAll(second.events());
        return new Decision(second.memory(), events, acts);
    }
}
