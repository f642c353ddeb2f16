package sfo.agent.backup;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import sfo.agent.rules.BackupParts;
import sfo.agent.rules.BadBackup;
import sfo.protocol.json.Json;
import sfo.protocol.model.ConfigBackup;

/**
 * A config backup as a file: five lines, each a JSON value, so that any tool reads it: header, signature, certificate,
 * payload, and the checksum of all before. The last line ends the file; without it the file is torn.
 */
final class BackupText {
    private static final int LINES = 5;

    private BackupText() {}

    static byte[] write(ConfigBackup backup) {
        String body = backup.header() + "\n" + Json.text(backup.signature()) + "\n" + Json.text(backup.certificate())
                + "\n" + backup.payload() + "\n";
        return (body + Json.text(BackupParts.sha256(body)) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** @throws BadBackup if a byte is missing or another than the one that was written */
    static ConfigBackup read(byte[] file) throws BadBackup {
        List<Integer> ends = new ArrayList<>();
        for (int i = 0; i < file.length; i++) {
            if (file[i] == '\n') {
                ends.add(i);
            }
        }
        if (ends.size() != LINES || ends.get(LINES - 1) != file.length - 1) {
            throw new BadBackup(
                    "torn: " + ends.size() + " whole lines in " + file.length + " bytes; expected " + LINES);
        }
        int body = ends.get(LINES - 2) + 1;
        String found = new String(file, body, file.length - body, StandardCharsets.UTF_8);
        String expected = Json.text(BackupParts.sha256(Arrays.copyOf(file, body))) + "\n";
        if (!found.equals(expected)) {
            throw new BadBackup("the file's checksum is " + expected.strip() + "; its last line says " + found.strip());
        }
        String[] lines = new String(file, 0, body, StandardCharsets.UTF_8).split("\n", -1);
        return new ConfigBackup(
                lines[0], Json.read(lines[1], String.class), Json.read(lines[2], String.class), lines[3]);
    }
}
