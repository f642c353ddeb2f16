package sfo.agent.backup;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sfo.agent.rules.BackupParts;
import sfo.agent.rules.BackupRules;
import sfo.agent.rules.BackupRules.Kept;
import sfo.agent.rules.BadBackup;
import sfo.agent.rules.JsonDiff;
import sfo.config.load.Settings;
import sfo.protocol.json.Json;
import sfo.protocol.model.BackupHeader;
import sfo.protocol.model.BackupRef;
import sfo.protocol.model.ConfigBackup;
import sfo.protocol.model.Inventory;
import sfo.protocol.peer.BackupMessage;

/**
 * All config backups on this appliance's disk: its own, and its peers'. Carries {@link BackupRules} out on a
 * {@link BackupStore}; every method reads or writes files, so it belongs on a thread that may wait, one at a time.
 */
final class BackupVault {
    /** An age of this many intervals is told to the operator. */
    private static final int OLD = 3;

    private static final Logger LOG = LoggerFactory.getLogger(BackupVault.class);

    private final Settings settings;
    private final Clock clock;
    private final BackupStore store;
    private final BackupSeal seal;
    private final Consumer<Backups.NewestGood> changed;
    private final BackupIndex index = new BackupIndex();
    private final Map<String, BackupRef> inUse;

    private record Loaded(BackupHeader header, ConfigBackup backup, Inventory inventory) {}

    /** Reads and checks all that is there. {@code changed} is told of each appliance's newest good one. */
    BackupVault(Settings settings, Clock clock, Consumer<Backups.NewestGood> changed) throws IOException {
        this.settings = settings;
        this.clock = clock;
        this.changed = changed;
        this.store = new BackupStore(settings.data().resolve("backups"));
        this.seal = BackupSeal.load(settings.tls());
        this.inUse = new HashMap<>(store.held());
        for (BackupStore.Entry entry : store.list()) {
            entry.bad().ifPresentOrElse(why -> index.putBad(entry.ref(), why), () -> check(entry.ref()));
        }
        index.appliances().forEach(this::tellNewest);
    }

    /**
     * A backup of {@code inventory}, signed and on disk.
     *
     * @param always also if nothing changed since the last one
     * @param atPeers see {@link BackupRules#next}
     * @return empty if nothing changed
     */
    Optional<BackupHeader> make(Inventory inventory, boolean always, Optional<BackupRef> atPeers)
            throws IOException, BadBackup {
        String payload = Json.text(inventory);
        String sha256 = BackupParts.sha256(payload);
        if (!always && !BackupRules.worthMaking(sha256, index.of(self()), atPeers)) {
            return Optional.empty();
        }
        Instant now = clock.instant();
        BackupRef ref = BackupRules.next(self(), index.of(self()), atPeers, now);
        BackupHeader header = new BackupHeader(
                ConfigBackup.FORMAT,
                ref.appliance(),
                ref.epoch(),
                ref.sequence(),
                now,
                ConfigBackup.SCHEMA,
                sha256,
                BackupParts.utf8Length(payload),
                BackupParts.describe(BackupParts.cut(payload)));
        String signed = Json.text(header);
        ConfigBackup backup;
        try {
            backup = new ConfigBackup(signed, seal.sign(signed), seal.certificate(), payload);
        } catch (GeneralSecurityException e) {
            throw new BadBackup("can't sign with " + settings.tls().key() + ": " + e.getMessage());
        }
        keep(backup);
        return Optional.of(header);
    }

    /** The newest good one of this appliance's own. */
    Optional<BackupHeader> newestOwn() throws IOException, BadBackup {
        Optional<Kept> newest = index.newestGood(self());
        return newest.isEmpty()
                ? Optional.empty()
                : Optional.of(load(newest.get().ref()).header());
    }

    /** Whether a copy at a peer tells that this appliance lost backups of its own. */
    boolean wasSetBack(BackupRef atPeer, String sha256) {
        return BackupRules.wasSetBack(atPeer, sha256, index.of(self()));
    }

    /** The newest good one of {@code appliance} here. */
    Optional<Kept> newest(String appliance) {
        return index.newestGood(appliance);
    }

    /** Which parts of an offered backup are not here already; empty if the whole backup is. */
    Optional<List<Integer>> lacking(String peer, String offered) throws IOException, BadBackup {
        BackupHeader header = headerOf(peer, offered);
        if (holds(header)) {
            return Optional.empty();
        }
        return Optional.of(BackupParts.lacking(header.parts(), known(peer).keySet()));
    }

    /** Puts together, checks and stores a peer's backup; when this returns, it is on disk. */
    void receive(String peer, BackupMessage.Parts received) throws IOException, BadBackup {
        BackupHeader header = headerOf(peer, received.header());
        if (holds(header)) {
            return;
        }
        Map<String, String> texts = known(peer);
        received.parts().values().forEach(t -> texts.put(BackupParts.sha256(t), t));
        String payload = BackupParts.join(header.parts(), texts)
                .orElseThrow(() -> new BadBackup("a part of it is missing or is not what its checksum says"));
        keep(new ConfigBackup(received.header(), received.signature(), received.certificate(), payload));
    }

    /** What a peer asked for, of a backup of this appliance's own. */
    BackupMessage.Parts supply(BackupRef ref, List<Integer> wanted) throws IOException, BadBackup {
        Loaded loaded = load(ref);
        ConfigBackup backup = loaded.backup();
        List<String> parts = BackupParts.split(backup.payload(), loaded.header().parts());
        Map<Integer, String> supplied = wanted.stream()
                .filter(i -> i >= 0 && i < parts.size())
                .distinct()
                .collect(Collectors.toMap(i -> i, parts::get));
        return new BackupMessage.Parts(
                ref.epoch(), ref.sequence(), backup.header(), backup.signature(), backup.certificate(), supplied);
    }

    /** Reads and checks every file again. What is bad is set aside and told; what is good stays. */
    Backups.Verified verify() {
        List<String> bad = new ArrayList<>();
        int checked = 0;
        for (Kept k : List.copyOf(all())) {
            if (k.good()) {
                checked++;
                check(k.ref()).ifPresent(bad::add);
            }
        }
        return new Backups.Verified(checked, bad);
    }

    List<Kept> all() {
        return index.all();
    }

    Inventory show(String appliance, long sequence) throws IOException, BadBackup {
        return load(index.find(appliance, sequence)).inventory();
    }

    List<String> diff(String appliance, long before, long after) throws IOException, BadBackup {
        return JsonDiff.lines(
                Json.MAPPER.readTree(
                        load(index.find(appliance, before)).backup().payload()),
                Json.MAPPER.readTree(load(index.find(appliance, after)).backup().payload()));
    }

    Backups.Found choose(String appliance, String group) throws IOException, BadBackup {
        Duration old = settings.backups().every().multipliedBy(OLD);
        BackupRules.Choice choice = BackupRules.choose(appliance, group, index.of(appliance), clock.instant(), old);
        Optional<Inventory> inventory = choice.backup().isEmpty()
                ? Optional.empty()
                : Optional.of(load(choice.backup().get().ref()).inventory());
        return new Backups.Found(choice.backup().map(Kept::ref), choice.age(), inventory, choice.reasons());
    }

    /** See {@link Backups.Hold}; it survives a restart. */
    BackupRef hold(String saga, BackupRef ref) throws IOException, BadBackup {
        load(ref);
        store.hold(saga, ref);
        inUse.put(saga, ref);
        return ref;
    }

    /** Whether it was held. */
    boolean release(String saga) throws IOException {
        store.release(saga);
        return inUse.remove(saga) != null;
    }

    private void keep(ConfigBackup backup) throws IOException, BadBackup {
        BackupHeader header = BackupRules.header(backup.header());
        Loaded loaded = verified(header.ref(), backup);
        store.write(header.ref(), BackupText.write(backup));
        index.putGood(loaded.header(), loaded.inventory());
        tellNewest(header.appliance());
        for (BackupRef gone : BackupRules.expired(
                index.of(header.appliance()),
                Set.copyOf(inUse.values()),
                settings.backups().keep())) {
            store.delete(gone);
            index.remove(gone);
        }
    }

    /** Whether the newest good one here is this one; something older, or another by the same name, is refused. */
    private boolean holds(BackupHeader received) throws BadBackup {
        Optional<Kept> newest = newest(received.appliance());
        if (newest.isPresent()
                && newest.get().ref().equals(received.ref())
                && newest.get().sha256().equals(received.sha256())) {
            return true;
        }
        Optional<String> stale = BackupRules.stale(received.ref(), index.of(received.appliance()));
        if (stale.isPresent()) {
            throw new BadBackup(stale.get());
        }
        return false;
    }

    private static BackupHeader headerOf(String peer, String json) throws BadBackup {
        BackupHeader header = BackupRules.header(json);
        if (!header.appliance().equals(peer)) {
            throw new BadBackup("a backup of " + header.appliance() + " from " + peer + ": each sends its own only");
        }
        return header;
    }

    /** By checksum, the parts of what is here of that appliance: of its newest good one. */
    private Map<String, String> known(String appliance) throws IOException {
        Map<String, String> texts = new HashMap<>();
        Optional<Kept> newest = index.newestGood(appliance);
        while (texts.isEmpty() && newest.isPresent()) {
            try {
                Loaded loaded = load(newest.get().ref());
                BackupParts.split(loaded.backup().payload(), loaded.header().parts())
                        .forEach(part -> texts.put(BackupParts.sha256(part), part));
            } catch (BadBackup e) {
                // set aside and told by load; the next older one does as well
                newest = index.newestGood(appliance);
            }
        }
        return texts;
    }

    /** Reads a file that was good; one that no longer is, is set aside before this throws. */
    private Loaded load(BackupRef ref) throws IOException, BadBackup {
        try {
            byte[] file = store.read(ref);
            try {
                return verified(ref, BackupText.read(file));
            } catch (BadBackup | UncheckedIOException e) {
                store.setAside(ref, String.valueOf(e.getMessage()));
                throw new BadBackup(String.valueOf(e.getMessage()));
            }
        } catch (BadBackup | IOException e) {
            String why = e instanceof BadBackup ? e.getMessage() : "can't be read: " + e;
            index.putBad(ref, String.valueOf(why));
            tellNewest(ref.appliance());
            throw e;
        }
    }

    /** Reads it again; what is wrong with it, if anything. */
    private Optional<String> check(BackupRef ref) {
        try {
            Loaded loaded = load(ref);
            index.putGood(loaded.header(), loaded.inventory());
            return Optional.empty();
        } catch (BadBackup | IOException e) {
            LOG.warn("config backup {} is bad: {}", ref, e.getMessage());
            return Optional.of(ref + ": " + e.getMessage());
        }
    }

    private Loaded verified(BackupRef ref, ConfigBackup backup) throws BadBackup {
        BackupHeader header = BackupRules.header(backup.header());
        if (!header.ref().equals(ref)) {
            throw new BadBackup("it is " + header.ref() + " under the name of " + ref);
        }
        Inventory inventory = BackupRules.content(header, backup.payload(), seal.fault(backup, header.appliance()));
        return new Loaded(header, backup, inventory);
    }

    private void tellNewest(String appliance) {
        changed.accept(new Backups.NewestGood(appliance, index.newestGood(appliance)));
    }

    private String self() {
        return settings.appliance();
    }
}
