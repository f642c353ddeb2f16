package sfo.ops.share;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** ONC RPC over one TCP connection (RFC 5531), with XDR (RFC 4506) as far as mounting and looking up need it. */
final class Rpc implements AutoCloseable {
    private static final int LAST_FRAGMENT = 0x80000000;
    private static final int MAX_REPLY = 1 << 20;
    private static final int AUTH_SYS = 1;

    /** Arguments of a call. */
    static final class Xdr {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Xdr number(int value) {
            bytes.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
            return this;
        }

        Xdr opaque(byte[] value) {
            number(value.length);
            bytes.writeBytes(value);
            bytes.writeBytes(new byte[-value.length & 3]);
            return this;
        }

        Xdr text(String value) {
            return opaque(value.getBytes(StandardCharsets.UTF_8));
        }
    }

    private final Socket socket = new Socket();
    private final DataOutputStream out;
    private final DataInputStream in;
    private int xid = (int) System.nanoTime();

    /** Connects from a reserved port if one is free, as kernels do; some exports want that. */
    Rpc(InetAddress server, int port, int millis) throws IOException {
        try {
            SocketAddress to = new InetSocketAddress(server, port);
            bindReserved();
            socket.setSoTimeout(millis);
            socket.setTcpNoDelay(true);
            socket.connect(to, millis);
            out = new DataOutputStream(socket.getOutputStream());
            in = new DataInputStream(socket.getInputStream());
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private void bindReserved() throws IOException {
        for (int local = 1023; local > 767; local--) {
            try {
                socket.bind(new InetSocketAddress(local));
                return;
            } catch (java.net.BindException inUse) {
                // the next one
            }
        }
    }

    /** The results of one call, by root. @throws IOException unless the server carried it out */
    ByteBuffer call(int program, int version, int procedure, Xdr arguments) throws IOException {
        Xdr credentials = new Xdr().number(0).text("sfo").number(0).number(0).number(0);
        Xdr head = new Xdr().number(++xid).number(0).number(2);
        head.number(program).number(version).number(procedure);
        head.number(AUTH_SYS).opaque(credentials.bytes.toByteArray()).number(0).number(0);
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        int length = head.bytes.size() + arguments.bytes.size();
        message.writeBytes(new Xdr().number(length | LAST_FRAGMENT).bytes.toByteArray());
        head.bytes.writeTo(message);
        arguments.bytes.writeTo(message);
        message.writeTo(out);
        out.flush();
        return results(reply());
    }

    private ByteBuffer reply() throws IOException {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        int mark;
        do {
            mark = in.readInt();
            int length = mark & ~LAST_FRAGMENT;
            if (length > MAX_REPLY - whole.size()) {
                throw new IOException("a reply of more than " + MAX_REPLY + " bytes");
            }
            whole.writeBytes(in.readNBytes(length));
        } while ((mark & LAST_FRAGMENT) == 0);
        return ByteBuffer.wrap(whole.toByteArray());
    }

    private ByteBuffer results(ByteBuffer reply) throws IOException {
        try {
            int id = reply.getInt();
            int kind = reply.getInt();
            int denied = reply.getInt();
            if (id != xid || kind != 1 || denied != 0) {
                throw new IOException("the call was denied");
            }
            reply.getInt();
            opaque(reply);
            int refused = reply.getInt();
            if (refused != 0) {
                throw new IOException("the server does not offer it (RPC status " + refused + ")");
            }
            return reply;
        } catch (java.nio.BufferUnderflowException e) {
            throw new IOException("a reply that is cut short", e);
        }
    }

    static byte[] opaque(ByteBuffer results) throws IOException {
        int length = results.getInt();
        if (length < 0 || length > results.remaining()) {
            throw new IOException("a reply that is cut short");
        }
        byte[] value = new byte[length];
        results.get(value);
        results.position(Math.min(results.limit(), results.position() + (-length & 3)));
        return value;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
