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
            Set.of(),
            false);

    /** @throws JournalGap if the event is not the next one */
    public GroupState apply(GroupEvent event) {
        JournalGap.check("group", ordinal, event.ordinal());
        GroupState next = at(event.ordinal());
        if (event instanceof GroupEvent.Defined e) {
            return next.defined(Optional.of(e.definition()), false);
        } else if (event instanceof GroupEvent.ClaimKnown e) {
            return next.claimed(e.claim(), Optional.empty());
        } else if (event instanceof GroupEvent.ConflictFound e) {
            return next.claimed(claim, Optional.of(e.other()));
        } else if (event instanceof GroupEvent.Serving e) {
            return next.serving(Optional.of(e.saga()), e.boot());
        } else if (event instanceof GroupEvent.Released) {
            return next.serving(Optional.empty(), "").mirroring(Set.of());
        } else if (event instanceof GroupEvent.OperationOpened e) {
            List<String> more = new ArrayList<>(operations);
            more.add(e.saga());
            return next.operating(Optional.of(e.saga()), e.from(), List.copyOf(more));
        } else if (event instanceof GroupEvent.OperationReopened e) {
            return next.operating(Optional.of(e.saga()), Optional.empty(), operations);
        } else if (event instanceof GroupEvent.OperationEnded) {
            return next.operating(Optional.empty(), Optional.empty(), operations);
        } else if (event instanceof GroupEvent.FellSilent e) {
            Map<String, Instant> signs = new HashMap<>(lastSigns);
            signs.put(e.appliance(), e.lastSign());
            return next.silent(Map.copyOf(signs));
        } else if (event instanceof GroupEvent.MirrorWanted e) {
            Set<String> without = new TreeSet<>(unmirrored);
            boolean unused = e.wanted() ? without.remove(e.volume()) : without.add(e.volume());
            return next.mirroring(Set.copyOf(without));
        } else if (event instanceof GroupEvent.Destroyed) {
            return next.serving(Optional.empty(), "").defined(definition, true);
        }
        throw new IllegalStateException("no rule for " + event);
    }

    private GroupState at(long n) {
        return new GroupState(
                n,
                definition,
                claim,
                conflict,
                servingSaga,
                servingBoot,
                openOperation,
                returnsTo,
                operations,
                lastSigns,
                unmirrored,
                destroyed);
    }

    private GroupState defined(Optional<GroupDefinition> d, boolean gone) {
        return new GroupState(
                ordinal,
                d,
                claim,
                conflict,
                servingSaga,
                servingBoot,
                openOperation,
                returnsTo,
                operations,
                lastSigns,
                unmirrored,
                gone);
    }

    private GroupState claimed(Claim c, Optional<Claim> other) {
        return new GroupState(
                ordinal,
                definition,
                c,
                other,
                servingSaga,
                servingBoot,
                openOperation,
                returnsTo,
                operations,
                lastSigns,
                unmirrored,
                destroyed);
    }

    private GroupState serving(Optional<String> saga, String boot) {
        return new GroupState(
                ordinal,
                definition,
                claim,
                conflict,
                saga,
                boot,
                openOperation,
                returnsTo,
                operations,
                lastSigns,
                unmirrored,
                destroyed);
    }

    private GroupState operating(Optional<String> open, Optional<String> from, List<String> all) {
        return new GroupState(
                ordinal,
                definition,
                claim,
                conflict,
                servingSaga,
                servingBoot,
                open,
                from,
                all,
                lastSigns,
                unmirrored,
                destroyed);
    }

    private GroupState silent(Map<String, Instant> signs) {
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
                signs,
                unmirrored,
                destroyed);
    }

    private GroupState mirroring(Set<String> without) {
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
                without,
                destroyed);
    }

    public long version() {
        return definition.map(GroupDefinition::version).orElse(0L);
    }

    public boolean isMember(String appliance) {
        return definition.map(d -> d.members().contains(appliance)).orElse(false);
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
