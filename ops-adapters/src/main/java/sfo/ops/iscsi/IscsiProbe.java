package sfo.ops.iscsi;

import java.io.IOException;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.network.Namespace;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;

/** Asks each disk of a group's targets as an initiator inside the group host: logs in, reads its serial, size and first block. */
final class IscsiProbe {
    private static final String NOBODY = IscsiTarget.iqn("probe", "inside");
    private static final int PATIENCE = 2000;

    private IscsiProbe() {}

    /**
     * What was said instead, by a target's name, or its name and LUN; nothing for those that answer. A target for some
     * addresses only is asked by loopback, which always may come; so is every one where the address is an IPv6 one, which
     * can't be reached while its interface is down. One for some initiators only is asked in the name of the first.
     */
    static Map<String, String> silent(String group, String address, List<IscsiTarget> targets, Call call)
            throws HostException {
        return Namespace.of(group)
                .call(
                        () -> {
                            Map<String, String> silent = new LinkedHashMap<>();
                            for (IscsiTarget target : targets) {
                                boolean local = address.contains(":")
                                        || !target.clients().isEmpty();
                                ask(
                                        Cidr.literal("address", local ? ServedTarget.INSIDE : address),
                                        target,
                                        silent,
                                        call);
                            }
                            return silent;
                        },
                        call);
    }

    private static void ask(InetAddress server, IscsiTarget target, Map<String, String> silent, Call call) {
        String as = target.initiators().isEmpty() ? NOBODY : target.initiators().get(0);
        int millis = (int) Math.max(1, Math.min(PATIENCE, call.left().toMillis()));
        try (Iscsi session = new Iscsi(server, IscsiServerAdapter.PORT, as, target.iqn(), millis)) {
            for (Lun lun : target.luns()) {
                String said = ask(session, lun);
                if (!said.isEmpty()) {
                    silent.put(target.name() + " LUN " + lun.number(), said);
                }
            }
        } catch (IOException e) {
            silent.put(target.name(), "no answer: " + e.getMessage());
        }
    }

    private static String ask(Iscsi session, Lun lun) {
        try {
            String serial = session.serial(lun.number());
            long bytes = session.bytes(lun.number());
            session.firstBlock(lun.number());
            if (!serial.equals(lun.serial())) {
                return "its serial is " + serial + ", expected " + lun.serial();
            }
            return bytes == lun.bytes() ? "" : "it has " + bytes + " bytes, expected " + lun.bytes();
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
