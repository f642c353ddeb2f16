package sfo.agent.rules;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import sfo.protocol.json.Json;
import sfo.protocol.model.BackupHeader;
import sfo.protocol.model.BackupRef;
import sfo.protocol.model.ConfigBackup;
import sfo.protocol.model.Inventory;
import sfo.protocol.model.Reason;

/** Which config backup is good, which is kept, which is the one to fail over from (I8). */
public final class BackupRules {
    /** Missing fields of an inventory are faults, unknown ones are a newer agent's. */
    private static final ObjectReader STRICT =
            Json.MAPPER.reader().with(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES);

    private BackupRules() {}

    /**
     * A backup on this appliance's disk.
     *
     * @param sha256 of its payload; empty for a bad one that can't be read
     * @param groups that its inventory holds
     * @param detail why it is not good; empty if it is
     */
    public record Kept(
            BackupRef ref, Instant made, String sha256, long bytes, Set<String> groups, boolean good, String detail) {}

    /**
     * The backup to fail over from, if there is one.
     *
     * @param reasons why there is none, or what to know about the one that there is
     */
    public record Choice(Optional<Kept> backup, Optional<Duration> age, List<Reason> reasons) {}

    /** The header, or why it is none that this agent can use. */
    public static BackupHeader header(String json) throws BadBackup {
        BackupHeader header;
        try {
            header = STRICT.forType(BackupHeader.class).readValue(json);
            Objects.requireNonNull(header.ref());
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new BadBackup("its header is not a backup's header: " + firstLine(e));
        }
        if (header.format() > ConfigBackup.FORMAT || header.schema() > ConfigBackup.SCHEMA) {
            throw new BadBackup(
                    "format " + header.format() + ", schema " + header.schema() + ": this agent reads up to "
                            + ConfigBackup.FORMAT + " and " + ConfigBackup.SCHEMA + "; upgrade it");
        }
        if (header.format() < 1 || header.schema() < 1) {
            throw new BadBackup("format " + header.format() + ", schema " + header.schema() + ": expected 1 or more");
        }
        if (header.bytes() > ConfigBackup.MAX_BYTES) {
            throw new BadBackup("payload of " + header.bytes() + " bytes: expected at most " + ConfigBackup.MAX_BYTES);
        }
        return header;
    }

    /**
     * Whether the payload is what the header says.
     *
     * @param sealFault what is wrong with signature or certificate, if anything
     * @throws BadBackup if anything does not hold
     */
    public static Inventory content(BackupHeader header, String payload, Optional<String> sealFault) throws BadBackup {
        if (sealFault.isPresent()) {
            throw new BadBackup(sealFault.get());
        }
        int bytes = BackupParts.utf8Length(payload);
        if (bytes != header.bytes()) {
            throw new BadBackup("payload of " + bytes + " bytes: its header says " + header.bytes());
        }
        String sha256 = BackupParts.sha256(payload);
        if (!sha256.equals(header.sha256())) {
            throw new BadBackup("checksum " + sha256 + ": its header says " + header.sha256());
        }
        Inventory inventory;
        try {
            inventory = STRICT.forType(Inventory.class).readValue(payload);
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new BadBackup("its payload is not an inventory: " + firstLine(e));
        }
        if (!inventory.appliance().equals(header.appliance())) {
            throw new BadBackup("inventory of " + inventory.appliance() + ": its header says " + header.appliance());
        }
        return inventory;
    }

    /** Why a received backup must not replace what is here, good as it may be. */
    public static Optional<String> stale(BackupRef received, Collection<Kept> kept) {
        return newestGood(kept)
                .filter(n -> n.ref().compareTo(received) >= 0)
                .map(n -> "not newer than " + n.ref() + ", which is kept");
    }

    public static Optional<Kept> newestGood(Collection<Kept> kept) {
        return kept.stream().filter(Kept::good).max(Comparator.comparing(Kept::ref));
    }

    /**
     * Whether a change is worth a backup of its own: not if nothing changed, unless a peer has something else. (The
     * timer always makes one, to say "still so at that time".)
     */
    public static boolean worthMaking(String sha256, Collection<Kept> own, Optional<BackupRef> atPeers) {
        Optional<Kept> newest = newestGood(own);
        return newest.filter(n -> n.sha256().equals(sha256)).isEmpty()
                || atPeers.filter(p -> p.compareTo(newest.get().ref()) >= 0).isPresent();
    }

    /**
     * The name of the next backup. Numbers of bad ones are not used again. Where a peer knows of a later one than this
     * appliance does, its disk was lost or set back: it begins a new lineage above the peer's.
     *
     * @param own all that this appliance has of itself, bad ones too
     * @param atPeers the newest of its own that a peer keeps and that this appliance did not make as it is, if any
     */
    public static BackupRef next(String appliance, Collection<Kept> own, Optional<BackupRef> atPeers, Instant now) {
        Optional<BackupRef> newest = own.stream().map(Kept::ref).max(Comparator.naturalOrder());
        if (atPeers.isPresent() && (newest.isEmpty() || atPeers.get().compareTo(newest.get()) >= 0)) {
            long epoch = Math.max(atPeers.get().epoch() + 1, now.toEpochMilli());
            return new BackupRef(appliance, epoch, atPeers.get().sequence() + 1);
        }
        return newest.map(n -> new BackupRef(appliance, n.epoch(), n.sequence() + 1))
                .orElseGet(() -> new BackupRef(appliance, Math.max(1, now.toEpochMilli()), 1));
    }

    /** A peer's copy that this appliance can't have sent as it is now: a later one, or another one by the same name. */
    public static boolean wasSetBack(BackupRef atPeer, String sha256AtPeer, Collection<Kept> own) {
        Optional<Kept> newest = own.stream().max(Comparator.comparing(Kept::ref));
        return newest.isEmpty()
                || atPeer.compareTo(newest.get().ref()) > 0
                || own.stream()
                        .anyMatch(k -> k.good()
                                && k.ref().equals(atPeer)
                                && !k.sha256().equals(sha256AtPeer));
    }

    /**
     * What may go, of one appliance's backups. Kept are the newest {@code keep} different contents (of successive ones
     * with one content the newest), the newest good one of each lineage, what an open saga refers to, and as many bad
     * ones for whoever wants to find out why.
     */
    public static Set<BackupRef> expired(Collection<Kept> kept, Set<BackupRef> inUse, int keep) {
        List<Kept> newestFirst =
                kept.stream().sorted(Comparator.comparing(Kept::ref).reversed()).toList();
        Set<BackupRef> stay = new HashSet<>(inUse);
        Set<Long> lineages = new HashSet<>();
        String previous = "";
        int good = 0;
        int bad = 0;
        for (Kept k : newestFirst) {
            if (!k.good()) {
                if (bad++ < keep) {
                    stay.add(k.ref());
                }
                continue;
            }
            if (lineages.add(k.ref().epoch())) {
                stay.add(k.ref());
            }
            if (!k.sha256().equals(previous) && good++ < keep) {
                stay.add(k.ref());
            }
            previous = k.sha256();
        }
        Set<BackupRef> gone = new HashSet<>();
        newestFirst.stream().map(Kept::ref).filter(r -> !stay.contains(r)).forEach(gone::add);
        return gone;
    }

    /**
     * The newest good backup of {@code appliance} that holds {@code group}. That is its newest good one; an older one
     * only if the appliance began a new lineage since, which proves nothing about the group.
     *
     * @param kept all backups of that appliance here
     * @param oldAfter from which age on the operator is told
     */
    public static Choice choose(String appliance, String group, Collection<Kept> kept, Instant now, Duration oldAfter) {
        List<Reason> reasons = new ArrayList<>();
        Optional<Kept> newest = newestGood(kept);
        Optional<Kept> holding =
                newestGood(kept.stream().filter(k -> k.groups().contains(group)).toList());
        String mend = "on " + appliance + ": sfo backup now";
        if (newest.isEmpty()) {
            String text = kept.isEmpty()
                    ? "no config backup of " + appliance + " was ever received here"
                    : "none of the " + kept.size() + " config backups of " + appliance + " kept here is good: "
                            + kept.iterator().next().detail();
            reasons.add(new Reason("BACKUP-MISSING", Reason.Weight.BLOCKS, text, mend));
            return new Choice(Optional.empty(), Optional.empty(), reasons);
        }
        Kept good = holding.orElse(newest.get());
        kept.stream()
                .filter(k -> !k.good() && k.ref().compareTo(good.ref()) > 0)
                .max(Comparator.comparing(Kept::ref))
                .ifPresent(k -> reasons.add(new Reason(
                        "BACKUP-BAD",
                        Reason.Weight.WARNS,
                        "config backup " + k.ref() + " is bad (" + k.detail() + "); the newest good one is "
                                + good.ref() + ", made " + good.made(),
                        mend)));
        if (holding.isEmpty()) {
            String text = "the newest good config backup of " + appliance + " ("
                    + newest.get().ref() + ", made " + newest.get().made() + ") does not hold group " + group;
            reasons.add(new Reason("BACKUP-LACKS-GROUP", Reason.Weight.BLOCKS, text, mend));
            return new Choice(Optional.empty(), Optional.empty(), reasons);
        }
        Kept found = holding.get();
        if (found.ref().epoch() == newest.get().ref().epoch() && !found.equals(newest.get())) {
            String text = appliance + " has not held group " + group + " any more since a config backup made "
                    + newest.get().made() + "; the last that does is " + found.ref() + ", made " + found.made();
            reasons.add(new Reason("BACKUP-LACKS-GROUP", Reason.Weight.BLOCKS, text, "sfo status " + group));
            return new Choice(Optional.empty(), Optional.empty(), reasons);
        }
        if (!found.equals(newest.get())) {
            String text = appliance + " lost its own backups and began anew at "
                    + newest.get().made() + "; group " + group + " is in " + found.ref() + ", from before that";
            reasons.add(new Reason("BACKUP-OLD-LINEAGE", Reason.Weight.WARNS, text, mend));
        }
        Duration age = Duration.between(found.made(), now);
        if (age.compareTo(oldAfter) > 0) {
            String text = "the newest config backup of " + appliance + " was made " + found.made() + ", "
                    + age.toMinutes() + " minutes ago; expected at most " + oldAfter.toMinutes();
            reasons.add(new Reason("BACKUP-OLD", Reason.Weight.WARNS, text, mend));
        }
        return new Choice(holding, Optional.of(age.isNegative() ? Duration.ZERO : age), reasons);
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString());
    }
}
