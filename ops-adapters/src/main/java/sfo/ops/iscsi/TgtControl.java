package sfo.ops.iscsi;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;

/**
 * Tells a tgtd what {@code tgtadm} would, over its control socket: a connection each instead of a process each, which for
 * 100 LUNs would be hundreds. The frames are those of tgt 1.0.x, unchanged since 2011; a tgtd that has others refuses them or
 * ends the connection, and {@link #isReady} is not said.
 */
final class TgtControl {
    /** What a request is about, by the number that tgtd has for it. */
    private enum Mode {
        SYSTEM(0),
        TARGET(1),
        LUN(2),
        CONNECTION(6);

        private final int code;

        Mode(int code) {
            this.code = code;
        }
    }

    private enum Act {
        NEW(0),
        DELETE(1),
        SHOW(2),
        BIND(3),
        UNBIND(4),
        UPDATE(5);

        private final int code;

        Act(int code) {
            this.code = code;
        }
    }

    /** What a request names; 0 for what it does not, of which tgtd has none. */
    private record Subject(int target, long session, int connection, int lun) {
        @Override
        public String toString() {
            return (target > 0 ? "target " + target : "")
                    + (lun > 0 ? " LUN " + lun : "")
                    + (session > 0 ? " session " + session : "");
        }
    }

    private static final int HEADER = 120;
    private static final int REPLY_HEADER = 8;
    private static final int MAX_REPLY = 64 << 20;
    private static final int EVERY = -1;

    private final Path socket;

    TgtControl(Path socket) {
        this.socket = socket;
    }

    /** Whether a tgtd answers here that understands this and serves iSCSI. */
    boolean isReady(Call call) {
        try {
            return ask(Mode.SYSTEM, Act.SHOW, new Subject(0, 0, 0, 0), "", call).contains("State: ready");
        } catch (HostException notYet) {
            return false;
        }
    }

    /** All targets, in tgtd's words: see {@link ServedTarget#parse}. */
    String targets(Call call) throws HostException {
        return ask(Mode.TARGET, Act.SHOW, new Subject(EVERY, 0, 0, 0), "", call);
    }

    void newTarget(int id, String iqn, Call call) throws HostException {
        ask(Mode.TARGET, Act.NEW, new Subject(id, 0, 0, 0), "targetname=" + iqn, call);
    }

    /** With its sessions. */
    void deleteTarget(int id, Call call) throws HostException {
        ask(Mode.TARGET, Act.DELETE, new Subject(id, 0, 0, 0), "", call);
    }

    /** @param sync a write is on disk before it is acknowledged, and the disk says that it has no write cache */
    void newLun(int target, int lun, String path, boolean sync, Call call) throws HostException {
        String flags = sync ? ",bsoflags=sync" : "";
        ask(
                Mode.LUN,
                Act.NEW,
                new Subject(target, 0, 0, lun),
                "path=" + path + ",bstype=rdwr" + flags + ",blocksize=512",
                call);
    }

    void updateLun(int target, int lun, String parameters, Call call) throws HostException {
        ask(Mode.LUN, Act.UPDATE, new Subject(target, 0, 0, lun), "targetOps " + parameters, call);
    }

    void deleteLun(int target, int lun, Call call) throws HostException {
        ask(Mode.LUN, Act.DELETE, new Subject(target, 0, 0, lun), "", call);
    }

    void permit(int target, String who, Call call) throws HostException {
        ask(Mode.TARGET, Act.BIND, new Subject(target, 0, 0, 0), who(who), call);
    }

    void forbid(int target, String who, Call call) throws HostException {
        ask(Mode.TARGET, Act.UNBIND, new Subject(target, 0, 0, 0), who(who), call);
    }

    /** The initiator logs in again if it still may. */
    void disconnect(int target, long session, int connection, Call call) throws HostException {
        ask(Mode.CONNECTION, Act.DELETE, new Subject(target, session, connection, 0), "", call);
    }

    private static String who(String who) {
        boolean initiator = who.matches("(iqn|eui|naa)\\..*");
        return (initiator ? "initiator-name=" : "initiator-address=") + who;
    }

    private String ask(Mode mode, Act act, Subject subject, String parameters, Call call) throws HostException {
        String what = (act + " " + mode).toLowerCase(Locale.ROOT) + " " + subject + " " + parameters;
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                Selector selector = Selector.open()) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, 0);
            ByteBuffer request = frame(mode, act, subject, parameters);
            while (request.hasRemaining()) {
                await(key, SelectionKey.OP_WRITE, what, call);
                channel.write(request);
            }
            ByteBuffer head = read(channel, key, REPLY_HEADER, what, call);
            int error = head.getInt();
            int length = head.getInt();
            if (error != 0) {
                throw new HostException("the iSCSI server refuses " + what + ": error " + error + " (" + socket + ")");
            }
            if (length < REPLY_HEADER || length > MAX_REPLY) {
                throw new HostException("the iSCSI server's answer to " + what + " has " + length + " bytes");
            }
            return StandardCharsets.UTF_8
                    .decode(read(channel, key, length - REPLY_HEADER, what, call))
                    .toString()
                    .replace("\0", "");
        } catch (IOException e) {
            throw new HostException("the iSCSI server does not answer " + what + " at " + socket + ": " + e, e);
        }
    }

    private static ByteBuffer frame(Mode mode, Act act, Subject subject, String parameters) {
        byte[] text = parameters.isEmpty() ? new byte[0] : (parameters + "\0").getBytes(StandardCharsets.UTF_8);
        ByteBuffer frame = ByteBuffer.allocate(HEADER + text.length).order(ByteOrder.nativeOrder());
        frame.putInt(mode.code).putInt(act.code).put("iscsi".getBytes(StandardCharsets.US_ASCII));
        frame.putInt(72, HEADER + text.length)
                .putInt(76, subject.target())
                .putLong(80, subject.session())
                .putLong(88, subject.lun())
                .putInt(96, subject.connection())
                // force: also what is in use
                .putInt(116, act == Act.DELETE ? 1 : 0);
        return frame.put(HEADER, text, 0, text.length).rewind();
    }

    private static ByteBuffer read(SocketChannel channel, SelectionKey key, int length, String what, Call call)
            throws IOException, HostException {
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
        while (buffer.hasRemaining()) {
            await(key, SelectionKey.OP_READ, what, call);
            if (channel.read(buffer) < 0) {
                throw new EOFException("it ended the connection");
            }
        }
        return buffer.flip();
    }

    private static void await(SelectionKey key, int operation, String what, Call call)
            throws IOException, HostException {
        key.interestOps(operation);
        call.check("the iSCSI server did " + what);
        key.selector().select(call.left().toMillis() + 1);
        key.selector().selectedKeys().clear();
        call.check("the iSCSI server did " + what);
    }
}
