package sfo.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Requests.NewLun;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;

class TargetRulesTest {
    private static final GroupDefinition GROUP = Sample.group().withTargets(List.of(Sample.target("vm", 4)));
    private static final NewLun DISK = new NewLun("tank", 64L << 20);

    private final Supplier<String> serials = serials();

    private static Supplier<String> serials() {
        Iterator<Integer> numbers = IntStream.iterate(1, i -> i + 1).iterator();
        return () -> "serial0" + numbers.next();
    }

    private static Requests.NewTarget wanted(String name, Optional<String> iqn, NewLun... luns) {
        return new Requests.NewTarget("files", name, iqn, List.of(luns), List.of(), List.of());
    }

    private static Requests.TargetChange change(String name, List<NewLun> added, Integer... removed) {
        return new Requests.TargetChange("files", name, Optional.empty(), Optional.empty(), added, List.of(removed));
    }

    @Test
    void aNewTargetGetsAnIdOfItsOwnAndItsDisksNumbersFilesAndSerials() {
        IscsiTarget made = TargetRules.made(GROUP, wanted("db", Optional.empty(), DISK, DISK), serials);
        assertThat(made)
                .isEqualTo(new IscsiTarget(
                        "db",
                        "iqn.2024-07.internal.simple-failover:files:db",
                        5,
                        List.of(
                                new Lun(1, "tank", "luns/db-1", 64L << 20, "serial01"),
                                new Lun(2, "tank", "luns/db-2", 64L << 20, "serial02")),
                        List.of(),
                        List.of()));
        GroupDefinition more = TargetRules.with(GROUP, made);
        assertThat(more.version()).isEqualTo(GROUP.version() + 1);
        assertThat(more.targets()).containsExactly(Sample.target("vm", 4), made);
        assertThat(TargetRules.without(more, "db").targets()).isEqualTo(GROUP.targets());
    }

    @Test
    void whatIsWrongIsNamedWithWhatWasExpected() {
        refused(() -> TargetRules.made(GROUP, wanted("vm", Optional.empty(), DISK), serials), "\"vm\"", "yet");
        String taken = Sample.target("vm", 4).iqn();
        refused(() -> TargetRules.made(GROUP, wanted("x", Optional.of(taken), DISK), serials), taken, "vm's", "--iqn");
        refused(
                () -> TargetRules.made(GROUP, wanted("x", Optional.empty(), new NewLun("pool", 64L << 20)), serials),
                "\"pool\"",
                "one of tank");
        refused(() -> TargetRules.made(GROUP, wanted("x", Optional.empty()), serials), "size");
        refused(() -> TargetRules.without(GROUP, "x"), "\"x\"", "one of vm");
        refused(() -> TargetRules.without(Sample.group(), "x"), "\"x\"", "sfo target create");
        refused(() -> TargetRules.changed(GROUP, change("vm", List.of(), 2), serials), "LUN \"2\"", "one of 1");
        refused(() -> TargetRules.changed(GROUP, change("vm", List.of(), 1), serials), "sfo target destroy");
    }

    @Test
    void disksThatStayKeepTheirNumberAndSerialAndNewOnesComeAfterThem() {
        IscsiTarget two = TargetRules.changed(GROUP, change("vm", List.of(DISK)), serials);
        Lun first = Sample.target("vm", 4).luns().get(0);
        Lun second = new Lun(2, "tank", "luns/vm-2", 64L << 20, "serial01");
        assertThat(two.luns()).containsExactly(first, second);
        GroupDefinition then = TargetRules.with(GROUP, Sample.target("vm", 4), two);
        assertThat(then.targets()).containsExactly(two);
        assertThat(TargetRules.changed(then, change("vm", List.of(), 1), serials)
                        .luns())
                .containsExactly(second);
    }

    @Test
    void whoMayComeStaysAsItIsUnlessItIsNamed() {
        Requests.TargetChange who = new Requests.TargetChange(
                "files",
                "vm",
                Optional.of(List.of("iqn.1993-08.org.debian:01:ab12")),
                Optional.empty(),
                List.of(),
                List.of());
        IscsiTarget limited = TargetRules.changed(GROUP, who, serials);
        assertThat(limited.initiators()).containsExactly("iqn.1993-08.org.debian:01:ab12");
        GroupDefinition then = TargetRules.with(GROUP, Sample.target("vm", 4), limited);
        assertThat(TargetRules.changed(then, change("vm", List.of(DISK)), serials)
                        .initiators())
                .isEqualTo(limited.initiators());
    }

    @Test
    void whatWasMadeOfAGroupThatHasChangedSinceIsRefused() {
        IscsiTarget made = TargetRules.made(GROUP, wanted("db", Optional.empty(), DISK), serials);
        GroupDefinition meanwhile =
                TargetRules.with(GROUP, TargetRules.made(GROUP, wanted("other", Optional.empty(), DISK), serials));
        refused(() -> TargetRules.with(meanwhile, made), "nobody else changes", "type it again");
        refused(
                () -> TargetRules.with(Sample.group(), Sample.target("vm", 4), made),
                "nobody else changes",
                "type it again");
    }

    private static void refused(Runnable change, String... said) {
        assertThatThrownBy(change::run).isInstanceOf(Invalid.class).hasMessageContainingAll(said);
    }
}
