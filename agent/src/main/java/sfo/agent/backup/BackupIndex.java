package sfo.agent.backup;

import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import sfo.agent.rules.BackupRules;
import sfo.agent.rules.BackupRules.Kept;
import sfo.agent.rules.BadBackup;
import sfo.protocol.model.BackupHeader;
import sfo.protocol.model.BackupRef;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Inventory;

/** What is known of every config backup that is kept on this appliance's disk, good or bad, by appliance and number. */
final class BackupIndex {
    private final Map<String, TreeMap<BackupRef, Kept>> index = new HashMap<>();

    void putGood(BackupHeader header, Inventory inventory) {
        Set<String> groups = new HashSet<>();
        inventory.groups().stream().map(GroupDefinition::name).forEach(groups::add);
        put(new Kept(header.ref(), header.made(), header.sha256(), header.bytes(), groups, true, ""));
    }

    void putBad(BackupRef ref, String why) {
        put(new Kept(ref, Instant.EPOCH, "", 0, Set.of(), false, why));
    }

    private void put(Kept kept) {
        index.computeIfAbsent(kept.ref().appliance(), a -> new TreeMap<>()).put(kept.ref(), kept);
    }

    void remove(BackupRef ref) {
        of(ref.appliance()).removeIf(k -> k.ref().equals(ref));
    }

    Set<String> appliances() {
        return index.keySet();
    }

    List<Kept> all() {
        return appliances().stream().sorted().flatMap(a -> of(a).stream()).toList();
    }

    Collection<Kept> of(String appliance) {
        TreeMap<BackupRef, Kept> kept = index.get(appliance);
        return kept == null ? List.of() : kept.values();
    }

    Optional<Kept> newestGood(String appliance) {
        return BackupRules.newestGood(of(appliance));
    }

    /** @throws BadBackup that names those that there are, if there is no good one by that number */
    BackupRef find(String appliance, long sequence) throws BadBackup {
        return of(appliance).stream()
                .filter(k -> k.good() && k.ref().sequence() == sequence)
                .map(Kept::ref)
                .max(BackupRef::compareTo)
                .orElseThrow(() -> new BadBackup("no good config backup " + sequence + " of " + appliance
                        + " is kept here; expected one of "
                        + of(appliance).stream()
                                .filter(Kept::good)
                                .map(k -> k.ref().sequence())
                                .toList()
                        + ": sfo backup list"));
    }
}
