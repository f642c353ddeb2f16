package sfo.agent.boot;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sfo.config.load.Settings;

class AkkaSettingsTest {
    private static final Settings SETTINGS = new Settings(
            "a",
            Path.of("/d"),
            Path.of("/r"),
            Path.of("/r/s"),
            new Settings.Endpoint("127.0.0.9", 1234, 1235),
            new Settings.Tls(Path.of("/k"), Path.of("/c"), Path.of("/ca")),
            List.of(),
            List.of(),
            new Settings.Adapters(Optional.empty()),
            "127.0.0.9",
            new Settings.Backups(Duration.ofMinutes(5), 20, Duration.ofHours(1)));

    @Test
    void theAppliancesValuesReachAkka() {
        Config akka = AkkaSettings.of(SETTINGS).getConfig("akka");
        Config artery = akka.getConfig("remote.artery");
        assertThat(artery.getString("canonical.hostname")).isEqualTo("127.0.0.9");
        assertThat(artery.getInt("canonical.port")).isEqualTo(1234);
        assertThat(artery.getString("transport")).isEqualTo("tls-tcp");
        assertThat(artery.getString("ssl.rotating-keys-engine.key-file")).isEqualTo("/k");
        assertThat(artery.getString("ssl.rotating-keys-engine.protocol")).isEqualTo("TLSv1.3");
        assertThat(akka.getString("persistence.journal.leveldb.dir")).isEqualTo("/d/journal");
    }

    @Test
    void nobodyIsEverDownedByAMachineAndTheJournalIsSynced() {
        Config akka = AkkaSettings.of(SETTINGS).getConfig("akka");
        assertThat(akka.getString("cluster.downing-provider-class")).isEmpty();
        assertThat(akka.getStringList("cluster.seed-nodes")).isEmpty();
        assertThat(akka.getBoolean("coordinated-shutdown.exit-jvm")).isFalse();
        assertThat(akka.getBoolean("persistence.journal.leveldb.fsync")).isTrue();
        assertThat(akka.getBoolean("actor.allow-java-serialization")).isFalse();
    }
}
