package sfo.agent.group;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import sfo.agent.failover.FailoverSaga;
import sfo.agent.failover.FailoverSaga.Told;
import sfo.agent.group.Assessor.Assessed;
import sfo.agent.group.GroupMember.Step;
import sfo.agent.group.GroupMember.Wish;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupRules.Standing;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.SagaViews;
import sfo.agent.rules.UndoRules;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Reason.Weight;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.Hello;
import sfo.protocol.plan.Plan;

/** What operators want of a group, one thing at a time. Runs within its {@link GroupMember}. */
final class Wishes {
    private static final Duration MEMBERS_ANSWER = Duration.ofSeconds(5);
    private static final Requests.Operator AGENT = new Requests.Operator(0, "agent", "");

    /** What can be wanted. */
    sealed interface Kind {
        record Create(GroupDefinition definition, Requests.Operator by) implements Kind {}

        record Destroy(Requests.Operator by) implements Kind {}

        /** Changes what travels; refused by an exception of {@code change} whose message is for the operator. */
        record Change(Function<GroupDefinition, GroupDefinition> change, String done, Requests.Operator by)
                implements Kind {}

        record Check() implements Kind {}

        record ShowPlan(boolean undo) implements Kind {}

        record Failover(Requests.Failover request, Requests.Operator by) implements Kind {}

        record Undo(Requests.Undo request, Requests.Operator by) implements Kind {}

        record Resume(Requests.Operator by) implements Kind {}

        record Resolve(Requests.Operator by) implements Kind {}
    }

    /** The one that is under way. */
    private static final class Running {
        final Wish wish;
        final long began = System.nanoTime();
        final Instant beganAt = Instant.now();
        long copiedAt = began;
        String what;
        Optional<String> saga = Optional.empty();
        final Map<String, Views.StepView> shown = new HashMap<>();
        final Set<String> kept = new HashSet<>();
        final Map<String, Claim> acknowledged = new HashMap<>();
        Optional<Consumer<GroupState>> waiting = Optional.empty();
        Optional<Claim> proposed = Optional.empty();

        Running(Wish wish, String what) {
            this.wish = wish;
            this.what = what;
        }
    }

    private final GroupMember member;
    private final Assessor assessor;
    private Optional<Running> running = Optional.empty();

    Wishes(GroupMember member) {
        this.member = member;
        this.assessor = new Assessor(member.around);
    }

    private String self() {
        return member.around.self();
    }

    private String group() {
        return member.group;
    }

    Step begin(GroupState state, Wish wish) {
        Kind kind = wish.kind();
        boolean known = state.definition().isPresent() && !state.destroyed();
        if (!known && !(kind instanceof Kind.Create)) {
            return answer(wish, Answer.of(ExitCode.USAGE, "no group \"" + group() + "\" is known on " + self()));
        }
        if (kind instanceof Kind.Check) {
            return Step.then(() -> check(state, wish));
        } else if (kind instanceof Kind.ShowPlan p) {
            return Step.then(() -> showPlan(state, wish, p));
        } else if (kind instanceof Kind.Resolve r) {
            return resolve(state, wish, r);
        }
        if (running.isPresent() || state.openOperation().isPresent()) {
            String what = running.map(r -> r.what).orElse(state.openOperation().orElse(""));
            return answer(
                    wish,
                    Answer.of(
                            ExitCode.BUSY,
                            "another operation is under way for group " + group() + ": " + what
                                    + "; see it with: sfo status " + group()));
        }
        Running mine = new Running(wish, kind.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT));
        running = Optional.of(mine);
        if (kind instanceof Kind.Create c) {
            return create(state, mine, c);
        } else if (kind instanceof Kind.Destroy d) {
            return destroy(state, mine, d);
        } else if (kind instanceof Kind.Change c) {
            return change(state, mine, c);
        } else if (kind instanceof Kind.Failover f) {
            return failover(state, mine, f);
        } else if (kind instanceof Kind.Undo u) {
            return undo(state, mine, u);
        }
        return resume(state, mine, ((Kind.Resume) kind).by());
    }

    private static Step answer(Wish wish, Answer answer) {
        return Step.then(() -> wish.reply().complete(answer));
    }

    private Step end(Answer answer) {
        return Step.then(() -> finish(answer));
    }

    private void finish(Answer answer) {
        running.ifPresent(r -> r.wish.reply().complete(answer));
        running = Optional.empty();
    }

    /** The actor system ends: what is stored goes on with the next one, but nobody answers for it there. */
    void stopped() {
        finish(Answer.of(
                ExitCode.NEEDS_ATTENTION, "the agent's actor system was restarted; see: sfo status " + group()));
    }

    /** What was decided last may not be stored; what the journal holds is what counts. */
    void journalFailed(GroupState state) {
        running.filter(r -> r.saga.isEmpty() || !r.saga.equals(state.openOperation()))
                .ifPresent(r -> {
                    boolean mayServe = r.wish.kind() instanceof Kind.Change && r.saga.isPresent();
                    finish(
                            mayServe
                                    ? Answer.of(
                                            ExitCode.NEEDS_ATTENTION,
                                            "the journal could not be written: what is served may have changed already;"
                                                    + " type it again")
                                    : Answer.of(
                                            ExitCode.ROLLED_BACK,
                                            "nothing was touched: the journal could not be written; see the log"));
                });
    }

    void neverBegan(String saga) {
        if (running.filter(r -> r.saga.equals(Optional.of(saga))).isPresent()) {
            finish(Answer.of(
                    ExitCode.ROLLED_BACK, "nothing was touched: the journal could not be written; see the log"));
        }
    }

    /** Something unexpected went wrong within this actor. */
    void failed(RuntimeException e) {
        if (running.filter(r -> r.saga.isEmpty()).isPresent()) {
            finish(Answer.of(ExitCode.ROLLED_BACK, "nothing was touched: " + e));
        }
    }

    private void progress(String step, String title, String state, long millis, String detail) {
        running.ifPresent(
                r -> r.wish.progress().accept(new Progress(r.saga.orElse(r.what), step, title, state, millis, detail)));
    }

    // --- create, destroy, change

    private Step create(GroupState state, Running mine, Kind.Create c) {
        GroupDefinition definition = c.definition();
        if (state.definition().isPresent() && !state.destroyed()) {
            return end(
                    Answer.refused("group \"" + group() + "\" is there already: sfo group show " + group(), List.of()));
        }
        if (!definition.home().equals(self())) {
            return end(Answer.refused(
                    "a group is created on its home: type it on " + definition.home() + ", or name " + self()
                            + " as home",
                    List.of()));
        }
        Claim claim = member.nextClaim(state, self());
        mine.waiting = Optional.of(s -> {
            if (mine.kept.size() == definition.members().size() - 1) {
                mine.waiting = Optional.empty();
                member.turn(now -> started(now, mine, definition, claim, c.by()));
            } else if (late(mine)) {
                mine.waiting = Optional.empty();
                List<String> missing = definition.members().stream()
                        .filter(m -> !m.equals(self()) && !mine.kept.contains(m))
                        .toList();
                abandon(
                        definition,
                        "no answer from " + String.join(", ", missing) + " within " + MEMBERS_ANSWER.toSeconds()
                                + " s: is its agent running?");
            }
        });
        return Step.then(() -> {
            progress("members", "stored on every member", "running", 0, "");
            others(definition)
                    .forEach(m -> member.tell(m, new GroupMessage.Definition(self(), group(), definition, Claim.NONE)));
        });
    }

    private static List<String> others(GroupDefinition definition, String self) {
        return definition.members().stream().filter(m -> !m.equals(self)).toList();
    }

    private List<String> others(GroupDefinition definition) {
        return others(definition, self());
    }

    private static boolean late(Running mine) {
        return System.nanoTime() - mine.began > MEMBERS_ANSWER.toNanos();
    }

    void definitionKept(GroupMessage.DefinitionKept m) {
        if (running.isPresent() && running.get().wish.kind() instanceof Kind.Create c) {
            if (m.refused().isPresent()) {
                running.get().waiting = Optional.empty();
                abandon(c.definition(), m.from() + " refuses it: " + m.refused().get());
            } else {
                running.get().kept.add(m.from());
                running.get().waiting.ifPresent(w -> w.accept(GroupState.EMPTY));
            }
        }
    }

    private void abandon(GroupDefinition definition, String why) {
        others(definition).forEach(m -> member.tell(m, new GroupMessage.Destroyed(self(), group())));
        finish(Answer.refused("group " + group() + " was not created: " + why, List.of()));
    }

    private Step started(
            GroupState state, Running mine, GroupDefinition definition, Claim claim, Requests.Operator by) {
        Instant now = Instant.now();
        List<GroupEvent> events = List.of(
                new GroupEvent.Defined(state.ordinal() + 1, definition, now),
                new GroupEvent.ClaimKnown(state.ordinal() + 2, claim, "created", now));
        return member.open(
                state,
                events,
                SagaEvent.Kind.START,
                member.plan(definition, self(), claim, List.of(), Optional.empty()),
                claim,
                by,
                Optional.empty(),
                () -> true,
                id -> mine.saga = Optional.of(id));
    }

    private Step destroy(GroupState state, Running mine, Kind.Destroy c) {
        if (member.standing(state) != Standing.HOLDS) {
            return end(wrongAppliance(state, "destroy"));
        }
        if (state.definition().stream().anyMatch(d -> !d.volumes().isEmpty())) {
            return end(Answer.refused(
                    "group " + group() + " still has volumes: sfo cdp destroy " + group() + " "
                            + state.definition().get().volumes().get(0).name(),
                    List.of()));
        }
        String saga = state.servingSaga().orElseThrow();
        mine.saga = Optional.of(saga);
        GroupEvent reopened = new GroupEvent.OperationReopened(state.ordinal() + 1, saga, "destroy", Instant.now());
        return new Step(
                List.of(reopened),
                s -> member.saga(saga).tell(new FailoverSaga.Release("destroyed by " + c.by().user())));
    }

    private Step change(GroupState state, Running mine, Kind.Change c) {
        if (member.standing(state) != Standing.HOLDS) {
            return end(wrongAppliance(state, "change"));
        }
        GroupDefinition changed;
        try {
            changed = c.change().apply(state.definition().orElseThrow());
        } catch (IllegalArgumentException refused) {
            return end(Answer.of(ExitCode.USAGE, String.valueOf(refused.getMessage())));
        }
        String saga = state.servingSaga().orElseThrow();
        mine.saga = Optional.of(saga);
        mine.waiting = Optional.empty();
        Plan plan = member.plan(changed, self(), state.claim(), List.of(), Optional.empty());
        GroupEvent defined = new GroupEvent.Defined(state.ordinal() + 1, changed, Instant.now());
        mine.what = "change";
        return Step.then(() -> {
            mine.waiting = Optional.of(s -> {});
            pendingDefinition = Optional.of(defined);
            member.saga(saga).tell(new FailoverSaga.Adjust(plan));
        });
    }

    private Optional<GroupEvent> pendingDefinition = Optional.empty();

    /** What is served has changed (or was changed back): the definition follows. */
    Step adjusted(GroupState state, Told.Adjusted adjusted) {
        if (running.isEmpty() || !(running.get().wish.kind() instanceof Kind.Change c)) {
            return Step.NOTHING;
        }
        Optional<GroupEvent> defined = pendingDefinition;
        pendingDefinition = Optional.empty();
        if (!adjusted.error().isEmpty()) {
            return end(Answer.of(
                    ExitCode.ROLLED_BACK, "not changed, everything is served as before: " + adjusted.error()));
        }
        GroupDefinition definition = ((GroupEvent.Defined) defined.orElseThrow()).definition();
        GroupEvent event = new GroupEvent.Defined(state.ordinal() + 1, definition, Instant.now());
        return new Step(List.of(event), s -> finish(Answer.done(c.done())));
    }

    private Answer wrongAppliance(GroupState state, String what) {
        String holder = state.claim().appliance();
        return Answer.refused(
                "group " + group() + " is not served by " + self() + ": type it on "
                        + (holder.isEmpty() ? "its holder" : holder),
                List.of(new Reason(
                        "WRONG-APPLIANCE",
                        Weight.BLOCKS,
                        what + " was typed on " + self() + ", the holder is " + holder,
                        "type it on " + holder)));
    }

    // --- check, plan

    private String failed(GroupState state, Optional<String> from) {
        GroupDefinition definition = state.definition().orElseThrow();
        String holder = state.claim().appliance();
        return from.orElse(holder.equals(self()) ? others(definition).get(0) : holder);
    }

    private void check(GroupState state, Wish wish) {
        if (member.standing(state) == Standing.HOLDS) {
            List<Reason> reasons =
                    UndoRules.holderReadiness(state.definition().orElseThrow(), self(), member.mirrors, heard());
            wish.reply().complete(checked(reasons, Optional.empty()));
            return;
        }
        String from = failed(state, Optional.empty());
        assessor.assess(state.definition().orElseThrow(), from, () -> lastSign(from), member.said(from), false)
                .whenComplete((assessed, error) -> wish.reply()
                        .complete(
                                error == null
                                        ? checked(assessed.reasons(), assessed.dossier())
                                        : Answer.of(ExitCode.ROLLED_BACK, "check failed: " + error.getMessage())));
    }

    private Answer checked(List<Reason> reasons, Optional<Views.DossierView> dossier) {
        boolean ready = reasons.stream().noneMatch(r -> r.weight() == Weight.BLOCKS);
        boolean lossless = reasons.stream().noneMatch(r -> r.weight() == Weight.LOSSY);
        Views.CheckView view = new Views.CheckView(group(), ready, lossless, reasons, dossier);
        return new Answer(
                ready && lossless ? ExitCode.DONE : ExitCode.REFUSED,
                ready && lossless
                        ? "a failover of group " + group() + " would be carried out"
                        : "a failover of group " + group() + " would be " + (ready ? "lossy" : "refused"),
                reasons,
                Optional.of(view));
    }

    private List<String> heard() {
        return List.copyOf(member.beats.keySet());
    }

    /** On any channel. */
    private Optional<Instant> lastSign(String appliance) {
        return Stream.concat(
                        Optional.ofNullable(member.lastSigns.get(appliance)).stream(),
                        member.around.peers().lastSeen(appliance).stream())
                .max(Comparator.naturalOrder());
    }

    private void showPlan(GroupState state, Wish wish, Kind.ShowPlan p) {
        if (p.undo()) {
            Optional<String> serving = state.servingSaga();
            if (serving.isEmpty()) {
                wish.reply().complete(wrongAppliance(state, "plan --undo"));
                return;
            }
            member.saga(serving.get())
                    .tell(new FailoverSaga.Show(s -> wish.reply().complete(planned(UndoRules.reversed(s.plan())))));
            return;
        }
        GroupDefinition definition = state.definition().orElseThrow();
        String from = failed(state, Optional.empty());
        wish.reply()
                .complete(planned(
                        member.plan(definition, from, member.nextClaim(state, self()), List.of(), Optional.empty())));
    }

    private static Answer planned(Plan plan) {
        return Answer.done(
                plan.steps().size() + " steps", new Views.PlanView(plan, plan.hash(), SagaViews.estimate(plan)));
    }

    // --- failover

    private Step failover(GroupState state, Running mine, Kind.Failover f) {
        GroupDefinition known = state.definition().orElseThrow();
        if (member.standing(state) == Standing.HOLDS || member.standing(state) == Standing.SUPERSEDED) {
            return end(Answer.refused(
                    "group " + group() + " is already served by " + self(),
                    List.of(new Reason(
                            "ALREADY-HOLDS",
                            Weight.BLOCKS,
                            self() + " holds " + state.claim().tag(),
                            "sfo status"))));
        }
        String from = failed(state, f.request().from());
        if (!others(known).contains(from)) {
            return end(Answer.of(
                    ExitCode.USAGE,
                    "\"" + from + "\" is no other member of group " + group() + ": expected one of "
                            + String.join(", ", others(known))));
        }
        Claim held = state.claim();
        if (!held.isNone()
                && !held.appliance().equals(self())
                && !held.appliance().equals(from)) {
            return end(wrongHolder(from, held));
        }
        return Step.then(() -> {
            progress("prove", "proves that " + from + " is dead; validates", "running", 0, "");
            assessor.assess(known, from, () -> lastSign(from), member.said(from), true)
                    .whenComplete((assessed, error) -> member.turn(s -> error == null
                            ? assessed(s, mine, f, assessed)
                            : end(Answer.of(
                                    ExitCode.ROLLED_BACK,
                                    "nothing was touched: proving failed: " + error.getMessage()))));
        });
    }

    private Answer wrongHolder(String from, Claim held) {
        return Answer.refused(
                "group " + group() + " is not held by " + from,
                List.of(new Reason(
                        "WRONG-HOLDER",
                        Weight.BLOCKS,
                        held.appliance() + " holds it: " + held.tag(),
                        "sfo failover " + group() + " --from " + held.appliance())));
    }

    private Step assessed(GroupState state, Running mine, Kind.Failover f, Assessed assessed) {
        Requests.Failover request = f.request();
        long proving = (System.nanoTime() - mine.began) / 1_000_000;
        List<Reason> refusing = UndoRules.refusing(assessed.reasons(), request.override(), request.acceptLoss());
        Claim claim = member.nextClaim(state, self());
        Plan plan = member.plan(assessed.group(), assessed.from(), claim, List.of(), request.mac());
        Views.CheckView view = new Views.CheckView(
                group(), refusing.isEmpty(), assessed.reasons().isEmpty(), assessed.reasons(), assessed.dossier());
        if (!refusing.isEmpty()) {
            progress(
                    "prove",
                    "proves and validates",
                    "failed",
                    proving,
                    refusing.get(0).code());
            return end(new Answer(ExitCode.REFUSED, "refused, nothing was touched", refusing, Optional.of(view)));
        }
        if (request.plan().isPresent() && !request.plan().get().equals(plan.hash())) {
            return end(Answer.refused(
                    "the plan has changed: its hash is " + plan.hash() + ", not "
                            + request.plan().get() + "; look at it with: sfo plan " + group(),
                    List.of()));
        }
        progress("prove", assessed.from() + " is dead; backup and replicas are fit", "done", proving, "");
        if (request.dryRun()) {
            return end(planned(plan));
        }
        int members = assessed.group().members().size();
        if (GroupRules.needed(members) == 1 || request.override().isPresent()) {
            return claimed(state, mine, f, assessed, plan, claim);
        }
        mine.proposed = Optional.of(claim);
        mine.waiting = Optional.of(s -> countVotes(mine, f, assessed, plan, claim, members));
        return Step.then(() -> others(assessed.group())
                .forEach(m -> member.tell(m, new GroupMessage.Propose(self(), group(), claim))));
    }

    private void countVotes(Running mine, Kind.Failover f, Assessed assessed, Plan plan, Claim claim, int members) {
        long yes = 1 + mine.acknowledged.values().stream().filter(claim::equals).count();
        Optional<Claim> higher = mine.acknowledged.values().stream()
                .filter(c -> c.compareTo(claim) > 0)
                .findFirst();
        if (yes >= GroupRules.needed(members)) {
            mine.waiting = Optional.empty();
            member.turn(s -> claimed(s, mine, f, assessed, plan, claim));
        } else if (higher.isPresent() || late(mine)) {
            mine.waiting = Optional.empty();
            finish(Answer.refused(
                    higher.isPresent()
                            ? "another claim came first: " + higher.get().tag()
                            : yes + " of " + members + " members acknowledged the claim, " + GroupRules.needed(members)
                                    + " are needed; to go on without them: --override \"REASON\"",
                    List.of()));
        }
    }

    /** Of two that ask for votes at once the lower yields; the higher acknowledges nothing but its own. */
    boolean yieldsTo(Claim other) {
        boolean lower = running.flatMap(r -> r.proposed)
                .map(mine -> mine.compareTo(other) < 0)
                .orElse(true);
        if (lower && running.flatMap(r -> r.proposed).isPresent()) {
            running.get().waiting = Optional.empty();
            finish(Answer.refused("another claim came first: " + other.tag(), List.of()));
        }
        return lower;
    }

    void acknowledged(GroupMessage.Acknowledge m) {
        running.ifPresent(r -> {
            r.acknowledged.put(m.from(), m.highest());
            r.waiting.ifPresent(w -> w.accept(GroupState.EMPTY));
        });
    }

    private Step claimed(GroupState state, Running mine, Kind.Failover f, Assessed assessed, Plan plan, Claim claim) {
        Instant now = Instant.now();
        boolean sign = f.request().override().isEmpty()
                && lastSign(assessed.from())
                        .filter(at -> at.isAfter(mine.beganAt))
                        .isPresent();
        boolean moved = claim.compareTo(state.claim()) <= 0
                || state.openOperation().isPresent()
                || running.filter(mine::equals).isEmpty();
        if (sign || moved) {
            return end(Answer.refused(
                    sign
                            ? assessed.from() + " has just been heard: it lives"
                            : "the group has moved meanwhile; see it with: sfo status " + group(),
                    List.of()));
        }
        List<GroupEvent> events = new ArrayList<>();
        long n = state.ordinal();
        if (assessed.group().version() > state.version()) {
            events.add(new GroupEvent.Defined(++n, assessed.group(), now));
        }
        // what it said last is what it said when it was alive
        member.beats.remove(assessed.from());
        String why = "failover from " + assessed.from()
                + f.request().override().map(o -> ", override: " + o).orElse("");
        events.add(new GroupEvent.ClaimKnown(++n, claim, why, now));
        Requests.Operator by = f.request().override().isPresent()
                ? new Requests.Operator(
                        f.by().uid(),
                        f.by().user(),
                        f.by().reason() + " override: " + f.request().override().get())
                : f.by();
        return member.open(
                state,
                events,
                SagaEvent.Kind.FAILOVER,
                plan,
                claim,
                by,
                assessed.dossier(),
                () -> true,
                id -> mine.saga = Optional.of(id));
    }

    // --- undo

    private Step undo(GroupState state, Running mine, Kind.Undo u) {
        if (member.standing(state) != Standing.HOLDS) {
            return end(wrongAppliance(state, "undo"));
        }
        GroupDefinition definition = state.definition().orElseThrow();
        if (definition.home().equals(self())) {
            return end(Answer.refused(
                    "there is nothing to undo: " + self() + " is the home of group " + group(), List.of()));
        }
        String to = definition.home();
        List<Reason> reasons = againstReturn(to, u);
        if (!reasons.isEmpty()) {
            return end(Answer.refused("refused, " + self() + " serves on", reasons));
        }
        if (u.request().dryRun()) {
            Step shown = Step.then(() -> {
                running = Optional.empty();
                showPlan(state, mine.wish, new Kind.ShowPlan(true));
            });
            return shown;
        }
        if (u.request().acceptLoss()) {
            member.mirrorKeeper.tell(new Mirrors.AcceptLoss(group(), true));
        }
        mine.waiting = Optional.of(s -> whenMirrored(mine, to, u));
        return Step.then(() -> whenMirrored(mine, to, u));
    }

    private List<Reason> againstReturn(String to, Kind.Undo u) {
        List<Reason> all = UndoRules.mayReturn(to, Optional.ofNullable(member.beats.get(to)), group());
        return UndoRules.refusing(all, Optional.empty(), u.request().acceptLoss());
    }

    private void whenMirrored(Running mine, String to, Kind.Undo u) {
        List<Reason> reasons = againstReturn(to, u);
        if (!reasons.isEmpty()) {
            giveUp(mine, Answer.refused("refused, " + self() + " serves on", reasons));
            return;
        }
        Optional<String> behind = UndoRules.notYetMirrored(member.mirrors, Optional.ofNullable(member.beats.get(to)));
        if (behind.isPresent()) {
            mine.copiedAt = UndoRules.isCopied(member.mirrors) ? System.nanoTime() : mine.copiedAt;
            Duration idle = Duration.ofNanos(System.nanoTime() - mine.copiedAt);
            if (idle.compareTo(UndoRules.MIRROR_BEGINS) > 0) {
                giveUp(
                        mine,
                        Answer.refused(
                                self() + " serves on: nothing was mirrored to " + to + " for " + idle.toSeconds()
                                        + " s; " + behind.get() + " (" + mirrorsDetail() + ")",
                                List.of()));
            } else {
                progress("resync", "brings " + to + " up to date", "running", 0, behind.get());
            }
            return;
        }
        mine.waiting = Optional.empty();
        progress("resync", to + " has everything", "done", (System.nanoTime() - mine.began) / 1_000_000, "");
        member.turn(state -> {
            if (member.standing(state) != Standing.HOLDS
                    || state.openOperation().isPresent()) {
                return end(wrongAppliance(state, "undo"));
            }
            String saga = state.servingSaga().orElseThrow();
            mine.saga = Optional.of(saga);
            GroupEvent reopened = new GroupEvent.OperationReopened(state.ordinal() + 1, saga, "undo", Instant.now());
            return new Step(
                    List.of(reopened),
                    s -> member.saga(saga).tell(new FailoverSaga.Undo(to, u.by().user(), u.by().reason())));
        });
    }

    private String mirrorsDetail() {
        return member.mirrors.stream()
                .filter(s -> s.sync() != MirrorState.Sync.REPLICATING)
                .map(MirrorState::detail)
                .collect(Collectors.joining("; "));
    }

    /** Nothing was touched; what the operator would have given up for this undo is given up no more. */
    private void giveUp(Running mine, Answer answer) {
        mine.waiting = Optional.empty();
        member.mirrorKeeper.tell(new Mirrors.AcceptLoss(group(), false));
        finish(answer);
    }

    /** An undo's permit has run out, and nobody can know whether it was used. */
    void handOverUnknown(String to) {
        finish(Answer.of(
                ExitCode.NEEDS_ATTENTION,
                "the permit that " + to + " was given has run out, and whether it opened can't be known from here; "
                        + self() + " serves nothing. It resolves itself when " + to
                        + " is heard again; if you know that "
                        + to + " is off: sfo resolve " + group()));
    }

    // --- resume, resolve

    private long resumeAfter = System.nanoTime();
    private int resumesFailed;

    /** After a resume that failed: not again at once, and ever more seldom. */
    private void resumeEnded(boolean done) {
        resumesFailed = done ? 0 : Math.min(resumesFailed + 1, 6);
        resumeAfter = System.nanoTime() + (done ? 0 : TimeUnit.SECONDS.toNanos(5L << resumesFailed));
    }

    /** Serves again: confirmed by a peer, or after a hand-over that failed. */
    void resume(String why) {
        member.turn(state -> {
            boolean free = running.isEmpty() && state.openOperation().isEmpty() && System.nanoTime() - resumeAfter >= 0;
            return free && state.claim().appliance().equals(self()) && member.standing(state) != Standing.HOLDS
                    ? resumed(state, new Requests.Operator(0, "agent", why), id -> {})
                    : Step.NOTHING;
        });
    }

    private Step resume(GroupState state, Running mine, Requests.Operator by) {
        if (member.standing(state) == Standing.HOLDS) {
            return end(Answer.refused("group " + group() + " is served by " + self() + " already", List.of()));
        }
        if (!state.claim().appliance().equals(self())) {
            return end(wrongAppliance(state, "resume"));
        }
        Map<String, CompletableFuture<Optional<Hello.GroupClaim>>> asked = new HashMap<>();
        for (String other : others(state.definition().orElseThrow())) {
            asked.put(other, member.around.peers().ask(other, group()).toCompletableFuture());
        }
        return Step.then(() -> {
            var unused = CompletableFuture.allOf(asked.values().toArray(CompletableFuture[]::new))
                    .whenComplete((all, error) -> member.turn(now -> resumeUnlessHeld(now, mine, by, asked)));
        });
    }

    private Step resumeUnlessHeld(
            GroupState state,
            Running mine,
            Requests.Operator by,
            Map<String, CompletableFuture<Optional<Hello.GroupClaim>>> asked) {
        Map<String, Hello.GroupClaim> said = new HashMap<>();
        asked.forEach((other, answer) -> answer.join().ifPresent(claim -> said.put(other, claim)));
        List<Reason> reasons = GroupRules.againstResume(state.claim(), said);
        if (!reasons.isEmpty()) {
            return end(Answer.refused("refused, nothing was touched", reasons));
        }
        boolean moved =
                state.openOperation().isPresent() || !state.claim().appliance().equals(self());
        return moved ? end(wrongAppliance(state, "resume")) : resumed(state, by, id -> mine.saga = Optional.of(id));
    }

    private Step resumed(GroupState state, Requests.Operator by, Consumer<String> opened) {
        GroupDefinition definition = state.definition().orElseThrow();
        Plan plan = member.plan(definition, self(), state.claim(), List.of(), Optional.empty());
        return member.open(
                state, List.of(), SagaEvent.Kind.RESUME, plan, state.claim(), by, Optional.empty(), () -> true, opened);
    }

    private Step resolve(GroupState state, Wish wish, Kind.Resolve r) {
        if (member.handOver.isUnknown()) {
            return Step.then(() -> {
                member.handOver.over(false, "resolved by " + r.by().user());
                wish.reply().complete(Answer.done(self() + " serves group " + group() + " again; see: sfo status"));
            });
        }
        if (state.conflict().isPresent()) {
            long generation = state.claim().generation() + 1;
            Claim claim =
                    new Claim(generation, self(), java.util.UUID.randomUUID().toString());
            GroupEvent known = new GroupEvent.ClaimKnown(
                    state.ordinal() + 1, claim, "resolved by " + r.by().user(), Instant.now());
            return new Step(
                    List.of(known),
                    s -> wish.reply().complete(Answer.done(self() + " holds group " + group() + " now")));
        }
        if (state.openOperation().isPresent() && running.isEmpty()) {
            String saga = state.openOperation().get();
            member.saga(saga)
                    .tell(new FailoverSaga.Show(s -> member.turn(now -> {
                        if (s.ended().isEmpty()) {
                            return answer(wish, Answer.of(ExitCode.BUSY, saga + " is still under way"));
                        }
                        return new Step(
                                closed(now, saga, "resolved by " + r.by().user()),
                                after -> wish.reply()
                                        .complete(Answer.done(saga + " is closed; its open items are yours")));
                    })));
            return Step.NOTHING;
        }
        return answer(wish, Answer.refused("there is nothing to resolve in group " + group(), List.of()));
    }

    /** As if its inverses had all been carried out: the operator says so. */
    private List<GroupEvent> closed(GroupState state, String saga, String why) {
        List<GroupEvent> events = new ArrayList<>();
        long n = state.ordinal();
        Instant now = Instant.now();
        if (state.servingSaga().equals(Optional.of(saga))) {
            events.add(new GroupEvent.Released(++n, why, now));
        }
        if (state.returnsTo().isPresent() && state.claim().appliance().equals(self())) {
            Claim back = member.nextClaim(state, state.returnsTo().get());
            events.add(new GroupEvent.ClaimKnown(++n, back, why, now));
        }
        events.add(new GroupEvent.OperationEnded(++n, saga, why, now));
        return events;
    }

    // --- what sagas tell

    void moved(Told.Moved moved) {
        if (running.isPresent() && running.get().saga.equals(Optional.of(moved.saga()))) {
            for (Views.StepView step : SagaViews.steps(moved.state())) {
                boolean news = !step.equals(running.get().shown.put(step.id(), step));
                if (news && !step.state().equals("waiting")) {
                    progress(step.id(), step.title(), step.state(), step.millis(), step.detail());
                }
            }
        }
    }

    void tick(GroupState state) {
        running.flatMap(r -> r.waiting).ifPresent(w -> w.accept(state));
    }

    void sagaEnded(GroupState state, String id, SagaState saga) {
        boolean takenBack = saga.handOver().filter(h -> !h.opened()).isPresent();
        if (takenBack) {
            String why = saga.handOver().get().why();
            resumeAfter(why);
            return;
        }
        if (saga.opened().orElseThrow().kind() == SagaEvent.Kind.RESUME
                && saga.undo().isEmpty()) {
            resumeEnded(saga.ended().orElseThrow().outcome() == SagaEvent.Outcome.DONE);
        }
        if (saga.opened().orElseThrow().kind() == SagaEvent.Kind.FAILOVER
                && saga.ended().orElseThrow().outcome() == SagaEvent.Outcome.DONE) {
            member.around.peers().down(saga.plan().from());
        }
        if (running.isEmpty() || !running.get().saga.equals(Optional.of(id))) {
            return;
        }
        Kind kind = running.get().wish.kind();
        long millis = (System.nanoTime() - running.get().began) / 1_000_000;
        if (kind instanceof Kind.Destroy) {
            member.turn(s -> {
                GroupEvent gone = new GroupEvent.Destroyed(s.ordinal() + 1, Instant.now());
                return new Step(List.of(gone), after -> finish(Answer.done("group " + group() + " is destroyed")));
            });
            return;
        }
        boolean back = kind instanceof Kind.Undo
                && (running.get().what.equals("back") || saga.undo().isEmpty());
        finish(SagaViews.answer(saga, back, millis));
    }

    /** An undo that did not come about: this appliance claims again and serves; only then the operator is answered. */
    private void resumeAfter(String why) {
        running.ifPresent(r -> r.what = "back");
        member.turn(s -> resumed(s, AGENT, id -> running.ifPresent(r -> r.saga = Optional.of(id))));
        member.context.getLog().warn("undo of {} did not come about: {}", group(), why);
    }
}
