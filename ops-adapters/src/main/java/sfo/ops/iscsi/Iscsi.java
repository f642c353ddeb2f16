package sfo.ops.iscsi;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A session of an initiator with one target over one TCP connection (RFC 7143), without digests, as far as asking its disks
 * needs it. Its session identifier is random: a session that an initiator of that name has goes on beside it.
 */
final class Iscsi implements AutoCloseable {
    private static final int HEADER = 48;
    private static final int MAX_DATA = 1 << 20;

    private static final int LOGIN = 0x43;
    private static final int LOGIN_REPLY = 0x23;
    private static final int COMMAND = 0x01;
    private static final int REPLY = 0x21;
    private static final int DATA_IN = 0x25;
    private static final int REJECT = 0x3f;
    /** Pings and notes of the target, which want no answer here. */
    private static final int NOTHING = 0x20;

    private static final int NOTE = 0x32;

    private static final int CHECK_CONDITION = 2;
    private static final int UNIT_ATTENTION = 6;
    /** A disk says once to each new session that it was switched on, or that others changed it. */
    private static final int ATTENTIONS = 5;

    private static final Map<Integer, String> REFUSALS = Map.of(
            0x0201, "it wants authentication",
            0x0202, "this initiator may not come",
            0x0203, "it has no such target, or not for this initiator",
            0x0301, "it is out of service");

    private final Socket socket = new Socket();
    private final OutputStream out;
    private final DataInputStream in;
    private int command = 1;
    private int status;
    private int task;

    /** What the target said last. */
    private record Pdu(ByteBuffer header, ByteBuffer data) {
        int kind() {
            return header.get(0) & 0x3f;
        }
    }

    /** Connects and logs in. @throws IOException with what the target said against it */
    Iscsi(InetAddress server, int port, String initiator, String target, int millis) throws IOException {
        try {
            socket.setSoTimeout(millis);
            socket.setTcpNoDelay(true);
            socket.connect(new InetSocketAddress(server, port), millis);
            out = socket.getOutputStream();
            in = new DataInputStream(socket.getInputStream());
            logIn(initiator, target);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private void logIn(String initiator, String target) throws IOException {
        String keys = "InitiatorName=" + initiator + "\0TargetName=" + target + "\0SessionType=Normal\0"
                + "HeaderDigest=None\0DataDigest=None\0MaxRecvDataSegmentLength=262144\0";
        ByteBuffer request = header(LOGIN, 0x87);
        // a random qualifier: two sessions with one would be one
        request.put(8, (byte) 0x80)
                .putInt(9, ThreadLocalRandom.current().nextInt())
                .put(13, (byte) 1);
        request.putInt(24, command).putInt(28, status);
        send(request, keys.getBytes(StandardCharsets.UTF_8));
        Pdu said = read();
        if (said.kind() != LOGIN_REPLY) {
            throw new IOException(String.format("a login is answered by a message 0x%02x", said.kind()));
        }
        int refusal = said.header().getShort(36);
        if (refusal != 0) {
            throw new IOException(REFUSALS.getOrDefault(refusal, String.format("login status 0x%04x", refusal)));
        }
        if ((said.header().get(1) & 0x83) != 0x83) {
            throw new IOException("it wants to negotiate what this initiator does not");
        }
        status = said.header().getInt(24) + 1;
    }

    /** Serial number, as initiators read it (page 0x80). */
    String serial(int lun) throws IOException {
        byte[] page = command(lun, 255, 0x12, 1, 0x80, 0, 255, 0);
        if (page.length < 4) {
            throw new IOException("a serial number that is cut short");
        }
        int length = Math.min(page[3] & 0xff, page.length - 4);
        return new String(page, 4, length, StandardCharsets.US_ASCII).strip();
    }

    /** Its size in bytes. */
    long bytes(int lun) throws IOException {
        byte[] said = command(lun, 32, 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0);
        if (said.length < 12) {
            throw new IOException("a size that is cut short");
        }
        ByteBuffer size = ByteBuffer.wrap(said);
        return (size.getLong() + 1) * size.getInt();
    }

    /** The first block: what is below the disk can be read. */
    byte[] firstBlock(int lun) throws IOException {
        return command(lun, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0);
    }

    /** @param length of what is expected at most */
    private byte[] command(int lun, int length, int... block) throws IOException {
        for (int i = 0; ; i++) {
            send(lun, length, block);
            ByteBuffer data = ByteBuffer.allocate(length);
            Pdu end = transfer(data);
            int outcome = end.header().get(3);
            if (outcome == 0) {
                return Arrays.copyOf(data.array(), data.position());
            }
            // sense data, after its length: key, and what more there is to say
            ByteBuffer sense = end.data();
            int key = outcome == CHECK_CONDITION && sense.limit() > 15 ? sense.get(4) & 0xf : 0;
            if (key != UNIT_ATTENTION || i == ATTENTIONS) {
                throw new IOException(
                        key == 0
                                ? "SCSI status " + outcome
                                : String.format(
                                        "SCSI sense key %d, code %02x/%02x", key, sense.get(14), sense.get(15)));
            }
        }
    }

    private void send(int lun, int length, int... block) throws IOException {
        ByteBuffer request = header(COMMAND, 0xc1);
        request.put(9, (byte) lun).putInt(20, length).putInt(24, command++).putInt(28, status);
        for (int i = 0; i < block.length; i++) {
            request.put(32 + i, (byte) block[i]);
        }
        send(request, new byte[0]);
    }

    /** Reads until the command has ended; what came of it is before the buffer's position. */
    private Pdu transfer(ByteBuffer data) throws IOException {
        while (true) {
            Pdu said = read();
            if (said.kind() == NOTHING || said.kind() == NOTE) {
                continue;
            }
            if (said.kind() == REJECT) {
                throw new IOException(
                        "it rejects a command, reason " + said.header().get(2));
            }
            if ((said.kind() != REPLY && said.kind() != DATA_IN)
                    || said.header().getInt(16) != task) {
                throw new IOException(String.format("a command is answered by a message 0x%02x", said.kind()));
            }
            boolean ends = said.kind() == REPLY || (said.header().get(1) & 1) != 0;
            if (said.kind() == DATA_IN) {
                int offset = said.header().getInt(40);
                if (offset < 0 || offset + said.data().limit() > data.capacity()) {
                    throw new IOException("more data than was asked for");
                }
                data.position(offset).put(said.data());
            }
            if (ends) {
                status = said.header().getInt(24) + 1;
                return said;
            }
        }
    }

    private ByteBuffer header(int kind, int flags) {
        return ByteBuffer.allocate(HEADER)
                .put(0, (byte) kind)
                .put(1, (byte) flags)
                .putInt(16, ++task);
    }

    private void send(ByteBuffer header, byte[] data) throws IOException {
        header.putInt(4, data.length);
        ByteBuffer whole = ByteBuffer.allocate(HEADER + data.length + (-data.length & 3));
        whole.put(0, header, 0, HEADER).put(HEADER, data);
        out.write(whole.array());
        out.flush();
    }

    private Pdu read() throws IOException {
        byte[] header = new byte[HEADER];
        in.readFully(header);
        int more = 4 * (header[4] & 0xff);
        int length = ByteBuffer.wrap(header).getInt(4) & 0xffffff;
        if (length > MAX_DATA) {
            throw new IOException("a message of " + length + " bytes");
        }
        in.readFully(new byte[more]);
        byte[] data = new byte[length];
        in.readFully(data);
        in.readFully(new byte[-length & 3]);
        return new Pdu(ByteBuffer.wrap(header), ByteBuffer.wrap(data));
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
