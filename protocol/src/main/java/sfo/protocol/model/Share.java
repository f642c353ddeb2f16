package sfo.protocol.model;

import java.util.List;
import java.util.Map;

/**
 * A folder of a travelling volume that clients reach by name.
 *
 * @param name the SMB share, or the NFS pseudo path without its slash
 * @param volume the volume it lies on
 * @param path relative to the volume's root, without a leading slash; empty for the root's folder {@code data}
 * @param clients addresses or networks that may come; empty for everyone
 * @param id stable, unique within the group: the NFS export id and file-system id
 * @param options further settings of the server, by its own names; only those that the adapter knows to be safe
 */
public record Share(
        String name,
        Protocol protocol,
        String volume,
        String path,
        boolean readOnly,
        boolean guest,
        List<String> clients,
        int id,
        Map<String, String> options) {
    public enum Protocol {
        SMB,
        NFS
    }

    public Share {
        Names.share(name);
        Names.name("volume", volume);
        Names.path(path);
        if (id < 1 || id > 65535) {
            throw new Invalid("id", id, "1 to 65535");
        }
    }
}
