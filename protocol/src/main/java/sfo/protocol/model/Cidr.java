package sfo.protocol.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonValue;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/** An IPv4 or IPv6 address with its prefix length, written {@code 10.77.0.100/24} or {@code fd77::100/64}. */
public record Cidr(InetAddress address, int prefix) {
    private static final Pattern LITERAL = Pattern.compile("(\\d{1,3}\\.){3}\\d{1,3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*");

    /** @throws Invalid if {@code text} is no literal address, or its prefix is out of range or missing */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            throw new Invalid("address", text, "an address with its prefix, such as 10.77.0.100/24 or fd77::100/64");
        }
        InetAddress address = literal("address", text.substring(0, slash));
        int bits = address.getAddress().length * 8;
        int prefix = parsePrefix(text.substring(slash + 1), text, bits);
        return new Cidr(address, prefix);
    }

    /** @throws Invalid unless {@code text} is a literal IPv4 or IPv6 address; names are never looked up */
    public static InetAddress literal(String what, String text) {
        if (LITERAL.matcher(text).matches()) {
            try {
                return InetAddress.getByName(text);
            } catch (UnknownHostException e) {
                throw new Invalid(what, text, "a literal IPv4 or IPv6 address");
            }
        }
        throw new Invalid(what, text, "a literal IPv4 or IPv6 address");
    }

    /** @throws Invalid unless {@code text} says who may come: an address, or a network with its prefix */
    public static String client(String text) {
        if (text.contains("/")) {
            parse(text);
        } else {
            literal("client", text);
        }
        return text;
    }

    /** Address and mask, the mask as a prefix length or as {@code 255.255.255.0}. */
    public static Cidr of(String address, String mask) {
        if (!mask.contains(".")) {
            return parse(address + "/" + mask);
        }
        int bits = 0;
        boolean ended = false;
        for (byte octet : literal("mask", mask).getAddress()) {
            for (int bit = 7; bit >= 0; bit--) {
                boolean one = (octet >> bit & 1) == 1;
                if (one && ended) {
                    throw new Invalid("mask", mask, "ones followed by zeros, such as 255.255.255.0");
                }
                ended |= !one;
                bits += one ? 1 : 0;
            }
        }
        return parse(address + "/" + bits);
    }

    private static int parsePrefix(String digits, String text, int bits) {
        if (digits.matches("\\d{1,3}")) {
            int prefix = Integer.parseInt(digits);
            if (prefix >= 1 && prefix <= bits) {
                return prefix;
            }
        }
        throw new Invalid("address", text, "a prefix from 1 to " + bits);
    }

    @JsonIgnore
    public boolean isV6() {
        return address.getAddress().length == 16;
    }

    /** The address alone, as a literal. */
    @JsonIgnore
    public String host() {
        return address.getHostAddress();
    }

    @JsonValue
    @Override
    public String toString() {
        return host() + "/" + prefix;
    }
}
