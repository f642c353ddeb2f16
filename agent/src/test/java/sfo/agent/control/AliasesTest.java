package sfo.agent.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who comes from NMC types what they always typed. */
class AliasesTest {
    @ParameterizedTest
    @CsvSource({
        "create group simple-failover g1, group create g1",
        "create group simple-failover -h, group create -h",
        "create group simple-failover, group create",
        "setup group simple-failover g1 failover, failover g1",
        "setup group simple-failover g1 failover -m, failover g1 -m",
        "setup group simple-failover g1 failover -m 02:77:00:00:01:00 -y, failover g1 -m 02:77:00:00:01:00 -y",
        "setup group simple-failover g1 undo-failover, undo g1",
        "setup group simple-failover undo-failover, undo",
        "setup group simple-failover failover -h, failover -h",
        "setup group simple-failover g1 destroy -y, group destroy g1 -y",
        "setup group simple-failover g1 property -m auto, group set g1 -m auto",
        "show group, status",
        "show group -v, status -v",
        "show group simple-failover, status",
        "show group simple-failover -v, status -v",
        "show group simple-failover g1 -v, group show g1 -v",
        "create auto-cdp g1/tank --size 1G, cdp create g1/tank --size 1G",
        "setup auto-cdp tank enable, cdp enable tank",
        "setup auto-cdp tank disable, cdp disable tank",
        "setup auto-cdp tank destroy, cdp destroy tank",
        "show auto-cdp, cdp show",
        "show auto-cdp tank -v, cdp show tank -v",
        "show plugin, plugin list",
        "show plugin installed, plugin list",
        "show appliance checkpoint g1, checkpoint show g1",
    })
    void formOfNmcIsTheSameVerb(String typed, String verb) {
        assertThat(Aliases.rewrite(List.of(typed.split(" ", -1)))).containsExactly(verb.split(" ", -1));
    }

    @ParameterizedTest
    @CsvSource({"status", "failover g1", "group create g1", "setup group simple-failover g1 frobnicate", "show volume x"
    })
    void otherWordsStay(String typed) {
        assertThat(Aliases.rewrite(List.of(typed.split(" ", -1)))).containsExactly(typed.split(" ", -1));
    }
}
