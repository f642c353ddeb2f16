package sfo.ops.share;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * An anonymous SMB session over one TCP connection (MS-SMB2, MS-NLMP), as far as asking for shares and looking up a name
 * need it. What the server says is told as its status: 0 is success, see {@link #words}.
 */
final class Smb2 implements AutoCloseable {
    static final int NOT_FOUND = 0xC0000034;
    static final int ACCESS_DENIED = 0xC0000022;

    private static final Map<Integer, String> STATUS = Map.of(
            ACCESS_DENIED,
            "NT_STATUS_ACCESS_DENIED",
            NOT_FOUND,
            "NT_STATUS_OBJECT_NAME_NOT_FOUND",
            0xC00000CC,
            "NT_STATUS_BAD_NETWORK_NAME",
            0xC00000C9,
            "NT_STATUS_NETWORK_NAME_DELETED",
            0xC000003A,
            "NT_STATUS_OBJECT_PATH_NOT_FOUND",
            0xC000006D,
            "NT_STATUS_LOGON_FAILURE",
            0xC0000203,
            "NT_STATUS_USER_SESSION_DELETED",
            0xC00000D0,
            "NT_STATUS_REQUEST_NOT_ACCEPTED",
            0xC00000BB,
            "NT_STATUS_NOT_SUPPORTED");

    private static final int PENDING = 0x103;
    private static final int MORE = 0xC0000016;
    private static final int HEADER = 64;
    private static final int MAX_REPLY = 1 << 20;

    private static final short NEGOTIATE = 0;
    private static final short SESSION_SETUP = 1;
    private static final short TREE_CONNECT = 3;
    private static final short CREATE = 5;

    private final Socket socket = new Socket();
    private final OutputStream out;
    private final DataInputStream in;
    private long message;
    private long session;
    private int tree;

    /** Connects and opens a session that belongs to nobody. @throws IOException with what the server said against it */
    Smb2(InetAddress server, int port, int millis) throws IOException {
        try {
            socket.setSoTimeout(millis);
            socket.setTcpNoDelay(true);
            socket.connect(new InetSocketAddress(server, port), millis);
            out = socket.getOutputStream();
            in = new DataInputStream(socket.getInputStream());
            open();
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    static String words(int status) {
        return STATUS.getOrDefault(status, String.format("SMB status 0x%08X", status));
    }

    private void open() throws IOException {
        // dialects 2.1, 3.0 and 3.0.2, which need nothing more to begin with; signing is possible, not wanted
        ByteBuffer negotiate = body(42);
        negotiate.putShort((short) 36).putShort((short) 3).putShort((short) 1);
        negotiate.position(36);
        negotiate.putShort((short) 0x210).putShort((short) 0x300).putShort((short) 0x302);
        need("negotiation", ask(NEGOTIATE, negotiate), 0);
        // Unicode, ask for the target, NTLM, extended session security
        ByteBuffer hello = ntlm(1, 32).putInt(12, 0x00080205);
        need("session", ask(SESSION_SETUP, setup(hello)), MORE);
        // anonymous: no name, no answer to the challenge but one zero octet
        ByteBuffer nobody = ntlm(3, 65).putInt(60, 0x00080A05);
        nobody.putShort(12, (short) 1).putShort(14, (short) 1);
        for (int field = 12; field < 60; field += 8) {
            nobody.putInt(field + 4, 64);
        }
        need("anonymous session", ask(SESSION_SETUP, setup(nobody)), 0);
    }

    private static void need(String what, int status, int wanted) throws IOException {
        if (status != wanted) {
            throw new IOException(what + ": " + words(status));
        }
    }

    private static ByteBuffer body(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer ntlm(int type, int size) {
        return body(size).put("NTLMSSP\0".getBytes(StandardCharsets.US_ASCII)).putInt(type);
    }

    private static ByteBuffer setup(ByteBuffer token) {
        int fixed = 24;
        ByteBuffer body = body(fixed + token.capacity());
        body.putShort((short) 25).put(3, (byte) 1);
        body.putShort(12, (short) (HEADER + fixed)).putShort(14, (short) token.capacity());
        return body.put(fixed, token, 0, token.capacity());
    }

    /** Connects to a share, which further requests are about. */
    int tree(String host, String share) throws IOException {
        byte[] path = ("\\\\" + host + "\\" + share).getBytes(StandardCharsets.UTF_16LE);
        ByteBuffer body = body(8 + path.length);
        body.putShort((short) 9).putShort(4, (short) (HEADER + 8)).putShort(6, (short) path.length);
        return ask(TREE_CONNECT, body.put(8, path));
    }

    /** Opens what has that name in the share, only to look at its attributes; it is closed with the connection. */
    int lookUp(String name) throws IOException {
        byte[] path = name.getBytes(StandardCharsets.UTF_16LE);
        int fixed = 56;
        ByteBuffer body = body(fixed + path.length);
        body.putShort((short) 57);
        // impersonation; read attributes; share all; open what exists
        body.putInt(4, 2).putInt(24, 0x80).putInt(32, 7).putInt(36, 1);
        body.putShort(44, (short) (HEADER + fixed)).putShort(46, (short) path.length);
        return ask(CREATE, body.put(fixed, path));
    }

    private int ask(short command, ByteBuffer body) throws IOException {
        byte[] whole = new byte[4 + HEADER + body.capacity()];
        ByteBuffer request = ByteBuffer.wrap(whole).putInt(HEADER + body.capacity());
        request.order(ByteOrder.LITTLE_ENDIAN);
        request.put(new byte[] {(byte) 0xFE, 'S', 'M', 'B'}).putShort((short) HEADER);
        // one credit for each request is asked for, and one is all that is ever used
        request.putShort((short) 1)
                .putInt(0)
                .putShort(command)
                .putShort((short) 1)
                .putInt(0)
                .putInt(0);
        request.putLong(message).putInt(0).putInt(tree).putLong(session);
        request.put(4 + HEADER, body, 0, body.capacity());
        out.write(whole);
        out.flush();
        try {
            ByteBuffer reply;
            int status;
            do {
                reply = reply();
                status = reply.getInt(8);
            } while (reply.getLong(24) != message || status == PENDING);
            message++;
            session = reply.getLong(40);
            tree = command == TREE_CONNECT && status == 0 ? reply.getInt(36) : tree;
            return status;
        } catch (IndexOutOfBoundsException | BufferUnderflowException e) {
            throw new IOException("a reply that is cut short", e);
        }
    }

    private ByteBuffer reply() throws IOException {
        int length = in.readInt();
        if (length < HEADER || length > MAX_REPLY) {
            throw new IOException("a reply of " + length + " bytes");
        }
        byte[] whole = in.readNBytes(length);
        ByteBuffer reply = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN);
        if (whole.length < length || reply.getInt(0) != 0x424D53FE) {
            throw new IOException("a reply that is no SMB 2");
        }
        return reply;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
