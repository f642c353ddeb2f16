package sfo.ops.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static sfo.ops.embedded.Pair.A1;
import static sfo.ops.embedded.Pair.ADDRESS;
import static sfo.ops.embedded.Pair.B2;
import static sfo.ops.embedded.Pair.GROUP;
import static sfo.ops.embedded.Pair.call;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sfo.ops.api.Adapter;
import sfo.ops.api.HostException;
import sfo.ops.api.LifeProbe;
import sfo.protocol.model.Cidr;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

class EmbeddedHostTest {
    @TempDir
    Path root;

    Pair pair;

    @BeforeEach
    void twoAppliances() throws Exception {
        pair = new Pair(root);
    }

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void everyKindOfResourceHasItsAdapter() {
        Set<Class<?>> kinds = new HashSet<>();
        pair.a.adapters().stream().map(Adapter::kind).forEach(kinds::add);
        assertThat(kinds).containsExactlyInAnyOrder(Resource.class.getPermittedSubclasses());
    }

    @Test
    void eachStepHoldsAfterItAndAppliesTwice() throws Exception {
        pair.startOnA();
        pair.world.cutPower("a");
        for (Resource resource : Pair.plan(pair.b, B2)) {
            if (resource instanceof Resource.OpenInterface) {
                assertThatThrownBy(() -> pair.read(1)).isInstanceOf(ConnectException.class);
            }
            Pair.apply(pair.b, resource);
            Facts once = Pair.inspect(pair.b, resource);
            Pair.apply(pair.b, resource);
            assertThat(Pair.inspect(pair.b, resource)).as(resource.title()).isEqualTo(once);
            assertThat(Pair.adapter(pair.b, resource).holds(resource, once))
                    .as(resource.title() + " " + once)
                    .isTrue();
        }
    }

    @Test
    void aFailoverCutOffAnywhereRevertsToWhatWas() throws Exception {
        pair.startOnA();
        pair.world.cutPower("a");
        Pair.state(pair.b);
        List<Resource> plan = Pair.plan(pair.b, B2);
        for (int cut = 0; cut <= plan.size(); cut++) {
            List<Facts> before = new ArrayList<>();
            for (Resource resource : plan) {
                before.add(Pair.inspect(pair.b, resource));
            }
            for (Resource resource : plan.subList(0, cut)) {
                Pair.apply(pair.b, resource);
            }
            for (int i = plan.size() - 1; i >= 0; i--) {
                Pair.revert(pair.b, plan.get(i), before.get(i));
                Pair.revert(pair.b, plan.get(i), before.get(i));
            }
            for (int i = 0; i < plan.size(); i++) {
                assertThat(Pair.inspect(pair.b, plan.get(i)))
                        .as("cut after %d: %s", cut, plan.get(i).title())
                        .isEqualTo(before.get(i));
            }
            assertThat(pair.world.holders(ADDRESS)).isEmpty();
        }
    }

    @Test
    void aHandleOpenedBeforeThePowerCutGoesOnAfterTheFailover() throws Exception {
        pair.startOnA();
        EmbeddedClient.Handle handle = pair.handle();
        handle.write(0, Pair.bytes("acknowledged"));
        pair.world.cutPower("a");
        assertThatThrownBy(() -> handle.write(12, Pair.bytes("!")))
                .isInstanceOf(ConnectException.class)
                .hasMessageContaining("nobody answers for 10.77.0.100");
        Pair.serve(pair.b, B2);
        assertThat(new String(handle.read(0, 12), java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo("acknowledged");
        handle.write(12, Pair.bytes("!"));
        assertThat(pair.read(13)).isEqualTo("acknowledged!");
    }

    @Test
    void anAddressThatAnotherApplianceServesIsNotFreeAndDoesNotOpenTwice() throws Exception {
        pair.startOnA();
        Resource free = new Resource.FreeAddress(GROUP, Pair.definition(), "b");
        assertThatThrownBy(() -> Pair.apply(pair.b, free))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("10.77.0.100 answers from 02:77:00:00:01:00 (a)");
        Pair.apply(pair.b, new Resource.GroupHost(GROUP));
        Pair.apply(pair.b, new Resource.ClosedInterface(GROUP, Pair.definition(), "b"));
        assertThatThrownBy(
                        () -> Pair.apply(pair.b, new Resource.OpenInterface(GROUP, Pair.definition(), "b", List.of())))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("must go before fo0 opens here");
        assertThat(pair.world.holders(ADDRESS)).hasSize(1);
        pair.world.cutPower("a");
        Pair.apply(pair.b, free);
    }

    @Test
    void anInterfaceThatIsOpenIsFoundDoneAlsoByTheStepThatPreparedIt() throws Exception {
        pair.startOnA();
        Resource.ClosedInterface closed = new Resource.ClosedInterface(GROUP, Pair.definition(), "a");
        assertThat(Pair.adapter(pair.a, closed).holds(closed, Pair.inspect(pair.a, closed)))
                .isTrue();
    }

    @Test
    void anInterfaceOpensOnlyWhereItIsThereClosedAndServersNeedTheirVolumes() throws Exception {
        assertThatThrownBy(
                        () -> Pair.apply(pair.b, new Resource.OpenInterface(GROUP, Pair.definition(), "b", List.of())))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("group host web is not there on b");
        Pair.apply(pair.b, new Resource.GroupHost(GROUP));
        assertThatThrownBy(() -> Pair.apply(pair.b, Pair.plan(pair.b, B2).get(5)))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("volume tank is not mounted");
        assertThatThrownBy(
                        () -> Pair.apply(pair.b, new Resource.AnsweringShares(GROUP, List.of(Pair.share()), ADDRESS)))
                .hasMessageContaining("NFS s");
    }

    @Test
    void takingAwayTheGroupHostTakesTheAddressOffTheWire() throws Exception {
        pair.startOnA();
        Pair.revert(pair.a, new Resource.GroupHost(GROUP), Facts.NOTHING);
        assertThat(pair.world.holders(ADDRESS)).isEmpty();
    }

    @Test
    void anAgentThatRestartsFindsWhatItServedAndAPowerCutLeavesNothingRunning() throws Exception {
        pair.startOnA();
        pair.handle().write(0, Pair.bytes("x"));
        Optional<String> boot = pair.a.bootIdentity();
        EmbeddedHost restarted = pair.open("a");
        assertThat(restarted.bootIdentity()).isEqualTo(boot);
        assertThat(pair.read(1)).isEqualTo("x");
        pair.world.cutPower("a");
        assertThatThrownBy(() -> Pair.state(restarted)).hasMessageContaining("a has no power");
        EmbeddedHost booted = pair.open("a");
        assertThat(booted.bootIdentity()).isNotEqualTo(boot);
        for (Resource resource : Pair.plan(booted, A1)) {
            Facts facts = Pair.inspect(booted, resource);
            assertThat(facts.isNothing()
                            || facts.get("role").equals("idle")
                            || facts.get("free").equals("yes")
                            || !facts.get("silent").isEmpty())
                    .as(resource.title() + " " + facts)
                    .isTrue();
        }
        assertThatThrownBy(() -> Pair.state(restarted)).hasMessageContaining("switched on again");
    }

    @Test
    void aProbeFindsAnApplianceWithPowerOverWholeCablesOnly() throws Exception {
        pair.startOnA();
        List<InetAddress> addresses = List.of(
                Cidr.literal("address", "10.78.0.11"),
                Cidr.literal("address", ADDRESS),
                Cidr.literal("address", "10.77.0.254"),
                Cidr.literal("address", "127.0.0.1"));
        assertThat(answered(addresses)).containsExactly(true, true, true, false);
        pair.world.cutLink("b", "a");
        assertThat(answered(addresses)).containsExactly(false, false, true, false);
        pair.world.mendLink("a", "b");
        pair.world.cutLink(World.SWITCH, "b");
        assertThat(answered(addresses)).containsExactly(false, false, false, false);
        assertThat(pair.b
                        .probe()
                        .probe(addresses, Optional.empty(), call())
                        .get(0)
                        .carrier())
                .isFalse();
        pair.world.mendLink("b", World.SWITCH);
        pair.world.cutPower("a");
        assertThat(answered(addresses)).containsExactly(false, false, true, false);
    }

    private List<Boolean> answered(List<InetAddress> addresses) throws HostException {
        return pair.b.probe().probe(addresses, Optional.empty(), call()).stream()
                .map(LifeProbe.Finding::answered)
                .toList();
    }

    @Test
    void aFaultStrikesOnceAtTheActThatItNames() throws Exception {
        Resource resource = new Resource.GroupHost(GROUP);
        pair.fault("b", "group-host", "apply after fail");
        assertThatThrownBy(() -> Pair.apply(pair.b, resource)).hasMessageContaining("fault injected after apply");
        assertThat(Pair.inspect(pair.b, resource).isNothing()).isFalse();
        Pair.apply(pair.b, resource);
        pair.fault("b", "group-host", "revert die");
        Pair.apply(pair.b, resource);
        assertThat(pair.deaths).hasValue(0);
        Pair.revert(pair.b, resource, Facts.NOTHING);
        assertThat(pair.deaths).hasValue(1);
        pair.fault("b", "group-host", "hang-ms 60000");
        assertThatThrownBy(() -> Pair.adapter(pair.b, resource)
                        .apply(resource, sfo.ops.api.Call.within(java.time.Duration.ofMillis(30))))
                .hasMessageContaining("time ran out");
        pair.fault("b", "group-host", "explode");
        assertThatThrownBy(() -> Pair.apply(pair.b, resource)).hasMessageContaining("expected [apply|revert]");
    }

    @Test
    void aDiskGoesOnAtTheOtherApplianceAndNoneIsMadeForOneThatIsMissing() throws Exception {
        pair.startOnA();
        EmbeddedClient.Handle disk =
                new EmbeddedClient(pair.world).disk(ADDRESS, Pair.target().iqn(), Pair.lun());
        disk.write(4096, Pair.bytes("acknowledged"));
        assertThat(pair.a.lunFiles().make(GROUP, Pair.lun(), call()))
                .as("the file that is there")
                .isFalse();
        pair.world.cutPower("a");
        Pair.serve(pair.b, B2);
        assertThat(new String(disk.read(4096, 12), java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo("acknowledged");

        pair.b.lunFiles().remove(GROUP, Pair.lun(), call());
        Resource server = Pair.plan(pair.b, B2).get(8);
        assertThatThrownBy(() -> Pair.apply(pair.b, server))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("luns/vm-1 is not there");
        Resource asked = new Resource.AnsweringTargets(GROUP, List.of(Pair.target()), ADDRESS);
        assertThatThrownBy(() -> Pair.apply(pair.b, asked)).hasMessageContaining("vm LUN 1");
    }

    @Test
    void aClientReadsAndWritesBelowItsShareOnly() throws Exception {
        pair.startOnA();
        EmbeddedClient client = new EmbeddedClient(pair.world);
        assertThatThrownBy(() -> client.open(ADDRESS, Pair.share().protocol(), "s", "../.sfo/claim")
                        .write(0, Pair.bytes("x")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("expected one below");
        assertThatThrownBy(() ->
                        client.open(ADDRESS, Pair.share().protocol(), "t", "f").read(0, 1))
                .hasMessageContaining("share \"t\" is not served");
    }
}
