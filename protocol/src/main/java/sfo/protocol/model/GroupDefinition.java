package sfo.protocol.model;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What a group is and what travels with it. Only the holder changes it.
 *
 * @param version the higher, the newer: each change makes it higher, and what the holder of a claim makes is newer than
 *     whatever was made under lower ones, see {@link #under}. Two of one version are equal
 * @param home the appliance that it belongs to when all is well
 * @param members appliance names, two or more, in the order given at creation
 * @param witnesses appliances that vote on its claims and never serve it
 * @param former while these are being changed, what was agreed before: until that ends both hold
 */
public record GroupDefinition(
        String name,
        long version,
        String home,
        List<String> members,
        List<FailoverInterface> interfaces,
        List<Volume> volumes,
        List<Share> shares,
        Optional<Lease> lease,

        @JsonInclude(JsonInclude.Include.NON_EMPTY) @JsonSetter(nulls = Nulls.AS_EMPTY)
        List<String> witnesses,

        Optional<Terms> former,

        @JsonInclude(JsonInclude.Include.NON_EMPTY) @JsonSetter(nulls = Nulls.AS_EMPTY)
        List<IscsiTarget> targets) {
    /** More changes than anybody makes under one claim. */
    private static final long CHANGES = 1_000_000;

    /** Without witnesses and targets. */
    public GroupDefinition(
            String name,
            long version,
            String home,
            List<String> members,
            List<FailoverInterface> interfaces,
            List<Volume> volumes,
            List<Share> shares,
            Optional<Lease> lease) {
        this(name, version, home, members, interfaces, volumes, shares, lease, List.of(), Optional.empty(), List.of());
    }

    /** Without a lease, witnesses and targets. */
    public GroupDefinition(
            String name,
            long version,
            String home,
            List<String> members,
            List<FailoverInterface> interfaces,
            List<Volume> volumes,
            List<Share> shares) {
        this(name, version, home, members, interfaces, volumes, shares, Optional.empty());
    }

    public Optional<Volume> volume(String volumeName) {
        return volumes.stream().filter(v -> v.name().equals(volumeName)).findFirst();
    }

    public Terms terms() {
        return new Terms(witnesses, lease);
    }

    /** What is agreed now: one, or both while the former still holds. */
    public List<Terms> agreed() {
        return Stream.concat(former.stream(), Stream.of(terms())).toList();
    }

    /** For each of what is {@link #agreed}, the members and the witnesses: of each a majority decides. */
    public List<Set<String>> electorates() {
        return agreed().stream().map(t -> voters(t.witnesses())).toList();
    }

    /** Members and witnesses, of former terms too: who is told what the group is. */
    public Set<String> voters() {
        Set<String> all = new TreeSet<>();
        electorates().forEach(all::addAll);
        return all;
    }

    private Set<String> voters(List<String> chosen) {
        Set<String> all = new TreeSet<>(members);
        all.addAll(chosen);
        return all;
    }

    /** Whether the holder's interfaces have the lease's gate: it is made, and taken away, as the former terms end. */
    public boolean gated() {
        return agreed().get(0).lease().isPresent();
    }

    /** The same, made under a claim of this generation: newer than what was made under lower ones, known here or not. */
    public GroupDefinition under(long generation) {
        long least = generation * CHANGES + 1;
        return version >= least ? this : above(least - 1);
    }

    /** Of the claim under which it was made. */
    @JsonIgnore
    public long generation() {
        return version / CHANGES;
    }

    /** The same, and newer than that version. */
    public GroupDefinition above(long other) {
        return new GroupDefinition(
                name, other + 1, home, members, interfaces, volumes, shares, lease, witnesses, former, targets);
    }

    public GroupDefinition withInterfaces(List<FailoverInterface> changed) {
        return new GroupDefinition(
                name, version + 1, home, members, changed, volumes, shares, lease, witnesses, former, targets);
    }

    public GroupDefinition withVolumes(List<Volume> changed) {
        return new GroupDefinition(
                name, version + 1, home, members, interfaces, changed, shares, lease, witnesses, former, targets);
    }

    public GroupDefinition withShares(List<Share> changed) {
        return new GroupDefinition(
                name, version + 1, home, members, interfaces, volumes, changed, lease, witnesses, former, targets);
    }

    public GroupDefinition withTargets(List<IscsiTarget> changed) {
        return new GroupDefinition(
                name, version + 1, home, members, interfaces, volumes, shares, lease, witnesses, former, changed);
    }

    /** Not served yet, on these terms. */
    public GroupDefinition on(Terms chosen) {
        return new GroupDefinition(
                name,
                version,
                home,
                members,
                interfaces,
                volumes,
                shares,
                chosen.lease(),
                chosen.witnesses(),
                Optional.empty(),
                targets);
    }

    /** On its way to these terms: both hold until {@link #settled}. Back to the former ones is no way at all. */
    public GroupDefinition towards(Terms wanted) {
        Terms before = agreed().get(0);
        return new GroupDefinition(
                name,
                version + 1,
                home,
                members,
                interfaces,
                volumes,
                shares,
                wanted.lease(),
                wanted.witnesses(),
                Optional.of(before).filter(b -> !b.equals(wanted)),
                targets);
    }

    /** The former terms hold no more. */
    public GroupDefinition settled() {
        return on(terms()).above(version);
    }

    public GroupDefinition withLease(Optional<Lease> chosen) {
        return on(new Terms(witnesses, chosen));
    }
}
