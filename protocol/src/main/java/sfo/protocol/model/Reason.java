package sfo.protocol.model;

/**
 * Why a failover would be refused or lossy, or something else needs an operator.
 *
 * @param code stable, upper case with dashes, such as {@code MIRROR-BEHIND}
 * @param text what is wrong, where, on what evidence
 * @param mend the next command to type, or what to do
 */
public record Reason(String code, Weight weight, String text, String mend) {
    public enum Weight {
        /** refuses */
        BLOCKS,
        /** refuses unless the operator accepts what may be lost */
        LOSSY,
        /** shown */
        WARNS
    }
}
