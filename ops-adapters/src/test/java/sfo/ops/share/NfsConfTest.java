package sfo.ops.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sfo.ops.api.HostException;
import sfo.protocol.model.Share;
import sfo.protocol.plan.Resource.NfsServer;

class NfsConfTest {
    private static Share share(String name, int id, Map<String, String> options) {
        return new Share(name, Share.Protocol.NFS, "tank", "home", false, false, List.of(), id, options);
    }

    private static NfsServer server(Share... shares) {
        return new NfsServer("office", List.of(shares), Map.of("tank", "/srv/tank"), "/srv/tank/.sfo/nfs");
    }

    @Test
    void rendersTheGoldenFile() throws Exception {
        Share limited = new Share(
                "limited",
                Share.Protocol.NFS,
                "tank",
                "",
                true,
                false,
                List.of("10.0.0.0/24", "10.1.0.7"),
                7,
                Map.of("Squash", "no_root_squash", "Protocols", "4"));
        assertThat(NfsConf.render(server(limited, share("home", 1, Map.of())))).isEqualTo(Golden.read("ganesha.conf"));
    }

    @Test
    void graceOutlastsTheLeaseSoThatAnIdleClientCanReclaim() {
        assertThat(NfsConf.GRACE).isGreaterThan(NfsConf.LEASE);
    }

    @ParameterizedTest
    @CsvSource({
        "FSAL,x,option 'FSAL'",
        "Squash,perhaps,Root_Squash",
        "Protocols,9p,expected 3",
        "Anonymous_Uid,0; } EXPORT {,expected a number"
    })
    void refusesOptionsByName(String option, String value, String words) {
        assertThatThrownBy(() -> NfsConf.render(server(share("home", 1, Map.of(option, value)))))
                .isInstanceOf(HostException.class)
                .hasMessageContaining("share home")
                .hasMessageContaining(option)
                .hasMessageContaining(words);
    }

    @Test
    void readsWhatTheServerSaysThatItServes() {
        String reply = """
                   array [
                      struct {
                         uint16 10
                         string "/b"
                      struct {
                         uint16 0
                         string "/"
                      struct {
                         uint16 1
                         string "/a"
                """;
        assertThat(NfsServerAdapter.exports(reply)).isEqualTo("1/a 10/b");
    }
}
