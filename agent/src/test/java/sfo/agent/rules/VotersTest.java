package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Terms;
import sfo.protocol.peer.GroupMessage.Beat;
import sfo.protocol.plan.Resource;

/** Members and witnesses together are those who vote; while that changes, the former and the new ones each. */
@Timeout(20)
class VotersTest {
    private static final Claim A1 = Sample.claim(1, "a");

    private static Terms terms(String witnesses, int lease) {
        return new Terms(
                witnesses.isEmpty() ? List.of() : List.of(witnesses.split(" ", -1)),
                lease == 0 ? Optional.empty() : Optional.of(new Lease(lease)));
    }

    /** a and b, with these witnesses, on their way to others if there is an arrow. */
    private static GroupDefinition pair(String witnesses) {
        String[] both = witnesses.split("> ?", -1);
        GroupDefinition first = Sample.group().on(terms(both[0].strip(), 0));
        return both.length == 1 ? first : first.towards(terms(both[1].strip(), 0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''        | b       | false | true",
                "''        | a b     | true  | true",
                "w         | b       | false | false",
                "w         | b w     | true  | true",
                "w         | b z     | false | false",
                "v w       | b w     | false | false",
                "v w       | a b w   | true  | true",
                "'> w'     | b       | false | false",
                "'> w'     | b w     | false | true",
                "'> w'     | a b     | true  | true",
                "'w >'     | a w     | false | true",
                "'v > w'   | b v     | false | false",
                "'v > w'   | b v w   | true  | true",
                "'v > w'   | a b     | true  | true"
            })
    void whatIsAMajorityAndWhatMakesAClaimValid(String witnesses, String those, boolean majority, boolean claim) {
        Set<String> all = Set.of(those.split(" ", -1));
        assertThat(GroupRules.isMajority(pair(witnesses), all)).isEqualTo(majority);
        assertThat(GroupRules.suffice(pair(witnesses), all)).isEqualTo(claim);
        assertThat(GroupRules.agreeing(pair(witnesses), all)).isEqualTo(majority ? all.size() : 0);
    }

    private static OptionalLong confirmed(GroupDefinition group, Beat... beats) {
        return LeaseRules.confirmed(group, "a", A1, "run:", List.of(beats));
    }

    private static Beat hears(String from, long mark) {
        Map<String, String> heard = Map.of("a", "run:" + mark);
        return new Beat(from, "files", "boot", 3, A1, false, true, List.of(), List.of(), "m", heard, false);
    }

    @Test
    void aLeaseIsConfirmedByAWitnessAsByAMember() {
        assertThat(confirmed(pair("w"), hears("w", 700))).hasValue(700);
        assertThat(confirmed(pair("w"), hears("w", 700), hears("b", 900))).hasValue(900);
        assertThat(confirmed(pair("v w"), hears("w", 700))).isEmpty();
        assertThat(confirmed(pair("v w"), hears("w", 700), hears("v", 900))).hasValue(700);
        assertThat(confirmed(pair(""), hears("w", 700))).as("no witness of it").isEmpty();
    }

    @Test
    void whileTheVotersChangeTheOlderWordOfBothMajoritiesCounts() {
        assertThat(confirmed(pair("> w"), hears("w", 900))).isEmpty();
        assertThat(confirmed(pair("> w"), hears("b", 700), hears("w", 900))).hasValue(700);
        assertThat(confirmed(pair("v > w"), hears("v", 700))).isEmpty();
        assertThat(confirmed(pair("v > w"), hears("v", 700), hears("w", 900))).hasValue(700);
    }

    @Test
    void whileALeaseChangesTheShorterOneIsPassedAndTheLongerOneWaitedFor() {
        GroupDefinition changes = Sample.group().on(terms("", 20)).towards(terms("", 5));
        assertThat(LeaseRules.shortest(changes)).contains(new Lease(5));
        assertThat(LeaseRules.longest(changes)).contains(new Lease(20));
        assertThat(LeaseRules.binds(changes)).isTrue();
        GroupDefinition begins = Sample.group().towards(terms("", 5));
        GroupDefinition ends = Sample.group().on(terms("", 5)).towards(terms("", 0));
        for (GroupDefinition half : List.of(begins, ends)) {
            assertThat(LeaseRules.longest(half)).contains(new Lease(5));
            assertThat(LeaseRules.binds(half)).isFalse();
        }
        assertThat(begins.gated()).isFalse();
        assertThat(ends.gated()).isTrue();
        assertThat(ends.settled().gated()).isFalse();
    }

    private static Requests.TermsChange change(List<String> more, List<String> fewer) {
        return new Requests.TermsChange("files", Optional.empty(), more, fewer);
    }

    @Test
    void witnessesComeAndGoAndMembersAreNone() {
        GroupDefinition one = DefinitionRules.withTerms(pair("v"), change(List.of("w"), List.of()));
        assertThat(one.terms()).isEqualTo(terms("v w", 0));
        assertThat(one.former()).contains(terms("v", 0));
        assertThat(one.version()).isEqualTo(pair("v").version() + 1);
        GroupDefinition other = DefinitionRules.withTerms(one, change(List.of(), List.of("v")));
        assertThat(other.terms()).isEqualTo(terms("w", 0));
        assertThat(other.former()).as("as it was before both").contains(terms("v", 0));
        GroupDefinition back = DefinitionRules.withTerms(other, change(List.of("v"), List.of("w")));
        assertThat(back.former()).isEmpty();
        assertThatThrownBy(() -> DefinitionRules.withTerms(one, change(List.of("b"), List.of())))
                .isInstanceOf(Invalid.class)
                .hasMessageContainingAll("witness", "b", "who vote anyway");
        assertThatThrownBy(() -> DefinitionRules.withTerms(one, change(List.of(), List.of("x"))))
                .isInstanceOf(Invalid.class)
                .hasMessageContainingAll("x", "v, w");
    }

    private static Views.SurveyView survey(String appliance, boolean witness, String... peers) {
        List<Views.NicView> nics = witness
                ? List.of()
                : List.of(new Views.NicView("eth0", "02:00:00:00:00:01", true, List.of(), "has addresses"));
        Views.PluginView lease = new Views.PluginView(
                Resource.IsolationLease.class.getSimpleName(), "network", "", false, List.of("nft"));
        return new Views.SurveyView(appliance, nics, witness ? List.of() : List.of(lease), witness, List.of(peers));
    }

    @Test
    void aNewWitnessAnswersAndAllWhoVoteKnowOneAnother() {
        Views.SurveyView a = survey("a", false, "b", "w");
        Views.SurveyView b = survey("b", false, "a");
        Views.SurveyView w = survey("w", true, "a", "b");
        assertThat(DefinitionRules.flaws(pair("w"), List.of(a, b, w)))
                .containsExactly("b does not know w: name it in sfo.peers of its settings");
        assertThat(DefinitionRules.flaws(pair("w"), List.of(a, survey("b", false, "a", "w"))))
                .containsExactly("w does not answer: is its agent running?");
        assertThat(DefinitionRules.flaws(pair("w"), List.of(a, survey("b", false), w)))
                .containsExactly("the agent of b is older than these terms: upgrade it first");
        assertThat(DefinitionRules.flaws(pair(""), List.of(a, survey("b", true, "a"))))
                .containsExactly("b only votes: name it with --witness instead of --member");
        assertThat(DefinitionRules.flawsOfTerms(pair(""), pair("> w"), List.of(a, b, w)))
                .containsExactly("b does not know w: name it in sfo.peers of its settings");
        assertThat(DefinitionRules.flawsOfTerms(pair("w"), pair("w >"), List.of(a)))
                .as("one that goes need not answer")
                .isEmpty();
        assertThat(DefinitionRules.flawsOfTerms(
                        pair("w"), pair("w >"), List.of(survey("a", false, "b"), survey("b", false, "a"))))
                .as("nor be in anybody's settings still")
                .isEmpty();
        assertThat(DefinitionRules.flawsOfTerms(pair(""), pair("> w"), List.of(a, survey("b", false), w)))
                .containsExactly("the agent of b is older than these terms: upgrade it first");
        assertThat(DefinitionRules.flawsOfTerms(
                        pair(""), Sample.group().towards(terms("", 5)), List.of(survey("a", false, "b"))))
                .containsExactly("a lacks nft");
    }
}
