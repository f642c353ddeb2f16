package sfo.agent.rules;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import sfo.protocol.events.GroupEvent;
import sfo.protocol.model.Claim;
import sfo.protocol.model.GroupDefinition;

/**
 * What one appliance remembers of one group.
 *
 * @param claim the highest known
 * @param conflict another claim of the same generation, until an operator resolved it
 * @param servingSaga the saga whose steps hold here, while this appliance serves the group
 * @param servingBoot the boot identity in which it began
 * @param openOperation the saga that is under way
 * @param lastSigns by appliance, its last sign of life before it fell silent
 * @param deaths by appliance, when it was dead as far as every channel tells, the last time that it was looked at
 * @param abstained since when this appliance may have forgotten claims, the last time that it did
 * @param abstains whether that is so still
 * @param leased the last claim whose holder is known to pass frames only while it is confirmed
 * @param overridden why an operator had it claimed by an override, until that is acknowledged
 * @param unmirrored volumes that an operator wants no mirror of while this appliance serves them
 * @param returnsTo whom the claim is given back to if the open operation comes to nothing
 * @param operations ids of all sagas, oldest first
 */
public record GroupState(
        long ordinal,
        Optional<GroupDefinition> definition,
        Claim claim,
        Optional<Claim> conflict,
        Optional<String> servingSaga,
        String servingBoot,
        Optional<String> openOperation,
        Optional<String> returnsTo,
        List<String> operations,
        Map<String, Instant> lastSigns,
        Map<String, Instant> deaths,
        Optional<Instant> abstained,
        boolean abstains,
        Claim leased,
        Optional<String> overridden,
        Set<String> unmirrored,
        boolean destroyed) {
    public static final GroupState EMPTY = new GroupState(
            0,
            Optional.empty(),
            Claim.NONE,
            Optional.empty(),
            Optional.empty(),
            "",
            Optional.empty(),
            Optional.empty(),
            List.of(),
            Map.of(),
            Map.of(),
            Optional.empty(),
            false,
            Claim.NONE,
            Optional.empty(),
            Set.of(),
            false);

    /** Where events are missing before this one, a claim that was acknowledged may be among them. */
    public GroupState apply(GroupEvent event) {
        Draft next = new Draft(this);
        if (event.ordinal() != ordinal + 1) {
            next.abstained = Optional.of(abstained.orElse(Instant.EPOCH));
            next.abstains = true;
        }
        next.ordinal = event.ordinal();
        if (event instanceof GroupEvent.Defined e) {
            next.definition = Optional.of(e.definition());
            next.destroyed = false;
        } else if (event instanceof GroupEvent.ClaimKnown e) {
            next.claim = e.claim();
            next.conflict = Optional.empty();
        } else if (event instanceof GroupEvent.ConflictFound e) {
            next.conflict = Optional.of(e.other());
        } else if (event instanceof GroupEvent.Serving e) {
            next.servingSaga = Optional.of(e.saga());
            next.servingBoot = e.boot();
        } else if (event instanceof GroupEvent.Released) {
            next.serveNothing();
            next.unmirrored = Set.of();
        } else if (event instanceof GroupEvent.OperationOpened e) {
            List<String> more = new ArrayList<>(operations);
            more.add(e.saga());
            next.operations = List.copyOf(more);
            next.openOperation = Optional.of(e.saga());
            next.returnsTo = e.from();
        } else if (event instanceof GroupEvent.OperationReopened e) {
            next.openOperation = Optional.of(e.saga());
            next.returnsTo = Optional.empty();
        } else if (event instanceof GroupEvent.OperationEnded) {
            next.openOperation = Optional.empty();
            next.returnsTo = Optional.empty();
        } else if (event instanceof GroupEvent.FellSilent e) {
            next.lastSigns = with(lastSigns, e.appliance(), e.lastSign());
        } else if (event instanceof GroupEvent.LookedAt e) {
            next.deaths = e.dead() ? with(deaths, e.appliance(), e.at()) : without(deaths, e.appliance());
        } else if (event instanceof GroupEvent.Abstained e) {
            next.abstained = Optional.of(e.at());
            next.abstains = true;
        } else if (event instanceof GroupEvent.CaughtUp) {
            next.abstains = false;
        } else if (event instanceof GroupEvent.Leased e) {
            next.leased = e.claim();
        } else if (event instanceof GroupEvent.Overridden e) {
            next.overridden = Optional.of(e.reason());
        } else if (event instanceof GroupEvent.OverrideSeen) {
            next.overridden = Optional.empty();
        } else if (event instanceof GroupEvent.MirrorWanted e) {
            Set<String> unwanted = new TreeSet<>(unmirrored);
            boolean unused = e.wanted() ? unwanted.remove(e.volume()) : unwanted.add(e.volume());
            next.unmirrored = Set.copyOf(unwanted);
        } else if (event instanceof GroupEvent.Destroyed) {
            next.serveNothing();
            next.destroyed = true;
        } else {
            throw new IllegalStateException("no rule for " + event);
        }
        return next.state();
    }

    private static <V> Map<String, V> with(Map<String, V> map, String key, V value) {
        Map<String, V> more = new HashMap<>(map);
        more.put(key, value);
        return Map.copyOf(more);
    }

    private static <V> Map<String, V> without(Map<String, V> map, String key) {
        Map<String, V> less = new HashMap<>(map);
        less.remove(key);
        return Map.copyOf(less);
    }

    /** The next state in the making. */
    private static final class Draft {
        private long ordinal;
        private Optional<GroupDefinition> definition;
        private Claim claim;
        private Optional<Claim> conflict;
        private Optional<String> servingSaga;
        private String servingBoot;
        private Optional<String> openOperation;
        private Optional<String> returnsTo;
        private List<String> operations;
        private Map<String, Instant> lastSigns;
        private Map<String, Instant> deaths;
        private Optional<Instant> abstained;
        private boolean abstains;
        private Claim leased;
        private Optional<String> overridden;
        private Set<String> unmirrored;
        private boolean destroyed;

        Draft(GroupState from) {
            ordinal = from.ordinal;
            definition = from.definition;
            claim = from.claim;
            conflict = from.conflict;
            servingSaga = from.servingSaga;
            servingBoot = from.servingBoot;
            openOperation = from.openOperation;
            returnsTo = from.returnsTo;
            operations = from.operations;
            lastSigns = from.lastSigns;
            deaths = from.deaths;
            abstained = from.abstained;
            abstains = from.abstains;
            leased = from.leased;
            overridden = from.overridden;
            unmirrored = from.unmirrored;
            destroyed = from.destroyed;
        }

        void serveNothing() {
            servingSaga = Optional.empty();
            servingBoot = "";
        }

        GroupState state() {
            return new GroupState(
                    ordinal,
                    definition,
                    claim,
                    conflict,
                    servingSaga,
                    servingBoot,
                    openOperation,
                    returnsTo,
                    operations,
                    lastSigns,
                    deaths,
                    abstained,
                    abstains,
                    leased,
                    overridden,
                    unmirrored,
                    destroyed);
        }
    }

    public long version() {
        return definition.map(GroupDefinition::version).orElse(0L);
    }

    /** The name for the next saga: the group and the claim's generation, numbered where a generation has several. */
    public String nextSaga(String group, long generation) {
        String base = group + "-" + generation;
        long sofar = operations.stream()
                .filter(id -> id.equals(base) || id.startsWith(base + "."))
                .count();
        return sofar == 0 ? base : base + "." + (sofar + 1);
    }
}
