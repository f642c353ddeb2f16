package sfo.ops.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import sfo.ops.api.HostException;
import sfo.protocol.model.Share;
import sfo.protocol.plan.Resource.SmbServer;

class SmbConfTest {
    private static final Path RUN = Path.of("/run/sfo/servers/office/smb");

    private static Share share(String name, int id, Map<String, String> options) {
        return new Share(name, Share.Protocol.SMB, "tank", "docs", false, true, List.of(), id, options);
    }

    private static SmbServer server(Share... shares) {
        return new SmbServer("office", List.of(shares), Map.of("tank", "/srv/tank"), "/srv/tank/.sfo/samba");
    }

    @Test
    void rendersTheGoldenFile() throws Exception {
        Share users = new Share(
                "Users",
                Share.Protocol.SMB,
                "tank",
                "",
                true,
                false,
                List.of("10.0.0.0/24", "fd77::7"),
                2,
                Map.of("valid users", "ann @staff", "force user", "store"));
        String text = SmbConf.render(server(users, share("Docs", 1, Map.of())), RUN);
        assertThat(text).isEqualTo(Golden.read("smb.conf"));
        assertThat(SmbConf.render(server(share("Docs", 1, Map.of()), users), RUN))
                .as("whatever the order of the shares")
                .isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"root preexec", "vfs objects", "path", "include", "sync always", "copy"})
    void refusesAnOptionThatReachesBeyondTheShareByItsName(String option) {
        assertThatThrownBy(() -> SmbConf.render(server(share("Docs", 1, Map.of(option, "x"))), RUN))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("share Docs: option '" + option + "'")
                .hasMessageContaining("force user");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x\nroot preexec = id", "%m", "x\\", " x", "", "a;b"})
    void refusesAValueThatMeansMoreThanItself(String value) {
        assertThatThrownBy(() -> SmbConf.render(server(share("Docs", 1, Map.of("comment", value))), RUN))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("comment = '" + value + "'");
    }

    @Test
    void refusesWhatCantBeServed() {
        assertThatThrownBy(() -> SmbConf.render(server(share("homes", 1, Map.of())), RUN))
                .hasMessageContaining("share homes: the name is Samba's own");
        assertThatThrownBy(() -> SmbConf.render(server(share("docs", 1, Map.of()), share("DOCS", 2, Map.of())), RUN))
                .hasMessageContaining("two shares are named");
        assertThatThrownBy(() -> SmbConf.render(server(share("a", 1, Map.of()), share("b", 1, Map.of())), RUN))
                .hasMessageContaining("shares a and b both have id 1");
        Share elsewhere = new Share("a", Share.Protocol.SMB, "other", "", false, true, List.of(), 1, Map.of());
        assertThatThrownBy(() -> SmbConf.render(server(elsewhere), RUN))
                .hasMessageContaining("volume other, which is not mounted");
        Share name = new Share("a", Share.Protocol.SMB, "tank", "", false, true, List.of("host.lan"), 1, Map.of());
        assertThatThrownBy(() -> SmbConf.render(server(name), RUN)).hasMessageContaining("client host.lan");
    }

    @ParameterizedTest
    @CsvSource({
        "office,OFFICE",
        "a-group-of-15-ch,A-GROUP-OF-5A6B",
        "sales_eu,SALES-EU-45F9",
        "sales-eu,SALES-EU",
    })
    void theNetbiosNameIsStableAndNeverThatOfAnotherGroup(String group, String name) {
        assertThat(SmbConf.netbiosName(group)).isEqualTo(name).hasSizeLessThanOrEqualTo(15);
    }
}
