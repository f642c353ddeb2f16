package sfo.protocol.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class AutomaticMacTest {
    @Test
    void isTheSameForEverAndOnEveryMember() {
        // a change of this value would change the MAC of groups that exist
        assertThat(AutomaticMac.of("g1", "fo0", List.of("a", "b"))).hasToString("02:1a:92:9b:a2:12");
        assertThat(AutomaticMac.of("g1", "fo0", List.of("b", "a")))
                .isEqualTo(AutomaticMac.of("g1", "fo0", List.of("a", "b")));
    }

    @Test
    void isLocallyAdministeredAndDiffersBySlotGroupAndMembers() {
        Mac one = AutomaticMac.of("g1", "fo0", List.of("a", "b"));
        assertThat(one.octets()[0]).isEqualTo((byte) 0x02);
        assertThat(List.of(
                        one,
                        AutomaticMac.of("g1", "fo1", List.of("a", "b")),
                        AutomaticMac.of("g2", "fo0", List.of("a", "b")),
                        AutomaticMac.of("g1", "fo0", List.of("c", "d"))))
                .doesNotHaveDuplicates();
    }
}
