package sfo.agent.backup;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import sfo.config.load.Settings;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Inventory;
import sfo.protocol.model.Share;
import sfo.protocol.model.Volume;

/** Inventories and settings for tests. */
final class Samples {
    private Samples() {}

    static Inventory inventory(String appliance, int shares, Map<String, String> files) {
        List<Share> made = new ArrayList<>();
        for (int i = 1; i <= shares; i++) {
            made.add(share("share" + i, i, false));
        }
        return inventory(appliance, made, files);
    }

    static Inventory inventory(String appliance, List<Share> shares, Map<String, String> files) {
        Volume volume = new Volume(
                "data",
                1L << 30,
                Volume.FileSystem.EXT4,
                Volume.Mode.SYNCHRONOUS,
                Volume.LinkLoss.SOLO,
                10809,
                Map.of("a", "/dev/vg/data", "b", "/dev/vg/data"));
        GroupDefinition group =
                new GroupDefinition("media", 1, "a", List.of("a", "b"), List.of(), List.of(volume), shares);
        return new Inventory(
                appliance, List.of(group), Map.of("media", new Claim(1, "a", "id-of-the-claim")), new TreeMap<>(files));
    }

    static Share share(String name, int id, boolean readOnly) {
        return new Share(name, Share.Protocol.NFS, "data", "exports/" + name, readOnly, false, List.of(), id, Map.of());
    }

    /** Printable text that does not repeat. */
    static String text(long seed, int length) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder(length);
        while (text.length() < length) {
            text.append((char) (' ' + random.nextInt(95)));
        }
        return text.toString();
    }

    static Settings settings(
            String appliance, Path data, Settings.Tls tls, int port, List<Settings.Peer> peers, Settings.Backups b) {
        return new Settings(
                appliance,
                data,
                data,
                data.resolve("socket"),
                new Settings.Endpoint("127.0.0.1", port, 1),
                tls,
                peers,
                List.of(),
                new Settings.Adapters(Optional.empty()),
                "127.0.0.1",
                b);
    }

    static Settings settings(String appliance, Path data, Settings.Tls tls) {
        return settings(
                appliance,
                data,
                tls,
                1,
                List.of(),
                new Settings.Backups(Duration.ofMinutes(5), 5, Duration.ofHours(1)));
    }
}
