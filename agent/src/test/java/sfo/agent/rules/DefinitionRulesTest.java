package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Nic;
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

    @Test
    void whatSpeaksAgainstAMemberIsNamedOnceAndOnlyIfTheGroupNeedsIt() {
        Views.NicView free = new Views.NicView("eth0", "02:00:00:00:00:01", true, List.of(), "free");
        Views.NicView used = new Views.NicView("eth0", "02:00:00:00:00:02", true, List.of(), "carries the mirrors");
        Views.NicView more = new Views.NicView("eth1", "02:00:00:00:00:03", true, List.of(), "free");
        Views.PluginView lease = new Views.PluginView("IsolationLease", "network", "", false, List.of("nft"));
        Views.PluginView host = new Views.PluginView("GroupHost", "network", "", false, List.of("ip", "nft"));
        GroupDefinition spare = spare(GROUP);

        assertThat(DefinitionRules.flaws(spare, List.of(survey("a", free), survey("b", free))))
                .isEmpty();
        assertThat(DefinitionRules.flaws(GROUP, List.of(survey("a", used), survey("b", used))))
                .as("shared")
                .isEmpty();
        assertThat(DefinitionRules.flaws(spare, List.of(survey("a", used), survey("b", more, used))))
                .containsExactly(
                        "NIC eth0 of a can't be a spare one: carries the mirrors",
                        "NIC eth0 of b can't be a spare one: carries the mirrors");
        assertThat(DefinitionRules.flaws(
                        GROUP, List.of(new Views.SurveyView("a", List.of(more, more), List.of()), survey("b", free))))
                .containsExactly("no NIC \"eth0\" on a: expected one of eth1, eth1");
        assertThat(DefinitionRules.flaws(Sample.members("a", "c"), List.of(survey("a", free), survey("c", free))))
                .containsExactly("no NIC of c is named for fo0");

        Views.SurveyView lacking = new Views.SurveyView("b", List.of(free), List.of(lease));
        assertThat(DefinitionRules.flaws(GROUP, List.of(survey("a", free), lacking)))
                .isEmpty();
        GroupDefinition leased = GROUP.withLease(Optional.of(new Lease(5)));
        assertThat(DefinitionRules.flaws(leased, List.of(survey("a", free), lacking)))
                .containsExactly("b lacks nft");
        Views.SurveyView both = new Views.SurveyView("b", List.of(free), List.of(lease, host));
        assertThat(DefinitionRules.flaws(leased, List.of(survey("a", free), both)))
                .containsExactly("b lacks nft", "b lacks ip");
    }

    private static Views.SurveyView survey(String appliance, Views.NicView... nics) {
        return new Views.SurveyView(appliance, List.of(nics), List.of());
    }

    private static GroupDefinition spare(GroupDefinition d) {
        FailoverInterface slot = d.interfaces().get(0);
        return Sample.with(
                List.of(new FailoverInterface(
                        slot.slot(),
                        slot.addresses(),
                        slot.mac(),
                        slot.gateways(),
                        slot.routes(),
                        Map.of("a", new Nic("eth0", Nic.Use.SPARE), "b", new Nic("eth0", Nic.Use.SPARE)))),
                d.volumes(),
                d.shares());
    }

    @Test
    void aMacOfOneOfTwoInterfacesLeavesTheOtherAndEverythingElse() {
        GroupDefinition two = Sample.with(
                        List.of(Sample.slot("fo0", "10.77.0.100/24"), Sample.slot("fo1", "10.79.0.100/24")),
                        GROUP.volumes(),
                        GROUP.shares())
                .withLease(Optional.of(new Lease(5)));
        MacChoice given = new MacChoice(MacChoice.Kind.GIVEN, Optional.of(new Mac("02:00:00:00:00:09")));
        GroupDefinition changed = DefinitionRules.withMac(two, "fo1", given);
        FailoverInterface second = two.interfaces().get(1);
        assertThat(changed)
                .isEqualTo(new GroupDefinition(
                        "files",
                        4,
                        "a",
                        List.of("a", "b"),
                        List.of(
                                two.interfaces().get(0),
                                new FailoverInterface(
                                        "fo1",
                                        second.addresses(),
                                        given,
                                        second.gateways(),
                                        second.routes(),
                                        second.nics())),
                        GROUP.volumes(),
                        GROUP.shares(),
                        Optional.of(new Lease(5))));
        refused(() -> DefinitionRules.withMac(two, "fo9", given), "one of fo0, fo1");
    }

    @Test
    void aShareIsItsProtocolsAndANewOneIsAsItWasAskedFor() {
        Requests.NewShare asked = new Requests.NewShare(
                "files", "docs", Protocol.NFS, "tank", "x/y", true, false, List.of("10.0.0.0/8"), Map.of("k", "v"));
        GroupDefinition more = DefinitionRules.withShare(GROUP, asked);
        assertThat(more.shares().get(2))
                .isEqualTo(new Share(
                        "docs", Protocol.NFS, "tank", "x/y", true, false, List.of("10.0.0.0/8"), 3, Map.of("k", "v")));
        assertThat(DefinitionRules.withoutShare(more, Protocol.NFS, "docs").shares())
                .isEqualTo(GROUP.shares());
        assertThat(DefinitionRules.withoutShare(more, Protocol.SMB, "docs").shares())
                .extracting(Share::id)
                .containsExactly(2, 3);
        GroupDefinition none = DefinitionRules.withoutShare(
                DefinitionRules.withoutShare(GROUP, Protocol.SMB, "docs"), Protocol.NFS, "home");
        assertThat(none.version()).isEqualTo(GROUP.version() + 2);
        assertThat(DefinitionRules.withShare(none, asked).shares())
                .extracting(Share::id)
                .containsExactly(1);
        refused(() -> DefinitionRules.withoutShare(none, Protocol.SMB, "docs"), "one of \"\"");
    }

    @Test
    void eachSettingOfAShareIsChangedByItself() {
        Share home = DefinitionRules.withChanged(
                        GROUP,
                        new Requests.ShareChange(
                                "files",
                                "HOME",
                                Protocol.NFS,
                                Optional.empty(),
                                Optional.of(true),
                                Optional.of(List.of("10.1.0.0/16")),
                                Map.of()))
                .shares()
                .get(1);
        assertThat(home)
                .isEqualTo(new Share(
                        "home", Protocol.NFS, "tank", "home", false, true, List.of("10.1.0.0/16"), 2, Map.of()));
    }

    @Test
    void aVolumeKeepsWhatWasAskedForAndGoesOnlyWithoutItsShares() {
        Volume made = DefinitionRules.volume(
                Sample.with(GROUP.interfaces(), List.of(), List.of()), volume("pool", Map.of("b", "/dev/sdb")));
        assertThat(made)
                .isEqualTo(new Volume(
                        "pool",
                        1L << 30,
                        Volume.FileSystem.XFS,
                        Volume.Mode.SYNCHRONOUS,
                        Volume.LinkLoss.SOLO,
                        10_809,
                        Map.of("a", "", "b", "/dev/sdb")));
        GroupDefinition two = DefinitionRules.withVolume(GROUP, made);
        assertThat(two.volumes()).containsExactly(GROUP.volumes().get(0), made);
        assertThat(two.version()).isEqualTo(GROUP.version() + 1);
        refused(() -> DefinitionRules.withoutVolume(two, "tank"), "it has SMB docs, NFS home");
        assertThat(DefinitionRules.withoutVolume(two, "pool").volumes()).isEqualTo(GROUP.volumes());
        refused(
                () -> DefinitionRules.withShare(two, share("x", Protocol.SMB, "gone")),
                "volume \"gone\": expected one of tank, pool");
    }

    @Test
    void onlyAGroupWithTargetsNeedsTheirServer() {
        Views.NicView nic = new Views.NicView("eth0", "02:00:00:00:00:01", true, List.of(), "free");
        Views.PluginView tgt =
                new Views.PluginView("IscsiServer", "target", "", false, List.of("tgtd: apt-get install tgt"));
        Views.SurveyView a = new Views.SurveyView("a", List.of(nic), List.of(tgt));
        Views.SurveyView b = new Views.SurveyView("b", List.of(nic), List.of());
        assertThat(DefinitionRules.flaws(GROUP, List.of(a, b))).isEmpty();
        GroupDefinition targets = GROUP.withTargets(List.of(Sample.target("vm", 1)));
        assertThat(DefinitionRules.flaws(targets, List.of(a, b))).containsExactly("a lacks tgtd: apt-get install tgt");
    }

    @Test
    void aVolumeWithDisksOfTargetsStays() {
        GroupDefinition targets = Sample.with(GROUP.interfaces(), GROUP.volumes(), List.of())
                .withTargets(List.of(Sample.target("vm", 1)));
        refused(() -> DefinitionRules.withoutVolume(targets, "tank"), "volume \"tank\"", "disks of targets", "vm");
    }

    @Test
    void targetsStayWhenSomethingElseChanges() {
        GroupDefinition targets = GROUP.withTargets(List.of(Sample.target("vm", 1)));
        MacChoice none = new MacChoice(MacChoice.Kind.NONE, Optional.empty());
        assertThat(List.of(
                        DefinitionRules.withMac(targets, "fo0", none),
                        targets.withShares(List.of()),
                        targets.withVolumes(List.of()),
                        targets.withLease(Optional.empty())))
                .allSatisfy(changed -> assertThat(changed.targets()).isEqualTo(targets.targets()));
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
