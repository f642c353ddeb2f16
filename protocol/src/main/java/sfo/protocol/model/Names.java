package sfo.protocol.model;

import java.util.List;
import java.util.regex.Pattern;

/** The rule for names of appliances, groups, volumes and shares. */
public final class Names {
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9_-]{0,30}[a-z0-9])?");
    private static final Pattern SHARE = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9])?");
    private static final Pattern DEVICE = Pattern.compile("[A-Za-z0-9_.:-]{1,15}");

    private Names() {}

    /** @throws Invalid unless {@code value} is 1 to 32 of a-z 0-9 - _ and begins and ends with a letter or digit */
    public static String name(String what, String value) {
        if (!NAME.matcher(value).matches()) {
            throw new Invalid(
                    what, value, "1 to 32 of a-z, 0-9, '-' and '_', beginning and ending with a letter or digit");
        }
        return value;
    }

    /** @throws Invalid unless {@code value} is 1 to 80 of letters, digits, - _ . */
    public static String share(String value) {
        if (!SHARE.matcher(value).matches()) {
            throw new Invalid(
                    "share",
                    value,
                    "1 to 80 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit");
        }
        return value;
    }

    /** @throws Invalid unless {@code value} stays below the folder that it is relative to, and fits on a line of settings */
    public static String path(String value) {
        if (value.startsWith("/")
                || List.of(value.split("/")).contains("..")
                || value.chars().anyMatch(c -> c < ' ' || c == '"')) {
            throw new Invalid(
                    "path", value, "a path below the volume's root, without '..', quotes or control characters");
        }
        return value;
    }

    /** @throws Invalid unless {@code value} can be the name of a Linux network device (at most 15 characters) */
    public static String device(String value) {
        if (!DEVICE.matcher(value).matches() || value.equals(".") || value.equals("..")) {
            throw new Invalid(
                    "NIC", value, "the name of a network device, at most 15 characters, such as eth0 or bond0.12");
        }
        return value;
    }
}
