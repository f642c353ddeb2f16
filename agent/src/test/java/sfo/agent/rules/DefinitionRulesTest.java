package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Share;
import sfo.protocol.model.Share.Protocol;
import sfo.protocol.model.Volume;

class DefinitionRulesTest {
    private static final GroupDefinition GROUP = Sample.group();

    @Test
    void aNewShareGetsAnIdThatNoneHasAndAVersionThatIsHigher() {
        GroupDefinition more = DefinitionRules.withShare(GROUP, share("more", Protocol.SMB, "tank"));
        assertThat(more.version()).isEqualTo(GROUP.version() + 1);
        assertThat(more.shares()).extracting(Share::id).containsExactly(1, 2, 3);
        GroupDefinition less = DefinitionRules.withoutShare(more, Protocol.SMB, "DOCS");
        assertThat(less.shares()).extracting(Share::name).containsExactly("home", "more");
        assertThat(DefinitionRules.withShare(less, share("docs", Protocol.SMB, "tank"))
                        .shares())
                .extracting(Share::id)
                .containsExactly(2, 3, 4);
    }

    @Test
    void whatIsWrongIsNamedWithWhatWasExpected() {
        refused(() -> DefinitionRules.withShare(GROUP, share("x", Protocol.SMB, "pool")), "volume \"pool\"", "tank");
        refused(
                () -> DefinitionRules.withShare(
                        Sample.with(GROUP.interfaces(), List.of(), List.of()), share("x", Protocol.SMB, "pool")),
                "it has none yet",
                "sfo cdp create");
        refused(
                () -> DefinitionRules.withShare(GROUP, share("DOCS", Protocol.SMB, "tank")),
                "SMB share \"DOCS\"",
                "a name that is free");
        refused(() -> DefinitionRules.withoutShare(GROUP, Protocol.NFS, "docs"), "NFS share \"docs\"", "\"home\"");
        refused(
                () -> DefinitionRules.withMac(GROUP, "fo9", new MacChoice(MacChoice.Kind.NONE, Optional.empty())),
                "interface \"fo9\"",
                "fo0");
        refused(
                () -> DefinitionRules.volume(GROUP, volume("tank", Map.of())),
                "volume \"tank\"",
                "free in group files");
        refused(
                () -> DefinitionRules.volume(GROUP, volume("new", Map.of("z", "/dev/sdz"))),
                "backing of \"z\"",
                "one of a, b");
        refused(() -> DefinitionRules.withoutVolume(GROUP, "tank"), "volume \"tank\"", "SMB docs, NFS home");
    }

    @Test
    void aChangedShareKeepsItsIdAndEverythingThatWasNotNamed() {
        Requests.ShareChange change = new Requests.ShareChange(
                "files",
                "docs",
                Protocol.SMB,
                Optional.of(true),
                Optional.empty(),
                Optional.empty(),
                Map.of("hide files", "x", "gone", ""));
        Share docs = DefinitionRules.withChanged(GROUP, change).shares().get(0);
        assertThat(docs)
                .isEqualTo(new Share(
                        "docs", Protocol.SMB, "tank", "docs", true, true, List.of(), 1, Map.of("hide files", "x")));
    }

    @Test
    void aNewVolumeGetsABackingOnEachMemberAndAPortOfItsOwn() {
        Volume made = DefinitionRules.volume(GROUP, volume("pool", Map.of("a", "/dev/sdb")));
        assertThat(made.backing()).containsExactlyInAnyOrderEntriesOf(Map.of("a", "/dev/sdb", "b", ""));
        assertThat(made.port()).isEqualTo(10_810);
        GroupDefinition more = DefinitionRules.withVolume(GROUP, made);
        assertThat(DefinitionRules.withoutVolume(more, "pool").volumes()).isEqualTo(GROUP.volumes());
    }

    @Test
    void aMacIsSetOnOneInterface() {
        MacChoice given = new MacChoice(MacChoice.Kind.GIVEN, Optional.of(new Mac("02:00:00:00:00:09")));
        GroupDefinition changed = DefinitionRules.withMac(GROUP, "fo0", given);
        assertThat(changed.interfaces().get(0).mac()).isEqualTo(given);
        assertThat(changed.version()).isEqualTo(GROUP.version() + 1);
    }

    @Test
    void aGroupIsNotMadeWhereAMemberIsSilentOrLacksSomething() {
        Views.NicView used = new Views.NicView("eth0", "02:00:00:00:00:01", true, List.of(), "carries the mirrors");
        Views.NicView other = new Views.NicView("eth9", "02:00:00:00:00:02", true, List.of(), "free");
        Views.PluginView samba = new Views.PluginView("samba", "share", "", false, List.of("smbd (samba)"));
        Views.SurveyView a = new Views.SurveyView("a", List.of(used), List.of());
        Views.SurveyView b = new Views.SurveyView("b", List.of(other), List.of(samba));

        assertThat(DefinitionRules.flaws(GROUP, List.of(a)))
                .containsExactly("b does not answer: is its agent running?");
        assertThat(DefinitionRules.flaws(GROUP, List.of(a, b)))
                .containsExactly("no NIC \"eth0\" on b: expected one of eth9", "b lacks smbd (samba)");
    }

    private static void refused(Runnable change, String... said) {
        assertThatThrownBy(change::run).isInstanceOf(Invalid.class).hasMessageContainingAll(said);
    }

    private static Requests.NewShare share(String name, Protocol protocol, String volume) {
        return new Requests.NewShare("files", name, protocol, volume, "", false, true, List.of(), Map.of());
    }

    private static Requests.NewVolume volume(String name, Map<String, String> backing) {
        return new Requests.NewVolume(
                "files", name, 1L << 30, Volume.FileSystem.XFS, Volume.Mode.SYNCHRONOUS, Volume.LinkLoss.SOLO, backing);
    }
}
