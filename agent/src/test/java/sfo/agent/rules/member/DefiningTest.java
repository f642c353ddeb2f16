package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.NOON;
import static sfo.agent.rules.Sample.claim;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.GroupState;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.Sample;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Progress;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Reason;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Step;

/** A group is made, changed and destroyed by its holder, on all members or on none. */
@Timeout(20)
class DefiningTest {
    private static final Claim A1 = claim(1, "a");
    private static final GroupDefinition GROUP = Sample.group();
    private static final GroupDefinition BARE = Sample.with(GROUP.interfaces(), List.of(), List.of());
    private static final GroupDefinition FIRST = version(1, "a", "b").under(1);
    private static final GroupDefinition SECOND = FIRST.above(FIRST.version());

    private static GroupDefinition version(long version, String... members) {
        return new GroupDefinition("files", version, "a", List.of(members), GROUP.interfaces(), List.of(), List.of());
    }

    private static GroupMessage.Definition definition(GroupDefinition definition, Claim claim) {
        return new GroupMessage.Definition("a", "files", definition, claim);
    }

    private static Act.Send kept(long version) {
        return new Act.Send("a", new GroupMessage.DefinitionKept("b", "files", version, Optional.empty()));
    }

    private static final Wish.Create CREATE = new Wish.Create(version(1, "a", "b", "c"), OneMember.ROOT);
    private static final GroupDefinition OFFERED = CREATE.definition().under(1);
    private static final Wish.Destroy DESTROY = new Wish.Destroy(OneMember.ROOT);

    // --- told

    @Test
    void aNewDefinitionIsStoredAndAnsweredAndAnOldOneOnlyAnswered() {
        OneMember b = new OneMember("b").hears(definition(FIRST, Claim.NONE));
        assertThat(b.events()).containsExactly(new GroupEvent.Defined(1, FIRST, NOON));
        assertThat(b.sent()).containsExactly(kept(FIRST.version()));
        assertThat(b.state.abstains()).as("nobody holds it yet").isFalse();

        assertThat(b.hears(definition(FIRST, Claim.NONE)).events()).isEmpty();
        assertThat(b.sent()).containsExactly(kept(FIRST.version()));

        b.hears(definition(SECOND, A1));
        assertThat(b.events())
                .containsExactly(
                        new GroupEvent.Defined(2, SECOND, NOON),
                        new GroupEvent.ClaimKnown(3, A1, "with the definition", NOON));
        assertThat(b.state.abstains()).isFalse();
        assertThat(b.hears(definition(SECOND, A1)).events()).isEmpty();
        assertThat(b.hears(definition(FIRST, A1)).events()).isEmpty();
        assertThat(b.sent()).containsExactly(kept(SECOND.version()));
    }

    @Test
    void whoServesPutsItsOwnAboveWhatAnotherMadeMeanwhileUnlessThatHoldsTheGroup() {
        Claim mine = claim(2, "b");
        GroupDefinition others = version(9, "a", "b").under(1);
        OneMember b = OneMember.serving("b", GROUP, mine).hears(definition(others, A1));
        GroupDefinition own = GROUP.under(2);
        assertThat(own.version()).isGreaterThan(others.version());
        assertThat(b.events()).containsExactly(new GroupEvent.Defined(b.state.ordinal(), own, NOON));
        assertThat(b.sent()).contains(new Act.Send("a", new GroupMessage.Definition("b", "files", own, mine)));

        OneMember superseded = OneMember.serving("b", GROUP, mine).hears(definition(others, claim(3, "a")));
        assertThat(superseded.state.definition()).contains(others);
    }

    @Test
    void aGroupThatSomebodyHoldsAndThatIsNotKnownHereWasForgottenHere() {
        OneMember b = new OneMember("b").hears(definition(GROUP, A1));
        assertThat(b.events())
                .containsExactly(
                        new GroupEvent.Defined(1, GROUP, NOON),
                        new GroupEvent.Abstained(2, "nothing was known here of a group that a holds", NOON),
                        new GroupEvent.ClaimKnown(3, A1, "with the definition", NOON));
        assertThat(b.acts(Act.Warn.class))
                .containsExactly(new Act.Warn("b abstains in group files until it has heard all other members: nothing"
                        + " was known here of a group that a holds"));
    }

    @Test
    void aDestroyedGroupIsMadeAnewAboveWhatIsRememberedOfItAndOfItsClaims() {
        OneMember b = OneMember.of("b", SECOND, claim(4, "b")).stored(n -> new GroupEvent.Destroyed(n, NOON));
        long least = FIRST.under(5).version();
        for (GroupDefinition low : List.of(FIRST, SECOND, FIRST.under(4))) {
            assertThat(b.hears(definition(low, Claim.NONE)).events()).isEmpty();
            assertThat(b.sent()).as("what a new one has to have").containsExactly(kept(least));
        }
        b.hears(definition(FIRST.under(5), Claim.NONE));
        assertThat(b.state.destroyed()).isFalse();
        assertThat(b.state.definition()).contains(FIRST.under(5));
        assertThat(b.standing())
                .as("its claim is of the one that was destroyed")
                .isEqualTo(GroupRules.Standing.STANDS_BY);
        b.hears(new GroupMessage.Destroyed("c", "files", FIRST.under(4).version()));
        assertThat(b.state.destroyed()).isFalse();
        b.hears(new GroupMessage.Destroyed("a", "files", FIRST.under(5).version()));
        assertThat(b.state.destroyed()).as("it came to nothing").isTrue();
        b.hears(definition(FIRST.under(5), Claim.NONE));
        assertThat(b.sent())
                .as("once more is another one")
                .containsExactly(kept(FIRST.under(5).version() + 1));
    }

    @Test
    void whatWasLeftOfACreationThatWasGivenUpIsNotTakenForTheNextOne() {
        OneMember b =
                new OneMember("b").hears(definition(version(1, "a", "b", "w").under(1), Claim.NONE));
        assertThat(b.hears(definition(FIRST, Claim.NONE)).events()).isEmpty();
        assertThat(b.sent()).containsExactly(kept(FIRST.version() + 1));
        b.hears(definition(SECOND, Claim.NONE));
        assertThat(b.state.definition()).contains(SECOND);
    }

    @Test
    void aGroupThatSomebodyHoldsIsNotMadeAnewByOneThatForgotIt() {
        for (GroupDefinition there : List.of(GROUP, GROUP.under(1), SECOND)) {
            OneMember b = OneMember.of("b", there, A1).hears(definition(FIRST, Claim.NONE));
            assertThat(b.events()).isEmpty();
            assertThat(b.sent()).hasSize(1);
            GroupMessage.DefinitionKept answer =
                    (GroupMessage.DefinitionKept) b.sent().get(0).message();
            assertThat(answer.refused())
                    .contains("a group of that name is there already: on b type sfo group show files");
            b.hears(new GroupMessage.Destroyed("a", "files", FIRST.version()));
            assertThat(b.state.destroyed()).as("what was not made").isFalse();
        }
    }

    @Test
    void ofTwoThatAreMadeAtOnceNoneIs() {
        OneMember a = new OneMember("a").wants(CREATE);
        a.hears(new GroupMessage.Definition("b", "files", version(1, "a", "b").under(1), Claim.NONE));
        assertThat(a.events()).isEmpty();
        GroupMessage.DefinitionKept answer =
                (GroupMessage.DefinitionKept) a.sent().get(0).message();
        assertThat(answer.refused()).contains("one of that name is being made on a, too");
    }

    @Test
    void aGroupThatTurnsOutToBeThereIsNotMade() {
        OneMember a = new OneMember("a").wants(CREATE).hears(keptBy("b"));
        a.hears(new GroupMessage.Definition("c", "files", OFFERED.under(2), claim(2, "c")));
        a.hears(keptBy("c"));
        assertThat(a.answer().text()).isEqualTo("group files was not created: group files is held by 2-c-id-2-c");
        assertThat(a.sent()).isEmpty();
        assertThat(a.orders()).isEmpty();
    }

    @Test
    void anUndosOwnOfferIsNotLearntFromADefinitionEither() {
        OneMember b = OneMember.serving("b", GROUP, claim(2, "b"))
                .stored(n -> new GroupEvent.OperationReopened(n, "files-2", "undo", NOON));
        Claim offer = new Claim(3, "a", GroupRules.offerId("files-2", "a"));
        b.hears(definition(GROUP, offer));
        assertThat(b.state.claim()).isEqualTo(claim(2, "b"));
    }

    @Test
    void whoIsAskedForADefinitionTellsItWithItsClaimAndOneThatKnowsNoneSaysNothing() {
        OneMember b = OneMember.of("b", GROUP, A1).hears(new GroupMessage.AskDefinition("a", "files"));
        assertThat(b.sent()).containsExactly(new Act.Send("a", new GroupMessage.Definition("b", "files", GROUP, A1)));
        assertThat(new OneMember("b")
                        .hears(new GroupMessage.AskDefinition("a", "files"))
                        .acts())
                .isEmpty();
    }

    @Test
    void aGroupIsDestroyedByTheWordOfItsHolderAloneAndNotWhileItIsServedHere() {
        assertThat(destroyedBy("a", OneMember.of("b", GROUP, A1))).isTrue();
        assertThat(destroyedBy("a", OneMember.of("b", GROUP, claim(2, "b")))).isFalse();
        assertThat(destroyedBy("a", OneMember.of("b", GROUP, claim(2, "c")))).isFalse();
        assertThat(destroyedBy("a", new OneMember("b").stored(n -> new GroupEvent.Defined(n, GROUP, NOON))))
                .as("one that was not created after all")
                .isTrue();
        assertThat(destroyedBy("a", OneMember.serving("b", GROUP, A1))).isFalse();
        OneMember gone = OneMember.of("b", GROUP, A1).stored(n -> new GroupEvent.Destroyed(n, NOON));
        gone.hears(new GroupMessage.Destroyed("a", "files"));
        assertThat(gone.events()).as("once").isEmpty();
    }

    private static boolean destroyedBy(String from, OneMember member) {
        return member.hears(new GroupMessage.Destroyed(from, "files")).state.destroyed();
    }

    @Test
    void whoeverStillSendsHeartbeatsOfADestroyedGroupIsToldSo() {
        OneMember a = OneMember.of("a", GROUP, A1).stored(n -> new GroupEvent.Destroyed(n, NOON));
        a.on(new Input.Mirrors(List.of()));
        assertThat(a.sent()).containsExactly(new Act.Send("b", new GroupMessage.Destroyed("a", "files")));
    }

    // --- create

    @Test
    void aGroupStartsOnceEveryMemberKeepsItsDefinition() {
        OneMember a = new OneMember("a").wants(CREATE);
        GroupMessage offer = new GroupMessage.Definition("a", "files", OFFERED, Claim.NONE);
        assertThat(a.sent()).containsExactly(new Act.Send("b", offer), new Act.Send("c", offer));
        assertThat(a.shown())
                .containsExactly(new Progress("create", "members", "stored on every member", "running", 0, ""));
        assertThat(a.state).isEqualTo(GroupState.EMPTY);

        a.hears(keptBy("b"));
        assertThat(a.state).isEqualTo(GroupState.EMPTY);
        a.at(1_000).tick();
        assertThat(a.sent()).as("asked again").containsExactly(new Act.Send("c", offer));
        a.hears(keptBy("b"));
        assertThat(a.state).as("b has said so before").isEqualTo(GroupState.EMPTY);

        a.hears(keptBy("c"));
        Claim made = a.state.claim();
        assertThat(made.generation()).isEqualTo(1);
        assertThat(made.appliance()).isEqualTo("a");
        assertThat(a.events())
                .containsExactly(
                        new GroupEvent.Defined(1, OFFERED, a.wall()),
                        new GroupEvent.ClaimKnown(2, made, "created", a.wall()),
                        new GroupEvent.OperationOpened(3, "files-1", Optional.empty(), a.wall()));
        SagaOrder.Open open = a.opened().order();
        assertThat(a.opened().saga()).isEqualTo("files-1");
        assertThat(open.kind()).isEqualTo(Kind.START);
        assertThat(open.claim()).isEqualTo(made);
        assertThat(open.by()).isEqualTo(OneMember.ROOT);
        assertThat(open.plan().from()).isEqualTo("a");
        assertThat(open.plan().steps())
                .extracting(Step::id)
                .containsExactly("network.group-host", "network.free.fo0", "network.interface.fo0", "open.fo0");

        a.at(9_000).tick();
        assertThat(a.answered()).as("its saga tells").isEmpty();
        a.ended("files-1", Kind.START, "a", Outcome.DONE, "");
        assertThat(a.answer().text()).isEqualTo("a serves group files after 9000 ms");
        assertThat(a.state.servingSaga()).contains("files-1");
        assertThat(a.memory.operation()).isEmpty();
    }

    @Test
    void whoForgotAGroupThatWasDestroyedMakesItAnewAboveWhatOthersRemember() {
        OneMember a = new OneMember("a").wants(CREATE);
        GroupDefinition anew = CREATE.definition().under(6);
        a.hears(new GroupMessage.DefinitionKept("b", "files", anew.version(), Optional.empty()));
        GroupMessage offer = new GroupMessage.Definition("a", "files", anew, Claim.NONE);
        assertThat(a.sent()).containsExactly(new Act.Send("b", offer), new Act.Send("c", offer));
        a.hears(keptBy("c"));
        assertThat(a.state).as("what c kept is of no use").isEqualTo(GroupState.EMPTY);
        for (String member : List.of("b", "c")) {
            a.hears(new GroupMessage.DefinitionKept(member, "files", anew.version(), Optional.empty()));
        }
        assertThat(a.state.definition()).contains(anew);
        assertThat(a.state.claim().generation()).isEqualTo(6);
    }

    @Test
    void aGroupThatCouldNotStartIsNoneAnywhere() {
        OneMember a = new OneMember("a").wants(CREATE).hears(keptBy("b")).hears(keptBy("c"));
        a.ended("files-1", Kind.START, "a", Outcome.UNDONE, "no carrier");
        assertThat(a.state.destroyed()).isTrue();
        assertThat(a.sent())
                .contains(new Act.Send("b", new GroupMessage.Destroyed("a", "files")))
                .contains(new Act.Send("c", new GroupMessage.Destroyed("a", "files")));
        assertThat(a.answer().exit()).isEqualTo(ExitCode.ROLLED_BACK);
    }

    @Test
    void aMemberThatRefusesOrIsSilentAbandonsIt() {
        OneMember refused = new OneMember("a").wants(CREATE);
        refused.hears(new GroupMessage.DefinitionKept("c", "files", 1, Optional.of("c is no member of it")));
        assertAbandoned(refused, "group files was not created: c refuses it: c is no member of it");

        OneMember silent = new OneMember("a").wants(CREATE).hears(keptBy("b"));
        silent.at(4_999).tick();
        assertThat(silent.answered()).isEmpty();
        silent.at(5_000).tick();
        assertAbandoned(silent, "group files was not created: no answer from c within 5 s: is its agent running?");
    }

    private static void assertAbandoned(OneMember a, String why) {
        assertThat(a.answer()).isEqualTo(Answer.refused(why, List.of()));
        assertThat(a.sent())
                .containsExactly(
                        new Act.Send("b", new GroupMessage.Destroyed("a", "files", OFFERED.version())),
                        new Act.Send("c", new GroupMessage.Destroyed("a", "files", OFFERED.version())));
        assertThat(a.state).isEqualTo(GroupState.EMPTY);
        assertThat(a.memory.operation()).isEmpty();
    }

    @Test
    void aGroupIsMadeOnItsHomeAndOnce() {
        OneMember b = new OneMember("b").wants(CREATE);
        assertThat(b.answer())
                .isEqualTo(
                        Answer.refused("a group is created on its home: type it on a, or name b as home", List.of()));
        OneMember a = OneMember.of("a", GROUP, A1).wants(CREATE);
        assertThat(a.answer())
                .isEqualTo(Answer.refused("group \"files\" is there already: sfo group show files", List.of()));
        assertThat(a.sent()).isEmpty();
        OneMember again = OneMember.of("a", GROUP, A1)
                .stored(n -> new GroupEvent.Destroyed(n, NOON))
                .wants(CREATE);
        assertThat(again.answered()).isEmpty();
        assertThat(again.sent()).hasSize(2);
    }

    @Test
    void wordsThatNobodyWaitsForChangeNothing() {
        OneMember idle = OneMember.of("a", GROUP, A1).hears(keptBy("b"));
        assertThat(idle.acts()).isEmpty();
        OneMember starts = new OneMember("a").wants(CREATE).hears(keptBy("b")).hears(keptBy("c"));
        starts.hears(keptBy("c"));
        assertThat(starts.events()).isEmpty();
        assertThat(starts.orders()).isEmpty();
        OneMember failing = OneMember.of("b", GROUP, A1).wants(OneMember.failover());
        failing.hears(keptBy("a"));
        assertThat(failing.orders()).isEmpty();
        failing.on(new Input.SagaAdjusted("files-1", "x", ""));
        assertThat(failing.answered()).isEmpty();
    }

    private static GroupMessage keptBy(String member) {
        return new GroupMessage.DefinitionKept(member, "files", OFFERED.version(), Optional.empty());
    }

    @Test
    void noOtherWishIsMetWhereNoGroupIsKnown() {
        for (Wish wish : List.of(OneMember.failover(), DESTROY, new Wish.Check(), new Wish.Resume(OneMember.ROOT))) {
            assertThat(new OneMember("b").wants(wish).answer())
                    .isEqualTo(Answer.of(ExitCode.USAGE, "no group \"files\" is known on b"));
        }
    }

    // --- change

    private static Wish.Change change(GroupDefinition to) {
        return new Wish.Change(from -> to, "it is so", OneMember.ROOT);
    }

    @Test
    void aChangeIsServedBeforeItIsTheDefinition() {
        OneMember a = OneMember.serving("a", GROUP, A1).wants(change(BARE.withShares(List.of())));
        assertThat(a.events()).isEmpty();
        SagaOrder.Adjust adjust = (SagaOrder.Adjust) a.orders().get(0).order();
        assertThat(a.orders()).hasSize(1);
        assertThat(a.orders().get(0).saga()).isEqualTo("files-1");
        assertThat(adjust.plan().steps()).extracting(Step::id).doesNotContain("servers.smb");
        assertThat(a.wants(new Wish.Undo(new sfo.protocol.control.Requests.Undo("files", false, false), OneMember.ROOT))
                        .answer()
                        .text())
                .isEqualTo("another operation is under way for group files: change; see it with: sfo status files");

        a.on(new Input.SagaAdjusted("files-1", "another's", ""));
        assertThat(a.events()).isEmpty();
        a.adjusted("files-1", "");
        assertThat(a.events()).containsExactly(new GroupEvent.Defined(6, BARE.under(1), NOON));
        assertThat(a.answer()).isEqualTo(Answer.done("it is so"));
        assertThat(a.memory.operation()).isEmpty();
    }

    @Test
    void aChangeThatCouldNotBeServedIsNoChange() {
        OneMember a = OneMember.serving("a", GROUP, A1).wants(change(BARE));
        a.adjusted("files-1", "smbd: no");
        assertThat(a.events()).isEmpty();
        assertThat(a.answer())
                .isEqualTo(Answer.of(ExitCode.ROLLED_BACK, "not changed, everything is served as before: smbd: no"));
    }

    @Test
    void aChangeThatMakesNoSenseOrIsTypedElsewhereTouchesNothing() {
        OneMember a = OneMember.serving("a", GROUP, A1);
        a.wants(new Wish.Change(
                from -> {
                    throw new IllegalArgumentException("share \"x\": expected another name");
                },
                "",
                OneMember.ROOT));
        assertThat(a.answer()).isEqualTo(Answer.of(ExitCode.USAGE, "share \"x\": expected another name"));
        assertThat(a.orders()).isEmpty();
        OneMember b = OneMember.of("b", GROUP, A1).wants(change(BARE));
        assertThat(b.answer().exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(b.answer().text()).isEqualTo("group files is not served by b: type it on a");
        assertThat(b.answer().reasons())
                .extracting(Reason::code, Reason::text, Reason::mend)
                .containsExactly(org.assertj.core.groups.Tuple.tuple(
                        "WRONG-APPLIANCE", "change was typed on b, the holder is a", "type it on a"));
        OneMember nobodys = new OneMember("b")
                .stored(n -> new GroupEvent.Defined(n, GROUP, NOON))
                .wants(change(BARE));
        assertThat(nobodys.answer().text()).isEqualTo("group files is not served by b: type it on its holder");
    }

    // --- destroy

    @Test
    void aGroupIsTakenDownBeforeItIsDestroyed() {
        OneMember a = OneMember.serving("a", BARE, A1).wants(DESTROY);
        assertThat(a.events()).containsExactly(new GroupEvent.OperationReopened(6, "files-1", "destroy", NOON));
        assertThat(a.told("files-1")).containsExactly(new SagaInput.Release("destroyed by root"));
        assertThat(a.state.destroyed()).isFalse();
        a.ended("files-1", Kind.START, "a", Outcome.UNDONE, "destroyed by root");
        assertThat(a.state.destroyed()).isTrue();
        assertThat(a.answer()).isEqualTo(Answer.done("group files is destroyed"));
        assertThat(a.sent()).contains(new Act.Send("b", new GroupMessage.Destroyed("a", "files")));
    }

    @Test
    void aGroupThatIsHeldHereAndServedNowhereIsDestroyedAtOnce() {
        OneMember a = OneMember.of("a", BARE, A1).wants(DESTROY);
        assertThat(a.events()).containsExactly(new GroupEvent.Destroyed(3, NOON));
        assertThat(a.answer()).isEqualTo(Answer.done("group files is destroyed"));
        assertThat(a.orders()).isEmpty();
    }

    @Test
    void aGroupIsNotDestroyedFromElsewhereNorWithItsVolumes() {
        assertThat(OneMember.of("b", BARE, A1).wants(DESTROY).answer().reasons())
                .extracting(Reason::code)
                .containsExactly("WRONG-APPLIANCE");
        OneMember a = OneMember.serving("a", GROUP, A1).wants(DESTROY);
        assertThat(a.answer())
                .isEqualTo(Answer.refused("group files still has volumes: sfo cdp destroy files/tank", List.of()));
        assertThat(a.events()).isEmpty();
        OneMember served = OneMember.serving("a", BARE, A1).booted("next").wants(DESTROY);
        assertThat(served.answer().reasons())
                .as("something of it may be left here from before the boot")
                .extracting(Reason::code)
                .containsExactly("WRONG-APPLIANCE");
    }

    @Test
    void plansAreOfTheDefinitionAndTheClaim() {
        OneMember a = OneMember.serving("a", GROUP, A1).wants(change(GROUP));
        Plan plan = ((SagaOrder.Adjust) a.orders().get(0).order()).plan();
        assertThat(plan.group()).isEqualTo("files");
        assertThat(plan.appliance()).isEqualTo("a");
        assertThat(plan.from()).isEqualTo("a");
        assertThat(plan.step("storage.mount.tank").orElseThrow().resource().title())
                .isEqualTo("mount /srv/tank");
    }
}
