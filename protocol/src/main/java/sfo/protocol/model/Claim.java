package sfo.protocol.model;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.Comparator;

/**
 * Who holds a group: an ordered ballot. The generation grows with every claim; the highest is right. Two of the same
 * generation are ordered too, by the appliance's name, then the id, but no agent acts on that: see {@link #conflictsWith}.
 *
 * @param generation 0 for "nobody ever claimed", else 1 and up
 * @param appliance the holder's name
 * @param id unique to the act of claiming
 */
public record Claim(long generation, String appliance, String id) implements Comparable<Claim> {
    public static final Claim NONE = new Claim(0, "", "");
    private static final String BACK = "back-";

    private static final Comparator<Claim> ORDER = Comparator.comparingLong(Claim::generation)
            .thenComparing(Claim::appliance)
            .thenComparing(Claim::id);

    /** One that names another appliance than its maker: the one that held the group before. */
    public static Claim givenBack(long generation, String to, String id) {
        return new Claim(generation, to, BACK + id);
    }

    @JsonIgnore
    public boolean isGivenBack() {
        return id.startsWith(BACK);
    }

    @Override
    public int compareTo(Claim other) {
        return ORDER.compare(this, other);
    }

    /** Two claims of one generation that are not the same one: never resolved by agents. */
    public boolean conflictsWith(Claim other) {
        return generation == other.generation && !equals(other);
    }

    /** Of a higher generation: the only claims that replace others. */
    public boolean outranks(Claim other) {
        return generation > other.generation;
    }

    @JsonIgnore
    public boolean isNone() {
        return generation == 0;
    }

    /** Generation, appliance and the id's first eight characters, for names on the wire and for people. */
    @JsonIgnore
    public String tag() {
        return generation + "-" + appliance + "-" + id.substring(0, Math.min(8, id.length()));
    }
}
