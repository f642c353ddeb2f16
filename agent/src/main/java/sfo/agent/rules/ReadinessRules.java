package sfo.agent.rules;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.control.Views.EvidenceView;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.MirrorState.Sync;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Reason.Weight;
import sfo.protocol.model.Volume;

/** Every reason why a failover to this appliance would be refused or lossy now. */
public final class ReadinessRules {
    /** A primary that lost its replica without a word acknowledges nothing for longer than this before it goes on alone. */
    public static final Duration STALLS = Duration.ofSeconds(3);

    private ReadinessRules() {}

    /**
     * What is known when a failover is asked for.
     *
     * @param mirrors this appliance's side of each volume
     * @param said what the failed appliance said of its side when it served last
     * @param lastSign the failed appliance's last sign of life on any channel, as seen from here
     * @param death when it was dead as far as every channel tells: the first time after its last sign that this is known
     * @param backup what is wrong with the newest backup of the failed appliance; empty if it is good
     * @param devices this appliance's NICs
     * @param lacks what adapters of this group lack here
     * @param startedAtBoot lines of this host's own settings that start the same things
     */
    public record Input(
            GroupDefinition group,
            String self,
            String from,
            Map<String, MirrorState> mirrors,
            List<MirrorState> said,
            Optional<Instant> lastSign,
            Optional<Instant> death,
            Optional<String> backup,
            List<String> devices,
            List<String> lacks,
            List<String> startedAtBoot) {}

    public static List<Reason> assess(Input in) {
        List<Reason> reasons = new ArrayList<>();
        in.backup()
                .ifPresent(flaw -> reasons.add(new Reason(
                        "NO-BACKUP",
                        Weight.BLOCKS,
                        "no good config backup of " + in.from() + " is kept here: " + flaw,
                        "sfo backup verify; on " + in.from() + " (when it is back): sfo backup now")));
        for (Volume volume : in.group().volumes()) {
            reasons.addAll(mirror(in, volume));
        }
        for (FailoverInterface slot : in.group().interfaces()) {
            Nic nic = slot.nics().get(in.self());
            if (nic == null || !in.devices().contains(nic.device())) {
                reasons.add(new Reason(
                        "NIC-MISSING",
                        Weight.BLOCKS,
                        "interface " + slot.slot() + " goes on NIC " + (nic == null ? "(none named)" : nic.device())
                                + " of " + in.self() + ", which is not there; there are "
                                + String.join(", ", in.devices()),
                        "sfo group show " + in.group().name()));
            }
        }
        for (String lack : in.lacks()) {
            reasons.add(new Reason("ADAPTER-LACKS", Weight.BLOCKS, lack, "sfo plugin list"));
        }
        for (String line : in.startedAtBoot()) {
            reasons.add(new Reason(
                    "STARTED-AT-BOOT",
                    Weight.BLOCKS,
                    "this host starts by itself what travels with the group: " + line,
                    "remove or disable that line"));
        }
        return reasons;
    }

    private static List<Reason> mirror(Input in, Volume volume) {
        MirrorState state = in.mirrors().get(volume.name());
        String check = "sfo cdp show " + in.group().name() + " " + volume.name();
        if (state == null) {
            return List.of(new Reason(
                    "MIRROR-MISSING", Weight.BLOCKS, "nothing is known here of volume " + volume.name(), check));
        }
        return switch (state.sync()) {
            case REPLICATING -> List.of();
            case LOST, CLEAN -> lost(in, volume, state, check);
            case SOLO, BLOCKED ->
                List.of(new Reason(
                        "MIRROR-BEHIND",
                        Weight.LOSSY,
                        "volume " + volume.name() + " went on at " + in.from() + " without this replica since "
                                + since(state),
                        "sfo failover " + in.group().name() + " --accept-loss"));
            default ->
                List.of(new Reason(
                        "MIRROR-UNFIT",
                        Weight.BLOCKS,
                        "the replica of volume " + volume.name() + " here is " + state.sync() + " since " + since(state)
                                + (state.detail().isEmpty() ? "" : " (" + state.detail() + ")"),
                        check));
        };
    }

    /**
     * Lost with its primary is in sync, and so is one that was equal at an orderly end if nobody served after it. That takes
     * proof: a primary of which nothing was heard may have lived on, alone or beside a replica that was cut off itself.
     */
    private static List<Reason> lost(Input in, Volume volume, MirrorState state, String check) {
        boolean saidAlone = in.said().stream()
                .anyMatch(s -> s.volume().equals(volume.name()) && (s.sync() == Sync.SOLO || s.sync() == Sync.SYNCING));
        boolean diedThen = in.death()
                .filter(death -> state.since()
                        .filter(lost -> !death.isAfter(lost.plus(STALLS)))
                        .isPresent())
                .filter(death -> in.lastSign().filter(death::isBefore).isEmpty())
                .isPresent();
        if (diedThen && !saidAlone) {
            return List.of();
        }
        return List.of(new Reason(
                "MIRROR-BEHIND",
                Weight.LOSSY,
                "the replica of volume " + volume.name() + " here may be behind since " + since(state) + ": "
                        + in.from() + " was last heard at "
                        + in.lastSign().map(Instant::toString).orElse("an unknown time")
                        + (saidAlone ? ", and went on alone" : ", and that it died then is not proved"),
                "look at it with " + check + "; to go on with what is here: sfo failover "
                        + in.group().name() + " --accept-loss"));
    }

    /** Whether a clock that was set back since makes an old loss look young: by it, nothing that is seen now proves when. */
    public static boolean wasSetBack(Instant now, Collection<MirrorState> mirrors) {
        return mirrors.stream()
                .filter(state -> state.sync() == Sync.LOST || state.sync() == Sync.CLEAN)
                .flatMap(state -> state.since().stream())
                .anyMatch(now.plus(STALLS)::isBefore);
    }

    private static String since(MirrorState state) {
        return state.since().map(Instant::toString).orElse("an unknown time");
    }

    /** The reasons in a dossier that does not prove death. */
    public static List<Reason> dossier(GroupDefinition group, DossierView dossier) {
        List<Reason> reasons = new ArrayList<>();
        for (EvidenceView evidence : dossier.evidence()) {
            if (evidence.finding().equals("ALIVE")) {
                boolean address = evidence.channel().startsWith("failover address");
                reasons.add(new Reason(
                        address ? "ADDRESS-ANSWERS" : "PEER-ALIVE",
                        Weight.BLOCKS,
                        evidence.channel() + ": " + evidence.detail(),
                        "power " + dossier.appliance() + " off, then: sfo failover " + group.name()));
            }
        }
        if (dossier.verdict().equals("UNKNOWN")) {
            reasons.add(new Reason(
                    "DEATH-UNPROVED",
                    Weight.BLOCKS,
                    "no channel proves that " + dossier.appliance() + " is dead: see the evidence",
                    "check this appliance's own cables, or, if you know that " + dossier.appliance()
                            + " is off: sfo failover " + group.name() + " --override \"REASON\""));
        }
        return reasons;
    }
}
