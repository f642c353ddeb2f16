package sfo.protocol.model;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Disks that initiators reach by one name. Who may log in: those that {@code initiators} names, or those that come from
 * {@code clients}, or everyone if both are empty. Not both at once: servers let in whoever fits either, or want both, by
 * their version.
 *
 * @param name for operators, unique within the group
 * @param iqn for initiators, unique within the group
 * @param id stable, unique within the group: what the server calls it by
 * @param initiators their names (IQN, EUI or NAA)
 * @param clients addresses or networks
 */
public record IscsiTarget(
        String name, String iqn, int id, List<Lun> luns, List<String> initiators, List<String> clients) {
    private static final int LONGEST = 223;
    private static final Pattern IQN =
            Pattern.compile("iqn\\.\\d{4}-(0[1-9]|1[0-2])\\.[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[a-z0-9.:-]+)?");
    private static final Pattern OTHER = Pattern.compile("eui\\.[0-9A-Fa-f]{16}|naa\\.([0-9A-Fa-f]{16}){1,2}");
    /** A domain that is nobody's for good, with the month since when that is so. */
    private static final String AUTHORITY = "iqn.2024-07.internal.simple-failover";

    public IscsiTarget {
        Names.name("target", name);
        iqn(iqn);
        if (id < 1 || id > 32767) {
            throw new Invalid("id", id, "1 to 32767");
        }
        Set<Integer> numbers = new HashSet<>();
        for (Lun lun : luns) {
            if (!numbers.add(lun.number())) {
                throw new Invalid("LUN", lun.number(), "a number that target " + name + " does not have yet");
            }
        }
        initiators.forEach(IscsiTarget::initiator);
        clients.forEach(Cidr::client);
        if (!initiators.isEmpty() && !clients.isEmpty()) {
            throw new Invalid(
                    "clients of target " + name,
                    String.join(", ", clients),
                    "initiators' names or clients' addresses, not both; to give up the one: --every-initiator or --everyone");
        }
    }

    /** The same on each appliance; a name may have an underscore, which no IQN has. */
    public static String iqn(String group, String name) {
        return AUTHORITY + ":" + (group + ":" + name).replace('_', '-');
    }

    /** @throws Invalid unless {@code text} is a target's iSCSI qualified name (RFC 7143), in lower case */
    public static String iqn(String text) {
        if (text.length() > LONGEST || !IQN.matcher(text).matches()) {
            throw new Invalid(
                    "IQN",
                    text,
                    "iqn.YEAR-MONTH.DOMAIN:NAME in lower case, such as iqn.2024-07.internal.example:disk1");
        }
        return text;
    }

    /** @throws Invalid unless {@code text} is an initiator's name: an IQN, {@code eui.} or {@code naa.} */
    public static String initiator(String text) {
        if (text.length() > LONGEST
                || !(IQN.matcher(text).matches() || OTHER.matcher(text).matches())) {
            throw new Invalid(
                    "initiator", text, "the name that it logs in with, such as iqn.1993-08.org.debian:01:0123456789ab");
        }
        return text;
    }
}
