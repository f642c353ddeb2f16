package sfo.protocol.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import java.util.regex.Pattern;

/** A unicast, non-zero Ethernet address, in lower case with colons. */
public record Mac(@JsonValue String value) {
    private static final Pattern FORM = Pattern.compile("([0-9a-f]{2}:){5}[0-9a-f]{2}");

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public Mac {
        value = value.toLowerCase(Locale.ROOT).replace('-', ':');
        if (!FORM.matcher(value).matches()) {
            throw new Invalid("MAC", value, "six octets such as 02:77:00:00:01:00");
        }
        if (value.equals("00:00:00:00:00:00")) {
            throw new Invalid("MAC", value, "an address that is not zero");
        }
        if ((Integer.parseInt(value.substring(0, 2), 16) & 1) == 1) {
            throw new Invalid("MAC", value, "a unicast address (the first octet is even), not a multicast one");
        }
    }

    public byte[] octets() {
        byte[] octets = new byte[6];
        for (int i = 0; i < 6; i++) {
            octets[i] = (byte) Integer.parseInt(value.substring(3 * i, 3 * i + 2), 16);
        }
        return octets;
    }

    @Override
    public String toString() {
        return value;
    }
}
