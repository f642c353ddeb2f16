package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.NOON;
import static sfo.agent.rules.Sample.claim;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sfo.agent.rules.SagaViews;
import sfo.agent.rules.Sample;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Reason.Weight;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.peer.GroupMessage.Beat;
import sfo.protocol.plan.Plan;
import sfo.protocol.plan.Resource;

/** What is asked, shown and refused on the way to a claim; what is touched before it: nothing. */
@Timeout(20)
class FailingOverTest {
    private static final Claim A1 = claim(1, "a");
    private static final Claim B2 = claim(2, "b");
    private static final GroupDefinition GROUP = Sample.group();
    private static final Views.DossierView DEAD = new Views.DossierView("a", "DEAD", List.of());
    private static final Views.DossierView UNKNOWN = new Views.DossierView("a", "UNKNOWN", List.of());
    private static final Reason BLOCKED = new Reason("NIC-MISSING", Weight.BLOCKS, "no NIC", "");
    private static final Reason LOSSY = new Reason("MIRROR-BEHIND", Weight.LOSSY, "behind", "");
    private static final Reason WARNED = new Reason("BACKUP-OLD", Weight.WARNS, "old", "");

    private static OneMember b() {
        return OneMember.of("b", GROUP, A1);
    }

    private static Wish.Failover from(String appliance) {
        return wish(Optional.of(appliance), Optional.empty(), false, false);
    }

    private static Wish.Failover wish(
            Optional<String> from, Optional<String> plan, boolean acceptLoss, boolean dryRun) {
        return new Wish.Failover(
                new Requests.Failover("files", from, Optional.empty(), plan, Optional.empty(), acceptLoss, dryRun),
                OneMember.ROOT);
    }

    private static Assessment found(Optional<Views.DossierView> dossier, Reason... reasons) {
        return new Assessment(GROUP, "a", List.of(reasons), dossier);
    }

    // --- check

    @Test
    void aCheckLooksAtTheHolderWithoutProvingItsDeath() {
        OneMember b = b().wants(new Wish.Check());
        assertThat(b.acts())
                .containsExactly(
                        new Act.Assess("w", new Wish.Check(), GROUP, "a", List.of(), Optional.empty(), false, false));
        assertThat(b.memory.operation()).as("others may be under way").isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"OK,DONE,carried out", "WARNS,DONE,carried out", "LOSSY,REFUSED,lossy", "BLOCKS,REFUSED,refused"})
    void aCheckIsDoneOnlyIfAFailoverWouldBeCarriedOutWithoutLoss(String weight, ExitCode exit, String word) {
        List<Reason> reasons =
                weight.equals("OK") ? List.of() : List.of(new Reason("X", Weight.valueOf(weight), "", ""));
        OneMember b = b().wants(new Wish.Check())
                .on(new Input.Assessed(
                        "w",
                        new Wish.Check(),
                        Optional.of(new Assessment(GROUP, "a", reasons, Optional.of(DEAD))),
                        ""));
        assertThat(b.answer())
                .isEqualTo(new Answer(
                        exit,
                        "a failover of group files would be " + word,
                        reasons,
                        Optional.of(new Views.CheckView(
                                "files",
                                !weight.equals("BLOCKS"),
                                !weight.equals("LOSSY"),
                                reasons,
                                Optional.of(DEAD)))));
    }

    @Test
    void aLookThatFailsIsNoLook() {
        OneMember b =
                b().wants(new Wish.Check()).on(new Input.Assessed("w", new Wish.Check(), Optional.empty(), "ip hangs"));
        assertThat(b.answer())
                .isEqualTo(Answer.refused(
                        "refused, nothing was touched: looking failed",
                        List.of(new Reason("LOOK-FAILED", Weight.BLOCKS, "ip hangs", "sfo check files"))));
        b.wants(OneMember.failover()).on(new Input.Assessed("w", OneMember.failover(), Optional.empty(), "ip hangs"));
        assertThat(b.answer().reasons())
                .containsExactly(new Reason("LOOK-FAILED", Weight.BLOCKS, "ip hangs", "sfo failover files"));
    }

    @Test
    void aHolderTellsWhatItCanOfTheOthersReadiness() {
        OneMember a = OneMember.serving("a", GROUP, A1);
        a.on(new Input.Mirrors(List.of(Sample.mirror(Sync.REPLICATING, Optional.empty()))));
        assertThat(a.wants(new Wish.Check()).answer().exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(a.answer().reasons()).extracting(Reason::code).containsExactly("MEMBER-SILENT");
        a.hears(Sample.standingBy("b", A1));
        assertThat(a.wants(new Wish.Check()).answer())
                .isEqualTo(new Answer(
                        ExitCode.DONE,
                        "as far as its holder a can tell, a failover of group files would be carried out",
                        List.of(),
                        Optional.of(new Views.CheckView("files", true, true, List.of(), Optional.empty()))));
    }

    // --- plan

    @Test
    void aPlanIsThatOfTheFailoverWhoseHashItShows() {
        OneMember b = b().wants(new Wish.ShowPlan(false));
        Views.PlanView view = (Views.PlanView) b.answer().body().orElseThrow();
        assertThat(b.answer().exit()).isEqualTo(ExitCode.DONE);
        assertThat(b.answer().text()).isEqualTo(view.plan().steps().size() + " steps");
        assertThat(view.hash()).isEqualTo(view.plan().hash());
        assertThat(view.estimatedMillis()).isEqualTo(SagaViews.estimate(view.plan()));
        assertThat(view.plan().from()).isEqualTo("a");
        b.wants(OneMember.failover()).proved(OneMember.failover(), found(Optional.of(DEAD)));
        assertThat(b.opened().order().plan().hash()).isEqualTo(view.hash());
    }

    @Test
    void aHolderPlansNoFailoverButItsUndo() {
        OneMember three =
                OneMember.serving("a", Sample.members("a", "b", "c"), A1).wants(new Wish.ShowPlan(false));
        assertThat(three.answer())
                .isEqualTo(Answer.refused(
                        "group files is served by a: a failover is planned on another member; type it on b or c",
                        List.of()));
        OneMember b = OneMember.serving("b", GROUP, B2).wants(new Wish.ShowPlan(true));
        assertThat(b.acts()).containsExactly(new Act.AskSaga("w", new Wish.ShowPlan(true), "files-2"));
        Plan served = b().wants(OneMember.failover())
                .proved(OneMember.failover(), found(Optional.empty()))
                .opened()
                .order()
                .plan();
        sfo.agent.rules.SagaState saga = sfo.agent.rules.SagaState.EMPTY.apply(new sfo.protocol.events.SagaEvent.Opened(
                1, "files-2", Kind.FAILOVER, served, B2, "boot", "root", "", Optional.empty(), NOON));
        b.on(new Input.SagaIs("w", new Wish.ShowPlan(true), "files-2", saga));
        Views.PlanView undo = (Views.PlanView) b.answer().body().orElseThrow();
        List<sfo.protocol.plan.Step> reversed = new java.util.ArrayList<>(served.steps());
        java.util.Collections.reverse(reversed);
        assertThat(undo.plan().steps()).isEqualTo(reversed);

        assertThat(b().wants(new Wish.ShowPlan(true)).answer().reasons())
                .extracting(Reason::text)
                .containsExactly("plan --undo was typed on b, the holder is a");
    }

    // --- begin

    @Test
    void aFailoverProvesAndPreparesAndStoresNothing() {
        OneMember b = b().wants(OneMember.failover());
        assertThat(b.events()).isEmpty();
        assertThat(b.shown())
                .containsExactly(
                        new Progress("failover", "prove", "proves that a is dead; validates", "running", 0, ""));
        assertThat(b.acts(Act.Assess.class))
                .containsExactly(new Act.Assess(
                        "w", OneMember.failover(), GROUP, "a", List.of(), Optional.empty(), false, true));
        assertThat(b.orders()).hasSize(1);
        assertThat(b.orders().get(0).saga()).isEqualTo("files-2");
        SagaOrder.Prepare prepare = (SagaOrder.Prepare) b.orders().get(0).order();
        assertThat(prepare.afterMillis()).isEqualTo(100);
        assertThat(prepare.plan().from()).isEqualTo("a");

        OneMember dry = b().wants(wish(Optional.empty(), Optional.empty(), false, true));
        assertThat(dry.orders()).as("a dry run prepares nothing").isEmpty();
        assertThat(dry.acts(Act.Assess.class)).hasSize(1);
    }

    @Test
    void whatTheHolderSaidWhenItServedLastIsLookedAtAndWhenItWasFoundDead() {
        MirrorState alone = Sample.mirror(Sync.SOLO, Optional.of(NOON));
        Beat said = new Beat(
                "a",
                "files",
                "boot-a",
                3,
                A1,
                true,
                false,
                List.of(alone),
                List.of("10.1.1.1:700 10.77.0.100:445"),
                "m",
                Map.of(),
                false);
        OneMember b = b().hears(said).at(3_001).tick().at(4_000);
        b.on(new Input.LookedAt("a", true, b.wall()));
        b.wants(OneMember.failover());
        Act.Assess assess = b.acts(Act.Assess.class).get(0);
        assertThat(assess.said()).containsExactly(alone);
        assertThat(assess.death()).contains(b.wall());
        b.proved(OneMember.failover(), found(Optional.of(DEAD)));
        Resource.OpenInterface open = (Resource.OpenInterface)
                b.opened().order().plan().step("open.fo0").orElseThrow().resource();
        assertThat(open.connections()).as("reset at open").containsExactly("10.1.1.1:700 10.77.0.100:445");
    }

    @Test
    void aDeathAfterWhichSomethingWasHeardIsNone() {
        OneMember b = b().at(1_000);
        b.on(new Input.LookedAt("a", true, b.wall()));
        assertThat(b.wants(new Wish.Check()).acts(Act.Assess.class).get(0).death())
                .contains(b.wall());
        b.seen.put("a", b.wall());
        assertThat(b.wants(new Wish.Check()).acts(Act.Assess.class).get(0).death())
                .as("at the same moment is not after")
                .contains(b.wall());
        b.seen.put("a", b.wall().plusMillis(1));
        assertThat(b.wants(new Wish.Check()).acts(Act.Assess.class).get(0).death())
                .isEmpty();
    }

    @Test
    void whoServesFailsOverFromNobody() {
        OneMember b = OneMember.serving("b", GROUP, B2).wants(OneMember.failover());
        assertThat(b.answer())
                .isEqualTo(Answer.refused(
                        "group files is already served by b",
                        List.of(new Reason("ALREADY-HOLDS", Weight.BLOCKS, "b holds " + B2.tag(), "sfo status"))));
        OneMember superseded = OneMember.serving("b", GROUP, B2)
                .stored(n -> new GroupEvent.ClaimKnown(n, claim(3, "a"), "", NOON))
                .wants(OneMember.failover());
        assertThat(superseded.answer().reasons()).extracting(Reason::code).containsExactly("ALREADY-HOLDS");
    }

    @Test
    void whoIsNamedAndDoesNotServeResumesInstead() {
        assertThat(OneMember.of("b", GROUP, B2).wants(OneMember.failover()).answer())
                .isEqualTo(Answer.refused(
                        "group files is held by b already, which does not serve it",
                        List.of(new Reason(
                                "HELD-HERE",
                                Weight.BLOCKS,
                                "by what is known here b holds " + B2.tag()
                                        + "; it serves once another member confirms that, or on your word",
                                "sfo resume files"))));
    }

    @Test
    void aFailoverIsFromTheHolderAndFromNobodyElse() {
        OneMember b = OneMember.of("b", Sample.members("a", "b", "c"), A1);
        assertThat(b.wants(from("z")).answer())
                .isEqualTo(Answer.of(ExitCode.USAGE, "\"z\" is no other member of group files: expected one of a, c"));
        assertThat(b.wants(from("b")).answer().exit()).isEqualTo(ExitCode.USAGE);
        assertThat(b.wants(from("c")).answer())
                .isEqualTo(Answer.refused(
                        "group files is not held by c",
                        List.of(new Reason(
                                "WRONG-HOLDER",
                                Weight.BLOCKS,
                                "a holds it: " + A1.tag(),
                                "sfo failover files --from a"))));
        assertThat(b.orders()).isEmpty();
        assertThat(b.wants(from("a")).answered()).isEmpty();
        OneMember nobodys = new OneMember("b").stored(n -> new GroupEvent.Defined(n, GROUP, NOON));
        assertThat(nobodys.wants(from("a")).answered()).isEmpty();
    }

    // --- assessed

    @Test
    void whatBlocksOrLosesIsRefusedWithAllThatIsKnown() {
        OneMember b = b().wants(OneMember.failover()).at(700);
        b.proved(OneMember.failover(), found(Optional.of(UNKNOWN), WARNED, BLOCKED, LOSSY));
        assertThat(b.answer())
                .isEqualTo(new Answer(
                        ExitCode.REFUSED,
                        "refused, nothing was touched",
                        List.of(BLOCKED, LOSSY),
                        Optional.of(new Views.CheckView(
                                "files", false, false, List.of(WARNED, BLOCKED, LOSSY), Optional.of(UNKNOWN)))));
        assertThat(b.shown())
                .containsExactly(
                        new Progress("failover", "prove", "proves and validates", "failed", 700, "NIC-MISSING"));
        assertThat(b.events()).isEmpty();
        assertThat(b.memory.operation()).isEmpty();
    }

    @Test
    void whatIsLostIsGivenUpOnTheOperatorsWordAlone() {
        Wish.Failover accepts = wish(Optional.empty(), Optional.empty(), true, false);
        OneMember b = b().wants(accepts).at(300).proved(accepts, found(Optional.of(DEAD), WARNED, LOSSY));
        assertThat(b.shown())
                .containsExactly(
                        new Progress("failover", "prove", "a is dead; backup and replicas are fit", "done", 300, ""));
        assertThat(b.opened().order().dossier()).contains(DEAD);
        assertThat(b.state.claim().appliance()).isEqualTo("b");
    }

    @Test
    void aPlanWithAnotherHashIsNotCarriedOut() {
        Wish.Failover other = wish(Optional.empty(), Optional.of("0123456789ab"), false, false);
        OneMember b = b().wants(other).proved(other, found(Optional.of(DEAD)));
        assertThat(b.answer().exit()).isEqualTo(ExitCode.REFUSED);
        assertThat(b.answer().text())
                .startsWith("the plan has changed: its hash is ")
                .endsWith(", not 0123456789ab; look at it with: sfo plan files");
        assertThat(b.state.claim()).isEqualTo(A1);
        String hash = ((Views.PlanView)
                        b.wants(new Wish.ShowPlan(false)).answer().body().orElseThrow())
                .hash();
        assertThat(other.request().plan()).isNotEqualTo(Optional.of(hash));
        Wish.Failover same = wish(Optional.empty(), Optional.of(hash), false, false);
        assertThat(b.wants(same).proved(same, found(Optional.of(DEAD))).opened().saga())
                .isEqualTo("files-2");
    }

    @Test
    void aDryRunShowsThePlanAndClaimsNothing() {
        Wish.Failover dry = wish(Optional.empty(), Optional.empty(), false, true);
        OneMember b = b().wants(dry).proved(dry, found(Optional.of(DEAD)));
        assertThat(b.answer().body()).containsInstanceOf(Views.PlanView.class);
        assertThat(b.orders()).isEmpty();
        assertThat(b.state.claim()).isEqualTo(A1);
    }

    @Test
    void aMacThatIsGivenIsPlannedPreparedAndUsed() {
        Mac mac = new Mac("02:00:00:00:00:09");
        Wish.Failover given = new Wish.Failover(
                new Requests.Failover(
                        "files", Optional.empty(), Optional.of(mac), Optional.empty(), Optional.empty(), false, false),
                OneMember.ROOT);
        OneMember b = b().wants(given);
        assertThat(mac(((SagaOrder.Prepare) b.orders().get(0).order()).plan())).contains(mac);
        b.proved(given, found(Optional.of(DEAD)));
        assertThat(mac(b.opened().order().plan())).contains(mac);
    }

    private static Optional<Mac> mac(Plan plan) {
        return ((Resource.OpenInterface) plan.step("open.fo0").orElseThrow().resource())
                .definition()
                .mac()
                .mac();
    }

    @Test
    void anAnswerToAWishThatIsOverIsNone() {
        OneMember b = b().proved(OneMember.failover(), found(Optional.of(DEAD)));
        assertThat(b.acts()).isEmpty();
        assertThat(b.events()).isEmpty();
        b.wants(OneMember.failover())
                .on(new Input.Assessed("another", OneMember.failover(), Optional.of(found(Optional.of(DEAD))), ""));
        assertThat(b.acts()).isEmpty();
        assertThat(b.memory.operation()).isPresent();
    }

    // --- after the claim

    @Test
    void aFailoverIsAnsweredByItsSagaAndTheDeadOneLeavesTheCluster() {
        OneMember b = b().wants(OneMember.failover()).proved(OneMember.failover(), found(Optional.of(DEAD)));
        assertThat(b.state.returnsTo()).as("if nothing comes of it").contains("a");
        assertThat(b.acts()).startsWith(new Act.TellStanding());
        b.at(812).ended("files-2", OneMember.over(b.saga("files-2", Kind.FAILOVER, "a"), Outcome.DONE, ""));
        assertThat(b.events())
                .containsExactly(
                        new GroupEvent.Serving(b.state.ordinal() - 1, "files-2", "boot", b.wall()),
                        new GroupEvent.OperationEnded(b.state.ordinal(), "files-2", "DONE", b.wall()));
        assertThat(b.acts(Act.Down.class)).containsExactly(new Act.Down("a"));
        assertThat(b.answer().text()).isEqualTo("b serves group files after 812 ms");
    }

    @Test
    void aFailoverThatIsStuckStaysOpen() {
        OneMember b = b().wants(OneMember.failover()).proved(OneMember.failover(), found(Optional.of(DEAD)));
        b.ended("files-2", Kind.FAILOVER, "a", Outcome.NEEDS_ATTENTION, "");
        assertThat(b.events()).isEmpty();
        assertThat(b.state.openOperation()).contains("files-2");
        assertThat(b.acts(Act.Down.class)).isEmpty();
        assertThat(b.answer().exit()).isEqualTo(ExitCode.NEEDS_ATTENTION);
        b.ended("files-1", Kind.FAILOVER, "a", Outcome.DONE, "");
        assertThat(b.acts()).as("another one's end is none of this").isEmpty();
    }

    @Test
    void whatTheDeadOneSaidLastIsForgottenWithTheClaim() {
        OneMember b = b().hears(Sample.serving("a", A1))
                .at(2_000)
                .wants(OneMember.failover())
                .at(2_900);
        b.proved(OneMember.failover(), found(Optional.of(DEAD)));
        assertThat(b.state.claim().appliance()).isEqualTo("b");
        assertThat(b.memory.beats()).isEmpty();
    }

    @Test
    void aNewerDefinitionOfTheBackupIsTakenOverWithTheClaimAndAnOlderOneIsNot() {
        GroupDefinition newer = GROUP.withShares(List.of(Sample.smb("docs", 1)));
        OneMember b = b().wants(OneMember.failover());
        b.proved(OneMember.failover(), new Assessment(newer, "a", List.of(), Optional.empty()));
        assertThat(b.events().get(0)).isEqualTo(new GroupEvent.Defined(3, newer, NOON));
        assertThat(b.opened().order().plan().step("servers.nfs")).isEmpty();
        OneMember same = b().wants(OneMember.failover()).proved(OneMember.failover(), found(Optional.empty()));
        assertThat(same.events()).noneMatch(GroupEvent.Defined.class::isInstance);
    }

    @Test
    void whatIsUnderWayHereMeanwhileComesFirst() {
        OneMember b = b().wants(OneMember.failover())
                .stored(n -> new GroupEvent.OperationOpened(n, "files-1", Optional.empty(), NOON));
        b.proved(OneMember.failover(), found(Optional.empty()));
        assertThat(b.answer()).isEqualTo(MemberRules.busy("files", "files-1"));
        assertThat(b.events()).isEmpty();
    }

    @Test
    void aClaimOfTheSameGenerationAsAKnownOneIsNeverMade() {
        OneMember late = OneMember.of("b", Sample.members("a", "b", "c"), A1).wants(OneMember.failover());
        late.proved(OneMember.failover(), "a");
        Claim mine = late.voting();
        late.hears(Sample.standingBy("c", claim(2, "a")));
        late.hears(new GroupMessage.Acknowledge("c", "files", mine, mine));
        assertThat(late.state.openOperation()).isEmpty();
        assertThat(late.answer().exit()).isEqualTo(ExitCode.BUSY);
    }

    // --- votes

    @Test
    void aVoterStoresTheClaimBeforeItAcknowledges() {
        OneMember c =
                OneMember.of("c", Sample.members("a", "b", "c"), A1).hears(new GroupMessage.Propose("b", "files", B2));
        assertThat(c.events()).containsExactly(new GroupEvent.ClaimKnown(3, B2, "proposed by b", NOON));
        assertThat(c.sent()).containsExactly(new Act.Send("b", new GroupMessage.Acknowledge("c", "files", B2, B2)));
        c.hears(new GroupMessage.Propose("b", "files", B2));
        assertThat(c.events()).as("asked again").isEmpty();
        assertThat(c.sent()).containsExactly(new Act.Send("b", new GroupMessage.Acknowledge("c", "files", B2, B2)));
    }

    @Test
    void whoServesOrIsAboutToVotesForNobody() {
        for (OneMember busy : List.of(
                OneMember.serving("a", Sample.members("a", "b", "c"), A1),
                OneMember.of("a", Sample.members("a", "b", "c"), A1)
                        .stored(n -> new GroupEvent.OperationOpened(n, "files-1", Optional.empty(), NOON)))) {
            busy.hears(new GroupMessage.Propose("b", "files", B2));
            assertThat(busy.events()).isEmpty();
            assertThat(busy.sent())
                    .containsExactly(new Act.Send("b", new GroupMessage.Acknowledge("a", "files", B2, A1)));
        }
    }

    @Test
    void ofTwoThatAskForVotesTheLowerYieldsAndTheHigherGoesOn() {
        GroupDefinition three = Sample.members("a", "b", "c");
        OneMember b = OneMember.of("b", three, A1).wants(OneMember.failover()).proved(OneMember.failover(), "a");
        b.hears(new GroupMessage.Propose("c", "files", claim(2, "c")));
        assertThat(b.answer())
                .isEqualTo(Answer.of(
                        ExitCode.BUSY,
                        "another claim came first: " + claim(2, "c").tag() + "; see it with: sfo status files"));
        assertThat(b.state.claim()).isEqualTo(claim(2, "c"));
        OneMember c = OneMember.of("c", three, A1).wants(OneMember.failover()).proved(OneMember.failover(), "a");
        c.hears(new GroupMessage.Propose("b", "files", B2));
        assertThat(c.answered()).isEmpty();
        assertThat(c.state.claim()).isEqualTo(A1);
        assertThat(c.memory.operation()).isPresent();
    }

    @Test
    void votesThatAreLateOrForNobodyChangeNothing() {
        GroupDefinition three = Sample.members("a", "b", "c");
        OneMember idle = OneMember.of("b", three, A1);
        idle.hears(new GroupMessage.Acknowledge("c", "files", B2, B2));
        assertThat(idle.acts()).isEmpty();
        OneMember b = OneMember.of("b", three, A1).wants(OneMember.failover());
        b.hears(new GroupMessage.Acknowledge("c", "files", B2, B2));
        assertThat(b.events()).isEmpty();
        b.proved(OneMember.failover(), "a");
        b.at(4_999).tick();
        assertThat(b.answered()).isEmpty();
        assertThat(b.at(5_000).tick().answer().exit()).isEqualTo(ExitCode.REFUSED);
    }

    @Test
    void aSignOfLifeWhileVotesAreCountedRefusesAndTheClaimThatTheyAreForGoesBack() {
        OneMember b = OneMember.of("b", Sample.members("a", "b", "c"), A1).wants(OneMember.failover());
        b.at(100).proved(OneMember.failover(), "a");
        Claim mine = b.voting();
        b.seen.put("a", b.wall());
        b.hears(new GroupMessage.Acknowledge("c", "files", mine, mine));
        assertThat(b.answer()).isEqualTo(Answer.refused("a has just been heard: it lives", List.of()));
        assertThat(b.events())
                .singleElement()
                .isInstanceOfSatisfying(
                        GroupEvent.ClaimKnown.class,
                        known -> assertThat(known.why()).isEqualTo("rollback: a was heard"));
        assertThat(b.state.claim().appliance()).isEqualTo("a");
        assertThat(b.state.claim().generation()).isEqualTo(3);

        b.hears(b.standsBy("c"));
        assertThat(b.orders()).as("c confirms nothing to b").isEmpty();
    }

    @Test
    void aSignOfLifeDoesNotCountAgainstTheOperatorsWord() {
        Wish.Failover override = OneMember.failover(Optional.of("it hangs"));
        OneMember sure = b().wants(override).at(100);
        sure.seen.put("a", sure.wall());
        assertThat(sure.proved(override, found(Optional.empty())).opened().saga())
                .isEqualTo("files-2");
    }

    @Test
    void theProofIsKeptForTheNextFailoverAndAnAssessmentWithoutOneKeepsNone() {
        OneMember b = b().wants(OneMember.failover()).at(900);
        b.proved(OneMember.failover(), found(Optional.of(DEAD), BLOCKED));
        assertThat(b.state.deaths()).containsEntry("a", NOON);
        OneMember unknown = b().wants(OneMember.failover()).at(900);
        unknown.proved(OneMember.failover(), found(Optional.of(UNKNOWN), BLOCKED));
        assertThat(unknown.state.deaths()).isEmpty();
    }

    // --- lease

    private static final GroupDefinition LEASED = GROUP.withLease(Optional.of(new Lease(5)));

    private static OneMember leased(GroupDefinition group) {
        return OneMember.of("b", group, A1)
                .stored(n -> new GroupEvent.Leased(n, A1, NOON))
                .at(10_000)
                .hears(Sample.serving("a", A1))
                .at(11_000);
    }

    @Test
    void whileTheLeaseMayRunItWaitsAndSaysHowLong() {
        OneMember b = leased(LEASED).wants(OneMember.failover()).at(11_500);
        b.proved(OneMember.failover(), new Assessment(LEASED, "a", List.of(), Optional.of(DEAD)));
        assertThat(b.shown().get(1))
                .isEqualTo(new Progress(
                        "failover", "lease", "waits until the lease has run out", "running", 0, "5 s left"));
        assertThat(b.state.claim()).isEqualTo(A1);
        b.at(13_000).tick();
        assertThat(b.shown()).extracting(Progress::detail).containsExactly("4 s left");
        b.at(14_000);
        b.seen.put("a", b.wall());
        assertThat(b.tick().answer()).isEqualTo(Answer.refused("a has just been heard: it lives", List.of()));
        assertThat(b.memory.operation()).isEmpty();
    }

    @Test
    void anOverrideWaitsForNoLease() {
        Wish.Failover override = OneMember.failover(Optional.of("its plug is in my hand"));
        OneMember b = leased(LEASED).wants(override);
        b.proved(override, new Assessment(LEASED, "a", List.of(), Optional.empty()));
        assertThat(b.state.claim().appliance()).isEqualTo("b");
    }

    @Test
    void withALeaseThoseWhoHaveNotVotedAreAskedAgain() {
        GroupDefinition four = Sample.members("a", "b", "c", "d").withLease(Optional.of(new Lease(5)));
        OneMember b = leased(four).at(17_000).wants(OneMember.failover());
        b.proved(OneMember.failover(), new Assessment(four, "a", List.of(), Optional.empty()));
        Claim mine = b.voting();
        b.hears(new GroupMessage.Acknowledge("d", "files", mine, mine));
        b.hears(new GroupMessage.Acknowledge("c", "files", mine, A1));
        b.at(18_000).tick();
        assertThat(b.proposed()).isEqualTo(Map.of("a", mine, "c", mine));
        b.at(17_000 + 5_000 + 6_250 - 1).tick();
        assertThat(b.answered()).isEmpty();
        b.at(17_000 + 5_000 + 6_250).tick();
        assertThat(b.noMajority()).startsWith("2 of 4 ").contains(" 3 are needed");
    }

    @Test
    void theHolderItselfVotesWithoutWaitingForItsOwnLease() {
        GroupDefinition three = Sample.members("a", "b", "c").withLease(Optional.of(new Lease(5)));
        OneMember a = OneMember.of("a", three, A1).at(1_000);
        a.hears(new GroupMessage.Propose("b", "files", B2));
        assertThat(a.state.claim()).isEqualTo(B2);
        OneMember c = OneMember.of("c", three, A1).at(1_000);
        c.hears(new GroupMessage.Propose("b", "files", B2));
        assertThat(c.state.claim()).isEqualTo(A1);
    }

    @Test
    void theTimeOfTheOperatorsWishIsThatOfItsBeginning() {
        OneMember b = b().at(2_000).wants(OneMember.failover());
        Operation operation = b.memory.operation().orElseThrow();
        assertThat(operation.beganAt()).isEqualTo(NOON.plusMillis(2_000));
        assertThat(operation.began()).isEqualTo(2_000_000_000L);
        b.at(2_500).proved(OneMember.failover(), found(Optional.of(DEAD)));
        assertThat(b.state.deaths()).containsEntry("a", operation.beganAt());
    }
}
