package sfo.agent.boot;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import sfo.ops.exec.Durable;

/**
 * A log file of LevelDB: what was written since the last table. LevelDB's own repair reads it without a look at the
 * checksums, and so takes a torn or altered event for a good one: this leaves it none.
 *
 * <p>Blocks of 32 KiB, of fragments: checksum, length, kind (whole, first, middle, last), bytes. What is left of a block
 * that has no room for a header, or was never written, is zeros.
 */
final class JournalLog {
    private static final int BLOCK = 32 << 10;
    private static final int HEADER = 7;
    private static final byte WHOLE = 1;
    private static final byte FIRST = 2;
    private static final byte MIDDLE = 3;
    private static final byte LAST = 4;

    private JournalLog() {}

    /** Leaves only the records that are whole and as they were written, in their order.*/
    static void keepWhatIsGood(Path log) throws IOException {
        List<byte[]> good = new ArrayList<>();
        boolean all = read(Files.readAllBytes(log), good);
        if (!all) {
            Durable.write(log, written(good));
        }
    }

    /** @return whether all of it is good */
    private static boolean read(byte[] bytes, List<byte[]> good) {
        ByteBuffer log = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        boolean all = true;
        ByteArrayOutputStream begun = new ByteArrayOutputStream();
        boolean open = false;
        for (int block = 0; block < log.limit(); block += BLOCK) {
            int end = Math.min(block + BLOCK, log.limit());
            int at = block;
            while (at + HEADER <= end && (log.getShort(at + 4) != 0 || log.get(at + 6) != 0)) {
                int length = Short.toUnsignedInt(log.getShort(at + 4));
                byte kind = log.get(at + 6);
                boolean fits = at + HEADER + length <= end;
                if (!fits || log.getInt(at) != checksum(bytes, at + 6, 1 + length)) {
                    all = false;
                    open = false;
                    // where the next one begins is only known if this one's length is
                    at = fits ? at + HEADER + length : end;
                    continue;
                }
                if (kind == WHOLE || kind == FIRST) {
                    all &= !open;
                    begun.reset();
                    open = true;
                }
                all &= open;
                begun.write(bytes, at + HEADER, length);
                if (open && (kind == WHOLE || kind == LAST)) {
                    good.add(begun.toByteArray());
                    open = false;
                }
                at += HEADER + length;
            }
        }
        return all && !open;
    }

    private static byte[] written(List<byte[]> records) {
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        for (byte[] bytes : records) {
            int from = 0;
            do {
                int room = BLOCK - log.size() % BLOCK;
                if (room < HEADER) {
                    log.write(new byte[room], 0, room);
                    room = BLOCK;
                }
                int length = Math.min(bytes.length - from, room - HEADER);
                boolean last = from + length == bytes.length;
                byte kind = from == 0 ? (last ? WHOLE : FIRST) : last ? LAST : MIDDLE;
                byte[] fragment = new byte[HEADER + length];
                ByteBuffer header = ByteBuffer.wrap(fragment).order(ByteOrder.LITTLE_ENDIAN);
                header.putShort(4, (short) length).put(6, kind);
                System.arraycopy(bytes, from, fragment, HEADER, length);
                header.putInt(0, checksum(fragment, 6, 1 + length));
                log.write(fragment, 0, fragment.length);
                from += length;
            } while (from < bytes.length);
        }
        return log.toByteArray();
    }

    /** Masked, as LevelDB does with those that it stores. */
    private static int checksum(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }
}
