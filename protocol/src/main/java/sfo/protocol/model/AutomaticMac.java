package sfo.protocol.model;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** The MAC that a failover interface has unless the operator gives one. */
public final class AutomaticMac {
    private AutomaticMac() {}

    /**
     * Locally administered ({@code 02:...}), the same whenever and wherever it is asked for. The members count too: two
     * pairs on one wire may both call their group "files".
     */
    public static Mac of(String group, String slot, List<String> members) {
        String seed = group + "/" + slot + "/"
                + String.join(",", members.stream().sorted().toList());
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(seed.getBytes(StandardCharsets.UTF_8));
            return new Mac("02:" + HexFormat.ofDelimiter(":").formatHex(digest, 0, 5));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
