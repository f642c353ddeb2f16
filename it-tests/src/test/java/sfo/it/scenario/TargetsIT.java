package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import sfo.it.harness.Appliance;
import sfo.it.harness.Pair;
import sfo.it.harness.Reply;
import sfo.ops.embedded.EmbeddedClient;
import sfo.ops.embedded.World;
import sfo.protocol.json.Json;
import sfo.protocol.model.IscsiTarget;

/** {@code sfo target} on agents: made, changed, taken over, given back, taken away; its disks stay what they are. */
class TargetsIT extends PairStories {
    @Test
    void aTargetIsMadeTakenOverGivenBackAndTakenAwayAndItsDisksStayWhatTheyAre() throws Exception {
        assertThat(pair.b
                        .sfo("target", "create", Pair.GROUP, "vm", "--volume", "tank", "--size", "16M")
                        .text())
                .contains("type it on a");
        Reply made = pair.a.must("target", "create", Pair.GROUP, "vm", "--volume", "tank", "--size", "16M");
        assertThat(made.text()).isEqualTo("target vm is served");
        assertThat(pair.a
                        .sfo("target", "create", Pair.GROUP, "vm", "--volume", "tank", "--size", "16M")
                        .exit())
                .isEqualTo(2);
        IscsiTarget vm = target(pair.a);
        EmbeddedClient client = new EmbeddedClient(World.at(folder.resolve("world")));
        EmbeddedClient.Handle disk =
                client.disk(Pair.ADDRESS, vm.iqn(), vm.luns().get(0));
        disk.write(4096, "from a".getBytes(StandardCharsets.UTF_8));
        pair.until("b knows it too", () -> !targets(pair.b).isEmpty() && pair.isNormal());
        assertThat(target(pair.b)).isEqualTo(vm);
        assertThat(pair.b.must("plan", Pair.GROUP).out()).contains("servers.iscsi", "verify.iscsi");

        pair.cutPower(pair.a);
        pair.b.must("failover", Pair.GROUP, "--reason", "a lost its power");
        assertThat(new String(disk.read(4096, 6), StandardCharsets.UTF_8)).isEqualTo("from a");
        assertThat(target(pair.b)).isEqualTo(vm);
        pair.b.must("target", "set", Pair.GROUP, "vm", "--add", "16M", "--volume", "tank");
        IscsiTarget two = target(pair.b);
        assertThat(two.luns()).hasSize(2).startsWith(vm.luns().get(0));
        disk.write(4096, "from b".getBytes(StandardCharsets.UTF_8));

        pair.a.start();
        pair.backHome();
        pair.until("all is well", pair::isNormal);
        assertThat(target(pair.a)).isEqualTo(two);
        assertThat(new String(disk.read(4096, 6), StandardCharsets.UTF_8)).isEqualTo("from b");

        assertThat(pair.a.sfo("cdp", "destroy", Pair.GROUP + "/tank", "-y").exit())
                .isEqualTo(2);
        assertThat(pair.a.must("target", "destroy", Pair.GROUP, "vm", "-y").text())
                .contains("still there");
        assertThat(targets(pair.a)).isEmpty();
        Reply again = pair.a.must("target", "create", Pair.GROUP, "vm", "--volume", "tank", "--size", "16M");
        assertThat(again.text()).contains("already: tank/luns/vm-1");
        EmbeddedClient.Handle found =
                client.disk(Pair.ADDRESS, vm.iqn(), target(pair.a).luns().get(0));
        assertThat(new String(found.read(4096, 6), StandardCharsets.UTF_8)).isEqualTo("from b");
    }

    private static JsonNode targets(Appliance appliance) {
        return appliance.must("target", "list", Pair.GROUP).json().path(Pair.GROUP);
    }

    private static IscsiTarget target(Appliance appliance) {
        return Json.MAPPER.convertValue(targets(appliance).path(0), IscsiTarget.class);
    }
}
