package sfo.agent.rules.member;

import static org.assertj.core.api.Assertions.assertThat;
import static sfo.agent.rules.Sample.NOON;
import static sfo.agent.rules.Sample.claim;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sfo.agent.rules.GroupRules;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaState;
import sfo.agent.rules.Sample;
import sfo.protocol.control.Answer;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Requests;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.events.SagaEvent.Kind;
import sfo.protocol.events.SagaEvent.Outcome;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Target;
import sfo.protocol.peer.GroupMessage;
import sfo.protocol.plan.Resource;

/** I1 in a hand-over: the giver waits for the outcome, the receiver opens under a valid permit or never. */
@Timeout(20)
class HandingOverTest {
    private static final Claim A1 = claim(1, "a");
    private static final Claim B2 = claim(2, "b");
    private static final Claim OFFER = new Claim(3, "a", GroupRules.offerId("files-2", "a"));
    private static final GroupDefinition GROUP = Sample.group();
    private static final List<Target> TARGETS = List.of(new Target("tank", "10.78.0.12", 10_809, "files-tank-3"));
    private static final long VALID = 15_000;

    // --- the giver, b

    /** It serves, and an operator has typed an undo that its saga carries out. */
    private static OneMember undoing() {
        OneMember b = OneMember.serving("b", GROUP, B2);
        b.on(new Input.Mirrors(
                List.of(Sample.mirror(sfo.protocol.model.MirrorState.Sync.REPLICATING, Optional.empty()))));
        b.hears(replicatingSecondary("a", B2));
        b.wants(new Wish.Undo(new Requests.Undo("files", false, false), OneMember.ROOT));
        assertThat(b.told("files-2")).containsExactly(new SagaInput.Undo("a", "root", "typed by hand"));
        return b;
    }

    private static GroupMessage replicatingSecondary(String from, Claim claim) {
        return new GroupMessage.Beat(
                from,
                "files",
                "boot-" + from,
                3,
                claim,
                false,
                true,
                List.of(Sample.mirror(sfo.protocol.model.MirrorState.Sync.REPLICATING, Optional.empty())),
                List.of(),
                "m",
                java.util.Map.of(),
                false);
    }

    private static SagaState released() {
        return OneMember.of("b", GROUP, B2)
                .saga("files-2", Kind.FAILOVER, "a")
                .apply(new SagaEvent.UndoRequested(2, "a", "root", "", NOON))
                .apply(new SagaEvent.TurnedBack(3, "undo", NOON));
    }

    private static SagaEvent.Permitted permit() {
        return new SagaEvent.Permitted(4, OFFER, TARGETS, VALID, NOON);
    }

    /** Everything is released, and the mirrors' writes are taken. */
    private static OneMember offering() {
        return undoing()
                .on(new Input.SagaWantsHandOver("files-2", released()))
                .on(new Input.TargetsOpened(OFFER, TARGETS, ""));
    }

    private static OneMember giving() {
        return offering()
                .hears(new GroupMessage.AskPermit("a", "files", OFFER, "nonce"))
                .on(new Input.PermitStored(permit()));
    }

    private static GroupMessage given() {
        return new GroupMessage.Permit("b", "files", OFFER, "nonce", GROUP, TARGETS, VALID);
    }

    private static SagaInput outcome(OneMember b) {
        List<SagaInput> told = b.told("files-2");
        assertThat(told).hasSize(1);
        return told.get(0);
    }

    @Test
    void aGiverTakesTheMirrorsWritesOffersIsAskedStoresAndGives() {
        OneMember b = undoing().on(new Input.SagaWantsHandOver("files-2", released()));
        assertThat(b.acts()).containsExactly(new Act.OpenTargets(OFFER, GROUP.volumes()));
        assertThat(b.events()).as("the offer is no claim yet").isEmpty();
        b.on(new Input.SagaWantsHandOver("files-2", released()));
        assertThat(b.acts()).as("once").isEmpty();

        b.on(new Input.TargetsOpened(OFFER, TARGETS, ""));
        assertThat(b.sent()).containsExactly(new Act.Send("a", new GroupMessage.OfferPermit("b", "files", OFFER)));
        b.hears(new GroupMessage.AskPermit("a", "files", OFFER, "nonce"));
        assertThat(b.sent()).as("stored first").isEmpty();
        assertThat(outcome(b)).isEqualTo(new SagaInput.StorePermit(OFFER, TARGETS, VALID));
        assertThat(b.memory.handOver().permit()).isEqualTo(Claim.NONE);

        b.on(new Input.PermitStored(permit()));
        assertThat(b.sent()).containsExactly(new Act.Send("a", given()));
        assertThat(b.memory.handOver().permit()).isEqualTo(OFFER);

        b.hears(new GroupMessage.Opened("a", "files", OFFER));
        assertThat(outcome(b)).isEqualTo(new SagaInput.HandedOver(true, "a has opened"));
        assertThat(b.memory.handOver().permit()).isEqualTo(Claim.NONE);
    }

    @Test
    void aGroupWithoutVolumesIsHandedOverWithoutTargets() {
        GroupDefinition bare = Sample.with(GROUP.interfaces(), List.of(), List.of());
        OneMember b = OneMember.serving("b", bare, B2)
                .hears(Sample.standingBy("a", B2))
                .wants(new Wish.Undo(new Requests.Undo("files", false, false), OneMember.ROOT))
                .on(new Input.SagaWantsHandOver("files-2", released()))
                .on(new Input.TargetsOpened(OFFER, List.of(), ""))
                .hears(new GroupMessage.AskPermit("a", "files", OFFER, "nonce"));
        assertThat(outcome(b)).isEqualTo(new SagaInput.StorePermit(OFFER, List.of(), VALID));
    }

    @Test
    void whatIsAskedTooSoonTwiceOrForAnotherClaimStoresNothing() {
        GroupMessage.AskPermit ask = new GroupMessage.AskPermit("a", "files", OFFER, "nonce");
        OneMember early = undoing().on(new Input.SagaWantsHandOver("files-2", released()));
        assertThat(early.hears(ask).told("files-2"))
                .as("the mirrors are not taken yet")
                .isEmpty();
        OneMember b = offering();
        assertThat(b.hears(new GroupMessage.AskPermit("a", "files", claim(3, "a"), "nonce"))
                        .told("files-2"))
                .isEmpty();
        assertThat(b.hears(ask).told("files-2")).hasSize(1);
        assertThat(b.hears(new GroupMessage.AskPermit("a", "files", OFFER, "later"))
                        .told("files-2"))
                .isEmpty();
        assertThat(giving().hears(ask).told("files-2")).isEmpty();
        assertThat(OneMember.serving("b", GROUP, B2).hears(ask).acts()).isEmpty();
    }

    @Test
    void mirrorsThatCannotBeTakenEndTheHandOver() {
        OneMember b = undoing()
                .on(new Input.SagaWantsHandOver("files-2", released()))
                .on(new Input.TargetsOpened(OFFER, List.of(), "no qemu-storage-daemon"));
        assertThat(outcome(b))
                .isEqualTo(new SagaInput.HandedOver(
                        false, "this side cannot take the mirror's writes: no qemu-storage-daemon"));
        assertThat(b.memory.handOver().permit()).isEqualTo(Claim.NONE);
        for (OneMember other : List.of(
                undoing().on(new Input.SagaWantsHandOver("files-2", released())),
                offering().hears(new GroupMessage.AskPermit("a", "files", OFFER, "nonce")),
                giving())) {
            Claim known = other.memory.handOver().giving().orElseThrow().nonce().isEmpty() ? claim(9, "a") : OFFER;
            other.on(new Input.TargetsOpened(known, TARGETS, ""));
            assertThat(other.acts()).as("of another offer, or too late").isEmpty();
        }
    }

    @Test
    void whoIsNotAskedInTimeServesOn() {
        OneMember slow = undoing().on(new Input.SagaWantsHandOver("files-2", released()));
        assertThat(slow.at(24_999).tick().told("files-2")).isEmpty();
        assertThat(slow.at(25_000).tick().told("files-2"))
                .containsExactly(new SagaInput.HandedOver(false, "a did not ask for the permit in time"));

        OneMember b = offering();
        assertThat(b.at(4_999).tick().told("files-2")).isEmpty();
        assertThat(b.at(5_000).tick().told("files-2"))
                .containsExactly(new SagaInput.HandedOver(false, "a did not ask for the permit in time"));
        assertThat(b.tick().told("files-2")).as("once").isEmpty();

        OneMember asked = offering().at(3_000).hears(new GroupMessage.AskPermit("a", "files", OFFER, "nonce"));
        assertThat(asked.at(7_999).tick().told("files-2"))
                .as("the journal is slow")
                .isEmpty();
        assertThat(asked.at(8_000).tick().told("files-2")).hasSize(1);
    }

    @Test
    void aPermitIsToldAgainUntilItsOutcomeIsKnown() {
        OneMember b = giving();
        assertThat(b.at(4_999).tick().sent()).isEmpty();
        assertThat(b.at(5_000).tick().sent()).containsExactly(new Act.Send("a", given()));
        assertThat(b.at(9_999).tick().sent()).isEmpty();
        assertThat(b.at(10_000).tick().sent()).containsExactly(new Act.Send("a", given()));
    }

    @Test
    void onlyAProofThatTheReceiverIsDeadAfterThePermitRanOutTakesItBack() {
        OneMember b = giving();
        assertThat(b.at(16_999).tick().acts(Act.Prove.class)).isEmpty();
        assertThat(b.at(17_000).tick().acts(Act.Prove.class))
                .as("two seconds later, for clocks that run at different speeds")
                .containsExactly(new Act.Prove(OFFER, GROUP, "a"));
        assertThat(b.at(21_999).tick().acts(Act.Prove.class)).isEmpty();
        assertThat(b.at(22_000).tick().acts(Act.Prove.class)).hasSize(1);

        b.on(new Input.Proved(claim(9, "a"), true));
        assertThat(b.acts()).isEmpty();
        b.on(new Input.Proved(OFFER, false));
        assertThat(b.told("files-2")).isEmpty();
        assertThat(b.answer())
                .isEqualTo(Answer.of(
                        ExitCode.NEEDS_ATTENTION,
                        "the permit that a was given has run out, and whether it opened can't be known from here; b"
                                + " serves nothing. It resolves itself when a is heard again; if you know that a is"
                                + " off: sfo resolve files"));
        assertThat(b.waitsFor())
                .isEqualTo("for word whether a serves under the permit that it was given; if it does not: sfo resolve"
                        + " files");
        b.on(new Input.Proved(OFFER, true));
        assertThat(outcome(b)).isEqualTo(new SagaInput.HandedOver(false, "the permit ran out, and a is proved dead"));
        assertThat(b.waitsFor()).isEmpty();
        assertThat(b.memory.handOver().permit())
                .as("until the higher claim is stored nobody is confirmed under it")
                .isEqualTo(OFFER);
    }

    @Test
    void theReceiversWordOrItsHeartbeatIsTheOutcome() {
        assertThat(outcome(giving().hears(new GroupMessage.NotOpened("a", "files", OFFER, "no carrier"))))
                .isEqualTo(new SagaInput.HandedOver(false, "no carrier"));
        assertThat(giving().hears(new GroupMessage.NotOpened("a", "files", claim(2, "a"), ""))
                        .told("files-2"))
                .isEmpty();
        assertThat(giving().hears(new GroupMessage.Opened("a", "files", claim(2, "a")))
                        .told("files-2"))
                .isEmpty();
        assertThat(offering()
                        .hears(new GroupMessage.Opened("a", "files", OFFER))
                        .told("files-2"))
                .as("nothing was given yet")
                .isEmpty();
        assertThat(outcome(giving().hears(Sample.serving("a", OFFER))))
                .isEqualTo(new SagaInput.HandedOver(true, "a serves"));
        assertThat(outcome(giving().hears(Sample.standingBy("a", claim(4, "b")))))
                .isEqualTo(new SagaInput.HandedOver(false, "a did not open"));
        assertThat(giving().hears(Sample.busy("a", OFFER)).told("files-2")).isEmpty();
    }

    @Test
    void anOperatorWhoKnowsEndsTheWaiting() {
        OneMember b = giving().at(17_000).tick().on(new Input.Proved(OFFER, false));
        b.wants(new Wish.Resolve(OneMember.ROOT));
        assertThat(outcome(b)).isEqualTo(new SagaInput.HandedOver(false, "resolved by root"));
        assertThat(b.answer()).isEqualTo(Answer.done("b serves group files again; see: sfo status"));
    }

    @Test
    void aGiverThatWasRestartedKnowsWhatItPermittedAndWaitsForAllOfIt() {
        SagaState permitted = released().apply(permit());
        OneMember b = undoing().restarted().at(100_000);
        b.on(new Input.SagaWantsHandOver("files-2", permitted));
        assertThat(b.acts()).as("told at the next tick").isEmpty();
        assertThat(b.memory.handOver().permit()).isEqualTo(OFFER);
        assertThat(b.tick().sent())
                .containsExactly(
                        new Act.Send("a", new GroupMessage.Permit("b", "files", OFFER, "", GROUP, TARGETS, VALID)));
        assertThat(b.at(116_999).tick().acts(Act.Prove.class)).isEmpty();
        assertThat(b.at(117_000).tick().acts(Act.Prove.class)).hasSize(1);
    }

    @Test
    void aPermitThatIsStoredForAnotherOfferIsNotGiven() {
        OneMember b = offering().hears(new GroupMessage.AskPermit("a", "files", OFFER, "nonce"));
        b.on(new Input.PermitStored(new SagaEvent.Permitted(4, claim(9, "a"), TARGETS, VALID, NOON)));
        assertThat(b.acts()).isEmpty();
    }

    // --- what the giver's saga makes of it

    private static SagaState ended(boolean opened) {
        return released()
                .apply(permit())
                .apply(new SagaEvent.HandOverEnded(5, opened, "why", NOON))
                .apply(new SagaEvent.Ended(6, Outcome.UNDONE, List.of(), NOON));
    }

    @Test
    void whatWasOpenedIsTheReceiversClaim() {
        OneMember b =
                giving().hears(new GroupMessage.Opened("a", "files", OFFER)).at(3_000);
        b.ended("files-2", ended(true));
        assertThat(b.events())
                .containsExactly(
                        new GroupEvent.Released(b.state.ordinal() - 2, "undo", b.wall()),
                        new GroupEvent.ClaimKnown(b.state.ordinal() - 1, OFFER, "handed over", b.wall()),
                        new GroupEvent.OperationEnded(b.state.ordinal(), "files-2", "UNDONE", b.wall()));
        assertThat(b.answer().exit()).isEqualTo(ExitCode.DONE);
        assertThat(b.answer().text()).isEqualTo("a serves group files again after 3000 ms");
    }

    @Test
    void whatWasNotOpenedIsClaimedAgainAboveWhatTheReceiverMayHaveClaimedAndServedOn() {
        OneMember b = giving().hears(new GroupMessage.NotOpened("a", "files", OFFER, "no carrier"));
        b.ended("files-2", ended(false));
        assertThat(b.state.claim().generation()).isEqualTo(5);
        assertThat(b.state.claim().appliance()).isEqualTo("b");
        assertThat(b.events())
                .anyMatch(e -> e instanceof GroupEvent.ClaimKnown c && c.why().equals("taken back"));
        assertThat(b.memory.handOver().permit()).isEqualTo(Claim.NONE);
        assertThat(b.acts(Act.Warn.class)).containsExactly(new Act.Warn("undo of files did not come about: why"));
        assertThat(b.opened().saga()).isEqualTo("files-5");
        assertThat(b.opened().order().kind()).isEqualTo(Kind.RESUME);
        assertThat(b.opened().order().by()).isEqualTo(new Requests.Operator(0, "agent", ""));
        assertThat(b.answered()).as("not before it serves").isEmpty();

        SagaState again = b.saga("files-5", Kind.RESUME, "b");
        OneMember served = b.ended("files-5", OneMember.over(again, Outcome.DONE, ""));
        assertThat(served.answer())
                .extracting(Answer::exit, Answer::text)
                .containsExactly(ExitCode.ROLLED_BACK, "the undo did not come about; b serves group files again");
        assertThat(served.state.servingSaga()).contains("files-5");
    }

    @Test
    void whatAnotherHasClaimedMeanwhileIsNotTakenBack() {
        OneMember b = giving();
        b.hears(Sample.busy("c", claim(7, "c")));
        b.hears(new GroupMessage.NotOpened("a", "files", OFFER, "no"));
        b.ended("files-2", ended(false));
        assertThat(b.state.claim()).isEqualTo(claim(7, "c"));
        assertThat(b.orders()).isEmpty();
        assertThat(b.answer())
                .isEqualTo(Answer.of(
                        ExitCode.NEEDS_ATTENTION,
                        "the undo did not come about, and group files is held by "
                                + claim(7, "c").tag() + " now: sfo status files"));
    }

    @Test
    void afterABootNobodyServesOnHisOwnWord() {
        OneMember b = giving().booted("next");
        b.ended("files-2", ended(false));
        assertThat(b.orders()).isEmpty();
        assertThat(b.state.claim().generation()).isEqualTo(5);
        assertThat(b.answered()).isEmpty();
    }

    @Test
    void anOfferThatWasNeverPermittedIsTakenBackToo() {
        OneMember b = offering().at(5_000).tick();
        SagaState never = released()
                .apply(new SagaEvent.HandOverEnded(4, false, "late", NOON))
                .apply(new SagaEvent.Ended(5, Outcome.UNDONE, List.of(), NOON));
        b.ended("files-2", never);
        assertThat(b.state.claim().generation()).isEqualTo(5);
        assertThat(b.opened().order().kind()).isEqualTo(Kind.RESUME);
    }

    // --- the receiver, a

    private static OneMember a() {
        return OneMember.of("a", GROUP, B2).at(1_000);
    }

    private static OneMember offered(OneMember a) {
        return a.hears(new GroupMessage.OfferPermit("b", "files", OFFER));
    }

    private static String nonce(OneMember a) {
        return ((GroupMessage.AskPermit) a.sent().get(0).message()).nonce();
    }

    private static GroupMessage.Permit permitFor(String nonce) {
        return new GroupMessage.Permit("b", "files", OFFER, nonce, GROUP, TARGETS, VALID);
    }

    private static Act.Send refused(Claim claim, String why) {
        return new Act.Send("b", new GroupMessage.NotOpened("a", "files", claim, why));
    }

    private static final String LATE = "the permit came too late to a, or twice";

    @Test
    void whoStandsByAsksAndPreparesAndServesUnderThePermitUntilItRunsOut() {
        OneMember a = offered(a());
        String nonce = nonce(a);
        assertThat(a.sent()).containsExactly(new Act.Send("b", new GroupMessage.AskPermit("a", "files", OFFER, nonce)));
        assertThat(nonce).isNotEmpty();
        assertThat(a.events()).isEmpty();
        assertThat(a.orders()).hasSize(1);
        assertThat(a.orders().get(0).saga()).isEqualTo("files-3");
        SagaOrder.Prepare prepare = (SagaOrder.Prepare) a.orders().get(0).order();
        assertThat(prepare.afterMillis()).isZero();
        assertThat(prepare.plan().from()).isEqualTo("b");

        a.at(15_999).hears(permitFor(nonce));
        assertThat(a.events())
                .containsExactly(
                        new GroupEvent.ClaimKnown(3, OFFER, "permitted by b", a.wall()),
                        new GroupEvent.OperationOpened(4, "files-3", Optional.of("b"), a.wall()));
        SagaOrder.Open open = a.opened().order();
        assertThat(a.opened().saga()).isEqualTo("files-3");
        assertThat(open.kind()).isEqualTo(Kind.HAND_OVER);
        assertThat(open.claim()).isEqualTo(OFFER);
        assertThat(open.by()).isEqualTo(new Requests.Operator(0, "undo from b", ""));
        assertThat(open.openUntil()).as("counted from its asking").isEqualTo(OptionalLong.of(16_000_000_000L));
        assertThat(((Resource.MirroredVolume) open.plan()
                                .step("storage.mirror.tank")
                                .orElseThrow()
                                .resource())
                        .target())
                .isEqualTo(TARGETS.get(0));

        a.hears(permitFor(nonce));
        assertThat(a.acts()).as("a copy, while it is being used").isEmpty();
    }

    @Test
    void aPermitThatIsLateForeignOrForgottenIsRefusedForEver() {
        OneMember late = offered(a());
        String nonce = nonce(late);
        late.at(16_000).hears(permitFor(nonce));
        assertThat(late.sent()).containsExactly(refused(OFFER, LATE));
        assertThat(late.state.claim()).isEqualTo(B2);
        late.at(1_500).hears(permitFor(nonce));
        assertThat(late.sent()).as("no copy is taken later").containsExactly(refused(OFFER, LATE));

        OneMember foreign = offered(a()).hears(permitFor("another"));
        assertThat(foreign.sent()).containsExactly(refused(OFFER, LATE));
        OneMember other = offered(a());
        String its = nonce(other);
        other.hears(new GroupMessage.Permit("b", "files", claim(4, "a"), its, GROUP, TARGETS, VALID));
        assertThat(other.sent()).containsExactly(refused(claim(4, "a"), LATE));
        assertThat(other.hears(permitFor(its)).opened().saga())
                .as("what it did ask for still holds")
                .isEqualTo("files-3");

        OneMember restarted = offered(a());
        String before = nonce(restarted);
        assertThat(restarted.restarted().hears(permitFor(before)).sent()).containsExactly(refused(OFFER, LATE));
    }

    @Test
    void whoDoesNotStandByOrKnowsOfAHigherClaimTakesNothing() {
        String busy = "a does not stand by";
        assertThat(offered(OneMember.serving("a", GROUP, A1)).sent()).containsExactly(refused(OFFER, busy));
        assertThat(a().hears(new GroupMessage.OfferPermit("b", "files", claim(3, "c")))
                        .sent())
                .containsExactly(refused(claim(3, "c"), busy));
        assertThat(offered(OneMember.of("a", GROUP, claim(4, "b"))).sent()).containsExactly(refused(OFFER, busy));
        assertThat(offered(OneMember.of("a", GROUP, claim(3, "b"))).sent()).containsExactly(refused(OFFER, busy));
        assertThat(offered(OneMember.of("a", GROUP, OFFER)).sent())
                .as("it was taken already: only its outcome is told")
                .isEmpty();
        assertThat(offered(OneMember.serving("a", GROUP, claim(4, "a"))).sent()).isEmpty();

        OneMember claimed = offered(a());
        String nonce = nonce(claimed);
        claimed.hears(Sample.busy("c", claim(3, "c"))).hears(permitFor(nonce));
        assertThat(claimed.sent()).contains(refused(OFFER, LATE));
        assertThat(claimed.state.openOperation()).isEmpty();

        OneMember began = offered(a());
        String asked = nonce(began);
        began.stored(n -> new GroupEvent.OperationOpened(n, "files-2", Optional.empty(), NOON))
                .hears(permitFor(asked));
        assertThat(began.sent()).containsExactly(refused(OFFER, LATE));
    }

    @Test
    void aNewerDefinitionComesWithThePermit() {
        GroupDefinition newer = GROUP.withShares(List.of(Sample.smb("docs", 1)));
        OneMember a = offered(a());
        a.hears(new GroupMessage.Permit("b", "files", OFFER, nonce(a), newer, TARGETS, VALID));
        assertThat(a.events().get(0)).isEqualTo(new GroupEvent.Defined(3, newer, a.wall()));
        assertThat(a.opened().order().plan().step("servers.nfs")).isEmpty();
        OneMember unknown = new OneMember("a");
        offered(unknown);
        assertThat(unknown.sent()).hasSize(1);
        assertThat(unknown.orders()).as("there is nothing to prepare by").isEmpty();
    }

    private static OneMember receiving() {
        OneMember a = offered(a());
        return a.hears(permitFor(nonce(a)));
    }

    @Test
    void theGiverIsToldTheOutcome() {
        OneMember a = receiving();
        SagaState saga = a.saga("files-3", Kind.HAND_OVER, "b");
        a.ended("files-3", OneMember.over(saga, Outcome.DONE, ""));
        assertThat(a.sent()).containsExactly(new Act.Send("b", new GroupMessage.Opened("a", "files", OFFER)));
        assertThat(a.acts(Act.Down.class)).isEmpty();

        OneMember failed = receiving();
        failed.ended("files-3", OneMember.over(saga, Outcome.UNDONE, "no carrier"));
        assertThat(failed.sent()).containsExactly(refused(OFFER, "no carrier"));
        assertThat(failed.state.claim().generation()).isEqualTo(4);
        assertThat(failed.state.claim().appliance()).as("given back").isEqualTo("b");

        OneMember stuck = receiving();
        stuck.ended("files-3", OneMember.over(saga, Outcome.NEEDS_ATTENTION, ""));
        assertThat(stuck.sent()).isEmpty();

        OneMember restarted = receiving().restarted();
        restarted.ended("files-3", OneMember.over(saga, Outcome.DONE, ""));
        assertThat(restarted.sent())
                .as("also by an agent that was restarted: the plan says from whom")
                .containsExactly(new Act.Send("b", new GroupMessage.Opened("a", "files", OFFER)));
    }

    @Test
    void theUndoOfWhatWasHandedOverIsNoOutcomeOfThatHandOver() {
        OneMember a = OneMember.serving("a", GROUP, claim(3, "a"))
                .stored(n -> new GroupEvent.OperationReopened(n, "files-3", "undo", NOON));
        SagaState undone = a.saga("files-3", Kind.HAND_OVER, "b")
                .apply(new SagaEvent.UndoRequested(2, "b", "root", "", NOON))
                .apply(new SagaEvent.TurnedBack(3, "undo", NOON))
                .apply(new SagaEvent.HandOverEnded(4, true, "", NOON))
                .apply(new SagaEvent.Ended(5, Outcome.UNDONE, List.of(), NOON));
        a.ended("files-3", undone);
        assertThat(a.sent()).isEmpty();
    }
}
