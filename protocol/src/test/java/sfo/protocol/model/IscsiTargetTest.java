package sfo.protocol.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.protocol.json.Json;

class IscsiTargetTest {
    private static final Lun LUN = new Lun(1, "tank", "luns/vm-1", 64L << 20, "5f0c3b2a19d84e77");

    private static IscsiTarget target(List<Lun> luns) {
        return new IscsiTarget("vm", IscsiTarget.iqn("g_1", "vm"), 1, luns, List.of(), List.of());
    }

    @Test
    void itsNameForInitiatorsIsMadeOfItsGroupsAndItsOwn() {
        assertThat(target(List.of(LUN)).iqn()).isEqualTo("iqn.2024-07.internal.simple-failover:g-1:vm");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "disk",
                "iqn.2024-7.internal.x",
                "iqn.2024-13.internal.x",
                "iqn.2024-07.internal.x:A",
                "iqn.2024-07.internal.x:a b",
                "iqn.2024-07.internal.x:a,b",
                "iqn.2024-07.",
                "eui.02004567a425678d"
            })
    void whatIsNoQualifiedNameIsRefusedAsATargets(String text) {
        assertThatThrownBy(() -> IscsiTarget.iqn(text))
                .isInstanceOf(Invalid.class)
                .hasMessageContaining('"' + text + '"');
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "iqn.1993-08.org.debian:01:0123456789ab",
                "iqn.1998-01.com.vmware",
                "eui.02004567A425678D",
                "naa.52004567ba64678d"
            })
    void initiatorsMayHaveAnyKindOfName(String text) {
        assertThat(IscsiTarget.initiator(text)).isEqualTo(text);
    }

    @Test
    void twoDisksOfOneNumberAndWrongDisksAreRefused() {
        assertThatThrownBy(() -> target(List.of(LUN, LUN)))
                .isInstanceOf(Invalid.class)
                .hasMessageContaining("LUN \"1\"");
        assertThatThrownBy(() -> new Lun(0, "tank", "luns/x", 64L << 20, "5f0c3b2a19d84e77"))
                .hasMessageContaining("1 to 255");
        assertThatThrownBy(() -> new Lun(1, "tank", "../x", 64L << 20, "5f0c3b2a19d84e77"))
                .hasMessageContaining("below the volume's root");
        assertThatThrownBy(() -> new Lun(1, "tank", "a,bstype=sg", 64L << 20, "5f0c3b2a19d84e77"))
                .hasMessageContaining("without a comma");
        assertThatThrownBy(() -> new Lun(1, "tank", "luns/x", (64L << 20) + 1, "5f0c3b2a19d84e77"))
                .hasMessageContaining("whole blocks");
        assertThatThrownBy(() -> new Lun(1, "tank", "luns/x", 64L << 20, "a,b"))
                .hasMessageContaining("letters and digits");
    }

    @Test
    void namesAndAddressesOfThoseWhoMayComeAreNotMixed() {
        assertThatThrownBy(() -> new IscsiTarget(
                        "vm",
                        IscsiTarget.iqn("g1", "vm"),
                        1,
                        List.of(LUN),
                        List.of("iqn.1998-01.com.vmware"),
                        List.of("10.77.0.0/24")))
                .isInstanceOf(Invalid.class)
                .hasMessageContaining("10.77.0.0/24")
                .hasMessageContaining("not both");
    }

    @Test
    void aGroupThatWasStoredBeforeThereWereTargetsHasNoneAndIsWrittenAsItWas() {
        GroupDefinition bare = new GroupDefinition("g1", 3, "a", List.of("a", "b"), List.of(), List.of(), List.of());
        String stored = Json.text(bare);
        assertThat(stored).doesNotContain("targets");
        assertThat(Json.read(stored, GroupDefinition.class)).isEqualTo(bare);
        GroupDefinition more = bare.withTargets(List.of(target(List.of(LUN))));
        assertThat(Json.read(Json.text(more), GroupDefinition.class)).isEqualTo(more);
    }

    static Stream<UnaryOperator<GroupDefinition>> changes() {
        Terms leased = new Terms(List.of("w"), Optional.of(new Lease(5)));
        return Stream.of(
                d -> d.above(9),
                d -> d.withInterfaces(List.of()),
                d -> d.withVolumes(List.of()),
                d -> d.withShares(List.of()),
                d -> d.on(leased),
                d -> d.towards(leased),
                d -> d.towards(leased).settled(),
                d -> d.withLease(Optional.of(new Lease(5))));
    }

    @ParameterizedTest
    @MethodSource("changes")
    void aGroupKeepsItsTargetsWhateverElseOfItChanges(UnaryOperator<GroupDefinition> change) {
        List<IscsiTarget> targets = List.of(target(List.of(LUN)));
        GroupDefinition bare = new GroupDefinition("g1", 3, "a", List.of("a", "b"), List.of(), List.of(), List.of());
        assertThat(change.apply(bare.withTargets(targets)).targets()).isEqualTo(targets);
    }
}
